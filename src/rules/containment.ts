/**
 * Whether one part of a policy can open nothing that another one does not open, whatever pods and namespaces there are:
 * by logic on selectors, ranges and ports alone.
 */
import { subtractCidrs, subtractRanges, type IpRange } from '../base/inet-ranges.ts';
import type { LabelSelector, PolicyPeer, PolicyPort, Requirement } from '../kube/objects.ts';
import { EVERYTHING, contradicts, isContradictory } from '../kube/selectors.ts';
import { NAMESPACE_NAME_LABEL } from '../model/namespaces.ts';

/** Every label set that `inner` selects is selected by `outer` (S55-S60). */
export function selectorWithin(inner: LabelSelector, outer: LabelSelector): boolean {
  if (inner.invalid || outer.invalid) return false;
  return outer.requirements.every((requirement) => contradictsNegated(inner.requirements, requirement));
}

/** No label set satisfies `given` and misses `requirement`. */
function contradictsNegated(given: readonly Requirement[], { key, operator, values }: Requirement): boolean {
  switch (operator) {
    case 'Exists':
      return contradicts([...given, { key, operator: 'DoesNotExist', values: [] }]);
    case 'DoesNotExist':
      return contradicts([...given, { key, operator: 'Exists', values: [] }]);
    // Without the label `NotIn` holds (S57), so missing an `In` has two ways, and the other way round only one.
    case 'In':
      return (
        contradicts([...given, { key, operator: 'DoesNotExist', values: [] }]) &&
        contradicts([...given, { key, operator: 'Exists', values: [] }, { key, operator: 'NotIn', values }])
      );
    case 'NotIn':
      return contradicts([...given, { key, operator: 'In', values }]);
  }
}

/** Every end that `inner` means is meant by `outer`; both are peers of policies in `namespace`. */
export function peerWithin(inner: PolicyPeer, outer: PolicyPeer, namespace: string): boolean {
  if (inner.type === 'ipBlock' || outer.type === 'ipBlock') {
    if (inner.type !== 'ipBlock' || outer.type !== 'ipBlock') return false;
    const ranges = rangesOf(inner);
    return ranges.length > 0 && subtractRanges(ranges, rangesOf(outer)).length === 0;
  }
  const innerPods = inner.podSelector ?? EVERYTHING;
  if (isContradictory(innerPods) || !selectorWithin(innerPods, outer.podSelector ?? EVERYTHING)) return false;
  return selectorWithin(
    inner.namespaceSelector ?? onlyNamespace(namespace),
    outer.namespaceSelector ?? onlyNamespace(namespace),
  );
}

/** All that `inner` opens is opened by `outer` (S13-S15). */
export function portWithin(inner: PolicyPort, outer: PolicyPort): boolean {
  if (inner.protocol !== outer.protocol) return false;
  if (outer.port === undefined) return true;
  if (typeof outer.port === 'string' || typeof inner.port === 'string') return inner.port === outer.port;
  return inner.port !== undefined && outer.port <= inner.port && inner.endPort <= outer.endPort;
}

function rangesOf(peer: Extract<PolicyPeer, { type: 'ipBlock' }>): readonly IpRange[] {
  return peer.cidr === undefined ? [] : subtractCidrs(peer.cidr, peer.except);
}

function onlyNamespace(name: string): LabelSelector {
  return {
    requirements: [{ key: NAMESPACE_NAME_LABEL, operator: 'In', values: [name] }],
    invalid: false,
    span: undefined,
  };
}
