/** The answers of the engine as plain data. They are the stable JSON contracts too: other programs depend on them. */
import type { Protocol } from '../kube/objects.ts';

export const resultApiVersion = 'sallyport.dev/v1';

/**
 * `"any"`: every protocol and port. Otherwise one entry per protocol with at least one port, in the order TCP,
 * UDP, SCTP, other; ranges are inclusive, sorted, disjoint and not adjacent. `other` stands for protocols without
 * ports (ICMP, ...) and has no ranges.
 */
export type PortsValue = 'any' | readonly PortsOfProtocol[];
export interface PortsOfProtocol {
  readonly protocol: Protocol | 'other';
  readonly ranges: readonly (readonly [number, number])[];
}

export interface WorkloadPeer {
  /** `namespace/Kind/name` */
  readonly id: string;
  readonly type: 'workload';
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** Pods in the input, or the replicas that a workload without pods stands for. */
  readonly pods: number;
  /** Selected by a NetworkPolicy for the direction: true when every pod is. */
  readonly isolated: { readonly ingress: boolean; readonly egress: boolean };
  /** Only when true. Host-network pods are never subject to policy (D2). */
  readonly hostNetwork?: true;
  /**
   * Only with `--by class`, where `kind` is `Class`, `name` a number, and the peer stands for pods that no policy tells
   * apart: ids of the workloads that have pods in it.
   */
  readonly workloads?: readonly string[];
}

export interface ExternalPeer {
  /** `external:0`, ... in address order. */
  readonly id: string;
  readonly type: 'external';
  /** Minimal sorted list, IPv4 first. */
  readonly cidrs: readonly string[];
}

/** With `--by namespace`. */
export interface NamespacePeer {
  readonly id: string;
  readonly type: 'namespace';
  readonly name: string;
  readonly pods: number;
}

export type MapPeer = WorkloadPeer | ExternalPeer | NamespacePeer;

export interface Connection {
  readonly from: string;
  readonly to: string;
  /** The union over replica pairs and IP families. */
  readonly ports: PortsValue;
  readonly replicas: 'all' | 'some';
  /** Only with `replicas: "some"`: what the single pairs may do. */
  readonly detail?: readonly { readonly from: string; readonly to: string; readonly ports: PortsValue }[];
  /** Only when the families of a dual-stack pair differ. */
  readonly families?: { readonly IPv4: PortsValue | 'none'; readonly IPv6: PortsValue | 'none' };
  /** Absent means certain. `false`: the input lacks a fact; then `ports` is what may be allowed at most. */
  readonly certain?: false;
  readonly why?: readonly string[];
}

export interface Exposure {
  /** `namespace/Ingress/name`, `namespace/HTTPRoute/name` or `namespace/Service/name`. */
  readonly via: string;
  /** A peer of the map; the id of a Service that leads nowhere (then `ports` is empty and `why` says what is wrong). */
  readonly to: string;
  /** Ids of the workloads whose pods open the connection to `to`: the controller of an Ingress or Gateway. */
  readonly through?: readonly string[];
  /** Container ports reached, after Service translation. */
  readonly ports: PortsValue;
  /** Policy lets in every public address, or everything the controller sends; `why` says what stands against it. */
  readonly allowed: boolean;
  readonly certain?: false;
  readonly why?: readonly string[];
}

/** A peer that need not exist. */
export type PossiblePeer =
  /** Pods, nodes, and every address. */
  | { readonly type: 'everything' }
  /** Pods that meet both selectors, as kubectl writes them; `''` is no condition. */
  | { readonly type: 'pods'; readonly namespaces: string; readonly pods: string }
  /** Whoever has an address in these networks, pods included. */
  | { readonly type: 'addresses'; readonly cidrs: readonly string[] }
  /** What domain names resolve to. */
  | { readonly type: 'names'; readonly names: readonly string[] };

