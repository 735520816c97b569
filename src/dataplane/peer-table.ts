/** The peers of a plan, and as many plans after it as there are, at the cost of what changes. */
import type { IpFamily } from '../base/inet.ts';
import { VersionedMap } from '../base/versioned-map.ts';
import type { Peer } from './plan.ts';
import { classId } from './port-matches.ts';

/** By address text. */
export class PeerTable implements ReadonlyMap<string, Peer> {
  private readonly peers: VersionedMap<string, Peer>;
  /** How many there are of each family. */
  readonly counts: Readonly<Record<IpFamily, number>>;

  constructor(peers = new VersionedMap<string, Peer>(), counts: Readonly<Record<IpFamily, number>> = { 4: 0, 6: 0 }) {
    this.peers = peers;
    this.counts = counts;
  }

  /** `undefined` takes one out. */
  with(changes: ReadonlyMap<string, Peer | undefined>): PeerTable {
    const counts = { ...this.counts };
    for (const [text, peer] of changes) {
      const had = this.peers.get(text);
      if (had !== undefined) counts[had.address.family]--;
      if (peer !== undefined) counts[peer.address.family]++;
    }
    return new PeerTable(this.peers.with(changes), counts);
  }

  /** The addresses that may have another identity than in the other table; `undefined` when those are all. */
  changedSince(other: ReadonlyMap<string, Peer>): ReadonlySet<string> | undefined {
    return other instanceof PeerTable ? this.peers.keysChangedSince(other.peers) : undefined;
  }

  get size(): number {
    return this.peers.size;
  }

  get(text: string): Peer | undefined {
    return this.peers.get(text);
  }

  has(text: string): boolean {
    return this.peers.has(text);
  }

  entries(): MapIterator<[string, Peer]> {
    return this.peers.entries();
  }

  keys(): MapIterator<string> {
    return this.peers.keys();
  }

  values(): MapIterator<Peer> {
    return this.peers.values();
  }

  [Symbol.iterator](): MapIterator<[string, Peer]> {
    return this.peers.entries();
  }

  forEach(visit: (peer: Peer, text: string, map: ReadonlyMap<string, Peer>) => void): void {
    this.peers.forEach((peer, text) => visit(peer, text, this));
  }
}

/** The addresses that may have another identity in one table than in the other. */
export function changedPeers(before: ReadonlyMap<string, Peer>, next: ReadonlyMap<string, Peer>): Iterable<string> {
  const known = next instanceof PeerTable ? next.changedSince(before) : undefined;
  return known ?? new Set([...before.keys(), ...next.keys()]);
}

/** The peers of one family as the elements of a map, from address to identity, without a copy of them. */
export class PeerElements implements ReadonlyMap<string, string> {
  private readonly peers: PeerTable;
  private readonly family: IpFamily;

  constructor(peers: PeerTable, family: IpFamily) {
    this.peers = peers;
    this.family = family;
  }

  /** The keys that may have another value; `undefined` when those are all. */
  changedSince(other: ReadonlyMap<string, string>): ReadonlySet<string> | undefined {
    return other instanceof PeerElements ? this.peers.changedSince(other.peers) : undefined;
  }

  get size(): number {
    return this.peers.counts[this.family];
  }

  get(text: string): string | undefined {
    const peer = this.peers.get(text);
    return peer?.address.family === this.family ? classId(peer.identity) : undefined;
  }

  has(text: string): boolean {
    return this.get(text) !== undefined;
  }

  *entries(): MapIterator<[string, string]> {
    for (const [text, { address, identity }] of this.peers) {
      if (address.family === this.family) yield [text, classId(identity)];
    }
  }

  *keys(): MapIterator<string> {
    for (const [text] of this.entries()) yield text;
  }

  *values(): MapIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  forEach(visit: (value: string, text: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [text, value] of this.entries()) visit(value, text, this);
  }
}
