/**
 * Classes: ends that no policy and no known fact tells apart. Pods by (namespace and labels, named ports, addresses),
 * hosts by (addresses, node labels), then the external address atoms.
 */
import { NO, YES, type Tri } from '../base/tri.ts';
import type { Cluster } from '../model/cluster.ts';
import type { AddressAtoms } from './address-atoms.ts';
import { AddressKnowledge, FAMILIES, type AddressFacts, type FamilyAddresses } from './families.ts';
import type { SignatureId } from './label-space.ts';
import type { LabelClasses } from './label-classes.ts';
import type { PeerSources } from './peer-sources.ts';
import { NO_NAMED_PORTS, type NamedPortsId, type PortSpecs } from './port-specs.ts';

/** Addresses in one family as far as the atoms tell them apart. */
export interface FamilySignature {
  readonly presence: Tri;
  /** True: it has an address in each of `atoms`. False: its address is in one of them, nobody knows which. */
  readonly exact: boolean;
  /** Ascending. */
  readonly atoms: readonly number[];
}

export interface AddressSignature {
  readonly 4: FamilySignature;
  readonly 6: FamilySignature;
}

/** Which node's labels a host has: of a known Node object, of none that the input has, or of an unknown one. */
export const UNKNOWN_NODE = -1;

const NO_KEYS: ReadonlySet<string> = new Set();

export class Classes {
  readonly podCount: number;
  readonly hostCount: number;
  readonly externalCount: number;
  /** Pods, hosts and external atoms together. */
  readonly count: number;
  readonly ofPod: Int32Array;
  readonly ofNode: Int32Array;
  /** Pod classes of label class `l` are `[labelStart[l], labelStart[l + 1])`. */
  readonly labelStart: Int32Array;
  readonly labelClassOf: Int32Array;
  readonly namedPorts: Int32Array;
  /** Signature ids of pod and host classes. */
  readonly addresses: Int32Array;
  readonly addressSignatures: readonly AddressSignature[];
  /** Label signature of the node of each host class, {@link UNKNOWN_NODE} when nobody knows its labels. */
  readonly nodeSignatures: readonly SignatureId[];
  /** Bits 0-1: IPv4 presence, bits 2-3: IPv6 presence. */
  readonly families: Uint8Array;
  private readonly members: Int32Array;
  private readonly memberStart: Int32Array;

  constructor(cluster: Cluster, peers: PeerSources, labels: LabelClasses, atoms: AddressAtoms, ports: PortSpecs) {
    const { pods } = cluster;
    const signatures = new SignatureTable(atoms);
    const knowledge = new AddressKnowledge(cluster);
    const named: number[] = [];
    const address: number[] = [];
    for (let pod = 0; pod < pods.length; pod++) {
      address.push(signatures.of(knowledge.ofPod(pod)));
      named.push(pods.isHostNetwork(pod) ? NO_NAMED_PORTS : ports.namedPorts(pods.ports[pod] ?? []));
    }
    const groups = groupPods(pods.length, labels, named, address, Math.max(1, signatures.list.length));
    this.podCount = groups.count;
    this.labelStart = groups.labelStart;
    this.labelClassOf = groups.labelClassOf;
    this.ofPod = groups.ofPod;

    const hosts = new HostTable(cluster, peers, this.podCount);
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.isHostNetwork(pod)) this.ofPod[pod] = hosts.classOf(pods.nodeNames[pod] ?? '', address[pod] ?? 0);
    }
    this.ofNode = Int32Array.from(cluster.nodes, (node) =>
      hosts.classOf(node.name, signatures.of(knowledge.ofNode(node.index))),
    );
    this.hostCount = hosts.count;
    this.nodeSignatures = hosts.nodeSignatures;
    this.externalCount = atoms.count;
    const classified = this.podCount + this.hostCount;
    this.count = classified + this.externalCount;

    this.namedPorts = new Int32Array(this.count).fill(NO_NAMED_PORTS);
    this.addresses = new Int32Array(classified);
    this.addressSignatures = signatures.list;
    for (let pod = 0; pod < pods.length; pod++) {
      const id = this.ofPod[pod] ?? 0;
      this.namedPorts[id] = named[pod] ?? NO_NAMED_PORTS;
      this.addresses[id] = address[pod] ?? 0;
    }
    hosts.addresses.forEach((signature, host) => (this.addresses[this.podCount + host] = signature));
    this.families = new Uint8Array(this.count);
    for (let id = 0; id < classified; id++) {
      const signature = signatures.list[this.addresses[id] ?? 0];
      if (signature !== undefined) this.families[id] = signature[4].presence | (signature[6].presence << 2);
    }
    const four = atoms.hasFamily(4);
    const six = atoms.hasFamily(6);
    for (let atom = 0; atom < atoms.count; atom++) {
      this.families[classified + atom] = (four[atom] === 1 ? YES : NO) | ((six[atom] === 1 ? YES : NO) << 2);
    }
    [this.members, this.memberStart] = membersOf(this.ofPod, this.count);
  }

  get externalStart(): number {
    return this.podCount + this.hostCount;
  }

  isPod(id: number): boolean {
    return id < this.podCount;
  }

  isHost(id: number): boolean {
    return id >= this.podCount && id < this.externalStart;
  }

  podsOf(id: number): Int32Array {
    return this.members.subarray(this.memberStart[id] ?? 0, this.memberStart[id + 1] ?? 0);
  }

  namedPortsOf(id: number): NamedPortsId {
    return this.namedPorts[id] ?? NO_NAMED_PORTS;
  }
}

