import { type MapEnd, type MapGrouping, focusOf, viewItems } from '../../engine/connectivity-views.ts';
import { type MapOptions as EngineMapOptions, connectivityMap } from '../../engine/connectivity.ts';
import { parseEndpoint } from '../../engine/endpoint.ts';
import { readEndpointText, readTargetText } from '../../engine/endpoint-text.ts';
import type { Engine } from '../../engine/engine.ts';
import { PossibleExposures } from '../../engine/possible-exposures.ts';
import type { ConnectivityMap } from '../../engine/results.ts';
import { OperationalError } from '../../io/operational-error.ts';
import type { LabelSelector } from '../../kube/objects.ts';
import { parseSelector } from '../../kube/selectors.ts';
import { closest } from '../../kube/suggest.ts';
import type { Cluster } from '../../model/cluster.ts';
import { type MapFormatName, mapFormats } from '../../report/formats.ts';
import type { MapOptions as MapReportOptions } from '../../report/map-options.ts';
import { drawableMap } from '../drawable-map.ts';
import { endpointError } from '../ends.ts';
import { type LoadOptions, loadInput } from '../load.ts';
import { type EngineOptions, openEngine, readPodCidrs } from '../open-engine.ts';
import { printReport } from '../print-report.ts';

export interface MapCommandOptions extends LoadOptions, EngineOptions {
  readonly output: MapFormatName;
  readonly by: MapGrouping;
  readonly namespace: readonly string[];
  readonly allNamespaces?: true | undefined;
  readonly selector?: string | undefined;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly port?: string | undefined;
  readonly denied?: true | undefined;
  readonly self?: true | undefined;
  readonly full?: true | undefined;
  readonly exposure?: true | undefined;
}

export async function runMap(options: MapCommandOptions): Promise<void> {
  const podCidrs = readPodCidrs(options);
  const selector = options.selector === undefined ? undefined : readSelector(options.selector);
  const port = options.port === undefined ? undefined : readPort(options.port);
  checkFilters(options);
  const input = await loadInput(options, { example: 'sallyport map', json: options.output === 'json' });
  const engine = openEngine(input.objects, options, podCidrs);
  const { cluster } = engine;
  checkNamespaces(cluster, options.namespace);
  const namespace = (options.namespace.length === 1 ? options.namespace[0] : undefined) ?? input.namespace;
  const ends = (texts: readonly string[], role: string): readonly MapEnd[] =>
    texts.map((text) => readEnd(cluster, text, role, namespace));

  const filter: EngineMapOptions = {
    by: options.by,
    ...(options.namespace.length > 0 ? { namespaces: options.namespace } : {}),
    ...(selector === undefined ? {} : { selector }),
    ...(options.from.length > 0 ? { from: ends(options.from, '--from') } : {}),
    ...(options.to.length > 0 ? { to: ends(options.to, '--to') } : {}),
    ...(port === undefined ? {} : { port }),
    denied: options.denied === true,
    self: options.self === true,
  };
  // Programs get the entries they asked for and the number of those left out; people get a picture that is whole.
  const forPrograms = options.output === 'json' || options.output === 'csv';
  const { map, by, note } = forPrograms
    ? { map: connectivityMap(engine, filter), by: options.by, note: undefined }
    : drawableMap(engine, filter);
  if (forPrograms && map.leftOut !== undefined && options.quiet !== true) warnOfLeftOut(map.leftOut);
  const focus = focusIds(engine, { ...filter, by }, map);
  const notes = [...(note === undefined ? [] : [note]), ...mapNotes(options, map)];
  const report = options.exposure === true ? withPossible(engine, map, by, focus, options) : map;
  printReport(mapFormats, options, report, (look): MapReportOptions => ({
    ...look,
    full: options.full === true,
    denied: options.denied === true,
    ...(focus === undefined ? {} : { focus }),
    ...(isFiltered(options) ? { filtered: true } : {}),
    show: options.from.length > 0 ? 'out' : options.to.length > 0 ? 'in' : 'both',
    ...(notes.length > 0 ? { notes } : {}),
  }));
}

/** Of the peers that the text describes, in the directions it describes. */
function withPossible(
  engine: Engine,
  map: ConnectivityMap,
  by: MapGrouping,
  focus: ReadonlySet<string> | undefined,
  options: MapCommandOptions,
): ConnectivityMap {
  const shown = focus ?? new Set(map.peers.map(({ id }) => id));
  const items = viewItems(engine, by).filter(({ id }) => shown.has(id));
  const directions: ('ingress' | 'egress')[] =
    options.from.length > 0 ? ['egress'] : options.to.length > 0 ? ['ingress'] : ['ingress', 'egress'];
  return { ...map, possible: new PossibleExposures(engine).of(items, directions) };
}

function warnOfLeftOut(count: number): void {
  process.stderr.write(
    `warning: ${count.toLocaleString('en-US')} more connections are not listed; narrow the map with -n, --from or --to, or use --by namespace\n`,
  );
}

function isFiltered({ namespace, selector, from, to, port }: MapCommandOptions): boolean {
  return namespace.length + from.length + to.length > 0 || selector !== undefined || port !== undefined;
}

