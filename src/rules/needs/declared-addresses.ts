/** Addresses of Services that workloads name in their environment, arguments and ConfigMaps. */
import type { SourceText, Span } from '../../base/source.ts';
import type { ServiceObject } from '../../kube/objects.ts';
import type { ScalarNode, YamlNode } from '../../yaml/node.ts';
import { parseManifests } from '../../yaml/parse.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectNode } from '../located-object.ts';
import { field, items, podSpec } from '../source-objects.ts';

export interface DeclaredAddress {
  /** Index of the workload that needs it. */
  readonly workload: number;
  readonly service: ServiceObject;
  readonly port: number;
  /** As written, without a password that may stand before it. */
  readonly text: string;
  readonly place: Span;
}

/** Ports that go without saying, by scheme. */
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['ws', 80],
  ['https', 443],
  ['wss', 443],
  ['postgres', 5432],
  ['postgresql', 5432],
  ['mysql', 3306],
  ['redis', 6379],
  ['mongodb', 27017],
  ['amqp', 5672],
  ['nats', 4222],
]);

/** Longer values are programs or certificates. */
const MAX_VALUE = 20_000;

/**
 * `[scheme://][user:password@]host:port` or `scheme://host`. The pieces cannot run into each other, so matching takes
 * time in proportion to the text.
 */
