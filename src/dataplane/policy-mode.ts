/** Which policies are in force and which are only tried out: the annotation `sallyport.dev/mode`. */
import { assertNever } from '../base/assert.ts';
import type { ClusterPolicyObject, KubeObjects, NetworkPolicyObject, ObjectMeta } from '../kube/objects.ts';

export const MODE_ANNOTATION = 'sallyport.dev/mode';

/** `audit`: the policy changes no verdict; what it would deny is counted and logged. */
type PolicyMode = 'enforce' | 'audit';

/** An annotation that says neither: the safe reading counts, and somebody has to be told. */
export interface ModeRemark {
  /** `shop/NetworkPolicy/web`, `Namespace/shop`. */
  readonly object: string;
  readonly value: string;
}

export interface PoliciesByMode {
  /** Everything but the policies in audit mode. */
  readonly enforced: KubeObjects;
  /** Everything: what would be in force if those were promoted. `undefined` when there are none. */
  readonly staged: KubeObjects | undefined;
  /** Sorted as the objects are. */
  readonly remarks: readonly ModeRemark[];
}

/**
 * Sorts the policies by mode. A NetworkPolicy without the annotation has the mode of its namespace; cluster policies
 * have only their own. An unknown value means `enforce`: a slip of the pen must not open anything.
 */
export function separateModes(objects: KubeObjects): PoliciesByMode {
  const remarks: ModeRemark[] = [];
  const inAudit = new Set<string>();
  for (const { kind, meta } of objects.namespaces) {
    if (readMode(kind, meta, remarks) === 'audit') inAudit.add(meta.name);
  }
  const isEnforced = (policy: NetworkPolicyObject | ClusterPolicyObject): boolean => {
    const { kind, meta } = policy;
    const inherited = kind === 'NetworkPolicy' && inAudit.has(meta.namespace) ? 'audit' : 'enforce';
    const mode = readMode(kind, meta, remarks) ?? inherited;
    switch (mode) {
      case 'enforce':
        return true;
      case 'audit':
        return false;
      default:
        return assertNever(mode);
    }
  };
  const networkPolicies = objects.networkPolicies.filter(isEnforced);
  const clusterPolicies = objects.clusterPolicies.filter(isEnforced);
  const none =
    networkPolicies.length === objects.networkPolicies.length &&
    clusterPolicies.length === objects.clusterPolicies.length;
  return {
    enforced: none ? objects : { ...objects, networkPolicies, clusterPolicies },
    staged: none ? undefined : objects,
    remarks,
  };
}

/** What the object's own annotation says; `undefined` when it has none. */
function readMode(
  kind: string,
  { namespace, name, annotations }: ObjectMeta,
  remarks: ModeRemark[],
): PolicyMode | undefined {
  const value = annotations.get(MODE_ANNOTATION);
  if (value === undefined) return undefined;
  if (value === 'audit' || value === 'enforce') return value;
  remarks.push({ object: namespace === '' ? `${kind}/${name}` : `${namespace}/${kind}/${name}`, value });
  return 'enforce';
}
