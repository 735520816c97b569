/** What a cluster consists of, as plain views. Indexes are positions in the sorted lists of the `Cluster`. */
import type { Cidr, IpAddress } from '../base/inet.ts';
import type { ContainerPort, Labels, PodObject, WorkloadObject } from '../kube/objects.ts';

export interface ClusterNamespace {
  readonly index: number;
  readonly name: string;
  /** Always has `kubernetes.io/metadata.name` (S61). */
  readonly labels: Labels;
  /**
   * Whether the input has the Namespace object. If not, the namespace was only implied by what lies in it, and every
   * label but `kubernetes.io/metadata.name` is unknown (D14).
   */
  readonly labelsKnown: boolean;
}

export interface ClusterNode {
  readonly index: number;
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly IpAddress[];
  readonly podCidrs: readonly Cidr[];
}

export interface ClusterPod {
  readonly index: number;
  readonly namespace: number;
  readonly name: string;
  readonly labels: Labels;
  /** Label keys that the controller will set to values that the input does not tell; only for synthetic pods. */
  readonly unknownLabels: ReadonlySet<string>;
  /** Of containers and restartable init containers (D4). */
  readonly ports: readonly ContainerPort[];
  /** Empty when unknown. */
  readonly ips: readonly IpAddress[];
  /** Neither subject nor selector peer of any policy; its traffic is that of its node (D2, S161). */
  readonly hostNetwork: boolean;
  /** `''` when unknown. */
  readonly nodeName: string;
  readonly workload: number;
  /** Stands for the replicas of a workload of which the input has no Pod objects. */
  readonly synthetic: boolean;
  /** How many pods it stands for: 1 for real pods; the replicas, possibly 0, for synthetic ones. */
  readonly count: number;
  readonly terminating: boolean;
}

export interface ClusterWorkload {
  readonly index: number;
  /** `namespace/Kind/name` */
  readonly id: string;
  readonly namespace: number;
  /** The top owner's kind as the input names it; `Pod` for a pod that nothing owns. */
  readonly kind: string;
  readonly name: string;
  /** Indexes into the pods; never empty (a workload without Pod objects has one synthetic pod). */
  readonly pods: readonly number[];
  /** Pods in the input, or the replicas that the synthetic pod stands for. */
  readonly podCount: number;
  /** True when every pod is on the host network. */
  readonly hostNetwork: boolean;
  /** The object behind it, when the input has it. */
  readonly object: WorkloadObject | PodObject | undefined;
}

/** A pod or Job that the input has but that can no longer send or receive anything. */
export interface EndedObject {
  readonly kind: 'Pod' | 'Job';
  readonly namespace: string;
  readonly name: string;
  /** In words: `its phase is Succeeded`. */
  readonly why: string;
}
