/** Possible peers of workloads, without those that only describe peers that the input has. */
import { parseCidr } from '../base/inet-parse.ts';
import type { IpAddress } from '../base/inet.ts';
import { matches } from '../kube/selectors.ts';
import { DIRECTIONS } from './compiled.ts';
import type { Engine } from './engine.ts';
import type { Direction } from './policy-rules.ts';
import { PossiblePeers, type PeerPredicate, type PossibleSet } from './possible-peers.ts';
import type { PossibleExposure, PossibleOpening } from './results.ts';

/** A heading of a map, as far as it matters here. */
interface Exposable {
  readonly id: string;
  readonly classes: readonly number[];
}

export class PossibleExposures {
  private readonly engine: Engine;
  private readonly peers: PossiblePeers;
  private readonly coveredKeys = new Map<string, boolean>();

  constructor(engine: Engine) {
    this.engine = engine;
    this.peers = new PossiblePeers(engine);
  }

  /** In the order of the items; what is shut for everybody beyond the input is left out. */
  of(items: readonly Exposable[], directions: readonly Direction[] = DIRECTIONS): readonly PossibleExposure[] {
    return items.flatMap((item) => directions.flatMap((direction) => this.ofItem(item, direction)));
  }

  /** Openings of any class of the item, those that describe existing peers only left out unless asked for. */
  sets(classes: readonly number[], direction: Direction, withCovered: boolean): readonly PossibleSet[] {
    const found = new Map<string, PossibleSet>();
    for (const classId of classes) {
      for (const set of this.peers.of(classId, direction)) {
        if (!withCovered && this.isCovered(set)) continue;
        const key = setKey(set);
        const known = found.get(key);
        if (known === undefined) found.set(key, set);
        else {
          const ports = this.engine.portSets.union(known.ports, set.ports);
          found.set(key, { ...known, ports, named: [...new Set([...known.named, ...set.named])].sort() });
        }
      }
    }
    return [...found.values()];
  }

  opening({ all, none, ports, named, certain }: PossibleSet): PossibleOpening {
    const [first, ...more] = all;
    return {
      peer: first?.peer ?? { type: 'everything' },
      ...(more.length > 0 ? { and: more.map(({ peer }) => peer) } : {}),
      ...(none.length > 0 ? { except: none.map(({ peer }) => peer) } : {}),
      ports: this.engine.portsValue(ports),
      ...(named.length > 0 ? { named } : {}),
      ...(certain ? {} : { certain: false as const }),
    };
  }

  private ofItem({ id, classes }: Exposable, direction: Direction): readonly PossibleExposure[] {
    const sets = this.sets(classes, direction, false);
    if (sets.length === 0) return [];
    const texts = classes.map((classId) => this.sets([classId], direction, false).map(textOf).join('\n'));
    const alike = texts.every((text) => text === texts[0]);
    const openings = sets.map((set) => this.opening(set));
    return [{ workload: id, direction, replicas: alike ? 'all' : 'some', openings }];
  }

  /** Whether the set describes certain peers that are there, rather than whoever may come. */
  private isCovered({ all, none }: PossibleSet): boolean {
    const [only, more] = all;
    if (only === undefined || more !== undefined || none.length > 0) return false;
    let covered = this.coveredKeys.get(only.key);
    if (covered === undefined) this.coveredKeys.set(only.key, (covered = this.names(only)));
    return covered;
  }

  private names({ peer, selectors }: PeerPredicate): boolean {
    const { cluster } = this.engine;
    if (peer.type === 'addresses') {
      return peer.cidrs.every((text) => {
        const cidr = parseCidr(text)?.cidr;
        if (cidr === undefined || cidr.prefix !== (cidr.family === 4 ? 32 : 128)) return false;
        const ip: IpAddress = cidr.family === 4 ? { family: 4, value: cidr.first } : { family: 6, value: cidr.first };
        return cluster.ownerOfAddress(ip) !== undefined;
      });
    }
    // Any pod of a namespace may be one that is not there yet.
    if (peer.type !== 'pods' || selectors === undefined || selectors.pods.requirements.length === 0) return false;
    const [requirement, another] = selectors.namespaces.requirements;
    const named = another === undefined && requirement?.operator === 'In' && requirement.values.length === 1;
    const namespace = named ? cluster.namespaceNamed(requirement.values[0] ?? '') : undefined;
    if (namespace === undefined || requirement?.key !== 'kubernetes.io/metadata.name') return false;
    const { pods } = cluster;
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.namespaceOf[pod] !== namespace.index || pods.isHostNetwork(pod)) continue;
      if (matches(selectors.pods, pods.labels[pod] ?? new Map())) return true;
    }
    return false;
  }
}

export function setKey({ all, none, certain }: PossibleSet): string {
  return `${certain ? '' : '?'}${all.map(({ key }) => key).join('&')}|${none.map(({ key }) => key).join('|')}`;
}

function textOf(set: PossibleSet): string {
  return `${setKey(set)} ${set.ports} ${set.named.join(',')}`;
}
