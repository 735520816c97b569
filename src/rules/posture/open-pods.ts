/** Pods that nothing shuts in a direction; what `open-ingress` and `open-egress` share. */
import { NO } from '../../base/tri.ts';
import type { Span } from '../../base/source.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { ClusterPolicyObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import type { Finding } from '../finding.ts';

/** Namespaces of the system, whose pods others bring and look after. */
export const SYSTEM_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];

/**
 * One finding a namespace. Pods that a cluster policy denies anything in the direction are left alone: how much of it
 * is shut is a matter of degree, and the map shows it.
 */
export function* openPods(
  context: AuditContext,
  direction: Direction,
  ignored: readonly string[],
  why: string,
): Iterable<Finding> {
  const { cluster, engine } = context;
  const denied = podsDenied(context, direction);
  const byNamespace = new Map<number, number[]>();
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    if (cluster.pods.isHostNetwork(pod) || denied.has(pod)) continue;
    if (engine.isolation(engine.classOfPod(pod))[direction] !== NO) continue;
    const namespace = cluster.pods.namespaceOf[pod] ?? -1;
    const list = byNamespace.get(namespace);
    if (list === undefined) byNamespace.set(namespace, [pod]);
    else list.push(pod);
  }
  for (const { index, name } of cluster.namespaces) {
    const pods = byNamespace.get(index);
    if (pods === undefined || ignored.includes(name)) continue;
    const ids = context.workloadIds(pods);
    const place = placeOfWorkload(context, pods);
    yield {
      message: `no policy isolates ${ids.length === 1 ? (ids[0] ?? '') : `${ids.length} workloads of ${name}`} for ${direction}`,
      why,
      help: `start with a policy that denies all ${direction} of the namespace, and allow what is needed`,
      ...(place === undefined ? {} : { place }),
      object: ids[0] ?? name,
      confidence: context.absence,
      pods: ids,
      key: name,
    };
  }
}

function podsDenied(context: AuditContext, direction: Direction): ReadonlySet<number> {
  const denies = ({ [direction]: rules }: ClusterPolicyObject): boolean =>
    rules.some(({ action }) => action === 'Deny');
  const pods = new Set<number>();
  for (const policy of context.cluster.clusterPolicies) {
    if (!denies(policy)) continue;
    const subjects = context.selections.pods(policy.subject);
    for (const pod of [...subjects.pods, ...subjects.maybe]) pods.add(pod);
  }
  return pods;
}

/** Where the first of the workloads is written. */
function placeOfWorkload({ cluster }: AuditContext, pods: readonly number[]): Span | undefined {
  for (const pod of pods) {
    const span = cluster.workloads[cluster.pods.workloadOf[pod] ?? -1]?.object?.span;
    if (span !== undefined) return span;
  }
  return undefined;
}
