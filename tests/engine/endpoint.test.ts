import { describe, expect, it } from 'vitest';

import { explainTarget } from '../../src/engine/target-verdict.ts';
import { parseEndpoint } from '../../src/engine/endpoint.ts';
import type { VerdictResult } from '../../src/engine/results.ts';
import { parseTarget } from '../../src/engine/service-target.ts';
import type { Target } from '../../src/engine/target.ts';
import {
  clusterOf,
  engineOf,
  namespace,
  pod,
  policy,
  portsText,
  service,
  workload,
  yaml,
} from './connectivity-cluster.ts';

const INPUT = [
  namespace('shop'),
  namespace('svc'),
  namespace('default'),
  workload('shop', 'web', { replicas: 3, ports: [{ name: 'http', containerPort: 8080 }] }),
  workload('shop', 'db', { kind: 'StatefulSet', ports: [{ name: 'sql', containerPort: 5432 }] }),
  workload('default', 'web'),
  workload('svc', 'tool'),
  service('default', 'tool', { ports: [{ port: 80 }] }),
  service('shop', 'web', { ports: [{ port: 80, targetPort: 'http' }] }),
  service('shop', 'db', { clusterIP: '10.96.0.5', ports: [{ name: 'sql', port: 5432 }] }),
  pod('shop', 'job-x', { ips: ['10.0.0.7'], node: 'n1' }),
  pod('shop', 'old', { phase: 'Succeeded' }),
  // A pod of the same name as a workload: the workload wins.
  pod('shop', 'web', { labels: { app: 'other' } }),
  workload('shop', 'twice'),
  workload('shop', 'twice', { kind: 'DaemonSet' }),
  yaml({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    spec: { podCIDRs: ['10.0.0.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '192.168.0.1' }] },
  }),
];
const cluster = clusterOf(...INPUT);

function source(text: string): string {
  const parsed = parseEndpoint(cluster, text);
  if (!parsed.ok)
    return `! ${parsed.problem.message}${parsed.problem.help === undefined ? '' : ` (${parsed.problem.help})`}`;
  const { endpoint, label } = parsed.value;
  return `${endpoint.type} ${label}`;
}

describe('what a source stands for', () => {
  it.each([
    ['shop/web', 'workload shop/Deployment/web'],
    ['shop/deploy/web', 'workload shop/Deployment/web'],
    ['shop/Deployments.apps/web', 'workload shop/Deployment/web'],
    ['shop/po/web', 'pod shop/Pod/web'],
    ['shop/sts/db', 'workload shop/StatefulSet/db'],
    ['shop/job-x', 'pod shop/Pod/job-x'],
    ['web', 'workload default/Deployment/web'],
    ['deploy/web', 'workload default/Deployment/web'],
    // A namespace called like a kind wins when it has such a workload.
    ['svc/tool', 'workload svc/Deployment/tool'],
    ['node/n1', 'node Node/n1'],
    ['10.0.0.7', 'pod shop/Pod/job-x'],
    ['10.0.0.7/32', 'pod shop/Pod/job-x'],
    ['192.168.0.1', 'node Node/n1'],
    ['10.0.0.8', 'address 10.0.0.8'],
    ['10.0.0.0/8', 'range 10.0.0.0/8'],
    ['internet', 'range internet'],
    ['shop/wep', '! no workload or pod "wep" in namespace "shop" (did you mean shop/web?)'],
    [
      'shap/web',
      '! the input has no namespace "shap" (did you mean shop/web or default/Deployment/web or shop/Deployment/web?)',
    ],
    ['shop/tool', '! no workload or pod "tool" in namespace "shop" (did you mean svc/Deployment/tool?)'],
    [
      'shop/sts/web',
      '! no StatefulSet "web" in namespace "shop" (did you mean shop/Deployment/web or shop/Pod/web or shop/svc/web?)',
    ],
    [
      'shop/twice',
      '! "shop/twice" could be shop/DaemonSet/twice or shop/Deployment/twice (write shop/DaemonSet/twice or shop/Deployment/twice)',
    ],
    ['shop/old', '! Pod shop/old is over: its phase is Succeeded (ended pods can neither send nor receive)'],
    ['node/n2', '! no node "n2" in the input (did you mean node/n1?)'],
    ['shop/svc/db', '! Service shop/db opens no connections itself (name the workload behind it as the source)'],
    [
      '10.96.0.5',
      '! 10.96.0.5 is the address of Service shop/db, which opens no connections (name the workload behind it as the source)',
    ],
    ['shop/ns/x', '! a namespace is not one end of a connection (name a workload in it)'],
    ['shop/web:80', '! "shop/web:80" names a port, which only a target can have (a port belongs behind the target)'],
  ])('%s', (text, expected) => {
    expect(source(text)).toBe(expected);
  });

  it('takes bare names from the namespace that is given', () => {
    expect(parseEndpoint(cluster, 'db', { namespace: 'shop' })).toMatchObject({
      ok: true,
      value: { label: 'shop/StatefulSet/db' },
    });
  });

  it('says when an address is a pod, or should be one', () => {
    expect(parseEndpoint(cluster, '10.0.0.7')).toMatchObject({
      value: { notes: ['10.0.0.7 is the address of shop/Pod/job-x'] },
    });
    expect(parseEndpoint(cluster, '10.0.0.8')).toMatchObject({
      value: { notes: ['10.0.0.8 lies in the pod range 10.0.0.0/24, but no pod of the input has it'] },
    });
  });

  it('looks only at the families that the cluster uses', () => {
    const parsed = parseEndpoint(cluster, 'internet');
    expect(
      parsed.ok &&
        parsed.value.endpoint.type === 'range' &&
        parsed.value.endpoint.cidrs.every(({ family }) => family === 4),
    ).toBe(true);
  });
});

function target(text: string): string {
  const parsed = parseTarget(cluster, text);
  return parsed.ok
    ? targetText(parsed.value)
    : `! ${parsed.problem.message}${parsed.problem.help === undefined ? '' : ` (${parsed.problem.help})`}`;
}

function targetText({ legs }: Target): string {
  return legs
    .map(({ label, port }) =>
      port.type === 'all' ? label : `${label} ${port.protocol}${port.protocol === 'other' ? '' : ` ${port.port}`}`,
    )
    .join(' + ');
}

describe('what a target stands for', () => {
  it.each([
    ['shop/web:80', 'shop/Deployment/web TCP 80'],
    ['shop/web', 'shop/Deployment/web'],
    ['shop/web:icmp', 'shop/Deployment/web other'],
    ['shop/web:http', 'shop/Deployment/web TCP 8080'],
    ['shop/web:http/tcp', 'shop/Deployment/web TCP 8080'],
    ['10.0.0.7:22', 'shop/Pod/job-x TCP 22'],
    ['[2001:db8::1]:53/udp', '2001:db8::1 UDP 53'],
    ['10.96.0.5:5432', 'shop/StatefulSet/db TCP 5432'],
    ['shop/web:sql', '! shop/Deployment/web has no port named sql (its ports are named http/tcp)'],
    ['shop/web:http/udp', '! shop/Deployment/web has no port named http/udp (its ports are named http/tcp)'],
    ['10.0.0.8:http', '! 10.0.0.8 has no named ports (only pods have named ports; write the number)'],
    ['shop.example.com', '! no workload or pod "shop.example.com" in namespace "default"'],
  ])('%s', (text, expected) => {
    expect(target(text)).toBe(expected);
  });

  it('looks a named port up on every pod (S113)', () => {
    const owner = { kind: 'Deployment', name: 'api' };
    const [a, b, c] = [8080, 9090, undefined].map((number, index) =>
      pod('shop', `api-${index}`, {
        labels: { app: 'api' },
        owner,
        ports: number === undefined ? [] : [{ name: 'http', containerPort: number }],
      }),
    );
    const mixed = parseTarget(
      clusterOf(namespace('shop'), workload('shop', 'api'), a ?? '', b ?? '', c ?? ''),
      'shop/api:http',
    );
    expect(mixed.ok && targetText(mixed.value)).toBe('shop/Pod/api-0 TCP 8080 + shop/Pod/api-1 TCP 9090');
    expect(mixed.ok && mixed.value.notes).toEqual([
      'port http is 8080/TCP, 9090/TCP on shop/Deployment/api',
      'shop/Pod/api-2 has no port http',
    ]);
  });

  it('reminds of the Service when its port is written behind the workload', () => {
    const parsed = parseTarget(cluster, 'shop/web:80');
    expect(parsed.ok && parsed.value.notes.join()).toMatch(
      /Service shop\/web leads from 80 to http; write shop\/svc\/web:80/,
    );
  });
});

describe('the answer', () => {
  const engine = engineOf(
    ...INPUT,
    policy('shop', 'db', {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] }],
    }),
  );
  const ask = (from: string, to: string): VerdictResult => {
    const a = parseEndpoint(engine.cluster, from);
    const b = parseTarget(engine.cluster, to);
    if (!a.ok || !b.ok) throw new Error(`${from} or ${to} is no endpoint`);
    const { verdict, notes } = explainTarget(engine, a.value, b.value);
    return { ...verdict, why: [...(verdict.why ?? []), ...notes] };
  };

  it.each([
    ['shop/web', 'shop/db:5432', 'allowed'],
    ['shop/web', 'shop/db:5433', 'denied'],
    ['default/web', 'shop/db:5432', 'denied'],
    ['internet', 'shop/db:5432', 'denied'],
    ['internet', 'shop/web:8080', 'allowed'],
    ['shop/web', '192.0.2.1:443', 'allowed'],
  ])('%s to %s is %s', (from, to, verdict) => {
    expect(ask(from, to)).toMatchObject({ kind: 'Verdict', verdict, allowed: verdict === 'allowed', certain: true });
  });

  it.each([
    ['shop/web', 'shop/db', 'allowed', 'TCP 5432'],
    ['shop/web', 'default/web', 'allowed', 'any'],
    ['default/web', 'shop/db', 'denied', 'none'],
  ])('%s to %s without a port is %s: %s', (from, to, verdict, ports) => {
    const result = ask(from, to);
    expect(result).toMatchObject({ protocol: 'any', port: null, verdict, allowed: verdict === 'allowed' });
    expect(portsText(result.ports ?? 'none')).toBe(ports);
  });

  it('without a port shows the gates of a port that tells something', () => {
    const result = ask('shop/web', 'shop/db');
    expect(result.ingress).toMatchObject({ allowed: true, isolated: true });
    expect(result.why).toContain('the gates are those of TCP port 5432');
  });
});
