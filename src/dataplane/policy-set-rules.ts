/** The sets and the chains of one policy set, and of one shadow set. */
import { hitRules } from './hit-rules.ts';
import type { ObservingRules } from './observing-rules.ts';
import type { PolicySet, ShadowSet } from './plan.ts';
import { peerMatches, portMatches } from './port-matches.ts';
import type { RulesetBuilder } from './ruleset.ts';

/** `accepted` is the chain of packets that both gates let through. */
export function policySetRules(
  set: PolicySet,
  accepted: string,
  observing: ObservingRules,
  into: RulesetBuilder,
): void {
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
