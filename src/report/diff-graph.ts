/** The changed connections as a picture: folded rows become nodes and arrows. */
import type { ConnectivityDiff } from '../engine/semantic-diff-results.ts';
import { diffRows, type DiffRow } from './diff-rows.ts';
import { peersText, portsWords } from './diff-words.ts';

export interface DiffArrow {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly kind: 'opened' | 'closed' | 'unclear';
  readonly certain: boolean;
}

export interface DiffGraph {
  readonly nodes: readonly { readonly id: string; readonly label: string; readonly external: boolean }[];
  readonly arrows: readonly DiffArrow[];
  /** How many rows did not fit into the picture. */
  readonly cut: number;
}

/** More arrows than this are no picture. */
const MOST_ARROWS = 300;

export function diffGraph(diff: ConnectivityDiff, full: boolean): DiffGraph {
  const rows = diffRows(diff);
  const shown = full ? rows : rows.slice(0, MOST_ARROWS);
  const nodes = new Map<string, DiffGraph['nodes'][number]>();
  const nodeOf = (peers: DiffRow['from']): string => {
    const key = peers.map(({ id }) => id).join('\n');
    let node = nodes.get(key);
    if (node === undefined) {
      const external = peers.every((peer) => peer.type === 'external');
      nodes.set(key, (node = { id: `n${nodes.size}`, label: peersText(peers, full), external }));
    }
    return node.id;
  };
  const arrows = shown.flatMap((row): DiffArrow[] => {
    const ends = { from: nodeOf(row.from), to: nodeOf(row.to), certain: row.certain };
    const remark = row.some ? ' (some replicas)' : '';
    if (row.section === 'unclear') {
      return [{ ...ends, kind: 'unclear', label: `? ${portsWords(row.opened, full)}${remark}` }];
    }
    const list: DiffArrow[] = [];
    if (row.opened !== 'none') {
      list.push({ ...ends, kind: 'opened', label: `+ ${portsWords(row.opened, full)}${remark}` });
    }
    if (row.closed !== 'none') {
      list.push({ ...ends, kind: 'closed', label: `- ${portsWords(row.closed, full)}${remark}` });
    }
    return list;
  });
  return { nodes: [...nodes.values()], arrows, cut: rows.length - shown.length };
}
