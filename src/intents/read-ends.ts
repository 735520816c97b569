/** Ends as intents write them: a text as on the command line, a mapping of selectors, or a list of such. */
import { parseCidr } from '../base/inet-parse.ts';
import type { Cidr } from '../base/inet.ts';
import { kindOfAlias } from '../engine/endpoint-kinds.ts';
import { readTargetText } from '../engine/endpoint-text.ts';
import { ObjectDecoder } from '../kube/decoder.ts';
import { Fields as KubeFields } from '../kube/fields.ts';
import { optionalSelector } from '../kube/label-selector.ts';
import type { LabelSelector } from '../kube/objects.ts';
import { parseSelector } from '../kube/selectors.ts';
import { shape } from '../kube/shape.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { EndExpression, EndWord, Entry, PortItem, PortWish } from './intent.ts';
import { readPorts } from './read-ports.ts';
import { clipped, type Fields, kindOf, type Reading } from './reading.ts';

const words: readonly EndWord[] = ['internet', 'outside', 'cluster', 'anywhere'];
const notation = 'write NS/NAME, NS/KIND/NAME, ns/NAME for a namespace, an address, a CIDR, internet or a mapping';
const mappingFields = [
  'namespace',
  'namespaceSelector',
  'podSelector',
  'nodeSelector',
  'service',
  'cidr',
  'except',
  'not',
  'ports',
];

/** Deeper negation than this is no help to any reader. */
const maxDepth = 8;

/** What an end of this place may have. */
export interface EndRules {
  /** Ports of its own: `shop/db:5432`, or a field `ports`. */
  readonly ports: boolean;
}

/** One end or a list of ends; never empty unless a fault was told. */
export function readEntries(node: YamlNode, reading: Reading, rules: EndRules, depth = 0): readonly Entry[] {
  if (node.type === 'sequence' && node.items.length === 0) {
    reading.fault(node, 'a list of ends is empty', notation);
    return [];
  }
  return reading.list(node).flatMap((item) => readEntry(item, reading, rules, depth) ?? []);
}

function readEntry(node: YamlNode, reading: Reading, rules: EndRules, depth: number): Entry | undefined {
  if (node.type === 'scalar' && typeof node.value === 'string') return readText(node, node.value, reading, rules);
  if (node.type === 'mapping') return readMapping(node, reading, rules, depth);
  reading.fault(node, `an end must be a text or a mapping, not ${kindOf(node)}`, notation);
  return undefined;
}

function readText(node: YamlNode, text: string, reading: Reading, rules: EndRules): Entry | undefined {
  const span = reading.span(node);
  const word = words.find((candidate) => candidate === text.trim().toLowerCase());
  if (word !== undefined) return { end: { type: 'word', word, span }, ports: undefined };
  const read = readTargetText(text);
  if (!read.ok) {
    reading.fault(node, read.problem.message, notation);
    return undefined;
  }
  const { end, port } = read.value;
  if (port !== undefined && !rules.ports) {
    reading.fault(node, `${JSON.stringify(clipped(text))} names a port, which only a target can have`);
    return undefined;
  }
  const ports: PortWish | undefined = port === undefined ? undefined : { items: [itemOf(port)], span };
  if (end.type === 'internet') return { end: { type: 'word', word: 'internet', span }, ports };
  const name = withoutPort(text);
  const targetWord = words.find((candidate) => candidate === name.toLowerCase());
  if (targetWord !== undefined) return { end: { type: 'word', word: targetWord, span }, ports };
  if (end.type === 'name') {
    const [first = '', second = ''] = end.parts;
    if (end.parts.length === 2 && kindOfAlias(first) === 'Namespace')
      return { end: { type: 'namespace', names: [second], span }, ports };
  }
  return { end: { type: 'text', text: name, read: end, span }, ports };
}

/** The colon of the port is the last, unless the address is IPv6 in or without brackets. */
function withoutPort(text: string): string {
  const trimmed = text.trim();
  const bracket = /^\[([^\]]*)\]/.exec(trimmed);
  if (bracket !== null) return bracket[1] ?? '';
  const colon = trimmed.indexOf(':');
  return colon === -1 || trimmed.includes(':', colon + 1) ? trimmed : trimmed.slice(0, colon);
}

function itemOf(port: NonNullable<(ReturnType<typeof readTargetText> & { ok: true })['value']['port']>): PortItem {
  switch (port.type) {
    case 'number':
      return { type: 'range', protocol: port.protocol, first: port.port, last: port.port };
    case 'name':
      return port.name === 'any' ? { type: 'all', protocol: port.protocol } : port;
    default:
      return port;
  }
}

function readMapping(node: YamlNode, reading: Reading, rules: EndRules, depth: number): Entry | undefined {
  const fields = reading.fields(node, 'an end', mappingFields);
  if (fields === undefined) return undefined;
  const portsNode = fields.get('ports');
  if (portsNode !== undefined && !rules.ports)
    reading.fault(portsNode, 'ports belong to a target', 'give them beside `from` and `to`');
  const ports = portsNode === undefined || !rules.ports ? undefined : readPorts(portsNode, reading);
  const end = readEnd(fields, reading, depth);
  return end === undefined ? undefined : { end, ports };
}

