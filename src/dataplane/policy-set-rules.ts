/** The sets and the chains of one policy set, and of one shadow set. */
import { hitRules } from './hit-rules.ts';
import type { Observation } from './observation.ts';
import type { ObservingRules } from './observing-rules.ts';
import { openers } from './counters.ts';
import type { PolicySet, ShadowSet } from './plan.ts';
import { peerMatches, portMatches } from './port-matches.ts';
import { RulesetBuilder, type Ruleset } from './ruleset.ts';

/** What was made of a policy set, and for whom. */
interface Part {
  readonly ruleset: Ruleset;
  readonly accepted: string;
  readonly observation: Observation;
  readonly hitCounters: readonly (string | undefined)[];
}

const parts = new WeakMap<PolicySet, Part>();

/**
 * The rules of a policy set: those of last time while the same set is observed in the same way. `accepted` is the chain
 * of packets that both gates let through.
 */
export function policySetPart(set: PolicySet, accepted: string, observing: ObservingRules): Ruleset {
  const { observation } = observing;
  // The name of a counter may depend on the other policies of the plan, where one looks like it.
  const hitCounters = openers(set).map((policy) => observing.counters.hits(set.direction, policy));
  const known = parts.get(set);
  if (
    known?.accepted === accepted &&
    known.observation === observation &&
    known.hitCounters.length === hitCounters.length &&
    known.hitCounters.every((name, index) => name === hitCounters[index])
  ) {
    return known.ruleset;
  }
  const ruleset = new RulesetBuilder();
  policySetRules(set, accepted, observing, ruleset);
  parts.set(set, { ruleset, accepted, observation, hitCounters });
  return ruleset;
}

function policySetRules(set: PolicySet, accepted: string, observing: ObservingRules, into: RulesetBuilder): void {
  const toAll = portMatches('', set.toAll, into);
  const matches = peerMatches(set.name, set.toAll, set.open, into);
  const ingress = set.direction === 'ingress';
  const comment = set.policies.join(' ');
  const hits = hitRules(set, `goto ${ingress ? accepted : 'ingress'}`, observing.counters, into);
  into.chain(
    set.name,
    [
      `jump ${ingress ? 'source' : 'destination'}`,
      ...hits.toAll.flatMap(({ ports, verdict }) => portMatches('', ports, into).map((match) => rule(match, verdict))),
      ...matches.map((match) => rule(match, hits.rest)),
      ...observing.denial(set.name, false),
    ],
    { comment },
  );
  // The reply direction: the other end and the port are where the answer comes from.
  into.chain(
    `${set.name}_r`,
    [
      `jump ${ingress ? 'destination' : 'source'}`,
      ...[...toAll, ...matches].map((match) =>
        rule(match.replace('th dport', 'th sport'), `goto ${ingress ? accepted : 'ingress_r'}`),
      ),
      ...observing.denial(set.name, true),
    ],
    { comment },
  );
}

/** Tells about packets that policies in audit mode would deny, and gives no verdict. */
export function shadowSetRules(set: ShadowSet, observing: ObservingRules, into: RulesetBuilder): void {
  const told = `${set.name}_t`;
  const matches = [...portMatches('', set.fromAll, into), ...peerMatches(set.name, set.fromAll, set.wouldDeny, into)];
  const comment = set.policies.join(' ');
  into.chain(told, observing.wouldDeny(set.name));
  into.chain(
    set.name,
    [
      `jump ${set.direction === 'ingress' ? 'source' : 'destination'}`,
      ...matches.map((match) => rule(match, `goto ${told}`)),
    ],
    { comment },
  );
}

function rule(match: string, verdict: string): string {
  return match === '' ? verdict : `${match} ${verdict}`;
}