export interface PossibleOpening {
  readonly peer: PossiblePeer;
  /** Only for those that are all of these too. */
  readonly and?: readonly PossiblePeer[];
  /** But not for those: a rule that comes first says otherwise. */
  readonly except?: readonly PossiblePeer[];
  readonly ports: PortsValue;
  /** Egress only: also the ports that the peer calls so (`http`, `dns/UDP`). */
  readonly named?: readonly string[];
  /** Absent means certain. `false`: the input does not say whether policies select the workload. */
  readonly certain?: false;
}

/** What one workload would let in, or be let out to, as far as its own policies go. */
export interface PossibleExposure {
  /** Id of a workload of the map. */
  readonly workload: string;
  readonly direction: 'ingress' | 'egress';
  /** `some`: not for every pod of the workload. */
  readonly replicas: 'all' | 'some';
  readonly openings: readonly PossibleOpening[];
}

export interface ConnectivityMap {
  readonly apiVersion: typeof resultApiVersion;
  readonly kind: 'ConnectivityMap';
  readonly peers: readonly MapPeer[];
  readonly connections: readonly Connection[];
  readonly exposed: readonly Exposure[];
  /** Only when asked for: to whom workloads are open beyond the peers in the input. */
  readonly possible?: readonly PossibleExposure[];
  /** Connections that exist but were left out, because there were more than the limit. Absent means none. */
  readonly leftOut?: number;
}

export interface RuleReference {
  /** `namespace/NetworkPolicy/name`, `ClusterNetworkPolicy/name`, ... */
  readonly policy: string;
  /** `spec.egress[0]`; absent where the policy as a whole decides (isolation without a matching rule). */
  readonly rule?: string;
  /** The rule's own name (cluster policies). */
  readonly name?: string;
  readonly action?: 'Accept' | 'Deny' | 'Pass' | 'Allow';
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** A rule that would have decided otherwise but for one thing. */
export interface NearMiss extends RuleReference {
  readonly misses: 'peer' | 'port' | 'peer and port';
  /** In words: `selects role=api, the pod has role=web`. */
  readonly because: string;
}

export interface GateResult {
  readonly allowed: boolean;
  readonly certain: boolean;
  /** Selected by a NetworkPolicy for the direction. */
  readonly isolated: boolean;
  /** Which tier decided; `none`: nothing selects the pod, `exempt`: no policy applies to this end. */
  readonly tier: 'Admin' | 'NetworkPolicy' | 'Baseline' | 'none' | 'exempt';
  /** The deciding rules; for an isolation denial the isolating policies without a rule. */
  readonly by: readonly RuleReference[];
  readonly near?: readonly NearMiss[];
  /** Why a gate is exempt or unknown. */
  readonly why?: readonly string[];
}

export interface VerdictResult {
  readonly apiVersion: typeof resultApiVersion;
  readonly kind: 'Verdict';
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  /** `null` for protocols without ports. */
  readonly port: number | null;
  /** True only when certainly allowed; see `verdict` and `certain`. */
  readonly allowed: boolean;
  readonly certain: boolean;
  readonly verdict: 'allowed' | 'denied' | 'unknown';
  /**
   * Present when one end stands for several (replicas, an address range) and they differ: then `allowed` is false,
   * and each list names the ends for which it is allowed, denied or unknown.
   */
  readonly partly?: {
    readonly allowed: readonly string[];
    readonly denied: readonly string[];
    readonly unknown: readonly string[];
  };
  readonly egress: GateResult;
  readonly ingress: GateResult;
  readonly why?: readonly string[];
  /**
   * Present when no port was asked for: everything that is possible. `protocol` is then `any`, `port` is `null`,
   * `allowed` is true when at least one port certainly is, and the gates are those of one telling port (see `why`).
   */
  readonly ports?: PortsValue | 'none';
  /** Ids of the Services, Ingresses or routes that the connection passes. */
  readonly via?: readonly string[];
  /** Present when it takes several questions (backends of a Service, a controller in between): each with its answer. */
  readonly legs?: readonly VerdictResult[];
}
