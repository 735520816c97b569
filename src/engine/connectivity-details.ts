/** One connection of a map in its final form: ports, differing replicas, differing families, and what is unknown. */
import type { IpAddress } from '../base/inet.ts';
import { formatCidr } from '../base/inet-format.ts';
import type { OwnNodePairs } from './connectivity-own-node.ts';
import type { PairSummary, ShownBounds } from './connectivity-pairs.ts';
import type { ViewItem } from './connectivity-views.ts';
import { podEndpointLabel } from './endpoint.ts';
import type { Engine } from './engine.ts';
import type { ExternalGroup } from './external-peers.ts';
import { NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';
import type { ConnectionQuery, Endpoint } from './query.ts';
import type { Connection, PortsValue } from './results.ts';

/** Single pairs listed for one connection whose replicas differ. */
const MAX_DETAIL = 16;

/** Pairs of classes looked at to find those; beyond, the list says less but costs no more. */
const MAX_DETAIL_PAIRS = 4096;

const MAX_WHY = 4;

export interface DetailOptions {
  readonly bounds: ShownBounds;
  /** List single pairs where replicas differ. Namespaces are too many to list and seldom alike. */
  readonly pairs: boolean;
  /** Say where IP families differ: only of what is allowed, on all ports. */
  readonly families: boolean;
  /** Ids of the peers: items, then external groups. */
  readonly ids: readonly string[];
}

/** One member that speaks for all of its class. */
interface Member {
  readonly classId: number;
  readonly label: string;
  readonly endpoint: Endpoint;
}

export class ConnectionDetails {
  private readonly engine: Engine;
  private readonly items: readonly ViewItem[];
  private readonly externals: readonly ExternalGroup[];
  private readonly ownNode: OwnNodePairs;
  private readonly options: DetailOptions;
  private readonly dualStack: boolean;
  private readonly values = new Map<PortSetId, PortsValue>();
  private readonly whys = new Map<string, readonly string[]>();
  private readonly families = new Map<string, Connection['families']>();
  private readonly members = new Map<number, readonly Member[]>();

  constructor(
    engine: Engine,
    items: readonly ViewItem[],
    externals: readonly ExternalGroup[],
    ownNode: OwnNodePairs,
    options: DetailOptions,
  ) {
    this.engine = engine;
    this.items = items;
    this.externals = externals;
    this.ownNode = ownNode;
    this.options = options;
    this.dualStack = engine.cluster.pods.ips.some((ips) => isDualStack(ips));
  }

  connection(summary: PairSummary): Connection {
    const { from, to, some, every } = summary;
    const { ids } = this.options;
    const uniform = some.certain === every.certain && some.possible === every.possible;
    const certain = some.certain === some.possible && every.certain === every.possible;
    const families = this.dualStack && this.options.families && uniform ? this.familiesOf(from, to) : undefined;
    const why = [...(certain ? [] : this.unknowns(summary)), ...this.ownNode.reasons(from, to)];
    return {
      from: ids[from] ?? '',
      to: ids[to] ?? '',
      ports: this.value(some.possible),
      replicas: uniform ? 'all' : 'some',
      ...(uniform || !this.options.pairs ? {} : { detail: this.detail(from, to) }),
      ...(families === undefined ? {} : { families }),
      ...(certain ? {} : { certain: false as const }),
      ...(why.length === 0 ? {} : { why: [...new Set(why)].slice(0, MAX_WHY) }),
    };
  }

  /** Shared objects, so that a map of a million connections stays small. */
  private value(set: PortSetId): PortsValue {
    let value = this.values.get(set);
    if (value === undefined) this.values.set(set, (value = this.engine.portsValue(set)));
    return value;
  }

  private membersOf(peer: number): readonly Member[] {
    const known = this.members.get(peer);
    if (known !== undefined) return known;
    const found = this.findMembers(peer);
    this.members.set(peer, found);
    return found;
  }

  private findMembers(peer: number): readonly Member[] {
    const { engine, items, externals } = this;
    const group = externals[peer - items.length];
    if (group !== undefined) {
      const first = group.cidrs[0];
      const endpoint: Endpoint = {
        type: 'range',
        cidrs: group.cidrs,
        label: first === undefined ? '' : formatCidr(first),
      };
      return [{ classId: group.classId, label: this.options.ids[peer] ?? '', endpoint }];
    }
    const seen = new Map<number, Member>();
    for (const pod of items[peer]?.pods ?? []) {
      const classId = engine.classOfPod(pod);
      if (seen.has(classId)) continue;
      seen.set(classId, { classId, label: podEndpointLabel(engine.cluster, pod), endpoint: { type: 'pod', pod } });
    }
    return [...seen.values()];
  }

  /** The pairs of classes as the relation has them, plus those of hosts with pods on their own node. */
  private *pairs(from: number, to: number): Generator<{ a: Member; b: Member; bounds: PortBounds }> {
    let visited = 0;
    for (const b of this.membersOf(to)) {
      const extra = this.ownNode.towards(to, b.classId).filter((pair) => pair.from === from);
      for (const a of this.membersOf(from)) {
        if (visited++ >= MAX_DETAIL_PAIRS) return;
        if (from === to && a.classId === b.classId && this.items[to]?.lone.has(b.classId) === true) continue;
        const own = extra.filter((pair) => pair.fromClass === a.classId);
        if (!own.some((pair) => pair.replaces)) yield { a, b, bounds: this.options.bounds.of(this.related(a, b)) };
        for (const pair of own)
          yield { a, b: { ...b, label: `${b.label} (on the same node)` }, bounds: this.options.bounds.of(pair.bounds) };
      }
    }
  }

  private related(a: Member, b: Member): PortBounds {
    const relation = this.engine.relation();
    return {
      certain: relation.certain(a.classId, b.classId),
      possible: relation.possible(a.classId, b.classId),
    };
  }

  private detail(from: number, to: number): NonNullable<Connection['detail']> {
    const list: { readonly from: string; readonly to: string; readonly ports: PortsValue }[] = [];
    for (const { a, b, bounds } of this.pairs(from, to)) {
      if (bounds.possible === NO_PORTS) continue;
      list.push({ from: a.label, to: b.label, ports: this.value(bounds.possible) });
      if (list.length >= MAX_DETAIL) break;
    }
    return list;
  }

  /** Reasons in the words of the explanation, for one port of which it is unknown whether it is allowed. */
  private unknowns({ from, to }: PairSummary): readonly string[] {
    for (const { a, b, bounds } of this.pairs(from, to)) {
      if (bounds.certain === bounds.possible) continue;
      const key = `${a.classId} ${b.classId}`;
      let why = this.whys.get(key);
      if (why === undefined) this.whys.set(key, (why = this.explainUnknown(a, b, bounds)));
      if (why.length > 0) return why;
    }
    return [];
  }

  private explainUnknown(a: Member, b: Member, bounds: PortBounds): readonly string[] {
    const { engine } = this;
    const open = engine.portSets.subtract(bounds.possible, bounds.certain);
    const point = firstPort(engine.portsValue(open));
    if (point === undefined) return [];
    const result = engine.explain({ from: a.endpoint, to: b.endpoint, ...point });
    const why = [result.egress, result.ingress].flatMap((gate) => (gate.certain ? [] : (gate.why ?? [])));
    return [...why, ...(why.length === 0 ? (result.why ?? []) : [])];
  }

  private familiesOf(from: number, to: number): Connection['families'] {
    const [a] = this.membersOf(from);
    const [b] = this.membersOf(to);
    if (a === undefined || b === undefined || a.endpoint.type !== 'pod' || b.endpoint.type !== 'pod') return undefined;
    const { ips } = this.engine.cluster.pods;
    if (!isDualStack(ips[a.endpoint.pod] ?? []) || !isDualStack(ips[b.endpoint.pod] ?? [])) return undefined;
    const key = `${a.classId} ${b.classId}`;
    if (!this.families.has(key)) {
      const { families } = this.engine.ports(a.endpoint, b.endpoint);
      const value = (bounds: PortBounds | undefined): PortsValue | 'none' =>
        bounds === undefined || bounds.possible === NO_PORTS ? 'none' : this.value(bounds.possible);
      this.families.set(
        key,
        families === undefined ? undefined : { IPv4: value(families.IPv4), IPv6: value(families.IPv6) },
      );
    }
    return this.families.get(key);
  }
}

function isDualStack(ips: readonly IpAddress[]): boolean {
  return ips.length > 1 && ips.some((ip) => ip.family === 4) && ips.some((ip) => ip.family === 6);
}

/** The lowest port of a set, to speak for it. */
export function firstPort(value: PortsValue): Pick<ConnectionQuery, 'protocol' | 'port'> | undefined {
  if (value === 'any') return { protocol: 'TCP', port: 80 };
  const [first] = value;
  if (first === undefined) return undefined;
  return { protocol: first.protocol, port: first.ranges[0]?.[0] ?? 0 };
}
