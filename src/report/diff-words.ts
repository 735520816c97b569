/** Ends, ports and causes of a difference in words; plain text, to be escaped by the format. */
import type { PortsValue } from '../engine/results.ts';
import type {
  ChangeCause,
  ConnectivityDiff,
  DiffEdit,
  DiffPeer,
  ExposureChange,
} from '../engine/semantic-diff-results.ts';
import type { DiffRow, DiffSection } from './diff-rows.ts';
import { visible } from './escape.ts';
import { outsideName } from './outside-names.ts';
import { portsText } from './ports-text.ts';
import { compareText, countOf } from './wording.ts';

const SHOWN_NAMES = 8;
const SHOWN_NAMESPACES = 6;
const SHOWN_CAUSES = 4;

export const sectionTitles: Readonly<Record<DiffSection, string>> = {
  internet: 'Opened to the internet',
  opened: 'Opened',
  changed: 'Opened and closed',
  closed: 'Closed',
  unclear: 'May differ: the input does not say enough',
  new: 'Connections of what is new',
  gone: 'Connections of what is gone',
};

/** `shop/{cart, web}, internet, node n1`. */
export function peersText(peers: readonly DiffPeer[], full = false): string {
  const byNamespace = new Map<string, string[]>();
  const nodes: string[] = [];
  const externals = peers.flatMap((peer) => (peer.type === 'external' ? [peer] : []));
  const taken = new Map<string, number>();
  for (const peer of peers) {
    if (peer.type !== 'workload') continue;
    const key = `${peer.namespace}/${peer.name}`;
    taken.set(key, (taken.get(key) ?? 0) + 1);
  }
  for (const peer of peers) {
    if (peer.type === 'nodes') nodes.push(...peer.names);
    if (peer.type !== 'workload') continue;
    const alone = taken.get(`${peer.namespace}/${peer.name}`) === 1;
    const names = byNamespace.get(peer.namespace);
    const name = alone ? peer.name : `${peer.kind}/${peer.name}`;
    if (names === undefined) byNamespace.set(peer.namespace, [name]);
    else names.push(name);
  }
  const parts: string[] = [];
  if (externals.length > 0) parts.push(outsideName(externals, full));
  const namespaces = [...byNamespace].sort(([a], [b]) => compareText(a, b));
  const shown = full || namespaces.length <= SHOWN_NAMESPACES + 1 ? namespaces : namespaces.slice(0, SHOWN_NAMESPACES);
  for (const [namespace, names] of shown) {
    const [only] = names;
    parts.push(
      names.length === 1 && only !== undefined ? `${namespace}/${only}` : `${namespace}/{${listed(names, full)}}`,
    );
  }
  const hidden = namespaces.slice(shown.length).reduce((sum, [, names]) => sum + names.length, 0);
  if (hidden > 0) parts.push(`+${countOf(hidden, 'more workload')} in ${namespaces.length - shown.length} namespaces`);
  if (nodes.length > 0) parts.push(`${nodes.length === 1 ? 'node' : 'nodes'} ${listed(nodes, full)}`);
  return visible(parts.join(', '));
}

function listed(names: readonly string[], full: boolean): string {
  const shown = full || names.length <= SHOWN_NAMES + 1 ? names : names.slice(0, SHOWN_NAMES);
  const hidden = names.length - shown.length;
  return `${shown.join(', ')}${hidden > 0 ? `, +${hidden} more` : ''}`;
}

/** `tcp 80`, `+tcp 443 -tcp 80`, `maybe tcp 80 (some replicas)`. */
export function rowPorts(row: DiffRow, full = false): string {
  const opened = portsWords(row.opened, full);
  const closed = portsWords(row.closed, full);
  let text: string;
  if (row.section === 'unclear') text = opened;
  else if (row.opened !== 'none' && row.closed !== 'none') text = `+${opened} -${closed}`;
  else text = row.opened === 'none' ? closed : opened;
  return `${row.certain ? '' : 'maybe '}${text}${row.some ? ' (some replicas)' : ''}`;
}

export function portsWords(ports: PortsValue | 'none', full = false): string {
  return ports === 'none' ? 'none' : portsText(ports, full);
}

