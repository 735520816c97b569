/**
 * The addresses of the lab. All of them exist in its own network namespaces only, so that they never clash with those of
 * the machine around it.
 */

export type IpFamily = 'dual' | 'ipv4' | 'ipv6';

export interface NodeNetwork {
  readonly name: string;
  /** From 0. */
  readonly index: number;
  /** Of the node itself; one a family, the primary family first, as everywhere below. */
  readonly addresses: readonly string[];
  /** Of its pods. The first and the last address of a range are not given to pods. */
  readonly podCidrs: readonly string[];
}

export interface LabNetworks {
  readonly family: IpFamily;
  /** The primary one first. */
  readonly families: readonly (4 | 6)[];
  readonly nodes: readonly NodeNetwork[];
  readonly podCidrs: readonly string[];
  /** Addresses of nodes and control plane are in these. */
  readonly nodeCidrs: readonly string[];
  /** Cluster addresses of Services are in these. */
  readonly serviceCidrs: readonly string[];
  /** Where the API server is reached from nodes and pods, on port `apiPort`; also the router between nodes. */
  readonly controlPlane: readonly string[];
  readonly apiPort: number;
  /** The Service `default/kubernetes`. */
  readonly apiService: readonly string[];
  /** The Service `kube-system/kube-dns`. */
  readonly dnsService: readonly string[];
  /**
   * The world outside the cluster answers on every address that is none of the above; names outside the cluster domain
   * resolve into these ranges, always to the same address for the same name.
   */
  readonly namedWorld: readonly string[];
}

export const CLUSTER_DOMAIN = 'cluster.local';
/** Pods of a node have addresses in a /22 each. */
export const MAX_NODES = 32;

const BY_FAMILY = {
  4: {
    node: (index: number) => `172.30.0.${index + 2}`,
    podCidr: (index: number) => `10.244.${index * 4}.0/22`,
    pods: '10.244.0.0/16',
    services: '10.96.0.0/16',
    nodes: '172.30.0.0/24',
    controlPlane: '172.30.0.1',
    apiService: '10.96.0.1',
    dnsService: '10.96.0.10',
    world: '198.18.0.0/15',
  },
  6: {
    node: (index: number) => `fd00:172:30::${(index + 2).toString(16)}`,
    podCidr: (index: number) => `fd00:10:244:${index.toString(16)}::/64`,
    pods: 'fd00:10:244::/48',
    services: 'fd00:10:96::/112',
    nodes: 'fd00:172:30::/64',
    controlPlane: 'fd00:172:30::1',
    apiService: 'fd00:10:96::1',
    dnsService: 'fd00:10:96::a',
    world: '2001:db8:5a11::/48',
  },
} as const;

/** @throws RangeError unless there are 1 to `MAX_NODES` nodes */
export function labNetworks(nodes: number, family: IpFamily): LabNetworks {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) throw new RangeError(`1 to ${MAX_NODES} nodes`);
  const families: readonly (4 | 6)[] = family === 'dual' ? [4, 6] : family === 'ipv6' ? [6] : [4];
  const plans = families.map((each) => BY_FAMILY[each]);
  return {
    family,
    families,
    nodes: Array.from({ length: nodes }, (_, index) => ({
      name: `lab-${index + 1}`,
      index,
      addresses: plans.map(({ node }) => node(index)),
      podCidrs: plans.map(({ podCidr }) => podCidr(index)),
    })),
    podCidrs: plans.map(({ pods }) => pods),
    nodeCidrs: plans.map(({ nodes: range }) => range),
    serviceCidrs: plans.map(({ services }) => services),
    controlPlane: plans.map(({ controlPlane }) => controlPlane),
    apiPort: 6443,
    apiService: plans.map(({ apiService }) => apiService),
    dnsService: plans.map(({ dnsService }) => dnsService),
    namedWorld: plans.map(({ world }) => world),
  };
}
