/**
 * Pods of one namespace with equal labels, as far as selectors look at them: the first step of classification, enough
 * to say whom policies select. Classes of one namespace have consecutive numbers.
 */
import type { Cluster } from '../model/cluster.ts';
import { RangeSets } from '../base/range-sets.ts';
import { extend, LabelledItems, type MatchRanges } from './labelled-items.ts';
import type { LabelSpace } from './label-space.ts';
import type { PeerSources, PodPeers } from './peer-sources.ts';

const NO_KEYS: ReadonlySet<string> = new Set();

export class LabelClasses {
  readonly count: number;
  /** -1 for host-network pods, which no selector selects (D2, S161). */
  readonly ofPod: Int32Array;
  readonly namespaceOf: Int32Array;
  /** Classes of namespace `n` are `[first[n], end[n])`. */
  readonly first: Int32Array;
  readonly end: Int32Array;
  private readonly peers: PeerSources;
  private readonly items: LabelledItems;
  private readonly namespaceItems: LabelledItems;
  private readonly namespaceCount: number;
  private readonly selected = new Map<string, MatchRanges>();
  private readonly namespaces = new Map<number, MatchRanges>();

  constructor(cluster: Cluster, peers: PeerSources) {
    this.peers = peers;
    const { pods } = cluster;
    const podSignatures = new Int32Array(pods.length).fill(-1);
    const groups = new Map<number, number>();
    let signatureCount = 0;
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.isHostNetwork(pod)) continue;
      const signature = peers.podLabels.signature(pods.labels[pod] ?? new Map(), pods.unknownLabels(pod));
      podSignatures[pod] = signature;
      if (signature >= signatureCount) signatureCount = signature + 1;
    }
    const namespaceSignatures = namespaceSignaturesOf(cluster, peers.namespaceLabels);
    const order = namespaceOrder(namespaceSignatures, peers.namespaceLabels);
    const rank = new Int32Array(order.length);
    order.forEach((namespace, at) => (rank[namespace] = at));

    // Number by (rank of the namespace, first pod): deterministic, and classes of a namespace stay together.
    const keys: number[] = [];
    for (let pod = 0; pod < pods.length; pod++) {
      const signature = podSignatures[pod] ?? -1;
      if (signature < 0) continue;
      const key = (rank[pods.namespaceOf[pod] ?? 0] ?? 0) * signatureCount + signature;
      if (!groups.has(key)) {
        groups.set(key, keys.length);
        keys.push(key);
      }
    }
    const sorted = Int32Array.from(keys.keys()).sort((a, b) => {
      const rankA = Math.floor((keys[a] ?? 0) / signatureCount);
      const rankB = Math.floor((keys[b] ?? 0) / signatureCount);
      return rankA - rankB || a - b;
    });
    const idOfGroup = new Int32Array(keys.length);
    const signatures = new Int32Array(keys.length);
    this.namespaceOf = new Int32Array(keys.length);
    sorted.forEach((group, id) => {
      idOfGroup[group] = id;
      const key = keys[group] ?? 0;
      signatures[id] = key % signatureCount;
      this.namespaceOf[id] = order[Math.floor(key / signatureCount)] ?? 0;
    });
    this.count = keys.length;
    this.ofPod = new Int32Array(pods.length).fill(-1);
    for (let pod = 0; pod < pods.length; pod++) {
      const signature = podSignatures[pod] ?? -1;
      if (signature < 0) continue;
      const group = groups.get((rank[pods.namespaceOf[pod] ?? 0] ?? 0) * signatureCount + signature) ?? 0;
      this.ofPod[pod] = idOfGroup[group] ?? 0;
    }
    this.namespaceCount = cluster.namespaces.length;
    this.first = new Int32Array(this.namespaceCount);
    this.end = new Int32Array(this.namespaceCount);
    for (let id = this.count - 1; id >= 0; id--) this.first[this.namespaceOf[id] ?? 0] = id;
    for (let id = 0; id < this.count; id++) this.end[this.namespaceOf[id] ?? 0] = id + 1;
    this.items = new LabelledItems(peers.podLabels, signatures);
    this.namespaceItems = new LabelledItems(peers.namespaceLabels, namespaceSignatures);
  }

  /** The label classes that the selectors select. */
  select(peers: PodPeers): MatchRanges {
    const text = `${peers.namespace} ${peers.namespaces} ${peers.pods}`;
    let match = this.selected.get(text);
    if (match === undefined) {
      match = peers.namespace >= 0 ? this.inNamespace(peers) : this.acrossNamespaces(peers);
      this.selected.set(text, match);
    }
    return match;
  }

  private inNamespace(peers: PodPeers): MatchRanges {
    const { namespace } = peers;
    return this.items.matching(
      this.peers.podLabels.selector(peers.pods),
      this.first[namespace] ?? 0,
      this.end[namespace] ?? 0,
    );
  }

  private acrossNamespaces(peers: PodPeers): MatchRanges {
    const within = this.namespaceRanges(peers.namespaces);
    const selector = this.peers.podLabels.selector(peers.pods);
    if (selector.requirements.length === 0 && !selector.impossible) return within;
    if (within.possible.length === 0) return within;
    const everywhere = this.everywhere(peers.pods);
    return {
      certain: intersect(everywhere.certain, within.certain),
      possible: intersect(everywhere.possible, within.possible),
    };
  }

  private everywhere(pods: number): MatchRanges {
    const text = `* ${pods}`;
    let match = this.selected.get(text);
    if (match === undefined) {
      match = this.items.matching(this.peers.podLabels.selector(pods), 0, this.count);
      this.selected.set(text, match);
    }
    return match;
  }

  /** All classes of the namespaces that a selector selects. */
  private namespaceRanges(selector: number): MatchRanges {
    let ranges = this.namespaces.get(selector);
    if (ranges === undefined) {
      const match = this.namespaceItems.matching(this.peers.namespaceLabels.selector(selector), 0, this.namespaceCount);
      ranges = { certain: this.classesOf(match.certain), possible: this.classesOf(match.possible) };
      this.namespaces.set(selector, ranges);
    }
    return ranges;
  }

  private classesOf(namespaces: readonly number[]): number[] {
    const pairs: [number, number][] = [];
    for (let i = 0; i < namespaces.length; i += 2) {
      for (let n = namespaces[i] ?? 0; n <= (namespaces[i + 1] ?? -1); n++) {
        const first = this.first[n] ?? 0;
        const end = this.end[n] ?? 0;
        if (first < end) pairs.push([first, end - 1]);
      }
    }
    pairs.sort((a, b) => a[0] - b[0]);
    const ranges: number[] = [];
    for (const [low, high] of pairs) extend(ranges, low, high);
    return ranges;
  }
}

