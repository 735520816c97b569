import type { ConnectivityDiff, DiffPeer } from '../engine/semantic-diff-results.ts';
import { causesText, portsWords } from './diff-words.ts';
import { csvCell } from './escape.ts';

const HEADER = ['type', 'change', 'from', 'to', 'before', 'after', 'opened', 'closed', 'replicas', 'certain', 'causes'];

/**
 * The difference for spreadsheets: one row per connection, nothing folded; then isolation (`from` is the workload, `to`
 * the direction) and exposures (`from` is the Ingress, route or Service). Lines end in CRLF (RFC 4180).
 */
export function renderDiffCsv(diff: ConnectivityDiff): string {
  const names = new Map(diff.peers.map((peer) => [peer.id, peerCell(peer)]));
  const name = (id: string): string => names.get(id) ?? id;
  const rows: (readonly string[])[] = [HEADER];
  for (const { from, to, change, before, after, opened, closed, replicas, certain, causes } of diff.changes) {
    rows.push([
      'connection',
      change,
      name(from),
      name(to),
      ...[before, after, opened, closed].map((ports) => portsWords(ports, true)),
      replicas,
      certain === false ? 'no' : 'yes',
      causesText(diff, causes, true),
    ]);
  }
  for (const { workload, direction, before, after, causes } of diff.isolation) {
    const sure = before === 'unknown' || after === 'unknown' ? 'no' : 'yes';
    rows.push(['isolation', '', workload, direction, before, after, '', '', '', sure, causesText(diff, causes, true)]);
  }
  for (const { via, to, change, before, after } of diff.exposed) {
    const state = (exposure: typeof before): string =>
      exposure === undefined ? 'none' : `${exposure.allowed ? 'open' : 'blocked'} ${portsWords(exposure.ports, true)}`;
    const sure = change === 'unclear' ? 'no' : 'yes';
    rows.push(['exposed', change, via, to, state(before), state(after), '', '', '', sure, '']);
  }
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function peerCell(peer: DiffPeer): string {
  if (peer.type === 'external') return peer.cidrs.join(' ');
  return peer.type === 'nodes' ? peer.names.map((name) => `Node/${name}`).join(' ') : peer.id;
}
