/** What the table does with packets, walked rule by rule, against the oracle. */
import { describe, expect, it } from 'vitest';
import { FULL_OBSERVATION, type Observation } from '../../src/dataplane/observation.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { diffPlans, installPlan } from '../../src/dataplane/transaction.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';
import { FakeTable, type Packet } from './fake-table.ts';
import { planOf } from './plan-cluster.ts';
import { node, questions } from './questions.ts';

const reversed = (packet: Packet): Packet => ({
  ...packet,
  saddr: packet.daddr,
  daddr: packet.saddr,
  sport: packet.dport,
  dport: packet.sport,
});

/** What the table gets wrong. */
function mistakes(table: FakeTable, generation: number, objects: readonly Manifest[], free = false): string[] {
  const wrong: string[] = [];
  const current = generation * 0x10000;
  for (const { label, packet, allowed } of questions(objects, free)) {
    const expect = (what: string, got: unknown, wanted: unknown): void => {
      if (got !== wanted) wrong.push(`${label}: ${what}: ${String(got)}, not ${String(wanted)}`);
    };
    const verdict = allowed ? 'accept' : 'drop';
    const first = table.judge(packet);
    expect('first packet', first.verdict, verdict);
    if (packet.hook === 'output') continue;
    expect('mark', first.mark, allowed ? current + 0x1234 : 0x1234);
    const stale = { ...packet, state: 'established', mark: current + 0x1234 + 0x10000, syn: false } as const;
    expect('packet of an older generation', table.judge(stale).verdict, verdict);
    if (packet.hook === 'forward') {
      const reply = { ...reversed(stale), direction: 'reply' } as const;
      const answer = table.judge(reply);
      expect('reply of an older generation', answer.verdict, verdict);
      expect('mark of a reply', answer.mark, current * Number(allowed) + 0x1234);
      expect('reply', table.judge({ ...reply, mark: current }).verdict, 'accept');
    }
    expect('established', table.judge({ ...stale, mark: current }).verdict, 'accept');
  }
  return wrong;
}

const observations: readonly Observation[] = [{}, { ...FULL_OBSERVATION, log: { group: 5, oneOfAllowed: 100 } }];

describe('every packet gets the verdict of the oracle', () => {
  it.each(Array.from({ length: 10 }, (_, index) => [101 * index + 1]))('from seed %i on', (seed) => {
    const table = new FakeTable();
    const observation = observations[seed % 2] ?? {};
    let plan: Plan | undefined;
    let generation = 0;
    for (let at = seed; at < seed + 3; at++) {
      const objects = randomCluster(at);
      const next = planOf(objects, node, { previous: plan, observation });
      const transaction = diffPlans(plan, next, { generation });
      table.apply(transaction);
      ({ generation } = transaction);
      plan = next;
      expect(mistakes(table, generation, objects).slice(0, 5), `seed ${at}`).toEqual([]);
    }
  });

  it('with the other reading of D1', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const objects = randomCluster(seed);
      const table = new FakeTable();
      table.apply(installPlan(planOf(objects, node, { cluster: { allowEgressToLocalNode: true } })));
      expect(mistakes(table, 1, objects, true).slice(0, 5), `seed ${seed}`).toEqual([]);
    }
  });

  it('in a larger cluster', () => {
    const objects = largeCluster(3);
    const table = new FakeTable();
    table.apply(installPlan(planOf(objects, node)));
    expect(mistakes(table, 1, objects).slice(0, 5)).toEqual([]);
  });
});
