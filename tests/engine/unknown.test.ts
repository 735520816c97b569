/** Facts that the input lacks: D14, S61. Each row must be unknown for the named reason, and certain where it can be. */
import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../src/base/inet-parse.ts';
import type { Cidr } from '../../src/base/inet.ts';
import { check, clusterPolicy, endpoint, engineOf, pod, policy, query } from './cluster-fixture.ts';

const cidrs = (...texts: string[]): Cidr[] =>
  texts.flatMap((text) => {
    const parsed = parseCidr(text);
    return parsed === undefined ? [] : [parsed.cidr];
  });

const undeclared = [pod('x', 'a', '10.0.1.1', 'n1'), pod('y', 'a', '10.0.2.1', 'n1')].join('\n---');
const nowhere = [pod('x', 'a', '', ''), pod('y', 'a', '', '')].join('\n---');

function fromNamespaces(selector: string): string {
  return policy('p', `{podSelector: {}, ingress: [{from: [{namespaceSelector: ${selector}}]}]}`);
}

function fromBlocks(...blocks: string[]): string {
  return policy(
    'p',
    `{podSelector: {}, ingress: [{from: [${blocks.map((block) => `{ipBlock: ${block}}`).join(', ')}]}]}`,
  );
}

describe('labels of namespaces without a Namespace object', () => {
  it.each([
    ['{matchLabels: {team: blue}}', 'unknown'],
    ['{matchExpressions: [{key: team, operator: DoesNotExist}]}', 'unknown'],
    ['{matchLabels: {kubernetes.io/metadata.name: "y"}}', 'allowed'],
    ['{matchLabels: {kubernetes.io/metadata.name: z}}', 'denied'],
    ['{matchLabels: {kubernetes.io/metadata.name: z, team: blue}}', 'denied'],
    ['{}', 'allowed'],
    ['{matchLabels: {team: blue}, matchExpressions: [{key: team, operator: NotIn, values: [blue]}]}', 'denied'],
  ])('%s: %s', (selector, verdict) => {
    check(engineOf(undeclared + fromNamespaces(selector)), [`y/a > x/a TCP 80: ${verdict}`]);
  });

  it('says which namespace lacks its labels', () => {
    const engine = engineOf(undeclared + fromNamespaces('{matchLabels: {team: blue}}'));
    const result = engine.explain(query(engine, 'y/a > x/a TCP 80'));
    expect(result).toMatchObject({ verdict: 'unknown', allowed: false, certain: false });
    expect(result.ingress.why).toEqual([
      'x/NetworkPolicy/p spec.ingress[0] may match: the labels of namespace y are unknown: the input has no Namespace object for it',
    ]);
  });

  it('subjects of cluster policies are open too: Deny may hit, Accept may not help', () => {
    const subject = '{namespaces: {matchLabels: {team: red}}}';
    const rule = (action: string) =>
      clusterPolicy(
        'c',
        `{tier: Admin, priority: 1, subject: ${subject}, ingress: [{action: ${action}, from: [{namespaces: {}}]}]}`,
      );
    check(engineOf(undeclared + rule('Deny')), ['y/a > x/a TCP 80: unknown', '8.8.8.8 > x/a TCP 80: allowed']);
    check(engineOf(undeclared + rule('Accept')), ['y/a > x/a TCP 80: allowed']);
    const deny = policy('d', '{podSelector: {}, policyTypes: [Ingress]}');
    check(engineOf(undeclared + rule('Accept') + deny), ['y/a > x/a TCP 80: unknown']);
    check(engineOf(undeclared + rule('Deny') + deny), ['y/a > x/a TCP 80: denied']);
  });

  it('an uncertain rule before a certain one of the same kind leaves nothing open', () => {
    const rules = clusterPolicy(
      'c',
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {matchLabels: {team: blue}}}]}, {action: Accept, from: [{namespaces: {}}]}]}',
    );
    const deny = policy('d', '{podSelector: {}, policyTypes: [Ingress]}');
    check(engineOf(undeclared + rules + deny), ['y/a > x/a TCP 80: allowed']);
  });
});

