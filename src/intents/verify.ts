/** Intents held against a cluster. */
import { positionAt } from '../base/source.ts';
import { MAYBE, NO, YES } from '../base/tri.ts';
import { podEndpointLabel } from '../engine/endpoint.ts';
import type { Engine } from '../engine/engine.ts';
import { resultApiVersion } from '../engine/results.ts';
import { checksOf, setOfEntries } from './checks.ts';
import { Universe } from './end-set.ts';
import { connectionExample } from './examples.ts';
import type { Assertion, Intent } from './intent.ts';
import { Judge } from './judge.ts';
import { PartCutter } from './parts.ts';
import { type EndProblem, EndResolver } from './resolve-ends.ts';
import type { Example, IntentResult, IsolationExample, Outcome, VerifyReport } from './report.ts';

export interface VerifyOptions {
  /** Where ends live that name no namespace, in files that do not say it. `default` when absent. */
  readonly namespace?: string;
  /** How many counter-examples an intent lists. 5 when absent. */
  readonly examples?: number;
  /** How many pairs of classes are judged one by one, before rows of the relation are. */
  readonly fewPairs?: number;
}

/** Holds every intent against the cluster of the engine. Pure: same input, same answer. */
export function verifyIntents(engine: Engine, intents: readonly Intent[], options: VerifyOptions = {}): VerifyReport {
  const verifier = new Verifier(engine, options);
  const results = intents.map((intent) => verifier.verify(intent));
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  return {
    apiVersion: resultApiVersion,
    kind: 'VerifyReport',
    summary: {
      intents: results.length,
      hold: count('holds'),
      fail: count('fails'),
      unknown: count('unknown'),
      accepted: results.filter(({ accepted }) => accepted === true).length,
    },
    results,
  };
}

/** What became of one assertion. */
interface Finding {
  readonly outcome: Outcome;
  readonly judged: number;
  readonly examples: readonly Example[];
  readonly more: number;
}

class Verifier {
  readonly #engine: Engine;
  readonly #cutter: PartCutter;
  readonly #universe: Universe;
  readonly #namespace: string;
  readonly #shown: number;
  readonly #fewPairs: number | undefined;
  readonly #resolvers = new Map<string, EndResolver>();

  constructor(engine: Engine, { namespace = 'default', examples = 5, fewPairs }: VerifyOptions) {
    this.#fewPairs = fewPairs;
    this.#engine = engine;
    this.#cutter = new PartCutter(engine);
    this.#universe = new Universe(engine.cluster);
    this.#namespace = namespace;
    this.#shown = examples;
  }

  verify(intent: Intent): IntentResult {
    const { name, reason, assertion, span, mayMatchNothing } = intent;
    const resolver = resolverFor(this.#resolvers, this.#universe, intent.namespace ?? this.#namespace);
    const head = {
      name,
      ...(reason === undefined ? {} : { reason }),
      assertion: assertion.type,
      file: span.source.name,
      line: positionAt(span.source, span.start).line,
    };
    const found = this.#judge(assertion, resolver);
    if ('problem' in found) {
      const { type, message, help } = found.problem;
      const isFine = type === 'nothing' && mayMatchNothing;
      const hint = help ?? (type === 'nothing' ? 'if that is as it should be, add mayMatchNothing: true' : undefined);
      return {
        ...head,
        outcome: isFine ? 'holds' : 'fails',
        message,
        ...(hint === undefined || isFine ? {} : { help: hint }),
        judged: 0,
        examples: [],
        more: 0,
      };
    }
    const accepted = found.outcome === 'unknown' && intent.unknown === 'accept';
    return { ...head, ...found, ...(accepted ? { accepted: true as const } : {}) };
  }

  #judge(assertion: Assertion, resolver: EndResolver): Finding | { readonly problem: EndProblem } {
    if (assertion.type === 'isolated') return this.#isolated(assertion, resolver);
    const found = checksOf(assertion, this.#cutter, resolver);
    if ('problem' in found) return found;
    const judge = new Judge(this.#engine, { kept: this.#shown, fewPairs: this.#fewPairs });
    for (const check of found.checks) judge.add(check);
    const { pairs, violations, broken, doubtful } = judge.judgement();
    if (pairs === 0) {
      const message = 'there is no pair of ends to judge: a pod and itself, or addresses alone, are none';
      return { problem: { type: 'nothing', message } };
    }
    const outcome: Outcome = broken > 0 ? 'fails' : doubtful > 0 ? 'unknown' : 'holds';
    const shown = violations.reduce((sum, violation) => sum + violation.pairs, 0);
    return {
      outcome,
      judged: pairs,
      examples: violations.map((violation) => connectionExample(this.#engine, violation)),
      more: broken + doubtful - shown,
    };
  }

  #isolated(
    { pods, directions }: Assertion & { readonly type: 'isolated' },
    resolver: EndResolver,
  ): Finding | { readonly problem: EndProblem } {
    const engine = this.#engine;
    const resolved = setOfEntries(resolver, pods);
    if ('problem' in resolved) return resolved;
    const { set } = resolved;
    const parts = this.#cutter.cut({
      podKey: (pod) => (set.pods[pod] === NO ? undefined : set.pods[pod] === YES ? 'y' : 'm'),
      nodeKey: () => undefined,
      outside: [],
    });
    const certain: IsolationExample[] = [];
    const doubtful: IsolationExample[] = [];
    let judged = 0;
    for (const [key, list] of parts) {
      for (const { classId, kind, pods: members, count } of list) {
        const isolation = engine.isolation(classId);
        for (const direction of directions) {
          judged += count;
          const tri = isolation[direction];
          if (tri === YES) continue;
          const isCertain = tri === NO && key === 'y';
          const why =
            kind === 'host'
              ? ['it is on the host network, where no policy applies']
              : tri === MAYBE
                ? ['whether a policy selects it hangs on labels that the input does not tell']
                : [];
          (isCertain ? certain : doubtful).push({
            type: 'isolation',
            pod: podEndpointLabel(engine.cluster, members[0] ?? -1),
            direction,
            isolated: isCertain ? 'no' : 'unknown',
            ...(why.length === 0 ? {} : { why }),
            pods: count,
          });
        }
      }
    }
    if (judged === 0) return { problem: { type: 'nothing', message: 'there are no pods to judge' } };
    const byName = (a: IsolationExample, b: IsolationExample): number =>
      a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : a.direction < b.direction ? 1 : a.direction > b.direction ? -1 : 0;
    const all = [...certain.toSorted(byName), ...doubtful.toSorted(byName)];
    const examples = all.slice(0, this.#shown);
    const sum = (list: readonly IsolationExample[]): number => list.reduce((total, { pods: n }) => total + n, 0);
    return {
      outcome: certain.length > 0 ? 'fails' : doubtful.length > 0 ? 'unknown' : 'holds',
      judged,
      examples,
      more: sum(all) - sum(examples),
    };
  }
}

/** One for each namespace that names are looked up in. */
export function resolverFor(known: Map<string, EndResolver>, universe: Universe, namespace: string): EndResolver {
  let resolver = known.get(namespace);
  if (resolver === undefined) known.set(namespace, (resolver = new EndResolver(universe, namespace)));
  return resolver;
}
