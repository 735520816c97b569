/** The text that nft gets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePlan } from '../../src/dataplane/compile-plan.ts';
import { FULL_OBSERVATION } from '../../src/dataplane/observation.ts';
import { renderTransaction } from '../../src/dataplane/render.ts';
import { installPlan } from '../../src/dataplane/transaction.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import type { KubeObjects, NetworkPolicyObject } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { planOf } from './plan-cluster.ts';

const pod = (name: string, address: string, labels: Record<string, string>, nodeName = 'node1'): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
  spec: { nodeName, containers: [{ name: 'c', ports: [{ name: 'sql', containerPort: 5432 }] }] },
  status: { phase: 'Running', podIP: address },
});

const shop: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' }, status: { addresses: [{ address: '192.0.2.1' }] } },
  pod('web', '10.0.0.1', { app: 'web' }),
  pod('db', '10.0.0.2', { app: 'db' }),
  pod('other', '10.0.0.3', { app: 'other' }, 'node2'),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'db', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [
        { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 'sql' }] },
        {
          from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }],
          ports: [{ protocol: 'UDP', port: 1000, endPort: 2000 }],
        },
        { ports: [{ port: 9100 }] },
      ],
    },
  },
];

const textOf = (objects: readonly Manifest[]): string => renderTransaction(installPlan(planOf(objects, 'node1')));

describe('the table of a small cluster', () => {
  const lines = textOf(shop).split('\n');
  const set =
    /map inet sallyport (in_\w+)/.exec(lines.join('\n'))?.[1] ??
    /chain inet sallyport (in_\w+)/.exec(lines.join('\n'))?.[1];
  const about = (start: string): string[] =>
    lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).replaceAll(set ?? '', 'SET'));

  it('replaces the table in one transaction', () => {
    expect(lines.slice(0, 3)).toEqual([
      'add table inet sallyport',
      'delete table inet sallyport',
      'add table inet sallyport',
    ]);
  });

  it('names the peers that matter, and nobody else', () => {
    expect(about('add element inet sallyport peer4')).toEqual([' { 10.0.0.1 : 1000:2 }']);
    expect(
      lines.filter((line) => /add element inet sallyport cidr4_\w+ /.test(line)).map((line) => line.slice(-28)),
    ).toEqual(['{ 203.0.113.0/25 : 1000:1 }'].map((text) => text.padStart(28)));
  });

  it('judges the pod, both ways', () => {
    expect(about('add element inet sallyport in4')).toEqual([
      ' { 10.0.0.2 : goto SET }',
      '_r { 10.0.0.2 : goto SET_r }',
    ]);
    expect(about(`add element inet sallyport ${set ?? ''}`)).toEqual(['_p { 1000:2 . 6 . 5432 }']);
    expect(about(`add rule inet sallyport ${set ?? ''} `)).toEqual([
      'jump source',
      'meta l4proto 6 th dport 9100 goto stamp',
      'meta priority . meta l4proto . th dport @SET_p goto stamp',
      'meta priority 1000:1 meta l4proto 17 th dport 1000-2000 goto stamp',
      'goto deny',
    ]);
    expect(about(`add rule inet sallyport ${set ?? ''}_r `)).toEqual([
      'jump destination',
      'meta l4proto 6 th sport 9100 goto stamp',
      'meta priority . meta l4proto . th sport @SET_p goto stamp',
      'meta priority 1000:1 meta l4proto 17 th sport 1000-2000 goto stamp',
      'goto deny',
    ]);
  });

  it('says which policies a chain stands for', () => {
    expect(lines).toContain(`create chain inet sallyport ${set ?? ''} { comment "shop/NetworkPolicy/db" ; }`);
  });

  it('is the same whatever the order of the input', () => {
    expect(textOf(shop.toReversed())).toBe(textOf(shop));
  });
});

const name = '[a-z][a-z0-9_]*';
const key = '[0-9a-f.:/ -]+|none(?: \\. [0-9-]+)*';
const value = `[0-9a-f]+:[0-9a-f]+|(?:goto|jump) ${name}|${name}`;
const grammar = [
  /^(?:add|delete) table inet sallyport$/,
  new RegExp(`^create (?:set|map) inet sallyport ${name} \\{ type [a-z0-9_.: ]+ ;(?: flags interval ;)? \\}$`),
  new RegExp(
    `^create chain inet sallyport ${name}(?: \\{(?: type filter hook [a-z]+ priority filter \\+ 10 ; policy accept ;)?(?: comment "[A-Za-z0-9 ._/?-]{1,123}" ;)? \\})?$`,
  ),
  new RegExp(`^add element inet sallyport ${name} \\{ (?:(?:${key})(?: : (?:${value}))?(?:, )?)+ \\}$`),
  new RegExp(`^add counter inet sallyport ${name}(?: \\{ comment "[A-Za-z0-9 ._/?-]{1,123}" ; \\})?$`),
  new RegExp(`^add rule inet sallyport ${name} [a-z0-9_@.:&|()!=,+ -]+(?:"lo" accept)?$`),
  new RegExp(
    `^add rule inet sallyport ${name} [a-z0-9 ]*limit rate [0-9]+/second burst [0-9]+ packets log prefix "sp [a-z-]+ (?:${name}|-)" group 5 snaplen 128 queue-threshold 1$`,
  ),
];

/** A chain, a set or a rule of one line each, and nothing that the input wrote. */
function foreignLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !grammar.some((pattern) => pattern.test(line)));
}

