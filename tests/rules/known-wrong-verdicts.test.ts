/** Published wrong verdicts of other tools (W1-W24 of the catalogue): each case is decided rightly here. */
import { describe, expect, it } from 'vitest';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { audit } from '../../src/rules/audit.ts';
import { readConfig } from '../../src/rules/config.ts';
import type { Protocol } from '../../src/kube/objects.ts';
import { contextOf } from './rule-tester.ts';

interface PolicyText {
  readonly name?: string;
  readonly namespace?: string | null;
  readonly spec: string;
}

function policy({ name = 'p', namespace = 'shop', spec }: PolicyText): string {
  const where = namespace === null ? '' : `, namespace: ${namespace}`;
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}${where} }
spec: { ${spec} }
`;
}

function pod(name: string, labels: string, namespace = 'shop'): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { ${labels} } }
spec: { containers: [{ name: main, image: main }] }
`;
}

function cluster(name: string, rules: string, priority = 1): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec: { tier: Admin, priority: ${priority}, ${rules} }
`;
}

const resolver = `${pod('coredns', 'k8s-app: kube-dns', 'kube-system')}status: { podIP: 10.0.0.10 }\n`;
const toResolver =
  '{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [{ port: 53, protocol: UDP }, { port: 53 }] }';
const both = 'policyTypes: [Ingress, Egress]';
const web = 'podSelector: { matchLabels: { app: web } }';

/** `rule object`, of everything but ownership, which none of the published cases is about. */
function findings(yaml: string): readonly string[] {
  const sources = [{ name: 'test.yaml', text: yaml }];
  const { objects, diagnostics } = readManifests(sources);
  const context = new AuditContext({ objects, cluster: buildCluster(objects), sources });
  const { config } = readConfig({ name: 'sallyport.yaml', text: '' });
  return audit({ context, config, diagnostics })
    .findings.filter(({ rule }) => rule.name !== 'missing-ownership')
    .map(({ rule, object }) => (object === undefined ? rule.name : `${rule.name} ${object}`))
    .sort();
}

function verdict(yaml: string, from: string, to: string, port = 80, protocol: Protocol = 'TCP'): string {
  const context = contextOf(yaml);
  const end = (name: string) => {
    const [namespace = '', own = ''] = name.split('/');
    return { type: 'pod', pod: context.cluster.podNamed(namespace, own) ?? -1 } as const;
  };
  return context.engine.verdict({ from: end(from), to: end(to), protocol, port });
}

describe('whom a policy isolates', () => {
  const a = pod('web', 'app: web', 'alpha');
  const b = pod('web', 'app: web', 'beta');

  it('W1, W9: a policy for all pods of one namespace says nothing about another', () => {
    const yaml = policy({ namespace: 'alpha', spec: `podSelector: {}, ${both}` }) + a + b;
    expect(findings(yaml)).toEqual([
      'namespace-without-default-deny Namespace/beta',
      'open-egress beta/Pod/web',
      'open-ingress beta/Pod/web',
    ]);
  });

  it('W3: all labels of matchLabels must be on one pod', () => {
    const yaml =
      policy({ spec: 'podSelector: { matchLabels: { a: x, b: z } }, policyTypes: [Ingress]' }) +
      pod('one', 'a: x') +
      pod('two', 'b: z');
    expect(findings(yaml)).toContain('selects-no-pod shop/NetworkPolicy/p');
    expect(verdict(yaml, 'shop/one', 'shop/two')).toBe('allowed');
  });

  it('W8: a policy for pods with two labels isolates them', () => {
    const yaml =
      policy({ spec: `podSelector: { matchLabels: { a: x, b: z } }, ${both}` }) +
      pod('one', 'a: x, b: z') +
      pod('two', 'a: x');
    expect(findings(yaml).filter((found) => found.startsWith('open-'))).toEqual([
      'open-egress shop/Pod/two',
      'open-ingress shop/Pod/two',
    ]);
  });

  it('W4: pod templates are pods, also in other files', () => {
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: main, image: main }] } }
`;
    const sources = [
      { name: 'policy.yaml', text: policy({ spec: `${web}, ${both}` }) },
      { name: 'web.yaml', text: deployment },
    ];
    const { objects } = readManifests(sources);
    const context = new AuditContext({ objects, cluster: buildCluster(objects), sources });
    const { config } = readConfig({ name: 'sallyport.yaml', text: '' });
    expect(
      audit({ context, config, only: ['selects-no-pod', 'open-ingress', 'open-egress'] }).findings.map(
        ({ message }) => message,
      ),
    ).toEqual([]);
  });

  it('W5, W10, W14, W19: an empty selector is every pod, however it is written', () => {
    for (const selector of ['{}', '{ matchLabels: {} }', '{ matchExpressions: [] }', '{ matchLabels: null }']) {
      const yaml = policy({ spec: `podSelector: ${selector}, ${both}` }) + pod('web', 'app: web');
      expect([selector, findings(yaml)]).toEqual([selector, []]);
    }
  });

  it('W6, W9, W10, W14: expressions select what they say, no more and no less', () => {
    const yaml =
      policy({ spec: `podSelector: { matchExpressions: [{ key: app, operator: In, values: [web] }] }, ${both}` }) +
      pod('web', 'app: web') +
      pod('db', 'app: db');
    expect(findings(yaml)).toEqual([
      'namespace-without-default-deny Namespace/shop',
      'open-egress shop/Pod/db',
      'open-ingress shop/Pod/db',
    ]);
  });

  it('W21: one direction is not both, and no namespace is the default one', () => {
    const oneWay = policy({ namespace: null, spec: 'podSelector: {}, policyTypes: [Ingress]' });
    expect(findings(oneWay + pod('web', 'app: web', 'default'))).toEqual([
      'namespace-without-default-deny Namespace/default',
      'open-egress default/Pod/web',
    ]);
  });

  it('W24: a label that is missing does not match', () => {
    const yaml =
      policy({ spec: 'podSelector: { matchLabels: { tier: db } }, policyTypes: [Ingress]' }) +
      pod('web', 'app: web') +
      pod('db', 'tier: db');
    expect(verdict(yaml, 'shop/db', 'shop/web')).toBe('allowed');
    expect(verdict(yaml, 'shop/web', 'shop/db')).toBe('denied');
  });
});

