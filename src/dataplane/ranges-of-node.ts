/** Where the pods of a node have their addresses, as far as the cluster tells. */
import { cidrContains, type Cidr } from '../base/inet.ts';
import type { NodeObject, PodObject } from '../kube/objects.ts';

const NONE: readonly Cidr[] = [];

/**
 * The Node's pod CIDRs. None while a pod of another node has an address in them: the network plugin then does not go by
 * them, and to close them would cut off pods that everybody knows.
 */
export class RangesOfNode {
  private readonly node: string;
  private readonly pods: () => Iterable<PodObject>;
  private cidrs: readonly Cidr[] = NONE;
  /** Pods of other nodes with an address in them. */
  private readonly strangers = new Set<PodObject>();

  /** `pods`: all there are, for when the Node changes. */
  constructor(node: string, pods: () => Iterable<PodObject>) {
    this.node = node;
    this.pods = pods;
  }

  podChanged(before: PodObject | undefined, after: PodObject | undefined): void {
    if (before !== undefined) this.strangers.delete(before);
    if (after !== undefined && this.isStranger(after)) this.strangers.add(after);
  }

  /** The same list as long as it is the same. */
  of(node: NodeObject | undefined): readonly Cidr[] {
    const cidrs = node?.podCidrs ?? NONE;
    if (cidrs !== this.cidrs) {
      this.cidrs = cidrs;
      this.strangers.clear();
      if (cidrs.length > 0) for (const pod of this.pods()) if (this.isStranger(pod)) this.strangers.add(pod);
    }
    return this.strangers.size > 0 ? NONE : cidrs;
  }

  private isStranger({ pod, ips }: PodObject): boolean {
    if (pod.nodeName === this.node || pod.nodeName === '' || pod.hostNetwork) return false;
    return ips.some((ip) => this.cidrs.some((cidr) => cidrContains(cidr, ip)));
  }
}
