import { invariant } from '../base/assert.ts';
import type { Connection, ConnectivityMap, ExternalPeer, MapPeer, PortsValue } from '../engine/results.ts';
import { visible } from './escape.ts';
import { compareText } from './wording.ts';

/** One peer of the map, numbered: workloads (or namespaces) first in order of namespace and name, then external peers. */
export interface MapNode {
  readonly index: number;
  readonly peer: MapPeer;
  /** The namespace's number; -1 for external peers. */
  readonly group: number;
  /** The name inside its namespace, with the kind where the name alone is not unique; safe to print. */
  readonly name: string;
}

/** The nodes of one namespace are `[first, end)`. */
export interface MapGroup {
  /** Safe to print; `''` for the peers of a map by namespace. */
  readonly name: string;
  readonly first: number;
  readonly end: number;
}

/** What one connection allows; connections that say the same share it. */
export interface EdgeLabel {
  readonly index: number;
  readonly ports: PortsValue;
  readonly certain: boolean;
  readonly why: readonly string[];
  /** Holds for some replica pairs only. */
  readonly some: boolean;
  readonly families: NonNullable<Connection['families']> | undefined;
}

/** The map as a graph over small integers, which folding and describing need. */
export interface MapIndex {
  readonly map: ConnectivityMap;
  readonly nodes: readonly MapNode[];
  /** The first so many nodes are inside the cluster. */
  readonly inside: number;
  readonly groups: readonly MapGroup[];
  readonly numberOf: ReadonlyMap<string, number>;
  /** From a node to the number of the other end's *label set*. */
  readonly out: readonly ReadonlyMap<number, number>[];
  readonly in: readonly ReadonlyMap<number, number>[];
  /** Label sets: nearly always one label; two where a pair has a certain and an uncertain share. */
  readonly labelSets: readonly (readonly EdgeLabel[])[];
  readonly byNamespace: boolean;
}

/** Numbers the peers of a map and interns what its connections say. O(peers log peers + connections). */
export function indexMap(map: ConnectivityMap): MapIndex {
  const { nodes, groups, inside } = numberPeers(map.peers);
  const numberOf = new Map(nodes.map((node) => [node.peer.id, node.index]));
  const out = nodes.map(() => new Map<number, number>());
  const into = nodes.map(() => new Map<number, number>());
  const labels = new LabelTable();
  for (const connection of map.connections) {
    const from = numberOf.get(connection.from);
    const to = numberOf.get(connection.to);
    invariant(
      from !== undefined && to !== undefined,
      `connection ${connection.from} to ${connection.to} names no peer`,
    );
    const label = labels.setWith(out[from]?.get(to), connection);
    out[from]?.set(to, label);
    into[to]?.set(from, label);
  }
  const byNamespace = map.peers.some((peer) => peer.type === 'namespace');
  return { map, nodes, inside, groups, numberOf, out, in: into, labelSets: labels.sets, byNamespace };
}

function numberPeers(peers: readonly MapPeer[]): { nodes: MapNode[]; groups: MapGroup[]; inside: number } {
  const insiders = peers.filter((peer) => peer.type !== 'external').toSorted(comparePeers);
  const outsiders = peers.filter((peer) => peer.type === 'external');
  const taken = new Map<string, number>();
  for (const peer of insiders) {
    const key = `${namespaceOf(peer)}/${peer.name}`;
    taken.set(key, (taken.get(key) ?? 0) + 1);
  }
  const nodes: MapNode[] = [];
  const groups: MapGroup[] = [];
  for (const peer of insiders) {
    const namespace = visible(namespaceOf(peer));
    const last = groups.at(-1);
    if (last === undefined || last.name !== namespace) {
      groups.push({ name: namespace, first: nodes.length, end: nodes.length + 1 });
    } else {
      groups[groups.length - 1] = { ...last, end: nodes.length + 1 };
    }
    // The name of a class is a bare number.
    const unique =
      (peer.type === 'namespace' || peer.kind !== 'Class') && taken.get(`${namespaceOf(peer)}/${peer.name}`) === 1;
    const name = visible(unique || peer.type === 'namespace' ? peer.name : `${peer.kind}/${peer.name}`);
    nodes.push({ index: nodes.length, peer, group: groups.length - 1, name });
  }
  for (const peer of outsiders) nodes.push({ index: nodes.length, peer, group: -1, name: visible(peer.id) });
  return { nodes, groups, inside: insiders.length };
}

function namespaceOf(peer: Exclude<MapPeer, ExternalPeer>): string {
  return peer.type === 'workload' ? peer.namespace : '';
}

function comparePeers(a: Exclude<MapPeer, ExternalPeer>, b: Exclude<MapPeer, ExternalPeer>): number {
  return compareText(namespaceOf(a), namespaceOf(b)) || compareText(a.name, b.name) || compareText(a.id, b.id);
}

/** The external peers among `numbers`. */
export function externalPeers(index: MapIndex, numbers: Iterable<number>): ExternalPeer[] {
  const peers: ExternalPeer[] = [];
  for (const number of numbers) {
    const peer = index.nodes[number]?.peer;
    if (peer?.type === 'external') peers.push(peer);
  }
  return peers;
}

class LabelTable {
  readonly sets: (readonly EdgeLabel[])[] = [];
  private readonly labels = new Map<string, EdgeLabel>();
  private readonly setNumbers = new Map<string, number>();
  /** The engine interns port sets, so most connections share one object. */
  private readonly portKeys = new WeakMap<object, string>();

  /** The number of the set that holds what `known` holds and what `connection` says. */
  setWith(known: number | undefined, connection: Connection): number {
    const label = this.label(connection);
    const members = new Set(known === undefined ? [] : this.sets[known]);
    members.add(label);
    const sorted = [...members].toSorted((a, b) => a.index - b.index);
    const key = sorted.map((l) => l.index).join();
    const existing = this.setNumbers.get(key);
    if (existing !== undefined) return existing;
    this.setNumbers.set(key, this.sets.length);
    return this.sets.push(sorted) - 1;
  }

  private label(connection: Connection): EdgeLabel {
    const { ports, replicas, certain, why = [], families } = connection;
    const rest = families === undefined && why.length === 0 ? '' : JSON.stringify([families, why]);
    const key = `${certain === false ? '?' : ''}${replicas}${this.portKey(ports)}${rest}`;
    let label = this.labels.get(key);
    if (label === undefined) {
      label = { index: this.labels.size, ports, certain: certain !== false, why, some: replicas === 'some', families };
      this.labels.set(key, label);
    }
    return label;
  }

  private portKey(ports: PortsValue): string {
    if (ports === 'any') return '*';
    let key = this.portKeys.get(ports);
    if (key === undefined) {
      key = JSON.stringify(ports);
      this.portKeys.set(ports, key);
    }
    return key;
  }
}
