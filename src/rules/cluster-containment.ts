/** Whether one rule of a cluster policy matches nothing that another one does not match: by logic alone. */
import { cidr4, cidr6, type Cidr } from '../base/inet.ts';
import { subtractCidrs, subtractRanges } from '../base/inet-ranges.ts';
import type { ClusterPolicyObject, ClusterPolicyPeer, ClusterPolicyPort } from '../kube/objects.ts';
import { isContradictory } from '../kube/selectors.ts';
import { selectorWithin } from './containment.ts';

type Subject = ClusterPolicyObject['subject'];

/** Every pod of `inner` is one of `outer`. */
export function subjectWithin(inner: Subject, outer: Subject): boolean {
  return (
    !isContradictory(inner.podSelector) &&
    !isContradictory(inner.namespaceSelector) &&
    selectorWithin(inner.namespaceSelector, outer.namespaceSelector) &&
    selectorWithin(inner.podSelector, outer.podSelector)
  );
}

/** Every end of `inner` is one of `outer`. Unknown peers are neither. */
export function clusterPeerWithin(inner: ClusterPolicyPeer, outer: ClusterPolicyPeer): boolean {
  if (inner.type === 'pods' && outer.type === 'pods') return subjectWithin(inner, outer);
  if (inner.type === 'nodes' && outer.type === 'nodes') return selectorWithin(inner.selector, outer.selector);
  if (inner.type === 'networks' && outer.type === 'networks') return rangesWithin(inner.cidrs, outer.cidrs);
  if (inner.type === 'domainNames' && outer.type === 'domainNames') {
    return inner.names.every((name) => outer.names.includes(name));
  }
  // Whatever a name resolves to is an address.
  return (
    inner.type === 'domainNames' && outer.type === 'networks' && rangesWithin([cidr4(0, 0), cidr6(0n, 0)], outer.cidrs)
  );
}

function rangesWithin(inner: readonly Cidr[], outer: readonly Cidr[]): boolean {
  const ranges = (cidrs: readonly Cidr[]) => cidrs.flatMap((cidr) => subtractCidrs(cidr, []));
  return inner.length > 0 && subtractRanges(ranges(inner), ranges(outer)).length === 0;
}

/** All that `inner` matches is matched by `outer`. */
export function clusterPortWithin(inner: ClusterPolicyPort, outer: ClusterPolicyPort): boolean {
  if (inner.type === 'range' && outer.type === 'range') {
    return inner.protocol === outer.protocol && outer.start <= inner.start && inner.end <= outer.end;
  }
  return inner.type === 'named' && outer.type === 'named' && inner.name === outer.name;
}
