/** What an edit would change, against a new engine of the edited cluster. */
import { describe, expect, it } from 'vitest';
import { forget } from '../property/missing-facts.ts';
import { randomCluster } from '../property/random-cluster.ts';
import { Random } from '../property/random.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { KubeObjects, NetworkPolicyObject } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { engineOf, policy, threeNamespaces } from './cluster-fixture.ts';

function pairText(engine: Engine, from: number, to: number): string {
  const { certain, possible } = engine.classPorts(engine.classOfPod(from), engine.classOfPod(to));
  return JSON.stringify([engine.portsValue(certain), engine.portsValue(possible)]);
}

/** Edits that stay within what rules already name. */
function edits(
  policies: readonly NetworkPolicyObject[],
  target: NetworkPolicyObject,
): (NetworkPolicyObject | undefined)[] {
  const other = policies.find((one) => one !== target && one.meta.namespace === target.meta.namespace);
  return [
    undefined,
    { ...target, ingress: [] },
    { ...target, egress: target.egress.slice(1), isolates: { ...target.isolates, ingress: !target.isolates.ingress } },
    { ...target, isolates: { ingress: false, egress: true } },
    { ...target, podSelector: { requirements: [], invalid: false, span: undefined } },
    { ...target, ingress: target.ingress.map((rule) => ({ ...rule, ports: [] })) },
    ...(other === undefined ? [] : [{ ...other, meta: target.meta }]),
  ];
}

function exchange(
  objects: KubeObjects,
  target: NetworkPolicyObject,
  after: NetworkPolicyObject | undefined,
): KubeObjects {
  const networkPolicies = objects.networkPolicies.flatMap((one) =>
    one !== target ? [one] : after === undefined ? [] : [after],
  );
  return { ...objects, networkPolicies };
}

describe('policyChanges', () => {
  it('is the difference between the engines before and after, for every pair of pods', () => {
    let changed = 0;
    let refused = 0;
    for (let seed = 3000; seed < 3040; seed++) {
      const all = randomCluster(seed);
      const items = seed % 2 === 0 ? all : forget(new Random(seed), all);
      const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const { objects } = readManifests([{ name: 'x.json', text }]);
      const engine = createEngine(buildCluster(objects));
      for (const target of engine.cluster.networkPolicies.slice(0, 3)) {
        for (const after of edits(engine.cluster.networkPolicies, target)) {
          const changes = engine.policyChanges(target.meta.namespace, target.meta.name, after);
          if (changes === undefined) {
            refused++;
            continue;
          }
          const byPair = new Map(changes.map((change) => [`${change.from} ${change.to}`, change]));
          expect(byPair.size).toBe(changes.length);
          const next = createEngine(buildCluster(exchange(objects, target, after)));
          const { length } = engine.cluster.pods;
          for (let from = 0; from < length; from++) {
            for (let to = 0; to < length; to++) {
              if (from === to) continue;
              const was = pairText(engine, from, to);
              const is = pairText(next, from, to);
              const change = byPair.get(`${engine.classOfPod(from)} ${engine.classOfPod(to)}`);
              if (change === undefined) expect(is).toBe(was);
              else {
                changed++;
                const { before: b, after: a } = change;
                expect(JSON.stringify([engine.portsValue(b.certain), engine.portsValue(b.possible)])).toBe(was);
                expect(JSON.stringify([engine.portsValue(a.certain), engine.portsValue(a.possible)])).toBe(is);
              }
            }
          }
        }
      }
    }
    expect(changed).toBeGreaterThan(100);
    expect(refused).toBeLessThan(400);
  });

  const base = policy(
    'p',
    '{podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}]}]}',
  );
  const edited = (spec: string): NetworkPolicyObject => {
    const { objects } = readManifests([{ name: 'x.yaml', text: policy('p', spec) }]);
    const [one] = objects.networkPolicies;
    if (one === undefined) throw new Error('no policy');
    return one;
  };

  it.each<[string, string, boolean]>([
    [
      'known labels and ports',
      '{podSelector: {matchLabels: {pod: b}}, ingress: [{from: [{podSelector: {matchLabels: {pod: a}}}], ports: [{port: http}, {port: 8443}]}]}',
      true,
    ],
    ['a network that rules name', '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}', true],
    [
      'everything outside of it',
      '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}, {ipBlock: {cidr: "::/0"}}]}]}',
      true,
    ],
    [
      'the same, but one family only',
      '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}',
      false,
    ],
    ['a part of it', '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/9}}]}]}', false],
    ['a label value that nobody has named', '{podSelector: {matchLabels: {pod: c}}}', false],
    [
      'a label that nobody has named',
      '{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: role, operator: Exists}]}}]}]}',
      false,
    ],
    ['a port name that nobody has named', '{podSelector: {}, ingress: [{ports: [{port: metrics}]}]}', false],
    [
      'which is no matter in a direction that is not isolated',
      '{podSelector: {}, policyTypes: [Egress], ingress: [{ports: [{port: metrics}]}]}',
      true,
    ],
  ])('can tell for %s: %3$s', (_, spec, can) => {
    const changes = engineOf(threeNamespaces + base).policyChanges('x', 'p', edited(spec));
    expect(changes !== undefined).toBe(can);
  });

  it('knows a new policy, and one that is nowhere', () => {
    const engine = engineOf(threeNamespaces + base);
    const fresh = edited('{podSelector: {}, policyTypes: [Ingress]}');
    const added = engine.policyChanges('x', 'deny', { ...fresh, meta: { ...fresh.meta, name: 'deny' } }) ?? [];
    expect(added.length).toBeGreaterThan(0);
    expect(added.every(({ after, before }) => before.possible !== 0 && after.possible === 0)).toBe(true);
    expect(engine.policyChanges('x', 'deny', undefined)).toEqual([]);
    expect(engine.policyChanges('nowhere', 'p', { ...fresh, meta: { ...fresh.meta, namespace: 'nowhere' } })).toEqual(
      [],
    );
  });
});