describe('denying by default is no fault', () => {
  it.each([
    ['W7, W12, W18: of both directions', `podSelector: {}, ${both}`],
    ['W15: with an empty list of rules', `podSelector: {}, ingress: [], ${both}`],
  ])('%s', (_, spec) => {
    expect(findings(policy({ spec }) + pod('web', 'app: web'))).toEqual([]);
  });

  it('W7: egress alone needs no ingress rules', () => {
    const spec = `podSelector: {}, policyTypes: [Egress], egress: [${toResolver}]`;
    const found = findings(policy({ spec }) + resolver + pod('web', 'app: web'));
    expect(found).toEqual(['namespace-without-default-deny Namespace/shop', 'open-ingress shop/Pod/web']);
  });

  it('W20: the best result can be had', () => {
    const allow = policy({
      name: 'web',
      spec: `${web}, policyTypes: [Ingress], ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }], ports: [{ port: 80 }] }]`,
    });
    const call = policy({
      name: 'client',
      spec: `podSelector: { matchLabels: { app: client } }, policyTypes: [Egress], egress: [{ to: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] }, ${toResolver}]`,
    });
    const deny = policy({ name: 'default-deny', spec: `podSelector: {}, ${both}` });
    const pods = pod('web', 'app: web') + pod('client', 'app: client') + resolver;
    expect(findings(deny + allow + call + pods)).toEqual([]);
  });

  it('W16: a policy that is there does not excuse the pods that it leaves open', () => {
    const yaml = policy({ spec: `${web}, ${both}` }) + pod('web', 'app: web') + pod('db', 'app: db');
    expect(findings(yaml)).toContain('open-ingress shop/Pod/db');
  });

  it('W16: a Service is nothing that policy could be missing for', () => {
    const service = `---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;
    expect(findings(service)).toEqual([]);
  });
});

describe('peers', () => {
  const isolated = pod('web', 'app: web');

  it('W12: a selector by expressions is not everybody', () => {
    const spec = `podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web] }] } }] }]`;
    const yaml = policy({ spec }) + isolated + pod('db', 'app: db');
    expect(verdict(yaml, 'shop/web', 'shop/db')).toBe('allowed');
    expect(verdict(yaml, 'shop/db', 'shop/web')).toBe('denied');
  });

  it('W13: ranges outside the cluster need no pods', () => {
    const spec = `podSelector: {}, ${both}, egress: [{ to: [{ ipBlock: { cidr: 203.0.113.0/24 } }], ports: [{ port: 443 }] }]`;
    expect(findings(policy({ spec }) + isolated)).toEqual([]);
  });

  it('W14: every namespace is a peer', () => {
    const spec = `podSelector: {}, ${both}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }]`;
    expect(findings(policy({ spec }) + isolated)).toEqual([]);
  });

  it('W21: a slip of a peer is found behind a namespaceSelector as well', () => {
    const spec = `podSelector: {}, ${both}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: alpha } }, podSelector: { matchLabels: { app: clint } } }] }]`;
    const yaml = policy({ spec }) + isolated + pod('client', 'app: client', 'alpha');
    expect(findings(yaml)).toContain('peer-selects-nothing shop/NetworkPolicy/p');
  });

  it('W23: a range of IPv6 is a range like others', () => {
    const spec = `podSelector: {}, ${both}, egress: [{ to: [{ ipBlock: { cidr: "2001:db8::/32" } }], ports: [{ port: 443 }] }]`;
    expect(findings(policy({ spec }) + isolated)).toEqual([]);
  });
});

describe('ports', () => {
  it('W22: belong to their own rule', () => {
    const rule = (app: string, port: number): string =>
      `{ from: [{ podSelector: { matchLabels: { app: ${app} } } }], ports: [{ port: ${port} }] }`;
    const yaml =
      policy({ spec: `${web}, policyTypes: [Ingress], ingress: [${rule('one', 80)}, ${rule('two', 443)}]` }) +
      pod('web', 'app: web') +
      pod('one', 'app: one') +
      pod('two', 'app: two');
    expect(verdict(yaml, 'shop/one', 'shop/web', 80)).toBe('allowed');
    expect(verdict(yaml, 'shop/one', 'shop/web', 443)).toBe('denied');
    const context = contextOf(yaml);
    const to = { type: 'pod', pod: context.cluster.podNamed('shop', 'web') ?? -1 } as const;
    const from = { type: 'pod', pod: context.cluster.podNamed('shop', 'two') ?? -1 } as const;
    expect(context.engine.explain({ from, to, protocol: 'TCP', port: 443 }).ingress.by).toMatchObject([
      { policy: 'shop/NetworkPolicy/p', rule: 'spec.ingress[1]' },
    ]);
  });

  it('W18: a port of a database that one workload may use is no fault', () => {
    const spec = `podSelector: {}, ${both}, ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }], ports: [{ port: 5432 }] }], egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: 5432 }] }, ${toResolver}]`;
    expect(findings(policy({ spec }) + pod('api', 'app: api') + pod('db', 'app: db') + resolver)).toEqual([]);
  });
});

describe('lookups and metadata', () => {
  const client = pod('web', 'app: web');
  const out = (rules: string, name = 'p'): string =>
    policy({ name, spec: `podSelector: {}, ${both}, egress: [${rules}]` });
  const internet =
    '{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16] } }], ports: [{ port: 443 }] }';

  it("W17: the cluster's resolver is meant, not one of the internet", () => {
    expect(findings(out(`${toResolver}, ${internet}`) + client + resolver)).toEqual([]);
    const elsewhere = internet.replace('port: 443', 'port: 53, protocol: UDP');
    expect(findings(out(`${elsewhere}, ${internet}`) + client + resolver)).toContain(
      'egress-without-dns shop/NetworkPolicy/p',
    );
  });

  it('W18: policies add up, so another one may allow lookups', () => {
    expect(findings(out(internet) + out(toResolver, 'dns') + client + resolver)).toEqual([]);
  });

  it('W18: the metadata service is denied by whatever range leaves it out, and open by whatever does not', () => {
    const leaves = out(`${internet}, ${toResolver}`);
    expect(findings(leaves + client + resolver)).toEqual([]);
    const mentioned = out(
      `${internet}, { to: [{ ipBlock: { cidr: 169.254.0.0/17 } }, { ipBlock: { cidr: 169.254.128.0/17 } }] }, ${toResolver}`,
    );
    expect(findings(mentioned + client + resolver)).toContain('metadata-service-reachable shop/NetworkPolicy/p');
  });
});

describe('other kinds of policies', () => {
  const client = pod('web', 'app: web') + pod('db', 'app: db');

  it('W2, W11: those of the upstream API count', () => {
    const yaml =
      cluster(
        'deny',
        'subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ namespaces: {} }] }], egress: [{ action: Deny, to: [{ namespaces: {} }] }]',
      ) + client;
    expect(findings(yaml).filter((found) => /^open-|default-deny/.test(found))).toEqual([]);
    expect(verdict(yaml, 'shop/web', 'shop/db')).toBe('denied');
  });

  it('W2, W11: of those of plugins, which nothing here evaluates, the audit says so', () => {
    const cilium = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: deny, namespace: shop }
spec: { endpointSelector: {}, ingress: [{}], egress: [{}] }
`;
    expect(findings(cilium + client)).toContain('doubtful-manifest');
  });

  it('W23: equal priorities matter only where both decide about the same connection', () => {
    const of = (name: string, action: string, namespace: string): string =>
      cluster(
        name,
        `subject: { namespaces: { matchLabels: { kubernetes.io/metadata.name: ${namespace} } } }, ingress: [{ action: ${action}, from: [{ namespaces: {} }] }]`,
      );
    const pods = pod('web', 'app: web', 'alpha') + pod('web', 'app: web', 'beta');
    const disjoint = of('a', 'Deny', 'alpha') + of('b', 'Accept', 'beta') + pods;
    expect(findings(disjoint).filter((found) => found.startsWith('equal-priority'))).toEqual([]);
    expect(verdict(disjoint, 'beta/web', 'alpha/web')).toBe('denied');
    const clash = of('a', 'Deny', 'alpha') + of('b', 'Accept', 'alpha') + pods;
    expect(findings(clash)).toContain('equal-priority-overlap ClusterNetworkPolicy/b');
  });

  it('W24: of two policies only the one that is within the other is covered', () => {
    const rule = (ports: string): string =>
      `ingress: [{ from: [{ podSelector: { matchLabels: { app: db } } }]${ports} }]`;
    const yaml =
      policy({ name: 'narrow', spec: `${web}, policyTypes: [Ingress], ${rule(', ports: [{ port: 80 }]')}` }) +
      policy({ name: 'wide', spec: `podSelector: {}, policyTypes: [Ingress], ${rule('')}` }) +
      client;
    expect(findings(yaml).filter((found) => found.startsWith('covered-'))).toEqual([
      'covered-policy shop/NetworkPolicy/narrow',
    ]);
    const apart =
      policy({ name: 'a', spec: `${web}, policyTypes: [Ingress], ${rule(', ports: [{ port: 80 }]')}` }) +
      policy({ name: 'b', spec: `podSelector: {}, policyTypes: [Ingress], ${rule(', ports: [{ port: 81 }]')}` }) +
      client;
    expect(findings(apart).filter((found) => found.startsWith('covered-'))).toEqual([]);
  });
});
