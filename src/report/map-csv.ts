import type { ConnectivityMap, MapPeer } from '../engine/results.ts';
import { csvCell } from './escape.ts';
import type { MapOptions } from './map-options.ts';
import { portsText } from './ports-text.ts';

const HEADER = ['type', 'from', 'through', 'to', 'ports', 'replicas', 'allowed', 'certain', 'why'];

/**
 * The map for spreadsheets: one row per connection, nothing folded, then one per exposure (`from` is then the Ingress,
 * route or Service, `through` its controller). External peers are their networks, separated by spaces. Lines end in CRLF (RFC 4180). Cells that
 * a spreadsheet would take for a formula start with an apostrophe.
 */
export function renderMapCsv(map: ConnectivityMap, options: Pick<MapOptions, 'denied'> = {}): string {
  const denied = options.denied === true;
  const names = new Map(map.peers.map((peer) => [peer.id, peerCell(peer)]));
  const name = (id: string): string => names.get(id) ?? id;
  const rows = [HEADER];
  for (const { from, to, ports, replicas, certain, why } of map.connections) {
    const allowed = certain === false ? 'unknown' : denied ? 'no' : 'yes';
    const sure = certain === false ? 'no' : 'yes';
    rows.push(['connection', name(from), '', name(to), portsText(ports, true), replicas, allowed, sure, reasons(why)]);
  }
  for (const { via, through, to, ports, allowed, certain, why } of map.exposed) {
    const answer = certain === false ? 'unknown' : allowed ? 'yes' : 'no';
    const sure = certain === false ? 'no' : 'yes';
    rows.push([
      'exposed',
      via,
      (through ?? []).join(' '),
      name(to),
      portsText(ports, true),
      '',
      answer,
      sure,
      reasons(why),
    ]);
  }
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function peerCell(peer: MapPeer): string {
  return peer.type === 'external' ? peer.cidrs.join(' ') : peer.id;
}

function reasons(why: readonly string[] | undefined): string {
  return (why ?? []).join('; ');
}
