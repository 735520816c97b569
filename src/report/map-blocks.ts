import { alikeClasses } from './alike.ts';
import type { AlikeClass } from './alike.ts';
import type { EdgeLabel, MapIndex } from './map-index.ts';
import { describePeers } from './peer-terms.ts';
import { compareText } from './wording.ts';

/** One direction of a block under one label: these peers, these ports. */
export interface BlockLine {
  readonly label: EdgeLabel;
  readonly peers: readonly string[];
}

/** Workloads that may talk to the same peers, and what those are. */
export interface Block {
  /** Ascending node numbers. */
  readonly members: readonly number[];
  /** The namespaces of the members, ascending. */
  readonly groups: readonly number[];
  readonly in: readonly BlockLine[];
  readonly out: readonly BlockLine[];
}

export interface BlockOptions {
  /** Only blocks of these peer ids. */
  readonly focus?: ReadonlySet<string>;
  readonly full?: boolean;
  /** The map lacks peers: never say "all". */
  readonly filtered?: boolean;
}

/** What keeps workloads apart although they have the same connections. */
export function nodeAttribute(index: MapIndex, node: number): string {
  const peer = index.nodes[node]?.peer;
  if (peer === undefined || peer.type === 'external') return 'external';
  if (peer.type === 'namespace') return 'namespace';
  const { isolated, hostNetwork } = peer;
  return `${isolated.ingress ? 'i' : '-'}${isolated.egress ? 'e' : '-'}${hostNetwork === true ? 'h' : '-'}`;
}

/** With more blocks than this each one is kept short. */
const MANY_BLOCKS = 60;
/** A twin class that spans this many namespaces is a pattern; two may be a coincidence. */
const PATTERN = 3;

/**
 * The map as blocks of workloads that are alike. Alike are workloads of one namespace with the same connections; the
 * same across namespaces where it is a pattern; and copies of an application in several namespaces, whose connections
 * read the same once each calls its own namespace "same".
 */
export function mapBlocks(index: MapIndex, options: BlockOptions = {}): Block[] {
  const { focus } = options;
  const full = options.full === true;
  const inView = (node: number): boolean => focus === undefined || focus.has(index.nodes[node]?.peer.id ?? '');
  const classes = alikeClasses(index, (node) => `${inView(node) ? '' : 'out of view '}${nodeAttribute(index, node)}`);

  const detail = options.filtered === true ? { detail: 'listed' as const } : {};
  const wide: AlikeClass[] = [];
  const copies = new Map<string, AlikeClass[]>();
  for (const cls of classes) {
    const first = cls.members[0] ?? 0;
    // The outside is described only when it was asked for.
    if (!inView(first) || (first >= index.inside && focus === undefined)) continue;
    const groups = groupsOf(index, cls.members);
    if (groups.length >= PATTERN || (groups.length > 1 && coversNamespaces(index, cls.members))) {
      wide.push(cls);
      continue;
    }
    for (const group of groups) {
      const members = cls.members.filter((node) => index.nodes[node]?.group === group);
      const part = { members, internal: members.length > 1 ? cls.internal : -1 };
      const key = copyKey(index, part, { full: true, relativeTo: group, ...detail });
      const known = copies.get(key);
      if (known === undefined) copies.set(key, [part]);
      else known.push(part);
    }
  }
  const terse = !full && wide.length + copies.size > MANY_BLOCKS;
  const blocks = wide.map((cls) => blockOf(index, [cls], { full, terse, ...detail }));
  for (const parts of copies.values()) {
    const relativeTo = index.nodes[parts[0]?.members[0] ?? 0]?.group ?? -1;
    blocks.push(
      blockOf(index, parts, {
        full,
        terse,
        ...detail,
        ...(parts.length > 1 ? { relativeTo } : {}),
      }),
    );
  }
  return blocks.toSorted((a, b) => (a.members[0] ?? 0) - (b.members[0] ?? 0));
}

/** Parts of different namespaces read alike; the first one speaks for all. */
function blockOf(index: MapIndex, parts: readonly AlikeClass[], options: LineOptions): Block {
  const members = parts.flatMap((part) => part.members).toSorted((a, b) => a - b);
  const speaker = parts[0] ?? { members: [], internal: -1 };
  return {
    members,
    groups: groupsOf(index, members),
    in: linesOf(index, speaker, 'in', options),
    out: linesOf(index, speaker, 'out', options),
  };
}

function groupsOf(index: MapIndex, members: readonly number[]): number[] {
  return [...new Set(members.map((node) => index.nodes[node]?.group ?? -1))];
}

/** Whether the members are all the workloads of every namespace they live in. */
export function coversNamespaces(index: MapIndex, members: readonly number[]): boolean {
  let size = 0;
  for (const group of groupsOf(index, members)) size += groupSize(index, group);
  return size === members.length;
}

function groupSize(index: MapIndex, group: number): number {
  const found = index.groups[group];
  return found === undefined ? 0 : found.end - found.first;
}

interface LineOptions {
  readonly relativeTo?: number;
  readonly full: boolean;
  readonly terse?: boolean;
  readonly detail?: 'listed';
}

/**
 * Equal for parts of different namespaces that may be shown as one: they read the same, and they either have the same
 * names or are each the whole of their namespace. Anything less would be a coincidence.
 */
function copyKey(index: MapIndex, part: AlikeClass, options: LineOptions & { readonly relativeTo: number }): string {
  const say = (line: BlockLine): unknown => [line.label.index, line.peers];
  return JSON.stringify([
    nodeAttribute(index, part.members[0] ?? 0),
    part.members.length > 1 && part.members.length === groupSize(index, options.relativeTo)
      ? '*'
      : part.members.map((node) => index.nodes[node]?.name),
    linesOf(index, part, 'in', options).map(say),
    linesOf(index, part, 'out', options).map(say),
  ]);
}

function linesOf(index: MapIndex, cls: AlikeClass, direction: 'in' | 'out', options: LineOptions): BlockLine[] {
  const first = cls.members[0] ?? 0;
  const byLabel = new Map<EdgeLabel, Set<number>>();
  const add = (labelSet: number, peers: Iterable<number>): void => {
    for (const label of index.labelSets[labelSet] ?? []) {
      let set = byLabel.get(label);
      if (set === undefined) {
        set = new Set();
        byLabel.set(label, set);
      }
      for (const peer of peers) set.add(peer);
    }
  };
  const own = new Set(cls.members);
  for (const [other, labelSet] of index[direction][first] ?? []) {
    if (!own.has(other)) add(labelSet, [other]);
  }
  // Members reach each other under the inner label; a member alone reaches itself only where the map says so.
  if (cls.internal !== -1) add(cls.internal, cls.members);
  const self = index[direction][first]?.get(first);
  if (cls.members.length === 1 && self !== undefined) add(self, cls.members);

  const wild = cls.members.length === 1 && self === undefined ? { wild: own } : {};
  const lines = [...byLabel].map(([label, set]) => ({
    label,
    size: set.size,
    peers: describePeers(index, set, { ...options, ...wild }),
  }));
  if (cls.members.length > 1 && self !== undefined && self !== cls.internal) {
    for (const label of index.labelSets[self] ?? []) lines.push({ label, size: 1, peers: ['itself'] });
  }
  // The widest statement first.
  return lines
    .toSorted((a, b) => b.size - a.size || compareText(a.peers.join(), b.peers.join()) || a.label.index - b.label.index)
    .map(({ label, peers }) => ({ label, peers }));
}
