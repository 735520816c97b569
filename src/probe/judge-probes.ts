/** What was measured against what was predicted. */
import { invariant } from '../base/assert.ts';
import type { Engine } from '../engine/engine.ts';
import type { Verdict } from '../engine/query.ts';
import type { VerdictResult } from '../engine/results.ts';
import type { Attempt, ProbePlan } from './probe-plan.ts';

/**
 * - `connected`: answered
 * - `refused`: reached, and nobody listens there
 * - `timeout`: nothing came back
 * - `unreachable`: something on the way said that it does not let it through
 * - `unsupported`: this system cannot send it
 * - `error`: it could not be tried
 */
export type Outcome = 'connected' | 'error' | 'refused' | 'timeout' | 'unreachable' | 'unsupported';

export interface Measured {
  readonly outcome: Outcome;
  readonly micros: number;
  /** For `error` and `unsupported`. */
  readonly text: string;
}

export type Judgement =
  | 'agrees'
  /** Predicted as denied, and got through. */
  | 'leaks'
  /** Predicted as allowed, and did not get through. */
  | 'lost'
  /** The engine could not say. */
  | 'unpredicted'
  | 'untried';

export interface JudgedAttempt {
  readonly attempt: Attempt;
  readonly measured: Measured;
  /** `undefined`: it could not be tried. */
  readonly allowed: boolean | undefined;
  readonly judgement: Judgement;
}

export interface Disagreement {
  readonly judged: JudgedAttempt;
  /** Why the engine says what it says. */
  readonly verdict: VerdictResult;
}

export interface ProbeReport {
  readonly plan: ProbePlan;
  readonly judged: readonly JudgedAttempt[];
  /** No packet was sent: the engine answered its own question. */
  readonly simulated: boolean;
  readonly disagreements: readonly Disagreement[];
  readonly counts: Readonly<Record<Judgement, number>>;
  /** Measured otherwise than an intent promises, whatever was predicted. */
  readonly broken: readonly JudgedAttempt[];
}

/** Measured in the order of the attempts. */
export function judgeProbes(
  engine: Engine,
  plan: ProbePlan,
  measured: readonly Measured[],
  simulated: boolean,
): ProbeReport {
  const counts: Record<Judgement, number> = { agrees: 0, leaks: 0, lost: 0, unpredicted: 0, untried: 0 };
  const judged = plan.attempts.map((attempt, index): JudgedAttempt => {
    const found = measured[index] ?? { outcome: 'error', micros: 0, text: 'no answer' };
    const allowed = isAllowed(found.outcome);
    const judgement = judge(attempt.predicted, allowed);
    counts[judgement]++;
    return { attempt, measured: found, allowed, judgement };
  });
  const broken = judged.filter(
    ({ attempt: { expected }, allowed }) =>
      expected !== undefined && allowed !== undefined && allowed !== (expected.verdict === 'allowed'),
  );
  const disagreements = judged
    .filter(({ judgement }) => judgement === 'leaks' || judgement === 'lost')
    .map((each) => ({ judged: each, verdict: explain(engine, plan, each.attempt) }));
  return { plan, judged, simulated, disagreements, counts, broken };
}

/** Whether what was measured is what was predicted, and what intents promise. */
export function probeAgrees({ disagreements, broken }: ProbeReport): boolean {
  return disagreements.length === 0 && broken.length === 0;
}

function explain(engine: Engine, plan: ProbePlan, { source, target, address, protocol, port }: Attempt): VerdictResult {
  const [from, to] = [plan.sources[source]?.endpoint, plan.targets[target]?.endpoint];
  invariant(from !== undefined && to !== undefined, 'attempts are between ends of the plan');
  const end = to.type === 'address' ? { type: 'address' as const, ip: address } : to;
  return engine.explain({ from, to: end, protocol, port });
}

export function isAllowed(outcome: Outcome): boolean | undefined {
  switch (outcome) {
    case 'connected':
    case 'refused':
      return true;
    case 'timeout':
    case 'unreachable':
      return false;
    case 'error':
    case 'unsupported':
      return undefined;
  }
}

function judge(predicted: Verdict, allowed: boolean | undefined): Judgement {
  if (allowed === undefined) return 'untried';
  if (predicted === 'unknown') return 'unpredicted';
  if ((predicted === 'allowed') === allowed) return 'agrees';
  return allowed ? 'leaks' : 'lost';
}
