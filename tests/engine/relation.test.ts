/** The materialised relation, under every trade-off, is the lazy evaluation of each cell; replicas and order do not matter. */
import { describe, expect, it } from 'vitest';
import { engineOf as engineOfObjects } from '../property/under-test.ts';
import { forget } from '../property/missing-facts.ts';
import { randomCluster } from '../property/random-cluster.ts';
import { Random } from '../property/random.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import { PairEvaluation } from '../../src/engine/pair-evaluation.ts';
import { buildRelation } from '../../src/engine/relation.ts';
import { USUAL_TUNING, type RowTuning } from '../../src/engine/rule-widths.ts';
import { TierTable } from '../../src/engine/tier-table.ts';
import { NO } from '../../src/base/tri.ts';
import { clusterOf, clusterPolicy, engineOf, pod, policy, threeNamespaces } from './cluster-fixture.ts';

const tunings: readonly RowTuning[] = [
  USUAL_TUNING,
  { widePart: 0, leastWide: 0, maxWideGroups: 60, maxWidePeers: 16, tableFrom: 1 },
  { widePart: 0.3, leastWide: 1, maxWideGroups: 1, maxWidePeers: 1, tableFrom: 2 },
  { widePart: 0.1, leastWide: 1, maxWideGroups: 0, maxWidePeers: 0, tableFrom: 100 },
];

function compareRelation(compiled: Compiled, tuning: RowTuning): { cells: number; open: number } {
  const tiers = new TierTable(compiled);
  const pairs = new PairEvaluation(compiled, tiers);
  const relation = buildRelation(compiled, tiers, tuning);
  let cells = 0;
  let open = 0;
  const rows = new Map<string, string>();
  for (let to = 0; to < relation.classCount; to++) {
    const runs: [number, number, number, number][] = [];
    relation.forEachSource(to, (...run) => runs.push(run));
    let previous = -1;
    const row: string[] = [];
    for (const [first, last, certain, possible] of runs) {
      expect(first).toBeGreaterThan(previous);
      expect(last).toBeGreaterThanOrEqual(first);
      expect(possible).not.toBe(0);
      previous = last;
      for (let from = first; from <= last; from++) row[from] = `${certain} ${possible}`;
    }
    for (let from = 0; from < relation.classCount; from++) {
      // What outsiders do among themselves is nobody's question.
      if (Math.min(from, to) >= compiled.classes.externalStart) continue;
      const expected = pairs.ports(from, to, NO, pairs.sharedFamilies(from, to));
      const text = `${expected.certain} ${expected.possible}`;
      expect(`${relation.certain(from, to)} ${relation.possible(from, to)}`).toBe(text);
      expect(row[from] ?? '0 0').toBe(text);
      cells++;
      if (expected.certain !== expected.possible) open++;
    }
    const key = relation.rowKey(to);
    const text = row.join();
    expect(rows.get(key) ?? text).toBe(text);
    rows.set(key, text);
  }
  return { cells, open };
}

