/** Sets of ends as classes of the engine: members of one part behave alike, so one of them speaks for all. */
import { rangesToCidrs, type IpRange, subtractRanges } from '../base/inet-ranges.ts';
import { cidrOfIp, type IpAddress, type IpFamily } from '../base/inet.ts';
import type { Engine } from '../engine/engine.ts';

export interface Part {
  readonly kind: 'pod' | 'host' | 'outside';
  readonly classId: number;
  /** Ascending. Host-network pods make hosts. */
  readonly pods: readonly number[];
  readonly nodes: readonly number[];
  /** Of one family. */
  readonly outside: readonly IpRange[];
  /** Bits of the IP families that the members have or may have: 0-1 IPv4, 2-3 IPv6. */
  readonly families: number;
  /**
   * The class has addresses of both families and policies tell the families apart, so what the class may do does not
   * tell what these addresses may do.
   */
  readonly mixed: boolean;
  /** Pods and nodes; a pod that stands for replicas counts as many, addresses count as one together. */
  readonly count: number;
}

/** What is to be cut into parts: ends of one key never share a part with those of another. */
export interface KeyedEnds {
  /** `undefined`: not among them. */
  readonly podKey: (pod: number) => string | undefined;
  readonly nodeKey: (node: number) => string | undefined;
  readonly outside: readonly { readonly ranges: readonly IpRange[]; readonly key: string }[];
}

interface Draft {
  readonly classId: number;
  readonly pods: number[];
  readonly nodes: number[];
  readonly outside: IpRange[];
}

/** Cuts sets along the classes of one engine. */
export class PartCutter {
  readonly engine: Engine;
  #owned: readonly IpRange[] | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** The parts of each key, in the order of their classes. */
  cut(ends: KeyedEnds): ReadonlyMap<string, readonly Part[]> {
    const { engine } = this;
    const { cluster } = engine;
    const drafts = new Map<string, Map<number, Draft>>();
    const draftOf = (key: string, classId: number, family: IpFamily = 4): Draft => {
      let ofKey = drafts.get(key);
      if (ofKey === undefined) drafts.set(key, (ofKey = new Map<number, Draft>()));
      const place = classId * 2 + (family === 4 ? 0 : 1);
      let draft = ofKey.get(place);
      if (draft === undefined) ofKey.set(place, (draft = { classId, pods: [], nodes: [], outside: [] }));
      return draft;
    };
    for (let pod = 0; pod < cluster.pods.length; pod++) {
      const key = ends.podKey(pod);
      if (key !== undefined) draftOf(key, engine.classOfPod(pod)).pods.push(pod);
    }
    for (let node = 0; node < cluster.nodes.length; node++) {
      const key = ends.nodeKey(node);
      if (key !== undefined) draftOf(key, engine.classOfNode(node)).nodes.push(node);
    }
    for (const { ranges, key } of ends.outside) {
      const { atoms, classes } = engine.compiled;
      for (const { atom, ranges: own } of atoms.cut(ranges)) {
        if (this.#isOwned(own)) continue;
        for (const range of own) draftOf(key, classes.externalStart + atom, range.family).outside.push(range);
      }
    }
    return new Map(
      [...drafts].map(([key, byPlace]) => [
        key,
        [...byPlace].toSorted(([a], [b]) => a - b).map(([, draft]) => this.#part(draft)),
      ]),
    );
  }

  #part({ classId, pods, nodes, outside }: Draft): Part {
    const { podClassCount, hostClassCount, cluster, compiled } = this.engine;
    const kind = classId < podClassCount ? 'pod' : classId < podClassCount + hostClassCount ? 'host' : 'outside';
    let count = nodes.length + (outside.length > 0 ? 1 : 0);
    // One that is scaled to 0 is judged for the pods that it would have.
    for (const pod of pods) count += Math.max(1, cluster.pods.count(pod));
    const ofClass = compiled.classes.families[classId] ?? 0;
    const own = outside[0]?.family === 6 ? SIX : FOUR;
    const families = kind === 'outside' ? own : ofClass;
    const mixed = kind === 'outside' && families !== ofClass && !compiled.peerSets.familiesAgree;
    return { kind, classId, pods, nodes, outside, families, mixed, count };
  }

  /** A policy that names a pod by its address makes a class of nobody but that pod. */
  #isOwned(ranges: readonly IpRange[]): boolean {
    let size = 0;
    for (const { first, last } of ranges) size += Number(BigInt(last) - BigInt(first)) + 1;
    if (size > maxOwned) return false;
    this.#owned ??= ownedAddresses(this.engine);
    return subtractRanges(ranges, this.#owned).length === 0;
  }
}

const FOUR = 3;
const SIX = FOUR << 2;

/** More addresses than this are never all in use. */
const maxOwned = 4096;

function ownedAddresses({ cluster }: Engine): readonly IpRange[] {
  const addresses: IpAddress[] = [...cluster.pods.ips.flat(), ...cluster.nodes.flatMap((node) => node.addresses)];
  return rangesToCidrs(addresses.map(cidrOfIp));
}
