import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import { formatCidr } from '../../base/inet-format.ts';
import type { Cidr } from '../../base/inet.ts';
import { subtractCidrs, subtractRanges, type IpRange } from '../../base/inet-ranges.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../../kube/objects.ts';
import { portWithin } from '../containment.ts';
import { WiderSelectors } from '../covered-rules.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

type IpBlock = Extract<PolicyPeer, { type: 'ipBlock' }>;

interface Opener {
  readonly policy: NetworkPolicyObject;
  readonly rule: NetworkPolicyRule;
}

/**
 * M20, catalogue NP207: an `except` only limits its own peer (S74). Reported when other rules for the same pods open the
 * whole of it, on all ports; opening a part on purpose is common.
 */
export const reopenedException = defineRule({
  name: 'reopened-exception',
  severity: 'warning',
  category: 'mistakes',
  summary: 'what an except takes out of a range, another rule for the same pods opens again as a whole',
  fixable: false,
  detectors: ['M20'],
  catalogue: ['NP207'],
  *check(context) {
    const byNamespace = new Map(
      [...context.policiesByNamespace].map(([name, policies]) => [name, new WiderSelectors(policies)]),
    );
    for (const policy of context.cluster.networkPolicies) {
      const wider = byNamespace.get(policy.meta.namespace);
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, peer] of rule.peers.entries()) {
            if (peer.type !== 'ipBlock') continue;
            for (const [at, except] of peer.except.entries()) {
              const opener = openerOf(wider?.of(policy) ?? [], direction, rule, peer, except);
              if (opener === undefined) continue;
              const field = peerFields[direction];
              const place = placeOf(policy, rule.path, field, index, 'ipBlock', 'except', at);
              const span = placeOf(opener.policy, opener.rule.path);
              const name =
                opener.policy === policy ? opener.rule.path : `${objectId(opener.policy)} ${opener.rule.path}`;
              yield {
                message: `the exception of ${formatCidr(except)} has no effect, because ${name} opens all of it`,
                why: 'An except takes addresses out of its own ipBlock only. It denies nothing that another rule allows.',
                help: 'take the range out of the other rule as well, or remove the exception',
                ...(place === undefined ? {} : { place }),
                ...(span === undefined ? {} : { related: [{ message: 'opens it', span }] }),
                object: objectId(policy),
                confidence: 'certain',
                pods: context.workloadIds(context.selections.subjects(policy).pods),
              };
            }
          }
        }
      }
    }
  },
});

function openerOf(
  policies: readonly NetworkPolicyObject[],
  direction: Direction,
  own: NetworkPolicyRule,
  block: IpBlock,
  except: Cidr,
): Opener | undefined {
  for (const policy of policies) {
    if (!policy.isolates[direction]) continue;
    for (const rule of policy[direction]) {
      const isWide =
        rule.ports.length === 0 ||
        (own.ports.length > 0 && own.ports.every((port) => rule.ports.some((other) => portWithin(port, other))));
      if (!isWide) continue;
      const open = rule.peers.filter((peer) => peer !== block).flatMap(rangesOf);
      const opensAll = rule.peers.length === 0 || subtractRanges(subtractCidrs(except, []), open).length === 0;
      if (opensAll) return { policy, rule };
    }
  }
  return undefined;
}

function rangesOf(peer: PolicyPeer): readonly IpRange[] {
  return peer.type === 'ipBlock' && peer.cidr !== undefined ? subtractCidrs(peer.cidr, peer.except) : [];
}
