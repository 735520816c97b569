import type { LabelSelector } from '../kube/objects.ts';
import type { AnyPolicy } from './audit-context.ts';

/** Every selector that a policy has: of its subject, its peers, and their namespaces and nodes. */
export function* selectorsOf(policy: AnyPolicy): Iterable<LabelSelector> {
  if (policy.kind === 'NetworkPolicy') {
    yield policy.podSelector;
    for (const { peers } of [...policy.ingress, ...policy.egress]) {
      for (const peer of peers) {
        if (peer.type !== 'pods') continue;
        if (peer.namespaceSelector !== undefined) yield peer.namespaceSelector;
        if (peer.podSelector !== undefined) yield peer.podSelector;
      }
    }
    return;
  }
  yield policy.subject.namespaceSelector;
  yield policy.subject.podSelector;
  for (const { peers } of [...policy.ingress, ...policy.egress]) {
    for (const peer of peers) {
      if (peer.type === 'pods') {
        yield peer.namespaceSelector;
        yield peer.podSelector;
      } else if (peer.type === 'nodes') yield peer.selector;
    }
  }
}
