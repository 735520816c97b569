/** Who stands behind an address, as the log tells it. */
import type { IpAddress } from '../../base/inet.ts';
import { formatIp } from '../../base/inet-format.ts';
import { nodeOfPart } from '../../dataplane/node-peers.ts';
import type { NodeObject, PodObject } from '../../kube/objects.ts';
import { compareText } from '../../model/order.ts';
import type { FlowEnd } from './flow-record.ts';

/** Lines stay short, whatever somebody wrote into labels. */
const MAX_LABELS = 40;

export function flowEnd(address: IpAddress, owner: PodObject | NodeObject | undefined): FlowEnd {
  const ip = formatIp(address);
  if (owner === undefined) return { ip, type: 'external' };
  if (owner.kind === 'Node') return { ip, type: 'node', node: nodeOfPart(owner.meta.name) };
  const { meta, pod } = owner;
  const labels = [...pod.labels].toSorted(([a], [b]) => compareText(a, b));
  return {
    ip,
    type: 'pod',
    namespace: meta.namespace,
    pod: meta.name,
    workload: workloadOf(owner),
    labels: Object.fromEntries(labels.slice(0, MAX_LABELS)),
    ...(labels.length > MAX_LABELS ? { labelsLeftOut: labels.length - MAX_LABELS } : {}),
  };
}

/** ReplicaSets are not watched: the name of one, less the hash that its pods carry, is its Deployment's. */
function workloadOf({ meta, pod }: PodObject): { readonly kind: string; readonly name: string } {
  const { owner } = meta;
  if (owner === undefined || owner.kind === 'Node') return { kind: 'Pod', name: meta.name };
  const hash = pod.labels.get('pod-template-hash') ?? '';
  if (owner.kind === 'ReplicaSet' && hash !== '' && owner.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  }
  return { kind: owner.kind, name: owner.name };
}