describe('relation', () => {
  it.each(tunings.map((tuning, index) => ({ tuning, index })))(
    'is the lazy evaluation, tuning $index',
    ({ tuning, index }) => {
      let cells = 0;
      let open = 0;
      for (let seed = 0; seed < 40; seed++) {
        const objects = randomCluster(1000 * (index + 1) + seed);
        const input = seed % 2 === 0 ? objects : forget(new Random(seed), objects);
        const counts = compareRelation(new Compiled(engineOfObjects(input).cluster), tuning);
        cells += counts.cells;
        open += counts.open;
      }
      expect(cells).toBeGreaterThan(1000);
      expect(open).toBeGreaterThan(0);
    },
  );

  it('is right for many classes, wide rules and exceptions', () => {
    const many = Array.from({ length: 120 }, (_, i) => pod(i % 3 === 0 ? 'x' : 'z', `p${i}`, `10.7.0.${i}`, 'n1'));
    const neighbours = many.map((_, i) =>
      policy(
        `n${i}`,
        `{podSelector: {matchLabels: {pod: p${i}}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {pod: p${(i * 7) % 120}}}}], ports: [{port: ${i + 1}}]}]}`,
        i % 3 === 0 ? 'x' : 'z',
      ),
    );
    const rules = [
      ...neighbours,
      policy('deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}'),
      policy('deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}', 'z'),
      ...['p1', 'p2', 'p4'].map((name, i) =>
        policy(
          name,
          `{podSelector: {matchLabels: {pod: ${name}}}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.7.0.${i}/32, 9.9.9.${i}/32]}}]}], ingress: [{from: [{ipBlock: {cidr: 10.7.0.0/25, except: [10.7.0.9/32]}}], ports: [{port: http}]}]}`,
          'z',
        ),
      ),
      policy(
        'dns',
        '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {pod: p5}}}], ports: [{port: dns, protocol: UDP}]}]}',
        'z',
      ),
      policy('open', '{podSelector: {matchLabels: {pod: p5}}, ingress: [{from: [{namespaceSelector: {}}]}]}', 'z'),
      policy(
        'odd',
        '{podSelector: {matchExpressions: [{key: pod, operator: In, values: [p7, p8, p10]}]}, egress: [{}], ingress: [{}]}',
        'z',
      ),
      clusterPolicy(
        'c',
        '{tier: Admin, priority: 3, subject: {pods: {podSelector: {matchExpressions: [{key: pod, operator: In, values: [p1, p5, p9]}]}}}, egress: [{action: Deny, to: [{networks: [10.7.0.64/26]}]}, {action: Accept, to: [{namespaces: {matchLabels: {team: red}}}], protocols: [{destinationNamedPort: http}]}]}',
      ),
    ].join('');
    const compiled = new Compiled(clusterOf(`${threeNamespaces}\n---\n${many.join('\n---\n')}${rules}`));
    expect(compiled.classes.podCount).toBeGreaterThan(100);
    for (const tuning of tunings) expect(compareRelation(compiled, tuning).cells).toBeGreaterThan(10_000);
  });

  it('is empty for an empty cluster', () => {
    const engine = engineOf('');
    expect(engine.podClassCount).toBe(0);
    const visited: number[] = [];
    for (let to = 0; to < engine.classCount; to++) engine.relation().forEachSource(to, (first) => visited.push(first));
    expect(visited).toEqual([0]);
    expect(engine.externalAtoms().map(({ cidrs }) => cidrs.length)).toEqual([2]);
  });
});

describe('classes', () => {
  it('replicas share one, whatever their number, and other labels do not split them', () => {
    const replicas = Array.from({ length: 50 }, (_, i) =>
      pod('x', `r${i}`, `10.3.0.${i}`, 'n1').replace(`{pod: "r${i}"}`, `{app: web, hash: h${i}}`),
    );
    const engine = engineOf(`${replicas.join('\n---\n')}${policy('p', '{podSelector: {matchLabels: {app: web}}}')}`);
    expect(engine.podClassCount).toBe(1);
    expect(engine.podsOfClass(0)).toHaveLength(50);
    expect(engine.isolation(0)).toEqual({ ingress: 3, egress: 0 });
    expect(engine.classOfPod(7)).toBe(0);
  });

  it('policies that select nobody split nothing', () => {
    const unused = policy(
      'p',
      '{podSelector: {matchLabels: {pod: nobody}}, ingress: [{from: [{ipBlock: {cidr: 10.0.1.0/31}}], ports: [{port: http}]}]}',
    );
    const engine = engineOf(threeNamespaces + unused);
    expect(engine.externalAtoms()).toHaveLength(1);
    expect(engine.hostClassCount).toBe(1);
  });

  it('every pod is a member of its class, and of one only', () => {
    const engine = engineOfObjects(randomCluster(7));
    const seen = new Set<number>();
    for (let id = 0; id < engine.classCount; id++) {
      for (const member of engine.podsOfClass(id)) {
        expect(engine.classOfPod(member)).toBe(id);
        expect(seen.has(member)).toBe(false);
        seen.add(member);
      }
    }
    expect(seen.size).toBe(engine.cluster.pods.length);
  });
});
