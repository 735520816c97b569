/** Ports as intents write them: `5432`, `53/udp`, `8000-8100`, `http`, `any`, `any/tcp`, `icmp`, or as in a policy. */
import type { Protocol } from '../kube/objects.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { PortItem, PortWish } from './intent.ts';
import { clipped, kindOf, type Reading } from './reading.ts';

const protocols: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);

const notation = 'write 5432, 53/udp, 8000-8100, the name of a port, any, any/tcp or icmp';
const maxPort = 65535;

/** One port or a list of them. `undefined` when nothing of it can be read, which is told. */
export function readPorts(node: YamlNode, reading: Reading): PortWish | undefined {
  const items = reading.list(node).flatMap((item) => readItem(item, reading) ?? []);
  if (node.type === 'sequence' && node.items.length === 0) {
    reading.fault(node, '`ports` is an empty list', 'leave it out to ask about every port');
  }
  return items.length === 0 ? undefined : { items, span: reading.span(node) };
}

function readItem(node: YamlNode, reading: Reading): PortItem | undefined {
  if (node.type === 'mapping') return readObject(node, reading);
  if (node.type === 'scalar' && typeof node.value === 'number') return single(node, node.value, 'TCP', reading);
  if (node.type === 'scalar' && typeof node.value === 'string') {
    const item = readPortText(node.value);
    if (typeof item !== 'string') return item;
    reading.fault(node, item, notation);
    return undefined;
  }
  reading.fault(node, `a port must be a number or a text, not ${kindOf(node)}`, notation);
  return undefined;
}

/** The item, or what is wrong with the text. */
export function readPortText(text: string): PortItem | string {
  const slash = text.indexOf('/');
  const port = slash === -1 ? text : text.slice(0, slash);
  const protocolText = slash === -1 ? undefined : text.slice(slash + 1).toLowerCase();
  const protocol = protocolText === undefined ? undefined : protocols.get(protocolText);
  if (protocolText !== undefined && protocol === undefined)
    return `${JSON.stringify(clipped(protocolText))} is not a protocol with ports`;
  if (port === 'any') return { type: 'all', protocol };
  if (protocol === undefined && /^(?:icmp|other)$/i.test(port)) return { type: 'portless' };
  const range = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(port);
  if (range !== null) {
    const first = Number(range[1]);
    const last = Number(range[2] ?? first);
    if (first < 1 || last > maxPort) return `port ${port} must be between 1 and ${maxPort}`;
    if (last < first) return `the range ${port} ends before it begins`;
    return { type: 'range', protocol: protocol ?? 'TCP', first, last };
  }
  if (/^(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(port)) return { type: 'name', name: port, protocol };
  return `${JSON.stringify(clipped(text))} is neither a port number nor the name of a port`;
}

/** `{protocol: UDP, port: 53}`, `{port: 8000, endPort: 8100}`, `{port: http}`, as in a NetworkPolicy. */
function readObject(node: YamlNode, reading: Reading): PortItem | undefined {
  const fields = reading.fields(node, 'a port', ['protocol', 'port', 'endPort']);
  if (fields === undefined) return undefined;
  const protocolNode = fields.get('protocol');
  const protocolText = fields.text('protocol');
  const protocol = protocolText === undefined ? undefined : protocols.get(protocolText.toLowerCase());
  if (protocolNode !== undefined && protocolText !== undefined && protocol === undefined)
    reading.fault(protocolNode, '`protocol` must be TCP, UDP or SCTP', 'for protocols without ports write icmp');
  const port = fields.get('port');
  const end = fields.get('endPort');
  if (port === undefined) {
    if (end !== undefined) reading.fault(end, '`endPort` needs `port`');
    return { type: 'all', protocol: protocol ?? 'TCP' };
  }
  if (port.type === 'scalar' && typeof port.value === 'string') {
    const item = readPortText(port.value);
    if (typeof item !== 'string' && item.type === 'name' && end === undefined) return { ...item, protocol };
    reading.fault(port, '`port` must be a number or the name of a port', 'numbers go without quotes');
    return undefined;
  }
  const first = port.type === 'scalar' && typeof port.value === 'number' ? port.value : -1;
  const last = end === undefined ? first : end.type === 'scalar' && typeof end.value === 'number' ? end.value : -1;
  if (last < first) {
    reading.fault(end ?? port, '`endPort` must be a number that is not below `port`');
    return undefined;
  }
  const item = single(port, first, protocol ?? 'TCP', reading);
  if (item === undefined || end === undefined) return item;
  return single(end, last, protocol ?? 'TCP', reading) && { type: 'range', protocol: protocol ?? 'TCP', first, last };
}

function single(node: YamlNode, port: number, protocol: Protocol, reading: Reading): PortItem | undefined {
  if (Number.isInteger(port) && port >= 1 && port <= maxPort)
    return { type: 'range', protocol, first: port, last: port };
  reading.fault(node, `a port must be a whole number from 1 to ${maxPort}`, notation);
  return undefined;
}
