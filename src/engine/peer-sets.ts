/** Peers as sets of classes, in every world that the facts leave open: two families, and two bounds each (D14). */
import type { IpFamily } from '../base/inet.ts';
import { EMPTY_SET, RangeSets } from '../base/range-sets.ts';
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { AddressAtoms, AddressSetId } from './address-atoms.ts';
import { UNKNOWN_NODE, type Classes } from './classes.ts';
import { extend, lowerBound, type MatchRanges } from './labelled-items.ts';
import type { LabelClasses } from './label-classes.ts';
import type { PeerSourceId, PeerSources, PodPeers } from './peer-sources.ts';

/** IPv4 certain, IPv4 possible, IPv6 certain, IPv6 possible. */
export type World = 0 | 1 | 2 | 3;
export const WORLDS: readonly World[] = [0, 1, 2, 3];
export type PeerSetId = number;
/** A set of class ids in `PeerSets.sets`. */
export type ClassSet = number;

export function worldOf(family: IpFamily, bound: 'certain' | 'possible'): World {
  return ((family === 4 ? 0 : 2) + (bound === 'certain' ? 0 : 1)) as World;
}

export interface Bounds {
  readonly certain: ClassSet;
  readonly possible: ClassSet;
}

export class PeerSets {
  readonly sets = new RangeSets();
  /** Whether no peer set differs between families: one pass then answers for both. */
  familiesAgree = true;
  /** Whether certain and possible are the same everywhere. */
  exact = true;
  private readonly classes: Classes;
  private readonly labels: LabelClasses;
  private readonly peers: PeerSources;
  private readonly atoms: AddressAtoms;
  /** Four class sets each. */
  private readonly worlds: number[] = [];
  private readonly ids = new Map<string, PeerSetId>();
  private readonly ofSource: number[] = [];
  private readonly addressIndex: Readonly<Record<IpFamily, AddressIndex>>;
  private readonly addressPatterns = new Map<string, ClassSet>();
  private readonly subjectSets = new Map<string, Bounds>();

  constructor(classes: Classes, labels: LabelClasses, peers: PeerSources, atoms: AddressAtoms) {
    this.classes = classes;
    this.labels = labels;
    this.peers = peers;
    this.atoms = atoms;
    this.addressIndex = { 4: new AddressIndex(classes, 4), 6: new AddressIndex(classes, 6) };
  }

  get count(): number {
    return this.worlds.length >> 2;
  }

  set(id: PeerSetId, world: World): ClassSet {
    return this.worlds[4 * id + world] ?? EMPTY_SET;
  }

  has(id: PeerSetId, world: World, classId: number): boolean {
    return this.sets.has(this.worlds[4 * id + world] ?? EMPTY_SET, classId);
  }

  resolve(source: PeerSourceId): PeerSetId {
    let id = this.ofSource[source];
    if (id === undefined) {
      id = this.compute(source);
      this.ofSource[source] = id;
    }
    return id;
  }

  /** The pod classes of subjects. */
  subjects(peers: PodPeers): Bounds {
    const text = `${peers.namespace} ${peers.namespaces} ${peers.pods}`;
    let bounds = this.subjectSets.get(text);
    if (bounds === undefined) {
      bounds = this.ofLabelClasses(this.labels.select(peers));
      this.subjectSets.set(text, bounds);
    }
    return bounds;
  }

  private compute(sourceId: PeerSourceId): PeerSetId {
    const source = this.peers.source(sourceId);
    const { classes, sets } = this;
    if (source.any) {
      const all = classes.count === 0 ? EMPTY_SET : sets.of([0, classes.count - 1]);
      return this.intern([all, all, all, all]);
    }
    let pods: Bounds = { certain: EMPTY_SET, possible: EMPTY_SET };
    for (const part of source.pods) pods = this.join(pods, this.subjects(part));
    for (const selector of source.nodes) pods = this.join(pods, this.hostsSelected(selector));
    const named = this.domainTargets(source.domains);
    const worlds: ClassSet[] = [];
    for (const family of [4, 6] as const) {
      const addresses = this.addressed(source.addresses, family);
      worlds.push(sets.union(pods.certain, addresses.certain));
      worlds.push(sets.union(sets.union(pods.possible, addresses.possible), named));
    }
    return this.intern(worlds);
  }

  private join(a: Bounds, b: Bounds): Bounds {
    return { certain: this.sets.union(a.certain, b.certain), possible: this.sets.union(a.possible, b.possible) };
  }

