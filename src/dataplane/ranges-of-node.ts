/** Where the pods of a node have their addresses, as far as the cluster tells. */
import { cidrContains, type Cidr } from '../base/inet.ts';
import type { KubeObjects } from '../kube/objects.ts';

/**
 * The Node's pod CIDRs. None when a pod of another node has an address in them: the network plugin then does not go by
 * them, and to close them would cut off pods that everybody knows.
 */
export function rangesOfNode(node: string, { nodes, pods }: KubeObjects): readonly Cidr[] {
  const cidrs = nodes.find(({ meta }) => meta.name === node)?.podCidrs ?? [];
  if (cidrs.length === 0) return cidrs;
  for (const { pod, ips } of pods) {
    if (pod.nodeName === node || pod.nodeName === '' || pod.hostNetwork) continue;
    if (ips.some((ip) => cidrs.some((cidr) => cidrContains(cidr, ip)))) return [];
  }
  return cidrs;
}
