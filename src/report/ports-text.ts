import type { PortsOfProtocol, PortsValue } from '../engine/results.ts';

/** How many port ranges a protocol lists before the rest is only counted. */
const SHOWN_RANGES = 6;

/** `any port`, `tcp 80,443`, `tcp 53, udp 53`, `all tcp`; `none` when there is nothing. `full` lists every range. */
export function portsText(ports: PortsValue, full = false): string {
  if (ports === 'any') return 'any port';
  if (ports.length === 0) return 'none';
  return ports.map((entry) => protocolText(entry, full)).join(', ');
}

function protocolText({ protocol, ranges }: PortsOfProtocol, full: boolean): string {
  if (protocol === 'other') return 'other protocols';
  const name = protocol.toLowerCase();
  const [first] = ranges;
  if (first !== undefined && first[0] <= 1 && first[1] === 65535) return `all ${name}`;
  const shown = full ? ranges : ranges.slice(0, SHOWN_RANGES);
  const list = shown.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(',');
  const hidden = ranges.length - shown.length;
  return `${name} ${list}${hidden > 0 ? ` +${hidden} more` : ''}`;
}