  private intern(worlds: readonly ClassSet[]): PeerSetId {
    const text = worlds.join(' ');
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.worlds.length >> 2;
      this.worlds.push(...worlds);
      this.ids.set(text, id);
      if (worlds[0] !== worlds[2] || worlds[1] !== worlds[3]) this.familiesAgree = false;
      if (worlds[0] !== worlds[1] || worlds[2] !== worlds[3]) this.exact = false;
    }
    return id;
  }

  private ofLabelClasses(match: MatchRanges): Bounds {
    return { certain: this.expand(match.certain), possible: this.expand(match.possible) };
  }

  /** Each label class is a run of classes. */
  private expand(ranges: readonly number[]): ClassSet {
    const { labelStart } = this.classes;
    const expanded: number[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      expanded.push(labelStart[ranges[i] ?? 0] ?? 0, (labelStart[(ranges[i + 1] ?? 0) + 1] ?? 0) - 1);
    }
    return this.sets.of(expanded);
  }

  /** S164: the hosts whose node the selector selects. An external address is by definition no node's. */
  private hostsSelected(selectorId: number): Bounds {
    const selector = this.peers.nodeLabels.selector(selectorId);
    const certain: number[] = [];
    const possible: number[] = [];
    this.classes.nodeSignatures.forEach((signature, host) => {
      const id = this.classes.podCount + host;
      let match: Tri;
      if (selector.impossible) match = NO;
      else if (signature !== UNKNOWN_NODE) match = this.peers.nodeLabels.matches(selector, signature);
      else match = selector.requirements.length === 0 ? YES : MAYBE;
      if (match !== NO) extend(possible, id, id);
      if (match === YES) extend(certain, id, id);
    });
    return { certain: this.sets.of(certain), possible: this.sets.of(possible) };
  }

  /** What a domain name may resolve to (S168, S169): never certain, because no input tells DNS answers. */
  private domainTargets(domains: 'none' | 'outside' | 'anywhere'): ClassSet {
    const { podCount, count } = this.classes;
    const first = domains === 'anywhere' ? 0 : podCount;
    return domains === 'none' || first >= count ? EMPTY_SET : this.sets.of([first, count - 1]);
  }

  /** S89, S163: external atoms, pods and hosts by their addresses. */
  private addressed(set: AddressSetId, family: IpFamily): Bounds {
    if (set < 0) return { certain: EMPTY_SET, possible: EMPTY_SET };
    const { sets, classes } = this;
    const atomSet = this.atoms.atomsOfSet(set, sets);
    const atomRanges = Array.from(sets.view(atomSet));
    const external = sets.of(atomRanges.map((atom) => atom + classes.externalStart));
    const { certain, possible } = this.addressIndex[family].matching(atomRanges);
    return {
      certain: sets.union(external, this.ofSignatures(certain)),
      possible: sets.union(external, this.ofSignatures(possible)),
    };
  }

  private ofSignatures(signatures: readonly number[]): ClassSet {
    const text = signatures.join(' ');
    let set = this.addressPatterns.get(text);
    if (set === undefined) {
      const ids = signatures.flatMap((signature) => this.addressIndex[4].classesOf(signature));
      set = this.sets.ofUnsorted(ids.map((id) => [id, id]));
      this.addressPatterns.set(text, set);
    }
    return set;
  }
}

/** From address atoms to the address signatures that have them, in one family. */
class AddressIndex {
  private readonly classes: Classes;
  private readonly family: IpFamily;
  private readonly classLists: readonly number[][];
  /** Signatures with one known atom, ascending by it. */
  private readonly single: readonly { readonly atom: number; readonly signature: number }[];
  private readonly others: readonly number[];

  constructor(classes: Classes, family: IpFamily) {
    this.classes = classes;
    this.family = family;
    const lists: number[][] = classes.addressSignatures.map(() => []);
    classes.addresses.forEach((signature, id) => lists[signature]?.push(id));
    this.classLists = lists;
    const single: { atom: number; signature: number }[] = [];
    const others: number[] = [];
    classes.addressSignatures.forEach((signature, id) => {
      const { exact, atoms } = signature[family];
      const [atom] = atoms;
      if (atom === undefined) return;
      if (exact && atoms.length === 1) single.push({ atom, signature: id });
      else others.push(id);
    });
    this.single = single.sort((a, b) => a.atom - b.atom || a.signature - b.signature);
    this.others = others;
  }

  classesOf(signature: number): readonly number[] {
    return this.classLists[signature] ?? [];
  }

  /** The signatures with an address in the atoms, which are given as sorted ranges. */
  matching(atomRanges: readonly number[]): {
    readonly certain: readonly number[];
    readonly possible: readonly number[];
  } {
    const certain: number[] = [];
    for (let i = 0; i < atomRanges.length; i += 2) {
      const high = atomRanges[i + 1] ?? -1;
      for (let at = this.firstFrom(atomRanges[i] ?? 0); at < this.single.length; at++) {
        const entry = this.single[at];
        if (entry === undefined || entry.atom > high) break;
        certain.push(entry.signature);
      }
    }
    const possible = [...certain];
    for (const id of this.others) {
      const signature = this.classes.addressSignatures[id]?.[this.family];
      if (signature === undefined) continue;
      const inside = countInside(signature.atoms, atomRanges);
      if (inside === 0) continue;
      possible.push(id);
      // One of several known addresses is enough (S88); an unknown one must be inside wherever it lies.
      if (signature.exact || inside === signature.atoms.length) certain.push(id);
    }
    return { certain, possible };
  }

  private firstFrom(atom: number): number {
    let low = 0;
    let high = this.single.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.single[mid]?.atom ?? 0) < atom) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}

/** How many of the sorted atoms lie in the sorted ranges: two searches a range, since unknown addresses may have many atoms. */
function countInside(atoms: readonly number[], ranges: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    count += lowerBound(atoms, (ranges[i + 1] ?? -1) + 1) - lowerBound(atoms, ranges[i] ?? 0);
  }
  return count;
}