const ADDRESS =
  /(?<![\w./-])(?:([a-z][a-z0-9+]{1,31}):\/\/(?:[^\s@/"',]{0,200}@)?)?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(\d{1,5})\b)?/g;

/** Each workload once per place, in the order of workloads and texts. */
export function declaredAddresses(context: AuditContext): readonly DeclaredAddress[] {
  return context.shared('declared addresses', () => findDeclared(context));
}

function findDeclared(context: AuditContext): readonly DeclaredAddress[] {
  const { cluster } = context;
  const services = new Map(
    cluster.services.map((service) => [`${service.meta.namespace}/${service.meta.name}`, service]),
  );
  if (services.size === 0) return [];
  const configMaps = readConfigMaps(context.sources);
  const found: DeclaredAddress[] = [];
  for (const { index, namespace, object } of cluster.workloads) {
    const root = object === undefined ? undefined : objectNode(object);
    const source = object?.span?.source;
    if (root === undefined || source === undefined) continue;
    const own = cluster.namespaceName(namespace);
    for (const { node, in: text } of textsOf(podSpec(root), source, own, configMaps)) {
      for (const { host, port, shown, at, length } of addressesIn(node.raw)) {
        const service = services.get(serviceKey(host, own) ?? '');
        if (service === undefined) continue;
        const start = offsetOf(text, node, node.raw.slice(at, at + length)) ?? node.start;
        const end = start === node.start ? node.end : start + length;
        const number = port ?? onlyPort(service, host);
        if (number === undefined) continue;
        found.push({
          workload: index,
          service,
          port: number,
          text: shown,
          place: { source: text, start, end },
        });
      }
    }
  }
  return found;
}

/** A full name is an address for certain, also without a port; a bare word is not. */
function onlyPort(service: ServiceObject, host: string): number | undefined {
  const [only, ...more] = service.ports;
  return /\.svc(?:\.|$)/.test(host) && more.length === 0 ? only?.port : undefined;
}

/** `db`, `db.data`, `db.data.svc`, `db.data.svc.cluster.local` */
function serviceKey(host: string, namespace: string): string | undefined {
  const [name = '', second, third, ...rest] = host.split('.');
  if (second === undefined) return `${namespace}/${name}`;
  if (third === undefined) return `${second}/${name}`;
  if (third !== 'svc') return undefined;
  return rest.length === 0 || rest.length >= 2 ? `${second}/${name}` : undefined;
}

interface Address {
  readonly host: string;
  readonly port: number | undefined;
  readonly shown: string;
  readonly at: number;
  readonly length: number;
}

function* addressesIn(text: string): Iterable<Address> {
  if (text.length > MAX_VALUE) return;
  for (const match of text.matchAll(ADDRESS)) {
    const [whole, scheme, host = '', digits] = match;
    const port = digits === undefined ? DEFAULT_PORTS.get(scheme?.split('+')[0] ?? '') : Number(digits);
    const isFull = /\.svc(?:\.|$)/.test(host);
    if ((port === undefined && !isFull) || (port !== undefined && (port < 1 || port > 65535))) continue;
    const shown = `${scheme === undefined ? '' : `${scheme}://`}${host}${digits === undefined ? '' : `:${digits}`}`;
    yield { host, port, shown, at: match.index, length: whole.length };
  }
}

/** Quoted text may be written with escapes; then the whole scalar is the place. */
function offsetOf(source: SourceText, node: ScalarNode, text: string): number | undefined {
  const at = source.text.indexOf(text, node.start);
  return at !== -1 && at + text.length <= node.end ? at : undefined;
}

interface PlacedText {
  readonly node: ScalarNode;
  readonly in: SourceText;
}

type ConfigMaps = ReadonlyMap<string, { readonly source: SourceText; readonly data: YamlNode }>;

/** Values of the environment, commands and arguments, and the ConfigMaps that they or volumes refer to. */
function* textsOf(
  spec: YamlNode | undefined,
  source: SourceText,
  namespace: string,
  configMaps: ConfigMaps,
): Iterable<PlacedText> {
  const used = new Map<string, ReadonlySet<string> | 'all'>();
  const use = (name: YamlNode | undefined, key?: string): void => {
    if (name?.type !== 'scalar') return;
    const known = used.get(name.raw);
    if (key === undefined || known === 'all') used.set(name.raw, 'all');
    else used.set(name.raw, new Set([...(known ?? []), key]));
  };
  for (const container of ['initContainers', 'containers'].flatMap((list) => items(field(spec, list)))) {
    for (const item of items(field(container, 'env'))) {
      const value = field(item, 'value');
      if (value?.type === 'scalar') yield { node: value, in: source };
      const reference = field(field(item, 'valueFrom'), 'configMapKeyRef');
      const key = field(reference, 'key');
      if (key?.type === 'scalar') use(field(reference, 'name'), key.raw);
    }
    for (const item of items(field(container, 'envFrom'))) use(field(field(item, 'configMapRef'), 'name'));
    for (const list of ['command', 'args']) {
      for (const item of items(field(container, list))) if (item.type === 'scalar') yield { node: item, in: source };
    }
  }
  for (const volume of items(field(spec, 'volumes'))) {
    use(field(field(volume, 'configMap'), 'name'));
    for (const projected of items(field(field(volume, 'projected'), 'sources'))) {
      use(field(field(projected, 'configMap'), 'name'));
    }
  }
  for (const [name, keys] of used) {
    const map = configMaps.get(`${namespace}/${name}`);
    if (map?.data.type !== 'mapping') continue;
    for (const { key, value } of map.data.entries) {
      if (value.type === 'scalar' && (keys === 'all' || keys.has(key.raw))) yield { node: value, in: map.source };
    }
  }
}

function readConfigMaps(sources: readonly SourceText[]): ConfigMaps {
  const found = new Map<string, { source: SourceText; data: YamlNode }>();
  for (const source of sources) {
    if (!source.text.includes('ConfigMap')) continue;
    const { documents } = parseManifests(source, {
      wants: (apiVersion, kind) => apiVersion === 'v1' && kind === 'ConfigMap',
    });
    for (const { root } of documents) {
      const data = field(root, 'data');
      const name = field(field(root, 'metadata'), 'name');
      const namespace = field(field(root, 'metadata'), 'namespace');
      if (data === undefined || name?.type !== 'scalar') continue;
      found.set(`${namespace?.type === 'scalar' ? namespace.raw : 'default'}/${name.raw}`, { source, data });
    }
  }
  return found;
}