/** `shop/NetworkPolicy/db changed, spec.ingress[0] (k8s/db.yaml:12)`; several are separated by semicolons. */
export function causesText(diff: ConnectivityDiff, causes: readonly ChangeCause[], full = false): string {
  const edits = new Map(diff.edits.map((edit) => [edit.id, edit]));
  const byEdit = new Map<string, ChangeCause[]>();
  for (const cause of causes) {
    const list = byEdit.get(cause.edit);
    if (list === undefined) byEdit.set(cause.edit, [cause]);
    else list.push(cause);
  }
  const parts = Array.from(byEdit, ([id, list]) => causeText(edits.get(id), id, list));
  const shown = full || parts.length <= SHOWN_CAUSES + 1 ? parts : parts.slice(0, SHOWN_CAUSES);
  const hidden = parts.length - shown.length;
  return visible(shown.join('; ') + (hidden > 0 ? `; and ${countOf(hidden, 'more edit')}` : ''));
}

function causeText(edit: DiffEdit | undefined, id: string, causes: readonly ChangeCause[]): string {
  const rules = causes.flatMap(({ rule }) => rule ?? []);
  const [first] = causes;
  const place = first?.file === undefined ? edit : first;
  const where = place?.file === undefined ? '' : ` (${place.file}:${place.line ?? 1})`;
  const rule = rules.length === 0 ? '' : `, ${rules.slice(0, 3).join(', ')}${rules.length > 3 ? ', ...' : ''}`;
  return `${edit === undefined ? id : editText(edit)}${rule}${where}`;
}

/** `shop/NetworkPolicy/db changed`, `Namespace/shop: labels +team=a -team=b`. */
export function editText({ id, change, what, labels }: DiffEdit): string {
  const words = [
    ...(labels?.added ?? []).map((label) => `+${label}`),
    ...(labels?.removed ?? []).map((label) => `-${label}`),
  ];
  if (words.length > 0) return `${id}: labels ${words.join(' ')}`;
  if (what === undefined) return `${id} ${change}`;
  return `${id}: ${what.join(', ')} changed`.replace(/now changed$/, 'now');
}

export function editPlace({ file, line }: DiffEdit): string {
  return file === undefined ? '' : `${file}:${line ?? 1}`;
}

/** `shop/Ingress/web to shop/Deployment/web on tcp 80`. */
export function exposureText({ via, to, before, after }: ExposureChange, full = false): string {
  const ports = (after ?? before)?.ports ?? [];
  return visible(`${via} to ${to}${ports.length === 0 ? '' : ` on ${portsText(ports, full)}`}`);
}

export function exposureWhy({ before, after }: ExposureChange): string {
  return visible(((after ?? before)?.why ?? []).join('; '));
}

/** The whole difference in one sentence. */
export function verdictText(diff: ConnectivityDiff): string {
  const { relation, certain } = diff;
  const may = certain ? '' : ', as far as the input tells';
  switch (relation) {
    case 'equivalent':
      return `No connection differs${may}.`;
    case 'tighter':
      return `Only closes connections${may}.`;
    case 'looser':
      return `Only opens connections${may}.`;
    case 'mixed':
      return `Opens and closes connections${may}.`;
  }
}

/** `connections: 2 added, 1 widened, 3 removed.`; `''` when there is nothing to count. */
export function countsText({ counts, leftOut }: ConnectivityDiff): string {
  const parts = (['added', 'widened', 'changed', 'narrowed', 'removed', 'unclear'] as const).flatMap((kind) =>
    counts[kind] > 0 ? [`${counts[kind]} ${kind}`] : [],
  );
  if (leftOut !== undefined) parts.push(`${leftOut} more not listed`);
  return parts.length === 0 ? '' : `connections: ${parts.join(', ')}.`;
}

/** What stands against an expectation, widest first as the diff lists it; one line each. */
export function counterExamples(
  diff: ConnectivityDiff,
  expected: 'equivalent' | 'tighter' | 'looser',
): readonly string[] {
  const names = new Map(diff.peers.map((peer) => [peer.id, peer]));
  return diff.changes.flatMap(({ from, to, opened, closed, certain, causes }) => {
    const against = [
      ...(opened !== 'none' && expected !== 'looser' ? [`opens ${portsWords(opened)}`] : []),
      ...(closed !== 'none' && expected !== 'tighter' ? [`closes ${portsWords(closed)}`] : []),
    ];
    if (against.length === 0) return [];
    const ends = [from, to].map((id) => peersText([names.get(id)].flatMap((peer) => peer ?? [])));
    const why = causesText(diff, causes);
    return [
      `${ends.join(' to ')} ${certain === false ? 'maybe ' : ''}${against.join(', ')}${why === '' ? '' : `: ${why}`}`,
    ];
  });
}
