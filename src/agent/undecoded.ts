/** What is done with an object of the API that cannot be understood: policies fail closed (D10). */
import { EVERYTHING } from '../kube/selectors.ts';
import { objectProjection } from '../io/kubernetes/object-projection.ts';
import { isJsonObject, type JsonObject } from '../io/kubernetes/api-object.ts';
import { isSameObject } from '../io/kubernetes/same-object.ts';
import type { KubeResource } from '../io/kubernetes/resource.ts';
import type { ClusterPolicyObject, KubeObject, NetworkPolicyObject } from '../kube/objects.ts';

/** Stands where an object should be. */
export class UndecodedObject {
  readonly reason: string;
  /**
   * For a policy one that denies everything to the pods that the policy may select; for other kinds, whose absence
   * opens nothing, `undefined`.
   */
  readonly standIn: KubeObject | undefined;

  constructor(reason: string, standIn: KubeObject | undefined) {
    this.reason = reason;
    this.standIn = standIn;
  }
}

export type Watched = KubeObject | UndecodedObject;

export function isSameWatched(a: Watched, b: Watched): boolean {
  if (a instanceof UndecodedObject || b instanceof UndecodedObject) {
    return a instanceof UndecodedObject && b instanceof UndecodedObject && a.reason === b.reason;
  }
  return isSameObject(a, b);
}

const MAX_REASON = 300;

/** Never `undefined`, because the absence of a policy opens what it closed. */
export function watchedProjection(resource: KubeResource): (object: JsonObject) => Watched {
  let problem = '';
  const decode = objectProjection({
    resource,
    onDiagnostics: (diagnostics) => {
      problem = diagnostics.find(({ severity }) => severity === 'error')?.message ?? '';
    },
  });
  return (json) => {
    problem = '';
    const decoded = decode(json);
    if (decoded !== undefined) return decoded;
    const reason = (problem === '' ? 'it cannot be decoded' : problem).slice(0, MAX_REASON);
    return new UndecodedObject(reason, standInFor(json, decode));
  };
}

function standInFor(json: JsonObject, decode: (object: JsonObject) => KubeObject | undefined): KubeObject | undefined {
  const { metadata } = json;
  if (!isJsonObject(metadata)) return undefined;
  // Only what names it: labels or annotations may be what is wrong. Without annotations it is in force, not in audit.
  const bare = { apiVersion: json['apiVersion'] ?? null, kind: json['kind'] ?? null };
  const identity = { name: metadata['name'] ?? null, namespace: metadata['namespace'] ?? null };
  const spec = isJsonObject(json['spec']) ? json['spec'] : {};
  const attempts = [subjectOf(spec), {}];
  for (const attempt of attempts) {
    const decoded = decode({ ...bare, metadata: identity, spec: attempt });
    if (decoded?.kind === 'NetworkPolicy') return denyAll(decoded);
    if (decoded !== undefined && 'tier' in decoded) return denySubject(decoded, attempt);
  }
  return undefined;
}

/** The part of a policy that says whom it is about. */
function subjectOf(spec: JsonObject): JsonObject {
  const kept = ['podSelector', 'subject', 'tier', 'priority'].filter((key) => key in spec);
  return Object.fromEntries(kept.map((key) => [key, spec[key] ?? null]));
}

function denyAll(policy: NetworkPolicyObject): NetworkPolicyObject {
  return { ...policy, isolates: { ingress: true, egress: true }, ingress: [], egress: [] };
}

function denySubject(policy: ClusterPolicyObject, spec: JsonObject): ClusterPolicyObject {
  const deny = (direction: 'ingress' | 'egress') => [
    {
      name: 'not understood',
      action: 'Deny' as const,
      // A peer that nobody understands makes a Deny rule match every peer (S157).
      peers: [{ type: 'unknown' as const, span: undefined }],
      ports: undefined,
      path: `spec.${direction}`,
      span: undefined,
    },
  ];
  return {
    ...policy,
    subject: 'subject' in spec ? policy.subject : { namespaceSelector: EVERYTHING, podSelector: EVERYTHING },
    ingress: deny('ingress'),
    egress: deny('egress'),
  };
}