function readEnd(fields: Fields, reading: Reading, depth: number): EndExpression | undefined {
  const forms = [
    ['namespace', 'namespaceSelector', 'podSelector'].some((name) => fields.has(name)) ? 'pods' : undefined,
    fields.has('nodeSelector') ? 'nodeSelector' : undefined,
    fields.has('service') ? 'service' : undefined,
    fields.has('cidr') || fields.has('except') ? 'cidr' : undefined,
    fields.has('not') ? 'not' : undefined,
  ].filter((form) => form !== undefined);
  const [form, other] = forms;
  if (form === undefined || other !== undefined) {
    const message =
      form === undefined ? 'an end that says nothing' : `an end cannot be both \`${form}\` and \`${other}\``;
    const help = 'give pods (namespace, namespaceSelector, podSelector), nodeSelector, service, cidr or not';
    reading.fault(fields.node, message, help);
    return undefined;
  }
  const span = reading.span(fields.node);
  switch (form) {
    case 'pods':
      return readPods(fields, reading);
    case 'nodeSelector': {
      const selector = readSelector(fields, 'nodeSelector', reading);
      return selector && { type: 'nodes', selector, span };
    }
    case 'service':
      return readService(fields, reading);
    case 'cidr':
      return readNetwork(fields, reading);
    default: {
      const inner = fields.get('not');
      if (inner === undefined) return undefined;
      if (depth >= maxDepth) {
        reading.fault(inner, `\`not\` in \`not\` is understood to a depth of ${maxDepth}`);
        return undefined;
      }
      const of = readEntries(inner, reading, { ports: false }, depth + 1).map((entry) => entry.end);
      return of.length === 0 ? undefined : { type: 'not', of, span };
    }
  }
}

function readPods(fields: Fields, reading: Reading): EndExpression | undefined {
  const span = reading.span(fields.node);
  const namespaceNode = fields.get('namespace');
  const namespaces =
    namespaceNode === undefined
      ? undefined
      : reading.list(namespaceNode).flatMap((item) => reading.text(item, '`namespace`') ?? []);
  if (namespaceNode !== undefined && fields.has('namespaceSelector')) {
    reading.fault(fields.node, 'an end has `namespace` or `namespaceSelector`, not both');
    return undefined;
  }
  const namespaceSelector = readSelector(fields, 'namespaceSelector', reading);
  const podSelector = readSelector(fields, 'podSelector', reading);
  if (namespaces !== undefined && !fields.has('podSelector')) return { type: 'namespace', names: namespaces, span };
  return { type: 'pods', namespaces, namespaceSelector, podSelector, span };
}

const selectorShape = shape('Intents.end', mappingFields.join(' '));

/** `app=db` in the notation of `kubectl -l`, or a LabelSelector. */
function readSelector(fields: Fields, name: string, reading: Reading): LabelSelector | undefined {
  const node = fields.get(name);
  if (node === undefined) return undefined;
  if (node.type === 'scalar' && typeof node.value === 'string') {
    const parsed = parseSelector(node.value);
    if (parsed.ok) return parsed.selector;
    reading.fault(node, `\`${name}\`: ${parsed.message}`, "for example 'app=web,tier in (front,back),!canary'");
    return undefined;
  }
  if (node.type !== 'mapping') {
    reading.fault(node, `\`${name}\` must be a selector, not ${kindOf(node)}`, "for example 'app=web'");
    return undefined;
  }
  const rules = { dialect: 'go', unknownFields: 'error' } as const;
  const decoder = new ObjectDecoder(reading.source, rules, () => '');
  const selector = optionalSelector(new KubeFields(decoder, selectorShape, undefined, fields.node), name);
  for (const { message, span, help } of decoder.diagnostics(node)) {
    const at = span === undefined ? node : { ...node, start: span.start, end: span.end };
    reading.fault(at, message, help);
  }
  return selector;
}

function readService(fields: Fields, reading: Reading): EndExpression | undefined {
  const node = fields.get('service');
  const text = fields.text('service');
  if (node === undefined || text === undefined) return undefined;
  const parts = text.split('/');
  const name = parts.length === 1 ? `svc/${text}` : `${parts[0] ?? ''}/svc/${parts.slice(1).join('/')}`;
  const read = readTargetText(name);
  if (read.ok && read.value.port === undefined && parts.length <= 2)
    return { type: 'text', text: name, read: read.value.end, span: reading.span(node) };
  reading.fault(node, `${JSON.stringify(clipped(text))} is not a Service`, 'write NS/NAME; ports go into `ports`');
  return undefined;
}

function readNetwork(fields: Fields, reading: Reading): EndExpression | undefined {
  const node = fields.required('cidr');
  const cidr = node === undefined ? undefined : readCidr(node, reading);
  const exceptNode = fields.get('except');
  const except =
    exceptNode === undefined ? [] : reading.list(exceptNode).flatMap((item) => readCidr(item, reading) ?? []);
  return cidr && { type: 'network', cidr, except, span: reading.span(fields.node) };
}

function readCidr(node: YamlNode, reading: Reading): Cidr | undefined {
  const text = reading.text(node, 'a CIDR');
  if (text === undefined) return undefined;
  const parsed = parseCidr(text);
  if (parsed === undefined)
    reading.fault(node, `${JSON.stringify(clipped(text))} is not a CIDR`, 'for example 10.0.0.0/8');
  return parsed?.cidr;
}
