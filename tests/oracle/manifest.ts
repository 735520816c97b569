/**
 * Manifests as a user writes them: nothing decoded, defaulted or checked. Only the fields the oracle looks at are
 * named; every one may be absent or `null`.
 */
type Maybe<T> = T | null | undefined;

export interface RawSelector {
  readonly matchLabels?: Maybe<Readonly<Record<string, string>>>;
  readonly matchExpressions?: Maybe<
    readonly { readonly key: string; readonly operator: string; readonly values?: Maybe<readonly string[]> }[]
  >;
}

export interface RawPolicyPort {
  readonly protocol?: Maybe<string>;
  readonly port?: Maybe<number | string>;
  readonly endPort?: Maybe<number>;
}

export interface RawPolicyPeer {
  readonly podSelector?: Maybe<RawSelector>;
  readonly namespaceSelector?: Maybe<RawSelector>;
  readonly ipBlock?: Maybe<{ readonly cidr: string; readonly except?: Maybe<readonly string[]> }>;
}

export interface RawPolicyRule {
  readonly from?: Maybe<readonly Maybe<RawPolicyPeer>[]>;
  readonly to?: Maybe<readonly Maybe<RawPolicyPeer>[]>;
  readonly ports?: Maybe<readonly Maybe<RawPolicyPort>[]>;
}

export interface RawPolicySpec {
  readonly podSelector?: Maybe<RawSelector>;
  readonly policyTypes?: Maybe<readonly string[]>;
  readonly ingress?: Maybe<readonly Maybe<RawPolicyRule>[]>;
  readonly egress?: Maybe<readonly Maybe<RawPolicyRule>[]>;
}

export interface RawPodsSelector {
  readonly namespaceSelector?: Maybe<RawSelector>;
  readonly podSelector?: Maybe<RawSelector>;
}

/** A peer of a cluster policy; both generations spell these alike. */
export interface RawClusterPeer {
  readonly namespaces?: Maybe<RawSelector>;
  readonly pods?: Maybe<RawPodsSelector>;
  readonly networks?: Maybe<readonly string[]>;
  readonly nodes?: Maybe<RawSelector>;
}

interface RawDestination {
  readonly destinationPort?: Maybe<{
    readonly number?: Maybe<number>;
    readonly range?: Maybe<{ readonly start: number; readonly end: number }>;
  }>;
}

/** An entry of `protocols` (v1alpha2). */
export interface RawProtocol {
  readonly tcp?: Maybe<RawDestination>;
  readonly udp?: Maybe<RawDestination>;
  readonly sctp?: Maybe<RawDestination>;
  readonly destinationNamedPort?: Maybe<string>;
}

/** An entry of `ports` (v1alpha1). */
export interface RawAdminPort {
  readonly portNumber?: Maybe<{ readonly protocol?: Maybe<string>; readonly port: number }>;
  readonly portRange?: Maybe<{ readonly protocol?: Maybe<string>; readonly start: number; readonly end: number }>;
  readonly namedPort?: Maybe<string>;
}

export interface RawClusterRule {
  readonly name?: Maybe<string>;
  readonly action: string;
  readonly from?: Maybe<readonly RawClusterPeer[]>;
  readonly to?: Maybe<readonly RawClusterPeer[]>;
  readonly protocols?: Maybe<readonly RawProtocol[]>;
  readonly ports?: Maybe<readonly RawAdminPort[]>;
}

export interface RawClusterSpec {
  readonly tier?: Maybe<string>;
  readonly priority?: Maybe<number>;
  readonly subject: { readonly namespaces?: Maybe<RawSelector>; readonly pods?: Maybe<RawPodsSelector> };
  readonly ingress?: Maybe<readonly RawClusterRule[]>;
  readonly egress?: Maybe<readonly RawClusterRule[]>;
}

export interface RawContainer {
  readonly name?: Maybe<string>;
  readonly image?: Maybe<string>;
  readonly restartPolicy?: Maybe<string>;
  readonly ports?: Maybe<
    readonly { readonly name?: Maybe<string>; readonly protocol?: Maybe<string>; readonly containerPort: number }[]
  >;
}

export interface RawPodSpec {
  readonly nodeName?: Maybe<string>;
  readonly hostNetwork?: Maybe<boolean>;
  readonly containers?: Maybe<readonly RawContainer[]>;
  readonly initContainers?: Maybe<readonly RawContainer[]>;
}

export interface RawStatus {
  readonly phase?: Maybe<string>;
  readonly podIP?: Maybe<string>;
  readonly podIPs?: Maybe<readonly { readonly ip: string }[]>;
  readonly addresses?: Maybe<readonly { readonly type?: Maybe<string>; readonly address: string }[]>;
}

/** Any manifest. `spec` is read as what `kind` says it is. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: Maybe<string>;
    readonly labels?: Maybe<Readonly<Record<string, string>>>;
    readonly deletionTimestamp?: Maybe<string>;
    readonly annotations?: Maybe<Readonly<Record<string, string>>>;
  };
  readonly spec?: unknown;
  readonly status?: Maybe<RawStatus>;
}
