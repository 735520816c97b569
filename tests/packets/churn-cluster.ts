/** A cluster that changes all the time, object by object, on addresses that stay. */
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { randomCluster, randomLabels } from '../property/random-cluster.ts';
import type { Random } from '../property/random.ts';

export const node = 'node1';
const namespaces = ['default', 'n1', 'n2'] as const;
const localSlots = 8;
const remoteSlots = 6;

const podAddresses = (subnet: number) => (_: unknown, index: number) => [
  `10.0.${subnet}.${index + 1}`,
  `fd00:${subnet}::${index + 1}`,
];

/** Who has an address, family by family; pods may or may not be there. */
export const addresses = {
  local: Array.from({ length: localSlots }, podAddresses(1)),
  remote: Array.from({ length: remoteSlots }, podAddresses(2)),
  host: ['192.0.2.1', '2001:db8::1'],
  outside: ['203.0.113.7', '2001:db8:1::7'],
} as const;

/** Nobody but local pods has addresses in them: without a pod they are closed (D13). */
const podCidrs = ['10.0.1.0/24', 'fd00:1::/64'];
export const isLocalAddress = (ip: string): boolean => ip.startsWith('10.0.1.') || ip.startsWith('fd00:1::');

export const isHostAddress = (ip: string): boolean => addresses.host.some((own) => own === ip);

const identity = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

export interface Change {
  readonly type: 'apply' | 'remove';
  readonly object: Manifest;
}

export class ChurnCluster {
  private readonly random: Random;
  private readonly held = new Map<string, Manifest>();
  private readonly pods = new Map<string, Manifest>();
  private podCount = 0;
  private policySeed: number;

  constructor(random: Random, seed: number) {
    this.random = random;
    this.policySeed = seed * 1000;
    for (const name of namespaces) this.keep(this.namespace(name));
    this.keep(nodeObject(node, addresses.host, podCidrs));
    this.keep(nodeObject('node2', ['192.0.2.2'], []));
    for (const slot of [...addresses.local, ...addresses.remote]) if (random.chance(0.9)) this.addPod(slot);
    for (let index = 0; index < 4; index++) this.changePolicy();
  }

  get objects(): Manifest[] {
    return [...this.held.values()];
  }

  /** Something happens. */
  change(): Change {
    return this.random.weighted<Change>([
      [5, () => this.changePod()],
      [4, () => this.changePolicy()],
      [1, () => this.keep(this.namespace(this.random.pick(namespaces)))],
    ]);
  }

  private namespace(name: string): Manifest {
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: randomLabels(this.random) } };
  }

  private changePod(): Change {
    const slot = this.random.pick([...addresses.local, ...addresses.local, ...addresses.remote]);
    const there = this.pods.get(slot[0] ?? '');
    if (there === undefined) return this.addPod(slot);
    if (this.random.chance(0.4)) {
      this.pods.delete(slot[0] ?? '');
      return this.drop(there);
    }
    const relabelled = { ...there, metadata: { ...there.metadata, labels: randomLabels(this.random) } };
    this.pods.set(slot[0] ?? '', relabelled);
    return this.keep(relabelled);
  }

  private addPod(slot: readonly string[]): Change {
    const spec: RawPodSpec = {
      nodeName: isLocalAddress(slot[0] ?? '') ? node : 'node2',
      containers: [{ name: 'c', ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] }],
    };
    const pod: Manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      // An address is used again, by somebody of another name.
      metadata: {
        name: `p${this.podCount++}`,
        namespace: this.random.pick(namespaces),
        labels: randomLabels(this.random),
      },
      spec,
      status: { phase: 'Running', podIP: slot[0] ?? '', podIPs: slot.map((ip) => ({ ip })) },
    };
    this.pods.set(slot[0] ?? '', pod);
    return this.keep(pod);
  }

  /** One of a few goes, or gets other content. */
  private changePolicy(): Change {
    const policies = this.objects.filter(({ kind }) => kind.endsWith('NetworkPolicy'));
    if (policies.length > 5 || (policies.length > 2 && this.random.chance(0.3)))
      return this.drop(this.random.pick(policies));
    for (;;) {
      const made = randomCluster(++this.policySeed).find(({ kind, metadata }) => {
        const namespace = metadata.namespace ?? 'default';
        if (kind === 'NetworkPolicy') return namespaces.some((name) => name === namespace);
        return kind === 'ClusterNetworkPolicy' && this.random.chance(0.3);
      });
      if (made === undefined) continue;
      const { kind, metadata } = made;
      const namespace = kind === 'NetworkPolicy' ? { namespace: metadata.namespace ?? 'default' } : {};
      return this.keep({ ...made, metadata: { name: `${metadata.name}-${this.random.int(0, 1)}`, ...namespace } });
    }
  }

  private keep(object: Manifest): Change {
    this.held.set(identity(object), object);
    return { type: 'apply', object };
  }

  private drop(object: Manifest): Change {
    this.held.delete(identity(object));
    return { type: 'remove', object };
  }
}

function nodeObject(name: string, ips: readonly string[], podCIDRs: readonly string[]): Manifest {
  const status = { addresses: ips.map((address) => ({ type: 'InternalIP', address })) };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { podCIDRs }, status };
}