describe('addresses of pods', () => {
  it.each<[string, string[], Cidr[], string]>([
    ['some block', ['{cidr: 10.0.0.0/8}'], [], 'unknown'],
    ['a whole family, which one the pod has is unknown', ['{cidr: 0.0.0.0/0}'], [], 'unknown'],
    ['both families', ['{cidr: 0.0.0.0/0}', '{cidr: "::/0"}'], [], 'allowed'],
    [
      'both families but for what no pod can have',
      ['{cidr: 0.0.0.0/0, except: [169.254.169.254/32]}', '{cidr: "::/0"}'],
      [],
      'allowed',
    ],
    ['both families in halves', ['{cidr: 0.0.0.0/1}', '{cidr: 128.0.0.0/1}', '{cidr: "::/0"}'], [], 'allowed'],
    ['inside the pod range', ['{cidr: 10.0.0.0/8}'], cidrs('10.4.0.0/14'), 'allowed'],
    ['outside of it', ['{cidr: 192.168.0.0/16}'], cidrs('10.4.0.0/14'), 'denied'],
    ['a part of it', ['{cidr: 10.4.0.0/16}'], cidrs('10.4.0.0/14'), 'unknown'],
    ['a whole family, and the pod range tells the family', ['{cidr: 0.0.0.0/0}'], cidrs('10.4.0.0/14'), 'allowed'],
    ['two ranges, one of them let in', ['{cidr: 10.0.0.0/8}'], cidrs('10.4.0.0/14', 'fd00::/64'), 'allowed'],
  ])('%s', (_, blocks, podCidrs, verdict) => {
    check(engineOf(nowhere + fromBlocks(...blocks), { podCidrs }), [`y/a > x/a TCP 80: ${verdict}`]);
  });

  it('the pod ranges of its node count, and pods of a family tell the family', () => {
    const node = (range: string) =>
      `\n---\n{apiVersion: v1, kind: Node, metadata: {name: n9}, spec: {podCIDRs: [${range}]}, status: {addresses: []}}\n---${pod('z', 'a', '', 'n9')}`;
    check(engineOf(nowhere + node('10.4.0.0/24') + fromBlocks('{cidr: 10.4.0.0/16}')), [
      'z/a > x/a TCP 80: allowed',
      'y/a > x/a TCP 80: unknown',
    ]);
    check(engineOf(`${nowhere}\n---${pod('z', 'a', '10.0.0.9', 'n1')}${fromBlocks('{cidr: 0.0.0.0/0}')}`), [
      'y/a > x/a TCP 80: allowed',
    ]);
  });

  it('says that an address is missing', () => {
    const engine = engineOf(nowhere + fromBlocks('{cidr: 10.0.0.0/8}'));
    expect(engine.explain(query(engine, 'y/a > x/a TCP 80')).ingress.why?.[0]).toContain(
      'the addresses of y/a are not part of the input',
    );
    expect(engine.ports(endpoint(engine, 'y/a'), endpoint(engine, 'x/a')).uniform).toBe(true);
  });
});

describe('nodes', () => {
  const node =
    '{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {zone: z1}}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}\n---';
  const deny = policy('d', '{podSelector: {}, policyTypes: [Ingress, Egress]}');

  it("S100: whether a host is on the pod's own node may be unknown", () => {
    const engine = engineOf(`${node}${pod('x', 'a', '10.0.0.1', '')}${deny}`);
    check(engine, ['node:n1 > x/a TCP 80: unknown']);
    expect(engine.explain(query(engine, 'node:n1 > x/a TCP 80')).ingress.why).toEqual([
      'the input does not tell whether n1 and x/a are on the same node',
    ]);
    check(engineOf(`${node}${pod('x', 'a', '10.0.0.1', '')}`), ['node:n1 > x/a TCP 80: allowed']);
  });

  it('the labels and addresses of the node of a host-network pod may be unknown', () => {
    const host = pod('x', 'host', '', 'n7', 'hostNetwork: true');
    const rule = (to: string) =>
      clusterPolicy(
        'c',
        `{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [${to}]}]}`,
      );
    const base = `${node}${pod('x', 'a', '10.0.0.1', 'n1')}\n---${host}`;
    check(engineOf(base + rule('{nodes: {matchLabels: {zone: z1}}}')), [
      'x/a > x/host TCP 80: unknown',
      'x/a > node:n1 TCP 80: denied',
    ]);
    check(engineOf(base + rule('{nodes: {}}')), ['x/a > x/host TCP 80: denied']);
    check(engineOf(base + rule('{networks: [192.168.0.0/16]}')), ['x/a > x/host TCP 80: unknown']);
  });
});

describe('labels that controllers set', () => {
  const workload = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: x}
spec:
  replicas: 3
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: i}]}}
---${pod('y', 'a', '10.0.2.1', 'n1')}`;

  it('a policy that names one may select, a peer that names one may match', () => {
    const first = '{matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}';
    check(engineOf(workload + policy('p', `{podSelector: ${first}, ingress: []}`)), [
      'y/a > x/StatefulSet/db TCP 80: unknown',
      'x/StatefulSet/db > y/a TCP 80: allowed',
    ]);
    check(
      engineOf(
        workload +
          policy('p', `{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: ${first}}]}]}`, 'y'),
      ),
      ['x/StatefulSet/db > y/a TCP 80: unknown'],
    );
    const other = '{matchLabels: {statefulset.kubernetes.io/pod-name: db-0, app: web}}';
    check(engineOf(workload + policy('p', `{podSelector: ${other}, ingress: []}`)), [
      'y/a > x/StatefulSet/db TCP 80: allowed',
    ]);
  });
});

describe('domain names (S168, S169)', () => {
  const rules = (name: string) =>
    clusterPolicy(
      'c',
      `{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Accept, to: [{domainNames: ["${name}"]}]}]}`,
    ) + policy('d', '{podSelector: {}, policyTypes: [Egress]}');

  it('what a name resolves to is unknown outside, and inside only when it may be a name of the cluster', () => {
    check(engineOf(undeclared + rules('example.com')), ['x/a > 8.8.8.8 TCP 443: unknown', 'x/a > y/a TCP 443: denied']);
    check(engineOf(undeclared + rules('*.svc.cluster.local')), ['x/a > y/a TCP 443: unknown']);
    check(engineOf(undeclared + rules('db.prod.svc')), ['x/a > y/a TCP 443: unknown']);
  });
});
