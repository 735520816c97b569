/** Verdicts for report tests, built without the engine. */
import type { GateResult, VerdictResult } from '../../src/engine/results.ts';

const web = 'shop/Deployment/web';
const postgres = 'db/StatefulSet/postgres';

const openGate: GateResult = { allowed: true, certain: true, isolated: false, tier: 'none', by: [] };

const webEgress: GateResult = {
  allowed: true,
  certain: true,
  isolated: true,
  tier: 'NetworkPolicy',
  by: [
    { policy: 'shop/NetworkPolicy/web-egress', rule: 'spec.egress[0]', file: 'policies/web.yaml', line: 14, column: 5 },
  ],
};

const denyIngress: GateResult = {
  allowed: false,
  certain: true,
  isolated: true,
  tier: 'NetworkPolicy',
  by: [{ policy: 'db/NetworkPolicy/default-deny', file: 'policies/db.yaml', line: 1, column: 1 }],
};

function verdict(part: Partial<VerdictResult>): VerdictResult {
  return {
    apiVersion: 'sallyport.dev/v1',
    kind: 'Verdict',
    from: web,
    to: postgres,
    protocol: 'TCP',
    port: 5432,
    allowed: false,
    certain: true,
    verdict: 'denied',
    egress: webEgress,
    ingress: denyIngress,
    ...part,
  };
}

export const allowedVerdict = verdict({
  allowed: true,
  verdict: 'allowed',
  ingress: {
    ...webEgress,
    by: [{ policy: 'db/NetworkPolicy/allow-web', rule: 'spec.ingress[0]', file: 'policies/db.yaml', line: 21 }],
  },
});

export const openVerdict = verdict({ allowed: true, verdict: 'allowed', egress: openGate, ingress: openGate });

export const deniedVerdict = verdict({
  ingress: {
    ...denyIngress,
    near: [
      {
        policy: 'db/NetworkPolicy/allow-api',
        rule: 'spec.ingress[0]',
        file: 'policies/db.yaml',
        line: 20,
        column: 5,
        misses: 'peer',
        because: 'selects role=api, the pod has role=web',
      },
      {
        policy: 'db/NetworkPolicy/metrics',
        rule: 'spec.ingress[0]',
        file: 'policies/metrics.yaml',
        line: 9,
        column: 5,
        misses: 'port',
        because: 'allows tcp 9187 only',
      },
    ],
  },
});

export const bothClosedVerdict = verdict({
  egress: { ...denyIngress, by: [{ policy: 'shop/NetworkPolicy/default-deny' }] },
});

export const adminVerdict = verdict({
  ingress: {
    allowed: false,
    certain: true,
    isolated: true,
    tier: 'Admin',
    by: [
      {
        policy: 'ClusterNetworkPolicy/guard-databases',
        rule: 'spec.ingress[2]',
        name: 'deny the rest',
        action: 'Deny',
        file: 'admin.yaml',
        line: 40,
      },
    ],
  },
});

export const baselineVerdict = verdict({
  ingress: {
    ...adminVerdict.ingress,
    isolated: false,
    tier: 'Baseline',
    by: [{ policy: 'BaselineAdminNetworkPolicy/default', rule: 'spec.ingress[0]', action: 'Deny' }],
  },
});

export const unknownVerdict = verdict({
  certain: false,
  verdict: 'unknown',
  ingress: {
    ...denyIngress,
    certain: false,
    near: [
      {
        policy: 'db/NetworkPolicy/from-team',
        rule: 'spec.ingress[0]',
        file: 'policies/db.yaml',
        line: 30,
        misses: 'peer',
        because: 'selects namespaces with team=shop; the labels of namespace shop are not in the input',
      },
    ],
    why: ['the labels of namespace shop are unknown: the input has no Namespace object for it'],
  },
});

export const partlyVerdict = verdict({
  partly: { allowed: ['shop/Pod/web-0', 'shop/Pod/web-1'], denied: ['shop/Pod/web-2'], unknown: [] },
  why: ['the replicas differ in the label track'],
});

export const exemptVerdict = verdict({
  from: 'kube-system/DaemonSet/agent',
  to: '203.0.113.7',
  protocol: 'other',
  port: null,
  allowed: true,
  verdict: 'allowed',
  egress: {
    allowed: true,
    certain: true,
    isolated: false,
    tier: 'exempt',
    by: [],
    why: ['host-network pods are never selected'],
  },
  ingress: {
    allowed: true,
    certain: true,
    isolated: false,
    tier: 'exempt',
    by: [],
    why: ['the address is outside the cluster'],
  },
});

/** A Service with two kinds of backends, asked for without a port. */
export const legsVerdict = verdict({
  to: 'db/Service/postgres',
  protocol: 'any',
  port: null,
  via: ['db/Service/postgres'],
  ports: 'none',
  legs: [
    deniedVerdict,
    verdict({ ...allowedVerdict, to: 'db/StatefulSet/replica', ports: [{ protocol: 'TCP', ranges: [[5432, 5433]] }] }),
  ],
});

export const apartVerdict = verdict({
  egress: { allowed: false, certain: true, isolated: false, tier: 'none', by: [] },
  ingress: { allowed: false, certain: true, isolated: false, tier: 'none', by: [] },
  why: ['shop/web has IPv4, db/postgres has IPv6: they share no IP family'],
});

export const sampleVerdicts: readonly (readonly [string, VerdictResult, readonly string[]])[] = [
  ['allowed', allowedVerdict, []],
  ['open', openVerdict, []],
  [
    'denied',
    deniedVerdict,
    ['Service db/postgres:5432 leads to db/postgres:5432; policy is judged after the Service is resolved.'],
  ],
  ['both-closed', bothClosedVerdict, []],
  ['admin', adminVerdict, []],
  ['baseline', baselineVerdict, []],
  ['unknown', unknownVerdict, []],
  ['partly', partlyVerdict, []],
  ['exempt', exemptVerdict, []],
  ['legs', legsVerdict, []],
  ['apart', apartVerdict, []],
];
