/** The live pods of a cluster, column by column: 150,000 of them must cost tens of megabytes. */
import type { IpAddress } from '../base/inet.ts';
import type { ContainerPort, Labels } from '../kube/objects.ts';
import type { ClusterPod } from './entities.ts';

const HOST_NETWORK = 1;
const SYNTHETIC = 2;
const TERMINATING = 4;

const NO_KEYS: ReadonlySet<string> = new Set();

/** One pod as it is added; `namespace` and `workload` are indexes. */
export interface PodRow {
  readonly namespace: number;
  readonly name: string;
  readonly labels: Labels;
  readonly unknownLabels: ReadonlySet<string>;
  readonly ports: readonly ContainerPort[];
  readonly ips: readonly IpAddress[];
  readonly hostNetwork: boolean;
  readonly nodeName: string;
  readonly workload: number;
  readonly synthetic: boolean;
  readonly count: number;
  readonly terminating: boolean;
}

export class PodTable {
  readonly length: number;
  readonly names: readonly string[];
  readonly labels: readonly Labels[];
  readonly ports: readonly (readonly ContainerPort[])[];
  readonly ips: readonly (readonly IpAddress[])[];
  readonly nodeNames: readonly string[];
  readonly namespaceOf: Int32Array;
  readonly workloadOf: Int32Array;
  private readonly flags: Uint8Array;
  private readonly unknownLabelsOf = new Map<number, ReadonlySet<string>>();
  private readonly counts = new Map<number, number>();

  constructor(rows: readonly PodRow[]) {
    const length = rows.length;
    this.length = length;
    this.names = rows.map((row) => row.name);
    this.labels = rows.map((row) => row.labels);
    this.ports = rows.map((row) => row.ports);
    this.ips = rows.map((row) => row.ips);
    this.nodeNames = rows.map((row) => row.nodeName);
    this.namespaceOf = new Int32Array(length);
    this.workloadOf = new Int32Array(length);
    this.flags = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const row = rows[i];
      if (row === undefined) continue;
      this.namespaceOf[i] = row.namespace;
      this.workloadOf[i] = row.workload;
      this.flags[i] =
        (row.hostNetwork ? HOST_NETWORK : 0) | (row.synthetic ? SYNTHETIC : 0) | (row.terminating ? TERMINATING : 0);
      if (row.unknownLabels.size > 0) this.unknownLabelsOf.set(i, row.unknownLabels);
      if (row.count !== 1) this.counts.set(i, row.count);
    }
  }

  isHostNetwork(pod: number): boolean {
    return ((this.flags[pod] ?? 0) & HOST_NETWORK) !== 0;
  }

  isSynthetic(pod: number): boolean {
    return ((this.flags[pod] ?? 0) & SYNTHETIC) !== 0;
  }

  isTerminating(pod: number): boolean {
    return ((this.flags[pod] ?? 0) & TERMINATING) !== 0;
  }

  unknownLabels(pod: number): ReadonlySet<string> {
    return this.unknownLabelsOf.get(pod) ?? NO_KEYS;
  }

  count(pod: number): number {
    return this.counts.get(pod) ?? 1;
  }

  /** A view of one pod. */
  at(pod: number): ClusterPod {
    return {
      index: pod,
      namespace: this.namespaceOf[pod] ?? -1,
      name: this.names[pod] ?? '',
      labels: this.labels[pod] ?? new Map(),
      unknownLabels: this.unknownLabels(pod),
      ports: this.ports[pod] ?? [],
      ips: this.ips[pod] ?? [],
      hostNetwork: this.isHostNetwork(pod),
      nodeName: this.nodeNames[pod] ?? '',
      workload: this.workloadOf[pod] ?? -1,
      synthetic: this.isSynthetic(pod),
      count: this.count(pod),
      terminating: this.isTerminating(pod),
    };
  }
}
