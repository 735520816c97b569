import { spanLabel } from '../../src/base/source.ts';
import type { ClusterPolicyObject, NetworkPolicyObject } from '../../src/kube/objects.ts';
import { type ReadResult, readManifests } from '../../src/kube/read.ts';

/** Reads one text called `in.yaml`. */
export function read(text: string): ReadResult {
  return readManifests([{ name: 'in.yaml', text }]);
}

/** `line:column message` of every error, in order. */
export function errorsOf(text: string): string[] {
  return listed(text, 'error');
}

export function warningsOf(text: string): string[] {
  return listed(text, 'warning');
}

function listed(text: string, severity: 'error' | 'warning'): string[] {
  return read(text)
    .diagnostics.filter((diagnostic) => diagnostic.severity === severity)
    .map(({ span, message }) => `${span === undefined ? '-' : spanLabel(span).replace('in.yaml:', '')} ${message}`);
}

/** Messages without their places. */
export function messagesOf(text: string): string[] {
  return errorsOf(text).map((line) => line.slice(line.indexOf(' ') + 1));
}

/** A NetworkPolicy `shop/p` whose spec is given as lines without indentation; the spec starts in line 5. */
export function policyText(spec: string): string {
  const lines = spec.split('\n').map((line) => `  ${line}`);
  return [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    'metadata: {name: p, namespace: shop}',
    'spec:',
    ...lines,
  ].join('\n');
}

/** The policy in `text`, which must be free of errors. */
export function networkPolicy(text: string): NetworkPolicyObject {
  const { objects, diagnostics } = read(text);
  const [policy] = objects.networkPolicies;
  if (policy === undefined) throw new Error(`no policy: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return policy;
}

/** A ClusterNetworkPolicy `p` with the given lines in its spec; the spec starts in line 5. */
export function clusterPolicyText(spec: string): string {
  const lines = spec.split('\n').map((line) => `  ${line}`);
  return [
    'apiVersion: policy.networking.k8s.io/v1alpha2',
    'kind: ClusterNetworkPolicy',
    'metadata: {name: p}',
    'spec:',
    ...lines,
  ].join('\n');
}

/** The cluster policy in `text`, which must be free of errors. */
export function clusterPolicy(text: string): ClusterPolicyObject {
  const { objects, diagnostics } = read(text);
  const [policy] = objects.clusterPolicies;
  if (policy === undefined) throw new Error(`no policy: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return policy;
}
