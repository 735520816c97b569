/** What the two generations of cluster policies know and allow (S142, S145, S146). */
import { type Shape, shape } from './shape.ts';
import type { ClusterPolicyAction } from './objects.ts';

export interface Generation {
  readonly version: 'v1alpha1' | 'v1alpha2';
  readonly spec: Shape;
  readonly subject: Shape;
  readonly namespacedPod: Shape;
  readonly namespacedPodRequired: readonly string[];
  readonly ingressRule: Shape;
  readonly egressRule: Shape;
  readonly ingressPeer: Shape;
  readonly egressPeer: Shape;
  /** Rules of a direction, and peers of a rule. */
  readonly maxItems: number;
  /** As written, and what it means. */
  readonly actions: ReadonlyMap<string, ClusterPolicyAction>;
}

export const CLUSTER_POLICY = shape('v1alpha2.ClusterNetworkPolicy', 'apiVersion kind metadata spec status');

const PEER_HINTS = {
  podSelector: 'pods',
  namespaceSelector: 'namespaces',
  ipBlock: 'networks',
  cidr: 'networks',
  fqdns: 'domainNames',
};
const INGRESS_HINTS = { to: 'from', podSelector: 'from', namespaceSelector: 'from' };
const EGRESS_HINTS = { from: 'to', podSelector: 'to', namespaceSelector: 'to' };

export const ALPHA2: Generation = {
  version: 'v1alpha2',
  spec: shape('v1alpha2.ClusterNetworkPolicySpec', 'tier priority subject ingress egress', {
    hints: { podSelector: 'subject' },
  }),
  subject: shape('v1alpha2.ClusterNetworkPolicySubject', 'namespaces pods', { hints: PEER_HINTS }),
  namespacedPod: shape('v1alpha2.NamespacedPod', 'namespaceSelector podSelector', {
    hints: { namespaces: 'namespaceSelector' },
  }),
  namespacedPodRequired: ['podSelector'],
  ingressRule: shape('v1alpha2.ClusterNetworkPolicyIngressRule', 'name action from protocols', {
    hints: { ...INGRESS_HINTS, ports: 'protocols' },
  }),
  egressRule: shape('v1alpha2.ClusterNetworkPolicyEgressRule', 'name action to protocols', {
    hints: { ...EGRESS_HINTS, ports: 'protocols' },
  }),
  ingressPeer: shape('v1alpha2.ClusterNetworkPolicyIngressPeer', 'namespaces pods', { hints: PEER_HINTS }),
  egressPeer: shape('v1alpha2.ClusterNetworkPolicyEgressPeer', 'namespaces pods networks nodes domainNames', {
    hints: PEER_HINTS,
  }),
  maxItems: 25,
  actions: new Map([
    ['Accept', 'Accept'],
    ['Deny', 'Deny'],
    ['Pass', 'Pass'],
  ]),
};

export const ALPHA1: Generation & { readonly baselineSpec: Shape } = {
  version: 'v1alpha1',
  spec: shape('v1alpha1.AdminNetworkPolicySpec', 'priority subject ingress egress', {
    hints: { podSelector: 'subject' },
  }),
  baselineSpec: shape('v1alpha1.BaselineAdminNetworkPolicySpec', 'subject ingress egress', {
    hints: { podSelector: 'subject' },
  }),
  subject: shape('v1alpha1.AdminNetworkPolicySubject', 'namespaces pods', { hints: PEER_HINTS }),
  namespacedPod: shape('v1alpha1.NamespacedPod', 'namespaceSelector podSelector', {
    hints: { namespaces: 'namespaceSelector' },
  }),
  namespacedPodRequired: ['namespaceSelector', 'podSelector'],
  ingressRule: shape('v1alpha1.AdminNetworkPolicyIngressRule', 'name action from ports', {
    hints: { ...INGRESS_HINTS, protocols: 'ports' },
  }),
  egressRule: shape('v1alpha1.AdminNetworkPolicyEgressRule', 'name action to ports', {
    hints: { ...EGRESS_HINTS, protocols: 'ports' },
  }),
  ingressPeer: shape('v1alpha1.AdminNetworkPolicyIngressPeer', 'namespaces pods', { hints: PEER_HINTS }),
  egressPeer: shape('v1alpha1.AdminNetworkPolicyEgressPeer', 'namespaces pods networks nodes domainNames', {
    hints: PEER_HINTS,
  }),
  maxItems: 100,
  actions: new Map([
    ['Allow', 'Accept'],
    ['Deny', 'Deny'],
    ['Pass', 'Pass'],
  ]),
};
