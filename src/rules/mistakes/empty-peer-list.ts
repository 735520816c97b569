import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { locate } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** Well-known recipes write `from: []` for everybody, in policies whose names say it. */
const SAYS_SO = /(?:^|-)(?:allow|any|all|everything|everybody|external|open|public|world|internet)(?:-|$)/;

/**
 * M27, catalogue NP301 (S8, S9). Only where a list of peers, or a rule, is written and empty: `- {}` and rules with ports
 * alone are the usual ways to say "everybody" on purpose.
 */
export const emptyPeerList = defineRule({
  name: 'empty-peer-list',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a list of peers is written but empty, which means everybody and not nobody',
  fixable: false,
  detectors: ['M27'],
  catalogue: ['NP301'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction] || SAYS_SO.test(policy.meta.name)) continue;
        for (const rule of policy[direction]) {
          if (rule.peers.length > 0) continue;
          const finding = findingOf(context, policy, rule, direction);
          if (finding !== undefined) yield finding;
        }
      }
    }
  },
});

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  rule: NetworkPolicyRule,
  direction: 'ingress' | 'egress',
): Finding | undefined {
  const field = peerFields[direction];
  const list = locate(policy, rule.path, field);
  const whole = locate(policy, rule.path);
  const isNull = whole?.node.type === 'scalar';
  if (list === undefined && !isNull) return undefined;
  const place = (list ?? whole)?.span;
  const ports = rule.ports.length === 0 ? 'on every port' : 'on its ports';
  const way = direction === 'ingress' ? 'lets in everybody' : 'lets the pods connect to everything';
  return {
    message: isNull
      ? `${rule.path} is empty, which ${way}`
      : `\`${field}\` of ${rule.path} is empty, which ${way} ${ports}`,
    why: 'A list of peers without items puts no condition on peers. To allow nobody there must be no rule at all.',
    help: `name the peers, or remove the rule; for everybody on purpose leave out \`${field}\``,
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: 'certain',
    pods: context.workloadIds(context.selections.subjects(policy).pods),
  };
}