/** Whoever can write objects chooses these. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(
    '"; flush ruleset; #',
    '}\nflush ruleset\n',
    'a" ; } ; delete table inet sallyport',
    '\\"',
    '$(x)',
    '${x}',
    'ü'.repeat(100),
  ),
);

describe('what the input names never becomes syntax', () => {
  const { objects } = readManifests([
    { name: 'shop.json', text: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: shop }) },
  ]);

  it('whoever is named how', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, hostile, (namespace, policy, label, port, node) => {
        const renamed: KubeObjects = {
          ...objects,
          namespaces: objects.namespaces.map((each) => ({ ...each, meta: { ...each.meta, name: namespace } })),
          nodes: objects.nodes.map((each) => ({ ...each, meta: { ...each.meta, name: node } })),
          pods: objects.pods.map((each) => ({
            ...each,
            meta: { ...each.meta, namespace },
            pod: {
              ...each.pod,
              labels: new Map([...each.pod.labels].map(([, text]) => [label, text])),
              ports: each.pod.ports.map((open) => ({ ...open, name: port })),
              nodeName: each.pod.nodeName === 'node1' ? node : each.pod.nodeName,
            },
          })),
          networkPolicies: objects.networkPolicies.map((each) => renamedPolicy(each, namespace, policy, label, port)),
        };
        const observation = { ...FULL_OBSERVATION, log: { group: 5, oneOfAllowed: 10 } };
        const open = { ...renamed, networkPolicies: [] };
        // In force, and in audit mode.
        for (const [enforced, staged] of [
          [renamed, undefined],
          [open, new Compiled(buildCluster(renamed))],
        ] as const) {
          const plan = compilePlan(new Compiled(buildCluster(enforced)), node, { observation, staged });
          const text = renderTransaction(installPlan(plan));
          expect(foreignLines(text)).toEqual([]);
          expect(text.split('\n').length).toBeGreaterThan(60);
          expect(text).toContain('add counter inet sallyport');
        }
      }),
    );
  });

  it('the grammar refuses what is not ours', () => {
    const lines = [
      'flush ruleset',
      'add rule inet sallyport a "x"',
      'add chain inet sallyport a { comment "a"b" ; }',
      'add element inet sallyport a { 10.0.0.1 : "x" }',
      'add counter inet sallyport a { comment "a\\"b" ; }',
      'add rule inet sallyport a limit rate 1/second burst 1 packets log prefix "x" group 5 snaplen 128 queue-threshold 1',
    ];
    expect(foreignLines(lines.join('\n'))).toEqual(lines);
  });
});

function renamedPolicy(
  policy: NetworkPolicyObject,
  namespace: string,
  name: string,
  label: string,
  port: string,
): NetworkPolicyObject {
  const selector = <T extends NetworkPolicyObject['podSelector']>(old: T): T => ({
    ...old,
    requirements: old.requirements.map((requirement) => ({ ...requirement, key: label })),
  });
  return {
    ...policy,
    meta: { ...policy.meta, namespace, name },
    podSelector: selector(policy.podSelector),
    ingress: policy.ingress.map((rule) => ({
      ...rule,
      peers: rule.peers.map((peer) =>
        peer.type === 'pods' && peer.podSelector !== undefined
          ? { ...peer, podSelector: selector(peer.podSelector) }
          : peer,
      ),
      ports: rule.ports.map((each) => (typeof each.port === 'string' ? { ...each, port } : each)),
    })),
  };
}