function namespaceSignaturesOf(cluster: Cluster, space: LabelSpace): Int32Array {
  return Int32Array.from(cluster.namespaces, ({ labels, labelsKnown }) =>
    space.signature(labels, NO_KEYS, labelsKnown),
  );
}

/**
 * Namespaces with equal labels next to each other, labels with few different values first: selectors of namespaces then
 * select few ranges.
 */
function namespaceOrder(signatures: Int32Array, space: LabelSpace): number[] {
  const valuesOfKey = new Map<number, Set<number>>();
  for (const signature of signatures) {
    for (const code of space.codes(signature)) {
      const key = space.keyOfCode[code] ?? 0;
      const values = valuesOfKey.get(key);
      if (values === undefined) valuesOfKey.set(key, new Set([code]));
      else values.add(code);
    }
  }
  const keyOrder = [...valuesOfKey.keys()].sort(
    (a, b) => (valuesOfKey.get(a)?.size ?? 0) - (valuesOfKey.get(b)?.size ?? 0) || a - b,
  );
  const keyRank = new Map(keyOrder.map((key, rank) => [key, rank]));
  const ordered = new Map<number, number[]>();
  const codesOf = (signature: number): number[] => {
    let codes = ordered.get(signature);
    if (codes === undefined) {
      const rankOf = (code: number): number => keyRank.get(space.keyOfCode[code] ?? 0) ?? 0;
      codes = [...space.codes(signature)].sort((a, b) => rankOf(a) - rankOf(b)).flatMap((code) => [rankOf(code), code]);
      ordered.set(signature, codes);
    }
    return codes;
  };
  return Array.from(signatures.keys()).sort(
    (a, b) => compareLists(codesOf(signatures[a] ?? 0), codesOf(signatures[b] ?? 0)) || a - b,
  );
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Of two sorted lists of ranges. */
function intersect(a: readonly number[], b: readonly number[]): number[] {
  const sets = new RangeSets();
  return [...sets.view(sets.intersect(sets.of(a), sets.of(b)))];
}
