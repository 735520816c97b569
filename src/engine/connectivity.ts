/** The map: who can talk to whom, by workload, namespace, pod or class, with the outside world and what is exposed. */
import { type Cidr, type IpAddress, cidrContains } from '../base/inet.ts';
import { formatCidr } from '../base/inet-format.ts';
import type { LabelSelector, Protocol } from '../kube/objects.ts';
import { ConnectionDetails } from './connectivity-details.ts';
import { OwnNodePairs } from './connectivity-own-node.ts';
import { type PairSummary, ShownBounds, sweepPairs } from './connectivity-pairs.ts';
import { type MapEnd, type MapGrouping, type ViewItem, focusOf, itemHolds, viewItems } from './connectivity-views.ts';
import type { Engine } from './engine.ts';
import { exposures } from './exposure.ts';
import { type ExternalGroup, externalGroups } from './external-peers.ts';
import type { PortSetId } from './port-sets.ts';
import { type Connection, type ConnectivityMap, type ExternalPeer, type MapPeer, resultApiVersion } from './results.ts';

export interface MapOptions {
  /** What a peer stands for. Default `workload`. */
  readonly by?: MapGrouping;
  /** Only connections with an end in one of these namespaces. */
  readonly namespaces?: readonly string[];
  /** Only connections with an end that has a pod with these labels. */
  readonly selector?: LabelSelector;
  /** Only connections from one of these. */
  readonly from?: readonly MapEnd[];
  /** Only connections to one of these. */
  readonly to?: readonly MapEnd[];
  /** Only this port. */
  readonly port?: { readonly protocol: Protocol | 'other'; readonly port: number };
  /** List what is not allowed instead: `ports` is then what is denied. */
  readonly denied?: boolean;
  /** Also what the members of one workload, pod or class may open to each other. Namespaces always show it. */
  readonly self?: boolean;
  /** The most connections to list; more are counted in `leftOut`. Default 500,000. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 500_000;

/** Deterministic: peers by namespace and name, external ones last in address order; connections by source, then destination. */
export function connectivityMap(engine: Engine, options: MapOptions = {}): ConnectivityMap {
  const by = options.by ?? 'workload';
  const items = viewItems(engine, by);
  const itemFocus = focusOf(engine, items, options);
  const externals = externalGroups(engine, classesInView(engine, items, itemFocus));
  const peers: readonly MapPeer[] = [
    ...items.map((item) => item.peer),
    ...externals.map((group, index): ExternalPeer => ({
      id: `external:${index}`,
      type: 'external',
      cidrs: group.cidrs.map(formatCidr),
    })),
  ];
  const focus = itemFocus === undefined ? undefined : extended(itemFocus, peers.length);
  const from = endFilter(engine, items, externals, options.from);
  const to = endFilter(engine, items, externals, options.to);

  const shown = new Uint8Array(peers.length);
  const rows = new ConnectionRows(options.limit ?? DEFAULT_LIMIT);
  const ownNode = new OwnNodePairs(engine, items);
  const portFilter = options.port === undefined ? undefined : portFilterOf(engine, options.port);
  const bounds = new ShownBounds(engine, options.denied === true, portFilter);
  const selfShown = options.self === true || by === 'namespace';
  const sweepPeers = [...items, ...externals.map(({ classId }) => ({ classes: [classId] }))];
  const extra = (peer: number, classId: number): ReturnType<OwnNodePairs['towards']> => ownNode.towards(peer, classId);
  sweepPairs(engine, sweepPeers, { focus, empty: options.denied === true, extra }, (raw) => {
    if (raw.from >= items.length && raw.to >= items.length) return;
    if (raw.from === raw.to && !selfShown) return;
    if ((from !== undefined && from[raw.from] !== 1) || (to !== undefined && to[raw.to] !== 1)) return;
    const summary = bounds.ofPairs(raw);
    if (summary === undefined) return;
    shown[raw.from] = 1;
    shown[raw.to] = 1;
    rows.add(summary);
  });

  const details = new ConnectionDetails(engine, items, externals, ownNode, {
    bounds,
    pairs: by !== 'namespace',
    families: options.denied !== true && portFilter === undefined,
    ids: peers.map((peer) => peer.id),
  });
  const connections: Connection[] = rows.sorted(peers.length).map((summary) => details.connection(summary));
  const filtered = focus !== undefined || from !== undefined || to !== undefined || portFilter !== undefined;
  const fromOutside = from === undefined || externals.some((_, index) => from[items.length + index] === 1);
  const exposed = fromOutside ? exposures(engine, items, both(itemFocus, to)) : [];
  for (const { item } of exposed) shown[item] = 1;
  return {
    apiVersion: resultApiVersion,
    kind: 'ConnectivityMap',
    peers: filtered
      ? peers.filter((_, index) => shown[index] === 1 || focus?.[index] === 1 || isNamed(index, from, to))
      : peers,
    connections,
    exposed: exposed.map(({ exposure }) => exposure),
    ...(rows.leftOut > 0 ? { leftOut: rows.leftOut } : {}),
  };
}

/** A peer that the reader asked for by name is shown even when nothing connects to it. */
function isNamed(index: number, from: Uint8Array | undefined, to: Uint8Array | undefined): boolean {
  return from?.[index] === 1 || to?.[index] === 1;
}

/** Flags that both have; `undefined` has all. */
function both(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.map((flag, index) => flag & (b[index] ?? 0));
}

function extended(flags: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(length);
  longer.set(flags);
  return longer;
}

function classesInView(engine: Engine, items: readonly ViewItem[], focus: Uint8Array | undefined): Uint8Array {
  const inView = new Uint8Array(engine.classCount);
  items.forEach((item, index) => {
    if (focus === undefined || focus[index] === 1) for (const classId of item.classes) inView[classId] = 1;
  });
  return inView;
}

/** Flags of the peers that hold one of the ends; an address or range holds every external peer that it meets. */
function endFilter(
  engine: Engine,
  items: readonly ViewItem[],
  externals: readonly ExternalGroup[],
  ends: readonly MapEnd[] | undefined,
): Uint8Array | undefined {
  if (ends === undefined) return undefined;
  const flags = new Uint8Array(items.length + externals.length);
  for (const end of ends) {
    items.forEach((item, index) => {
      if (itemHolds(engine.cluster, item, end)) flags[index] = 1;
    });
    externals.forEach(({ cidrs }, index) => {
      if (meets(cidrs, end)) flags[items.length + index] = 1;
    });
  }
  return flags;
}

function meets(cidrs: readonly Cidr[], end: MapEnd): boolean {
  if (end.type === 'address') return cidrs.some((cidr) => cidrContains(cidr, end.ip));
  if (end.type !== 'range') return false;
  return cidrs.some((a) => end.cidrs.some((b) => cidrContains(a, lowest(b)) || cidrContains(b, lowest(a))));
}

/** Networks overlap only by one holding the other. */
function lowest(cidr: Cidr): IpAddress {
  return cidr.family === 4 ? { family: 4, value: cidr.first } : { family: 6, value: cidr.first };
}

function portFilterOf(engine: Engine, { protocol, port }: NonNullable<MapOptions['port']>): PortSetId {
  if (protocol !== 'other') return engine.portSets.range(protocol, port, port);
  const { portSets } = engine;
  const withPorts = (['TCP', 'UDP', 'SCTP'] as const).map((name) => portSets.protocol(name));
  return portSets.complement(withPorts.reduce((a, b) => portSets.union(a, b)));
}

/** Connections as they are found, destination by destination, until they are read out source by source. */
class ConnectionRows {
  leftOut = 0;
  private readonly rows: PairSummary[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  add(summary: PairSummary): void {
    if (this.rows.length < this.limit) this.rows.push(summary);
    else this.leftOut++;
  }

  /** By source; destinations of one source keep their ascending order. */
  sorted(peerCount: number): readonly PairSummary[] {
    const next = new Int32Array(peerCount + 1);
    for (const { from } of this.rows) next[from + 1] = (next[from + 1] ?? 0) + 1;
    for (let i = 1; i < next.length; i++) next[i] = (next[i] ?? 0) + (next[i - 1] ?? 0);
    const sorted = Array.from<PairSummary>({ length: this.rows.length });
    for (const row of this.rows) {
      const at = next[row.from] ?? 0;
      next[row.from] = at + 1;
      sorted[at] = row;
    }
    return sorted;
  }
}
