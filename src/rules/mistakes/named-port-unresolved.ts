import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPort } from '../../kube/objects.ts';
import { closest } from '../../kube/suggest.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M45, M46, catalogue NP106, NP107: names are resolved by the destination pods (S112-S116). */
export const namedPortUnresolved = defineRule({
  name: 'named-port-unresolved',
  severity: 'warning',
  category: 'mistakes',
  summary: 'no destination pod has a port of that name and protocol, so a named port opens nothing',
  fixable: false,
  detectors: ['M45', 'M46'],
  catalogue: ['NP106', 'NP107'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, port] of rule.ports.entries()) {
            if (typeof port.port !== 'string') continue;
            const finding = findingOf(context, policy, direction, rule, index, port);
            if (finding !== undefined) yield finding;
          }
        }
      }
    }
  },
});

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  rule: NetworkPolicyRule,
  index: number,
  port: PolicyPort,
): Finding | undefined {
  const base = { object: objectId(policy), place: placeOf(policy, rule.path, 'ports', index, 'port') };
  const where = { object: base.object, ...(base.place === undefined ? {} : { place: base.place }) };
  const name = String(port.port);
  if (direction === 'egress' && rule.peers.length > 0 && rule.peers.every(({ type }) => type === 'ipBlock')) {
    return {
      message: `port ${name} has no meaning for addresses, so the rule opens nothing on it`,
      why: 'A name stands for a port of a pod. Addresses outside the cluster have no names for their ports.',
      help: 'write the number of the port',
      ...where,
      confidence: 'certain',
    };
  }
  const targets = targetsOf(context, policy, direction, rule);
  if (targets === undefined || targets.length === 0) return undefined;
  const { ports } = context.cluster.pods;
  const names = new Set<string>();
  const protocols = new Set<string>();
  for (const pod of targets) {
    for (const declared of ports[pod] ?? []) {
      if (declared.name === '') continue;
      names.add(declared.name);
      if (declared.name !== name) continue;
      if (declared.protocol === port.protocol) return undefined;
      protocols.add(declared.protocol);
    }
  }
  const near = closest(name, names);
  const [otherProtocol] = [...protocols].sort();
  return {
    message:
      otherProtocol === undefined
        ? `no destination pod of the rule has a port named ${name}`
        : `port ${name} of the destination pods is ${otherProtocol}, and the rule says ${port.protocol}`,
    why: 'A name is looked up among the container ports of each destination pod; where it is not found nothing is open.',
    help:
      otherProtocol !== undefined
        ? `write protocol: ${otherProtocol}`
        : near !== undefined && near !== name
          ? `did you mean ${near}?`
          : 'name the port in the pod template, or write its number',
    ...where,
    confidence: context.absence,
    pods: context.workloadIds(targets),
    key: `${direction} ${name} ${port.protocol}`,
  };
}

/** Whom the rule lets be reached; `undefined` when some of them may be pods that the input does not show. */
function targetsOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  rule: NetworkPolicyRule,
): readonly number[] | undefined {
  const { selections } = context;
  if (direction === 'ingress') {
    const { pods, maybe } = selections.subjects(policy);
    return maybe.length > 0 ? undefined : pods;
  }
  if (rule.peers.length === 0) return undefined;
  const targets: number[] = [];
  for (const peer of rule.peers) {
    const { pods, maybe } = selections.peer(peer, policy.meta.namespace);
    if (maybe.length > 0) return undefined;
    targets.push(...pods);
  }
  return targets;
}
