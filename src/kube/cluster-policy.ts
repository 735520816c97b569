/**
 * The cluster-scoped policies of `policy.networking.k8s.io`: ClusterNetworkPolicy v1alpha2 (S145) and its forerunners
 * AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1 (S146), decoded into one shape.
 */
import { ALPHA1, ALPHA2, type Generation } from './cluster-policy-schema.ts';
import { decodePeer, namedPortConflict } from './cluster-policy-peer.ts';
import { decodePorts } from './cluster-policy-port.ts';
import type { Fields } from './fields.ts';
import { everything, selectorValue } from './label-selector.ts';
import type { ClusterPolicyAction, ClusterPolicyObject, ClusterPolicyRule } from './objects.ts';
import { formatPath } from './path.ts';
import { boundedInteger, checkExactlyOne, checkItems, checkLength, enumValue, requireFields } from './schema-checks.ts';

export type ClusterPolicyParts = Pick<ClusterPolicyObject, 'tier' | 'priority' | 'subject' | 'ingress' | 'egress'>;

/** ClusterNetworkPolicy `v1alpha2`. */
export function decodeClusterNetworkPolicy(object: Fields): ClusterPolicyParts {
  requireFields(object, 'spec');
  const spec = object.value('spec', ALPHA2.spec);
  if (object.node('spec') !== undefined) requireFields(spec, 'tier', 'priority', 'subject');
  const tier = enumValue(spec, 'tier', ['Admin', 'Baseline']) ?? 'Admin';
  const priority = boundedInteger(spec, 'priority', 0, 1000) ?? 0;
  return { tier, priority, ...decodeBody(spec, ALPHA2, ALPHA2.actions) };
}

/** AdminNetworkPolicy `v1alpha1`. */
export function decodeAdminNetworkPolicy(object: Fields): ClusterPolicyParts {
  requireFields(object, 'spec');
  const spec = object.value('spec', ALPHA1.spec);
  if (object.node('spec') !== undefined) requireFields(spec, 'priority', 'subject');
  const priority = boundedInteger(spec, 'priority', 0, 1000) ?? 0;
  return { tier: 'Admin', priority, ...decodeBody(spec, ALPHA1, ALPHA1.actions) };
}

/** BaselineAdminNetworkPolicy `v1alpha1`: one for the cluster, without priority, named `default`. */
export function decodeBaselineAdminNetworkPolicy(object: Fields, name: string): ClusterPolicyParts {
  if (name !== 'default') {
    object.decoder.fieldError({
      type: 'invalid',
      path: undefined,
      at: object.node('metadata') ?? object.at,
      detail: 'Only one baseline admin network policy with metadata.name="default" can be created in the cluster',
      help: 'name it `default`',
    });
  }
  requireFields(object, 'spec');
  const spec = object.value('spec', ALPHA1.baselineSpec);
  if (object.node('spec') !== undefined) requireFields(spec, 'subject');
  return {
    tier: 'Baseline',
    priority: 0,
    ...decodeBody(spec, ALPHA1, new Map([...ALPHA1.actions].filter(([name]) => name !== 'Pass'))),
  };
}

function decodeBody(spec: Fields, generation: Generation, actions: ReadonlyMap<string, ClusterPolicyAction>) {
  const subject = decodeSubject(spec, generation);
  checkItems(spec, 'ingress', 0, generation.maxItems);
  const ingress = spec
    .objects('ingress', generation.ingressRule)
    .map((rule) => decodeRule(rule, 'from', generation, actions));
  checkItems(spec, 'egress', 0, generation.maxItems);
  const egress = spec
    .objects('egress', generation.egressRule)
    .map((rule) => decodeRule(rule, 'to', generation, actions));
  return { subject, ingress, egress };
}

function decodeSubject(spec: Fields, generation: Generation): ClusterPolicyObject['subject'] {
  const subject = spec.object('subject', generation.subject);
  // Fail closed: a subject that cannot be understood must not silently protect nothing.
  if (subject === undefined) return { namespaceSelector: everything(undefined), podSelector: everything(undefined) };
  checkExactlyOne(subject);
  const pods = subject.object('pods', generation.namespacedPod);
  if (pods === undefined) {
    return { namespaceSelector: selectorValue(subject, 'namespaces'), podSelector: everything(undefined) };
  }
  requireFields(pods, ...generation.namespacedPodRequired);
  return {
    namespaceSelector: selectorValue(pods, 'namespaceSelector'),
    podSelector: selectorValue(pods, 'podSelector'),
  };
}

function decodeRule(
  fields: Fields,
  peers: 'from' | 'to',
  generation: Generation,
  actions: ReadonlyMap<string, ClusterPolicyAction>,
): ClusterPolicyRule {
  const name = fields.string('name') ?? '';
  checkLength(fields, 'name', 100);
  requireFields(fields, 'action', peers);
  const written = enumValue(fields, 'action', [...actions.keys()], (value) => {
    const lower = value.toLowerCase();
    const other = lower === 'allow' ? 'accept' : lower === 'accept' ? 'allow' : lower;
    return [...actions.keys()].find((known) => known.toLowerCase() === lower || known.toLowerCase() === other);
  });
  checkItems(fields, peers, 1, generation.maxItems);
  const peerShape = peers === 'from' ? generation.ingressPeer : generation.egressPeer;
  const peerFields = fields.objects(peers, peerShape);
  const decodedPeers = peerFields.map((peer) => decodePeer(peer, generation));
  const ports = decodePorts(fields, generation);
  if (peers === 'to' && ports?.some(({ type }) => type === 'named') === true) namedPortConflict(fields, decodedPeers);
  return {
    name,
    action: (written === undefined ? undefined : actions.get(written)) ?? 'Deny',
    peers: decodedPeers,
    ports,
    path: formatPath(fields.path),
    span: fields.decoder.span(fields.at),
  };
}