interface Groups {
  readonly count: number;
  readonly ofPod: Int32Array;
  readonly labelStart: Int32Array;
  readonly labelClassOf: Int32Array;
}

/** Splits label classes by named ports and addresses; ids follow the label classes, then the first pod. */
function groupPods(
  length: number,
  labels: LabelClasses,
  named: readonly number[],
  address: readonly number[],
  width: number,
): Groups {
  const detailIds = new Map<number, number>();
  const detail = new Int32Array(length);
  for (let pod = 0; pod < length; pod++) {
    const key = (named[pod] ?? 0) * width + (address[pod] ?? 0);
    let id = detailIds.get(key);
    if (id === undefined) {
      id = detailIds.size;
      detailIds.set(key, id);
    }
    detail[pod] = id;
  }
  const details = Math.max(1, detailIds.size);
  const groupIds = new Map<number, number>();
  const labelOfGroup: number[] = [];
  const groupOfPod = new Int32Array(length).fill(-1);
  for (let pod = 0; pod < length; pod++) {
    const label = labels.ofPod[pod] ?? -1;
    if (label < 0) continue;
    const key = label * details + (detail[pod] ?? 0);
    let id = groupIds.get(key);
    if (id === undefined) {
      id = labelOfGroup.push(label) - 1;
      groupIds.set(key, id);
    }
    groupOfPod[pod] = id;
  }
  const count = labelOfGroup.length;
  const labelStart = new Int32Array(labels.count + 1);
  for (const label of labelOfGroup) labelStart[label + 1] = (labelStart[label + 1] ?? 0) + 1;
  for (let l = 0; l < labels.count; l++) labelStart[l + 1] = (labelStart[l + 1] ?? 0) + (labelStart[l] ?? 0);
  const next = labelStart.slice();
  const classOfGroup = new Int32Array(count);
  const labelClassOf = new Int32Array(count);
  labelOfGroup.forEach((label, group) => {
    const id = next[label] ?? 0;
    next[label] = id + 1;
    classOfGroup[group] = id;
    labelClassOf[id] = label;
  });
  const ofPod = groupOfPod.map((group) => (group < 0 ? -1 : (classOfGroup[group] ?? -1)));
  return { count, ofPod, labelStart, labelClassOf };
}

/** Hosts that no policy tells apart: by their addresses and by what is known of their node's labels. */
class HostTable {
  readonly nodeSignatures: SignatureId[] = [];
  readonly addresses: number[] = [];
  private readonly cluster: Cluster;
  private readonly peers: PeerSources;
  private readonly base: number;
  private readonly ids = new Map<string, number>();

  constructor(cluster: Cluster, peers: PeerSources, base: number) {
    this.cluster = cluster;
    this.peers = peers;
    this.base = base;
  }

  get count(): number {
    return this.addresses.length;
  }

  classOf(nodeName: string, addresses: number): number {
    const node = this.cluster.nodeNamed(nodeName);
    const signature = node === undefined ? UNKNOWN_NODE : this.peers.nodeLabels.signature(node.labels, NO_KEYS);
    const text = `${signature} ${addresses}`;
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.base + this.addresses.length;
      this.ids.set(text, id);
      this.nodeSignatures.push(signature);
      this.addresses.push(addresses);
    }
    return id;
  }
}

class SignatureTable {
  readonly list: AddressSignature[] = [];
  private readonly atoms: AddressAtoms;
  private readonly ids = new Map<string, number>();
  private readonly touched = new Map<FamilyAddresses['possible'], readonly number[]>();
  /** The common case, without text: one known IPv4 address; by atom. */
  private readonly plain: number[] = [];

  constructor(atoms: AddressAtoms) {
    this.atoms = atoms;
  }

  of(facts: AddressFacts): number {
    const ip = facts[4].known?.[0];
    const plain = ip !== undefined && facts[4].known?.length === 1 && facts[6].presence === NO;
    const atom = plain ? this.atoms.atomOf(ip) : -1;
    const known = plain ? this.plain[atom] : undefined;
    if (known !== undefined) return known;
    const signature: AddressSignature = { 4: this.family(facts[4]), 6: this.family(facts[6]) };
    const text = FAMILIES.map((family) => {
      const { presence, exact, atoms } = signature[family];
      return `${presence}${exact ? '=' : '~'}${atoms.join(' ')}`;
    }).join('/');
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.list.push(signature) - 1;
      this.ids.set(text, id);
    }
    if (plain) this.plain[atom] = id;
    return id;
  }

  private family(facts: FamilyAddresses): FamilySignature {
    const { presence, known } = facts;
    if (presence === NO) return { presence, exact: true, atoms: [] };
    if (known !== undefined) {
      const atoms = [...new Set(known.map((ip) => this.atoms.atomOf(ip)))].sort((a, b) => a - b);
      return { presence, exact: true, atoms };
    }
    let atoms = this.touched.get(facts.possible);
    if (atoms === undefined) {
      atoms = this.atoms.atomsTouching(facts.possible);
      this.touched.set(facts.possible, atoms);
    }
    return { presence, exact: atoms.length === 1, atoms };
  }
}

function membersOf(ofPod: Int32Array, count: number): [Int32Array, Int32Array] {
  const start = new Int32Array(count + 1);
  for (const id of ofPod) start[id + 1] = (start[id + 1] ?? 0) + 1;
  for (let id = 0; id < count; id++) start[id + 1] = (start[id + 1] ?? 0) + (start[id] ?? 0);
  const next = start.slice();
  const members = new Int32Array(ofPod.length);
  ofPod.forEach((id, pod) => {
    const at = next[id] ?? 0;
    next[id] = at + 1;
    members[at] = pod;
  });
  return [members, start];
}
