import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { LabelSelector, NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../../kube/objects.ts';
import { formatSelector, isContradictory } from '../../kube/selectors.ts';
import { NAMESPACE_NAME_LABEL } from '../../model/namespaces.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { isSplitByDash } from './peers-split-by-dash.ts';

type PodsPeer = Extract<PolicyPeer, { type: 'pods' }>;

/**
 * M2, M3, M4, M5, M39, catalogue NP102, NP103, NP105, NP503: a peer that means nobody. What may well live in manifests that
 * the input does not have is left alone unless a name close to it shows that it was a slip.
 */
export const peerSelectsNothing = defineRule({
  name: 'peer-selects-nothing',
  severity: 'warning',
  category: 'mistakes',
  summary: 'no namespace, or no pod in the namespaces, has the labels that a peer asks for',
  fixable: false,
  detectors: ['M2', 'M3', 'M4', 'M5', 'M39', 'M67'],
  catalogue: ['NP102', 'NP103', 'NP105', 'NP108', 'NP502', 'NP503'],
  controls: { nsa: ['selectors'] },
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, peer] of rule.peers.entries()) {
            const problem = peer.type === 'pods' ? problemOf(context, policy, peer) : undefined;
            if (problem === undefined || isSplitByDash(context, policy, rule, index)) continue;
            yield findingOf(context, policy, rule, peerFields[direction], index, problem);
          }
        }
      }
    }
  },
});

interface Problem {
  readonly half: 'namespaceSelector' | 'podSelector';
  readonly message: string;
  readonly why: string;
  readonly help?: string;
  readonly pods?: readonly number[];
}

function problemOf(context: AuditContext, policy: NetworkPolicyObject, peer: PodsPeer): Problem | undefined {
  const { namespaceSelector, podSelector } = peer;
  for (const selector of [namespaceSelector, podSelector]) {
    if (selector !== undefined && isContradictory(selector)) return undefined;
  }
  const { pods, maybe, hostNetwork } = context.selections.peer(peer, policy.meta.namespace);
  if (pods.length > 0 || maybe.length > 0) return undefined;
  if (hostNetwork.length > 0) return onHostNetwork(hostNetwork);
  if (namespaceSelector !== undefined) {
    const { namespaces, maybe } = context.selections.namespaces(namespaceSelector);
    if (namespaces.length === 0) {
      return maybe.length === 0 ? noNamespace(context, namespaceSelector) : undefined;
    }
  }
  return podSelector === undefined || podSelector.requirements.length === 0
    ? undefined
    : noPod(context, policy, namespaceSelector, podSelector);
}

function onHostNetwork(pods: readonly number[]): Problem {
  return {
    half: 'podSelector',
    message: 'the peer matches only pods on the host network, which no pod peer means',
    why: "Their traffic has the addresses of nodes, so for policies it is the node's.",
    help: 'allow the addresses of the nodes with an ipBlock instead',
    pods,
  };
}

function noNamespace(context: AuditContext, selector: LabelSelector): Problem | undefined {
  if (!context.known.namespaces) return undefined;
  const labels = context.namespaceLabels;
  const slips = labels.unmatched(selector).flatMap((requirement) => {
    const { key, operator, values } = requirement;
    if (operator !== 'In') return [];
    const [value = ''] = values;
    if (['name', 'ns', 'namespace'].includes(key) && context.cluster.namespaceNamed(value) !== undefined) {
      return [`${NAMESPACE_NAME_LABEL}=${value}`];
    }
    const near = labels.nearest(requirement);
    return near === undefined ? [] : [near.text];
  });
  if (slips.length === 0 && !context.settings.complete) return undefined;
  return {
    half: 'namespaceSelector',
    message: `no namespace has the labels ${formatSelector(selector)}, so the peer means nobody`,
    why: `Namespaces are selected by their labels; only ${NAMESPACE_NAME_LABEL} is there by itself.`,
    ...(slips.length === 0 ? {} : { help: `did you mean ${slips.join(', ')}?` }),
  };
}

function noPod(
  context: AuditContext,
  policy: NetworkPolicyObject,
  namespaceSelector: LabelSelector | undefined,
  podSelector: LabelSelector,
): Problem | undefined {
  const { cluster, selections } = context;
  const own = policy.meta.namespace;
  const names =
    namespaceSelector === undefined
      ? [own]
      : selections.namespaces(namespaceSelector).namespaces.map((index) => cluster.namespaceName(index));
  // Where the input shows no pods, they live in other manifests.
  if (!names.every((name) => context.hasWorkloads(name))) return undefined;
  const where = names.length === 1 ? (names[0] ?? '') : `the ${names.length} selected namespaces`;
  const text = formatSelector(podSelector);
  const near = [...new Set(names.flatMap((name) => nearLabels(context, name, podSelector)))];
  const elsewhere = selections.pods({ podSelector }).pods;
  const here = selections.pods({ namespace: own, podSelector }).pods;
  const help =
    namespaceSelector !== undefined && here.length > 0
      ? `such pods are in ${own} itself; two list items mean "these pods here, or those namespaces"`
      : namespaceSelector === undefined && elsewhere.length > 0
        ? `such pods are in ${namespacesOf(context, elsewhere).join(', ')}; add a namespaceSelector beside the podSelector`
        : near.length > 0
          ? `did you mean ${near.slice(0, 3).join(', ')}?`
          : undefined;
  return {
    half: 'podSelector',
    message: `no pod of ${where} has the labels ${text}, so the peer means nobody`,
    why:
      namespaceSelector === undefined
        ? "Without a namespaceSelector a podSelector looks in the policy's own namespace only."
        : 'Both selectors of one list item must match.',
    ...(help === undefined ? {} : { help }),
  };
}

function nearLabels(context: AuditContext, namespace: string, selector: LabelSelector): readonly string[] {
  const labels = context.podLabels(namespace);
  return labels.unmatched(selector).flatMap((requirement) => {
    const near = labels.nearest(requirement);
    return near === undefined ? [] : [near.text];
  });
}

function namespacesOf({ cluster }: AuditContext, pods: readonly number[]): readonly string[] {
  return [...new Set(pods.map((pod) => cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1)))].sort();
}

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  rule: NetworkPolicyRule,
  field: string,
  index: number,
  { half, message, why, help, pods }: Problem,
): Finding {
  const place = placeOf(policy, rule.path, field, index, half);
  return {
    message,
    why,
    ...(help === undefined ? {} : { help }),
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: context.absence,
    ...(pods === undefined ? {} : { pods: context.workloadIds(pods) }),
  };
}
