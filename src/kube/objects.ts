/**
 * The Kubernetes objects that Sallyport reads: decoded, defaulted, projected to what policy needs.
 *
 * Every optional field of the API is normalised here once (semantics S4-S24), so that no later floor ever
 * asks whether something was absent, null or empty. Selectors that are *absent* where absence has a meaning
 * of its own (peers, S6) are `undefined`.
 */
import type { Span } from '../base/source.ts';
import type { Cidr, IpAddress } from '../base/inet.ts';

/** Label or annotation keys to values. Equal label sets may be one shared object. */
export type Labels = ReadonlyMap<string, string>;

export interface ObjectMeta {
  readonly name: string;
  /** `''` for cluster-scoped objects. */
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** The controlling owner (`metadata.ownerReferences` with `controller: true`, else the only one). */
  readonly owner: OwnerReference | undefined;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

interface KubeObjectBase {
  readonly apiVersion: string;
  readonly meta: ObjectMeta;
  /** The whole object in its text; absent when it did not come from text. */
  readonly span: Span | undefined;
}

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface ContainerPort {
  /** `''` when unnamed. */
  readonly name: string;
  readonly protocol: Protocol;
  /** 1..65535 */
  readonly containerPort: number;
  /** 0 when absent. */
  readonly hostPort: number;
}

/**
 * What policy needs of a pod or pod template. `ports` holds the ports of containers and restartable init
 * containers (D4).
 */
export interface PodFacts {
  readonly labels: Labels;
  readonly hostNetwork: boolean;
  readonly ports: readonly ContainerPort[];
  /** `spec.nodeName`; `''` when unscheduled or unknown. */
  readonly nodeName: string;
  readonly serviceAccountName: string;
}

export interface NamespaceObject extends KubeObjectBase {
  readonly kind: 'Namespace';
}

export interface NodeObject extends KubeObjectBase {
  readonly kind: 'Node';
  /** Every InternalIP, ExternalIP, ... of `status.addresses` that parses as an address. */
  readonly addresses: readonly IpAddress[];
  readonly podCidrs: readonly Cidr[];
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown' | '';

export interface PodObject extends KubeObjectBase {
  readonly kind: 'Pod';
  readonly pod: PodFacts;
  /** `''` when the input has no status. */
  readonly phase: PodPhase;
  /** `status.podIPs` (or `podIP`); empty when unknown. For host-network pods: the node's addresses. */
  readonly ips: readonly IpAddress[];
  readonly hostIps: readonly IpAddress[];
  /** `metadata.deletionTimestamp` is set. */
  readonly terminating: boolean;
}

export type WorkloadKind =
  | 'Deployment'
  | 'ReplicaSet'
  | 'StatefulSet'
  | 'DaemonSet'
  | 'Job'
  | 'CronJob'
  | 'ReplicationController';

export interface WorkloadObject extends KubeObjectBase {
  readonly kind: WorkloadKind;
  /** Desired pods; `undefined` where the kind has no fixed number (DaemonSet) or it is not given (then 1 by default, DaemonSet excepted). */
  readonly replicas: number | undefined;
  /** The template's labels and facts. */
  readonly template: PodFacts;
  /** `spec.selector`; `undefined` when the kind lets the server generate it (Job) or it is absent. */
  readonly selector: LabelSelector | undefined;
}

export interface ServicePort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** A number or the name of a container port; defaults to `port`. */
  readonly targetPort: number | string;
  /** 0 when absent. */
  readonly nodePort: number;
}

export interface ServiceObject extends KubeObjectBase {
  readonly kind: 'Service';
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** Equality selector; `undefined` when the Service has none (endpoints are then given by hand). */
  readonly selector: Labels | undefined;
  readonly ports: readonly ServicePort[];
  /** Addresses that parse; empty for headless Services (`headless` is then true). */
  readonly clusterIps: readonly IpAddress[];
  readonly headless: boolean;
  readonly externalIps: readonly IpAddress[];
  readonly loadBalancerIps: readonly IpAddress[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly externalName: string;
}

/** One EndpointSlice, or one subset of an Endpoints object. */
export interface EndpointsObject extends KubeObjectBase {
  readonly kind: 'EndpointSlice' | 'Endpoints';
  readonly serviceName: string;
  readonly endpoints: readonly {
    readonly addresses: readonly IpAddress[];
    /** Name of the pod behind it in the same namespace, `''` when none is named. */
    readonly podName: string;
  }[];
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

/** A backend Service that an Ingress or HTTPRoute sends traffic to. */
export interface RouteBackend {
  /** Host names of the rule; `''` stands for every host. */
  readonly host: string;
  readonly path: string;
  readonly serviceNamespace: string;
  readonly serviceName: string;
  readonly servicePort: number | string;
  readonly span: Span | undefined;
}

export interface IngressObject extends KubeObjectBase {
  readonly kind: 'Ingress';
  readonly ingressClassName: string;
  readonly backends: readonly RouteBackend[];
}

export interface HttpRouteObject extends KubeObjectBase {
  readonly kind: 'HTTPRoute';
  readonly parents: readonly { readonly namespace: string; readonly name: string }[];
  readonly backends: readonly RouteBackend[];
}

export interface GatewayObject extends KubeObjectBase {
  readonly kind: 'Gateway';
  readonly gatewayClassName: string;
  readonly listeners: readonly {
    readonly name: string;
    readonly port: number;
    readonly protocol: string;
    readonly hostname: string;
  }[];
}

// ---- selectors --------------------------------------------------------------------------------------------

export interface Requirement {
  readonly key: string;
  /** A `matchLabels` entry is `In` with one value. */
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** All requirements must hold (S55). No requirement: everything matches. */
export interface LabelSelector {
  readonly requirements: readonly Requirement[];
  /**
   * The selector could not be understood (only possible for stored values that today's validation refuses).
   * NetworkPolicy: matches nothing (D11). Cluster policies: fail closed (S157, S159).
   */
  readonly invalid: boolean;
  readonly span: Span | undefined;
}

// ---- NetworkPolicy v1 -------------------------------------------------------------------------------------

export interface PolicyPort {
  readonly protocol: Protocol;
  /** Number, name, or `undefined` for every port of the protocol (S14). */
  readonly port: number | string | undefined;
  /** Inclusive; equals `port` when absent; meaningless for names. */
  readonly endPort: number;
  readonly span: Span | undefined;
}

export type PolicyPeer =
  | {
      readonly type: 'pods';
      /** `undefined` = not constrained by pod labels. */
      readonly podSelector: LabelSelector | undefined;
      /** `undefined` = the policy's own namespace. */
      readonly namespaceSelector: LabelSelector | undefined;
      readonly span: Span | undefined;
    }
  | {
      readonly type: 'ipBlock';
      /** `undefined` when the stored value does not parse: matches nothing (D11). */
      readonly cidr: Cidr | undefined;
      readonly except: readonly Cidr[];
      readonly span: Span | undefined;
    };

export interface NetworkPolicyRule {
  /** Empty = any peer (S9). */
  readonly peers: readonly PolicyPeer[];
  /** Empty = any port and any protocol. */
  readonly ports: readonly PolicyPort[];
  /** `spec.ingress[0]`. */
  readonly path: string;
  readonly span: Span | undefined;
}

export interface NetworkPolicyObject extends KubeObjectBase {
  readonly kind: 'NetworkPolicy';
  readonly podSelector: LabelSelector;
  /** Whether `policyTypes`, given or defaulted (S16), names the direction. */
  readonly isolates: { readonly ingress: boolean; readonly egress: boolean };
  /** As written, also when `isolates` is false for the direction (then ignored, S19). */
  readonly ingress: readonly NetworkPolicyRule[];
  readonly egress: readonly NetworkPolicyRule[];
  /** What the text said, for findings that depend on it (M24-M26). */
  readonly written: { readonly policyTypes: boolean; readonly ingress: boolean; readonly egress: boolean };
}

// ---- cluster-scoped policies (both generations, one shape) ------------------------------------------------

export type ClusterPolicyAction = 'Accept' | 'Deny' | 'Pass';

export type ClusterPolicyPeer =
  | {
      readonly type: 'pods';
      readonly namespaceSelector: LabelSelector;
      readonly podSelector: LabelSelector;
      readonly span: Span | undefined;
    }
  | { readonly type: 'networks'; readonly cidrs: readonly Cidr[]; readonly span: Span | undefined }
  | { readonly type: 'nodes'; readonly selector: LabelSelector; readonly span: Span | undefined }
  | { readonly type: 'domainNames'; readonly names: readonly string[]; readonly span: Span | undefined }
  /** No field that we know: fail closed (S157). */
  | { readonly type: 'unknown'; readonly span: Span | undefined };

export type ClusterPolicyPort =
  | {
      readonly type: 'range';
      readonly protocol: Protocol;
      readonly start: number;
      readonly end: number;
      readonly span: Span | undefined;
    }
  /** The container port's own protocol counts (S167); v1alpha1 `namedPort` likewise. */
  | { readonly type: 'named'; readonly name: string; readonly span: Span | undefined }
  | { readonly type: 'unknown'; readonly span: Span | undefined };

export interface ClusterPolicyRule {
  readonly name: string;
  readonly action: ClusterPolicyAction;
  readonly peers: readonly ClusterPolicyPeer[];
  /** `undefined` = any protocol and port (S165). */
  readonly ports: readonly ClusterPolicyPort[] | undefined;
  /** `spec.ingress[0]`. */
  readonly path: string;
  readonly span: Span | undefined;
}

export interface ClusterPolicyObject extends KubeObjectBase {
  readonly kind: 'ClusterNetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy';
  readonly tier: 'Admin' | 'Baseline';
  /** 0..1000, lower wins; 0 for BaselineAdminNetworkPolicy. */
  readonly priority: number;
  /** `namespaces` subjects have an all-matching `podSelector`. */
  readonly subject: { readonly namespaceSelector: LabelSelector; readonly podSelector: LabelSelector };
  readonly ingress: readonly ClusterPolicyRule[];
  readonly egress: readonly ClusterPolicyRule[];
}

export type KubeObject =
  | NamespaceObject
  | NodeObject
  | PodObject
  | WorkloadObject
  | ServiceObject
  | EndpointsObject
  | IngressObject
  | HttpRouteObject
  | GatewayObject
  | NetworkPolicyObject
  | ClusterPolicyObject;

/** Everything one input said, grouped by kind. Order is input order; later floors sort. */
export interface KubeObjects {
  readonly namespaces: readonly NamespaceObject[];
  readonly nodes: readonly NodeObject[];
  readonly pods: readonly PodObject[];
  readonly workloads: readonly WorkloadObject[];
  readonly services: readonly ServiceObject[];
  readonly endpoints: readonly EndpointsObject[];
  readonly ingresses: readonly IngressObject[];
  readonly httpRoutes: readonly HttpRouteObject[];
  readonly gateways: readonly GatewayObject[];
  readonly networkPolicies: readonly NetworkPolicyObject[];
  readonly clusterPolicies: readonly ClusterPolicyObject[];
}