/** The peers that a text describes: those that the filters ask about, not the other ends of their connections. */
function focusIds(
  engine: Engine,
  { by, namespaces, selector, from, to }: EngineMapOptions,
  map: ConnectivityMap,
): ReadonlySet<string> | undefined {
  const named = from === undefined ? to : from;
  if (named !== undefined) {
    const side = from === undefined ? 'to' : 'from';
    const direct = new Set(map.connections.map((connection) => connection[side]));
    const mentioned = new Set(map.connections.flatMap((connection) => [connection.from, connection.to]));
    // A peer that was asked for by name and has no connection at all is listed by the map for that reason alone.
    for (const { id } of map.peers) if (!mentioned.has(id)) direct.add(id);
    return direct;
  }
  if (namespaces === undefined && selector === undefined) return undefined;
  const items = viewItems(engine, by ?? 'workload');
  const flags = focusOf(engine, items, {
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(selector === undefined ? {} : { selector }),
  });
  return new Set(items.filter((_, index) => flags?.[index] === 1).map(({ id }) => id));
}

function mapNotes(options: MapCommandOptions, map: ConnectivityMap): readonly string[] {
  const filters = [
    ...options.namespace.map((name) => `-n ${name}`),
    ...(options.selector === undefined ? [] : [`-l ${options.selector}`]),
    ...options.from.map((end) => `--from ${end}`),
    ...options.to.map((end) => `--to ${end}`),
    ...(options.port === undefined ? [] : [`--port ${options.port}`]),
  ];
  return [
    ...(options.denied === true ? ['What is denied:'] : []),
    ...(filters.length > 0 ? [`Only ${filters.join(' ')}`] : []),
    ...(map.leftOut === undefined
      ? []
      : [`${map.leftOut} more connections are not listed; filter the map, or use --by namespace`]),
  ];
}

/** What can be refused before any file is read. */
function checkFilters({ namespace, allNamespaces, from, to, exposure, output }: MapCommandOptions): void {
  if (exposure === true && !['text', 'json', 'md'].includes(output)) {
    throw usage(`--exposure is not part of -o ${output}`, 'use -o text, -o json or -o md');
  }
  if (allNamespaces === true && namespace.length > 0) {
    throw usage('-A and -n exclude each other', 'leave one of them out');
  }
  for (const [role, texts] of [
    ['--from', from],
    ['--to', to],
  ] as const) {
    for (const text of texts) {
      const read = readEndpointText(text);
      if (read.ok) continue;
      const withPort = readTargetText(text);
      if (!withPort.ok || withPort.value.port === undefined) throw endpointError(read.problem, role);
      const colon = text.lastIndexOf(':');
      throw usage(
        `${role} ${text}: a port is a filter of its own`,
        `write ${role} ${text.slice(0, colon)} --port ${text.slice(colon + 1)}`,
      );
    }
  }
}

function checkNamespaces(cluster: Cluster, names: readonly string[]): void {
  for (const name of names) {
    if (cluster.namespaceNamed(name) !== undefined) continue;
    const known = cluster.namespaces.map((namespace) => namespace.name);
    const meant = closest(name, known);
    throw usage(
      `-n: the input has no namespace ${JSON.stringify(name)}`,
      meant === undefined ? namespaceList(known) : `did you mean ${meant}?`,
    );
  }
}

function namespaceList(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `it has ${shown} and ${names.length - 10} more` : `it has ${shown}`;
}

/** An end of `can` without a port, or `ns/NAME` for a whole namespace. */
function readEnd(cluster: Cluster, text: string, role: string, namespace: string): MapEnd {
  const [kind = '', name, more] = text.split('/');
  if (name !== undefined && more === undefined && /^(?:ns|namespaces?)$/i.test(kind)) {
    const found = cluster.namespaceNamed(name);
    if (found !== undefined) return { type: 'namespace', namespace: found.index };
    const meant = closest(
      name,
      cluster.namespaces.map((candidate) => candidate.name),
    );
    throw usage(
      `${role}: the input has no namespace ${JSON.stringify(name)}`,
      meant === undefined ? undefined : `did you mean ns/${meant}?`,
    );
  }
  const parsed = parseEndpoint(cluster, text, { namespace });
  if (parsed.ok) return parsed.value.endpoint;
  if (more === undefined && name === undefined && cluster.namespaceNamed(kind) !== undefined) {
    throw usage(`${role}: ${parsed.problem.message}`, `for the whole namespace write ${role} ns/${kind}`);
  }
  throw endpointError(parsed.problem, role);
}

function readSelector(text: string): LabelSelector {
  const parsed = parseSelector(text);
  if (parsed.ok) return parsed.selector;
  throw usage(`-l ${JSON.stringify(text)}: ${parsed.message}`, "for example -l 'app=web,tier in (front,back),!canary'");
}

function readPort(text: string): NonNullable<EngineMapOptions['port']> {
  // Any end will do: only the port is of interest.
  const read = readTargetText(`internet:${text}`);
  const port = read.ok ? read.value.port : undefined;
  if (port?.type === 'portless') return { protocol: 'other', port: 0 };
  if (port?.type === 'number') return { protocol: port.protocol, port: port.port };
  const problem = read.ok ? undefined : read.problem.message;
  throw usage(
    `--port ${JSON.stringify(text)}: ${problem ?? 'it must be a number'}`,
    'write 5432, 53/udp, 3868/sctp or icmp',
  );
}

function usage(message: string, hint: string | undefined): OperationalError {
  return new OperationalError('usage', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
