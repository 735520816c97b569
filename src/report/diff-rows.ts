/** Changes that read alike as one row: many sources, many destinations, the same ports and causes. */
import type { PortsValue } from '../engine/results.ts';
import type {
  ChangeCause,
  ConnectionChange,
  ConnectivityDiff,
  DiffEdit,
  DiffPeer,
} from '../engine/semantic-diff-results.ts';

/** Where a row stands in a report, in this order. */
export type DiffSection = 'internet' | 'opened' | 'closed' | 'changed' | 'unclear' | 'new' | 'gone';

export interface DiffRow {
  readonly section: DiffSection;
  readonly from: readonly DiffPeer[];
  readonly to: readonly DiffPeer[];
  readonly opened: PortsValue | 'none';
  readonly closed: PortsValue | 'none';
  readonly some: boolean;
  readonly certain: boolean;
  readonly why: readonly string[];
  readonly causes: readonly ChangeCause[];
  /** How many connections it stands for. */
  readonly connections: number;
}

export const sectionOrder: readonly DiffSection[] = [
  'internet',
  'opened',
  'changed',
  'closed',
  'unclear',
  'new',
  'gone',
];

/** By section, then in the order of the changes. O(changes). */
export function diffRows(diff: ConnectivityDiff): readonly DiffRow[] {
  const peers = new Map(diff.peers.map((peer) => [peer.id, peer]));
  const keys = new SharedKeys();
  const drafts = diff.changes.map((change): Draft => {
    const section = sectionOf(change, peers);
    const { opened, closed, replicas, certain, why = [] } = change;
    const detail = JSON.stringify([section, opened, closed, replicas, certain, why, keys.of(change.causes)]);
    return { change, section, detail };
  });
  const rows = sectionOrder.flatMap((section) => {
    const own = drafts.filter((draft) => draft.section === section);
    // Whichever way round says it in fewer rows.
    const bySource = folded(own, 'from');
    const byTarget = folded(own, 'to');
    return bySource.length < byTarget.length ? bySource : byTarget;
  });
  return rows.map(({ from, to, draft }): DiffRow => {
    const { opened, closed, replicas, certain, why = [], causes } = draft.change;
    const known = (ids: readonly string[]): DiffPeer[] => ids.flatMap((id) => peers.get(id) ?? []);
    return {
      section: draft.section,
      from: known(from),
      to: known(to),
      opened,
      closed,
      some: replicas === 'some',
      certain: certain !== false,
      why,
      causes,
      connections: from.length * to.length,
    };
  });
}

interface Draft {
  readonly change: ConnectionChange;
  readonly section: DiffSection;
  /** Equal for changes that read alike but for their ends. */
  readonly detail: string;
}

interface Fold {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly draft: Draft;
}

/** First all changes at one end of the given kind, then all such ends with the same other ends. */
function folded(drafts: readonly Draft[], at: 'from' | 'to'): readonly Fold[] {
  const other = at === 'from' ? 'to' : 'from';
  const inner = new Map<string, { end: string; others: string[]; draft: Draft }>();
  for (const draft of drafts) {
    const end = draft.change[at];
    const key = `${end} ${draft.detail}`;
    const group = inner.get(key);
    if (group === undefined) inner.set(key, { end, others: [draft.change[other]], draft });
    else group.others.push(draft.change[other]);
  }
  const outer = new Map<string, { ends: string[]; others: readonly string[]; draft: Draft }>();
  for (const { end, others, draft } of inner.values()) {
    const key = JSON.stringify([others, draft.detail]);
    const group = outer.get(key);
    if (group === undefined) outer.set(key, { ends: [end], others, draft });
    else group.ends.push(end);
  }
  return Array.from(outer.values(), ({ ends, others, draft }) =>
    at === 'from' ? { from: ends, to: others, draft } : { from: others, to: ends, draft },
  );
}

/** The engine shares lists of causes less than they are equal. */
class SharedKeys {
  private readonly known = new WeakMap<readonly ChangeCause[], string>();

  of(causes: readonly ChangeCause[]): string {
    let key = this.known.get(causes);
    if (key === undefined) {
      key = causes.map(({ edit, rule }) => `${edit} ${rule ?? ''}`).join(',');
      this.known.set(causes, key);
    }
    return key;
  }
}

function sectionOf(
  { from, to, change, opened, closed }: ConnectionChange,
  peers: ReadonlyMap<string, DiffPeer>,
): DiffSection {
  const sides = [from, to].map((id) => {
    const peer = peers.get(id);
    return peer === undefined || peer.type === 'external' ? 'both' : peer.in;
  });
  if (sides.includes('after')) return 'new';
  if (sides.includes('before')) return 'gone';
  if (change === 'unclear') return 'unclear';
  const source = peers.get(from);
  if (opened !== 'none' && source?.type === 'external' && source.internet) return 'internet';
  if (closed === 'none') return 'opened';
  return opened === 'none' ? 'closed' : 'changed';
}

/** Edits that changed nothing for anybody; namespaces and workloads that came or went are no news there. */
export function idleEdits(diff: ConnectivityDiff): readonly DiffEdit[] {
  const isolating = new Set(diff.isolation.flatMap(({ causes }) => causes.map(({ edit }) => edit)));
  return diff.edits.filter(({ id, type, connections }) => type === 'policy' && connections === 0 && !isolating.has(id));
}
