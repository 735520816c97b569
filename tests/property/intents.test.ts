/** Intents on random clusters, held against the oracle pair by pair. */
import { expect, test } from 'vitest';
import { formatCidr, formatIp } from '../../src/base/inet-format.ts';
import type { Cidr, IpAddress } from '../../src/base/inet.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { ConnectionExample, IntentResult } from '../../src/intents/report.ts';
import { expandIntents } from '../../src/intents/expand.ts';
import { intentsOf, resultOf } from '../intents/held.ts';
import { inCidr, parseAddress } from '../oracle/addresses.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { type End, Oracle, type Query } from '../oracle/oracle.ts';
import { complete } from './missing-facts.ts';
import { endName, endsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { engineOf } from './under-test.ts';

type At = Pick<Query, 'protocol' | 'port'>;

const ports: readonly At[] = [
  { protocol: 'TCP', port: 80 },
  { protocol: 'TCP', port: 53 },
  { protocol: 'UDP', port: 53 },
  { protocol: 'SCTP', port: 80 },
  { protocol: 'TCP', port: 443 },
];

function portText({ protocol, port }: At): string {
  return `${port}/${protocol.toLowerCase()}`;
}

/** A random cluster with everything that a brute-force answer needs. */
class Case {
  readonly objects: readonly Manifest[];
  readonly oracle: Oracle;
  readonly engine: Engine;
  /** Pods, nodes, and one free address of every network that the policies tell apart. */
  readonly ends: readonly End[];
  /** The networks that an address stands for. */
  readonly networks = new Map<string, readonly string[]>();

  constructor(seed: number) {
    this.objects = randomCluster(seed);
    this.oracle = new Oracle(this.objects);
    this.engine = engineOf(this.objects);
    const inside = endsOf(this.objects).filter((end) => !('ip' in end));
    const taken = new Set(
      [...this.engine.cluster.pods.ips.flat(), ...this.engine.cluster.nodes.flatMap((node) => node.addresses)].map(
        formatIp,
      ),
    );
    const outside: End[] = [];
    for (const { cidrs } of this.engine.externalAtoms()) {
      for (const family of [4, 6] as const) {
        const own = cidrs.filter((cidr) => cidr.family === family);
        const ip = own.flatMap((cidr) => addresses(cidr)).find((text) => !taken.has(text));
        if (ip === undefined) continue;
        outside.push({ ip });
        this.networks.set(ip, own.map(formatCidr));
      }
    }
    this.ends = [...inside, ...outside];
  }

  /** Whether some family allows it; `undefined` for ends that have none in common. */
  allowed(from: End, to: End, at: At): boolean | undefined {
    const shared = ([4, 6] as const).filter((family) =>
      [from, to].every((end) => this.oracle.addresses(end, family).length > 0),
    );
    if (shared.length === 0) return undefined;
    return shared.some((family) => this.oracle.evaluate({ from, to, ...at, family }).allowed);
  }

  manifest(end: End): Manifest | undefined {
    if (!('pod' in end)) return undefined;
    const [namespace = '', name = ''] = end.pod.split('/');
    return this.objects.find(
      ({ kind, metadata }) =>
        kind === 'Pod' && metadata.name === name && (metadata.namespace ?? 'default') === namespace,
    );
  }

  isHost(end: End): boolean {
    return 'node' in end || (this.manifest(end)?.spec as { hostNetwork?: unknown } | undefined)?.hostNetwork === true;
  }

  nodeOf(end: End): string {
    if ('node' in end) return end.node;
    return (this.manifest(end)?.spec as { nodeName?: string } | undefined)?.nodeName ?? '';
  }

  /** What intents never forbid: a pod's own node (S100); pairs that are none. */
  isExempt(from: End, to: End): boolean {
    return 'pod' in to && !this.isHost(to) && this.isHost(from) && this.nodeOf(from) === this.nodeOf(to);
  }

  isPair(from: End, to: End): boolean {
    return endName(from) !== endName(to) && !('ip' in from && 'ip' in to);
  }
}

/** The first few of a network. */
function addresses(cidr: Cidr): readonly string[] {
  return Array.from({ length: 12 }, (_, i) => BigInt(cidr.first) + BigInt(i))
    .filter((value) => value <= BigInt(cidr.last))
    .map((value) => {
      const ip: IpAddress = cidr.family === 4 ? { family: 4, value: Number(value) } : { family: 6, value };
      return formatIp(ip);
    });
}

/** An end as an intent names it, and who it is meant to be. */
interface Group {
  readonly text: unknown;
  readonly has: (end: End) => boolean;
}

function randomGroup(random: Random, at: Case): Group {
  const namespaces = at.engine.cluster.namespaces.map(({ name }) => name);
  const labelsOf = (end: End): Readonly<Record<string, string>> =>
    (at.manifest(end)?.metadata.labels as Record<string, string> | null | undefined) ?? {};
  const namespaceOf = (end: End): string => ('pod' in end ? (end.pod.split('/')[0] ?? '') : '');
  return random.weighted<Group>([
    [
      3,
      () => {
        const name = random.pick(namespaces);
        return { text: `ns/${name}`, has: (end) => namespaceOf(end) === name };
      },
    ],
    [
      3,
      () => {
        const key = random.pick(['a', 'b', 'constructor']);
        const value = random.pick(['x', 'y']);
        return {
          text: { podSelector: `${key}=${value}` },
          has: (end) => 'pod' in end && Object.hasOwn(labelsOf(end), key) && labelsOf(end)[key] === value,
        };
      },
    ],
    [
      2,
      () => {
        const end = random.pick(at.ends.filter((candidate) => !('ip' in candidate)));
        const text = 'pod' in end ? end.pod.replace('/', '/pod/') : `node/${'node' in end ? end.node : ''}`;
        return { text, has: (other) => endName(other) === endName(end) };
      },
    ],
    [1, () => ({ text: 'cluster', has: (end) => 'pod' in end })],
    [1, () => ({ text: 'anywhere', has: () => true })],
    [1, () => ({ text: 'outside', has: (end) => 'ip' in end })],
    [
      1,
      () => ({
        text: { cidr: '10.0.1.0/24' },
        has: (end) => 'ip' in end && inCidr(parseAddress(end.ip), '10.0.1.0/24'),
      }),
    ],
    [
      2,
      () => {
        const inner = randomGroup(random, at);
        return { text: { not: inner.text }, has: (end) => !inner.has(end) };
      },
    ],
  ]);
}

/** In the one network that groups are made of. */
const innerAddress = '10.0.1.0';

/** A network may hold the address that stands for it and others: only when all agree is membership a matter of yes or no. */
function isWhole(at: Case, group: Group): boolean {
  return [...at.networks].every(([ip, networks]) => {
    const member = group.has({ ip });
    return networks.every((network) => {
      const first = network.split('/')[0] ?? '';
      const inner = inCidr(parseAddress(innerAddress), network) ? group.has({ ip: innerAddress }) : member;
      return group.has({ ip: first }) === member && inner === member;
    });
  });
}

function numbers({ outcome, judged, examples, more }: IntentResult): string {
  const shown = examples.reduce((sum, example) => sum + (example.type === 'connection' ? example.pairs : 0), 0);
  return `${outcome}, ${shown + more} of ${judged}`;
}

function connections(result: IntentResult): readonly ConnectionExample[] {
  return result.examples.filter((example) => example.type === 'connection');
}

/** Pods and nodes as the oracle names them; `undefined` for networks. */
function endOf(text: string): End | undefined {
  const [first = '', kind = '', name] = text.split('/');
  if (first === 'Node') return { node: kind };
  return name !== undefined && kind === 'Pod' ? { pod: `${first}/${name}` } : undefined;
}

test('allow and deny of groups hold exactly when every pair does, and their counter-examples are true', () => {
  const wrong: string[] = [];
  const outcomes = new Map<string, number>();
  for (let seed = 5000; seed < 5060; seed++) {
    const at = new Case(seed);
    const random = new Random(seed);
    for (let round = 0; round < 12; round++) {
      const [from, to] = [randomGroup(random, at), randomGroup(random, at)];
      if (!isWhole(at, from) || !isWhole(at, to)) continue;
      const port = random.pick(ports);
      const pairs = at.ends
        .filter(from.has)
        .flatMap((source) => at.ends.filter(to.has).map((target) => ({ source, target })))
        .filter(({ source, target }) => at.isPair(source, target))
        .map((pair) => ({ ...pair, allowed: at.allowed(pair.source, pair.target, port) }))
        .filter(({ allowed }) => allowed !== undefined);
      for (const type of ['allow', 'deny'] as const) {
        const intent = { [type]: { from: from.text, to: to.text, ports: portText(port) } };
        const result = resultOf(at.engine, intent);
        // Row by row from the relation, as for large clusters: the same answer with the same numbers.
        const byRows = resultOf(at.engine, intent, { fewPairs: 0 });
        if (numbers(result) !== numbers(byRows))
          wrong.push(`seed ${seed}: ${JSON.stringify(intent)}: ${numbers(result)}, by rows ${numbers(byRows)}`);
        const broken = pairs.filter(({ source, target, allowed }) =>
          type === 'allow' ? !allowed : allowed && !at.isExempt(source, target),
        );
        const judged = result.message === undefined;
        const expected = !judged ? 'fails' : broken.length > 0 ? 'fails' : 'holds';
        outcomes.set(
          `${type} ${result.outcome} ${judged}`,
          (outcomes.get(`${type} ${result.outcome} ${judged}`) ?? 0) + 1,
        );
        if (result.outcome !== expected || (!judged && pairs.length > 0 && !JSON.stringify(intent).includes('not')))
          wrong.push(
            `seed ${seed}: ${JSON.stringify(intent)}: ${result.outcome} ${result.message ?? ''}, oracle: ${broken.length} of ${pairs.length} break it: ${broken
              .slice(0, 2)
              .map(({ source, target }) => `${endName(source)} > ${endName(target)}`)
              .join('; ')}`,
          );
        for (const example of connections(result)) {
          const [source, target] = [endOf(example.from), endOf(example.to)];
          if (source === undefined || target === undefined) continue;
          const isTrue = broken.some(
            (pair) => endName(pair.source) === endName(source) && endName(pair.target) === endName(target),
          );
          if (!isTrue)
            wrong.push(
              `seed ${seed}: ${JSON.stringify(intent)}: ${example.from} > ${example.to} is no counter-example`,
            );
        }
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  // Both answers must have been given often, or the test says little.
  for (const key of ['allow holds true', 'allow fails true', 'deny holds true', 'deny fails true'])
    expect(outcomes.get(key) ?? 0, key).toBeGreaterThan(25);
});

/** Who may reach a pod, or whom it may reach, as ends of an intent. */
function asEnds(at: Case, ends: readonly End[]): unknown[] {
  return ends.flatMap((end): unknown[] => {
    if ('ip' in end) return (at.networks.get(end.ip) ?? []).map((cidr) => ({ cidr }));
    return ['pod' in end ? end.pod.replace('/', '/pod/') : `node/${end.node}`];
  });
}

test('only and onlyTo hold for the matrix that the oracle makes, and fail when one end of it is changed', () => {
  const wrong: string[] = [];
  let mutated = 0;
  for (let seed = 5100; seed < 5160; seed++) {
    const at = new Case(seed);
    const random = new Random(seed);
    const pods = at.ends.filter((end) => 'pod' in end && !at.isHost(end));
    for (const type of ['only', 'onlyTo'] as const) {
      const subject = pods.length === 0 ? undefined : random.pick(pods);
      if (subject === undefined) continue;
      const port = random.pick(ports);
      const others = at.ends.filter((end) => endName(end) !== endName(subject));
      const answer = (end: End): boolean | undefined =>
        type === 'only' ? at.allowed(end, subject, port) : at.allowed(subject, end, port);
      const open = others.filter((end) => answer(end) === true);
      const shut = others.filter((end) => answer(end) === false);
      const name = endName(subject).replace('/', '/pod/');
      const held = (ends: readonly End[]): IntentResult => {
        const listed = asEnds(at, ends);
        const ports_ = portText(port);
        const body =
          type === 'only' ? { from: listed, to: name, ports: ports_ } : { from: name, to: listed, ports: ports_ };
        return resultOf(at.engine, { [type]: body });
      };
      if (open.length > 0) {
        const result = held(open);
        if (result.outcome !== 'holds')
          wrong.push(`seed ${seed}: ${type} ${name} ${portText(port)}: ${JSON.stringify(result)}`);
      }
      // Without an end that may, or with one that may not, it must fail for that very end.
      const gone = open.find((end) => 'pod' in end && !at.isHost(end));
      const rest = open.filter((end) => end !== gone);
      if (gone !== undefined && rest.length > 0) {
        mutated++;
        const examples = connections(held(rest));
        const [example] = examples;
        const other = endOf((type === 'only' ? example?.from : example?.to) ?? '');
        if (
          examples.length !== 1 ||
          example?.expected !== 'denied' ||
          other === undefined ||
          endName(other) !== endName(gone)
        )
          wrong.push(`seed ${seed}: ${type} without ${endName(gone)}: ${JSON.stringify(examples)}`);
      }
      const extra = shut.find((end) => 'pod' in end && !at.isHost(end));
      if (extra !== undefined) {
        mutated++;
        const examples = connections(held([...open, extra]));
        const [example] = examples;
        if (examples.length !== 1 || example?.expected !== 'allowed' || example.verdict !== 'denied')
          wrong.push(`seed ${seed}: ${type} with ${endName(extra)}: ${JSON.stringify(examples)}`);
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(mutated).toBeGreaterThan(50);
});

test('probes expect what the oracle says, when the intents are true', () => {
  const wrong: string[] = [];
  let probes = 0;
  for (let seed = 5200; seed < 5230; seed++) {
    const at = new Case(seed);
    const random = new Random(seed);
    for (let round = 0; round < 6; round++) {
      const [from, to] = [randomGroup(random, at), randomGroup(random, at)];
      if (!isWhole(at, from) || !isWhole(at, to)) continue;
      const port = random.pick(ports);
      const type = random.pick(['allow', 'deny'] as const);
      const intent = { name: 'x', [type]: { from: from.text, to: to.text, ports: portText(port) } };
      if (resultOf(at.engine, intent).outcome !== 'holds') continue;
      const intents = intentsOf(JSON.stringify({ apiVersion: 'sallyport.dev/v1', kind: 'Intents', intents: [intent] }));
      for (const probe of expandIntents(at.engine, intents)) {
        probes++;
        const [source, target] = [endOf(probe.from.label), endOf(probe.to.label)];
        if (probe.protocol !== port.protocol || probe.port !== port.port)
          wrong.push(`seed ${seed}: ${JSON.stringify(intent)}: ${JSON.stringify(probe)}`);
        if (source === undefined || target === undefined) continue;
        if ((probe.expected === 'allowed') !== at.allowed(source, target, port))
          wrong.push(
            `seed ${seed}: ${JSON.stringify(intent)}: ${probe.from.label} > ${probe.to.label} ${probe.expected}`,
          );
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(probes).toBeGreaterThan(100);
});

/** An end that hangs on the labels of namespaces, which a cluster without Namespace objects does not tell. */
function randomEnd(random: Random, names: readonly string[]): unknown {
  return random.weighted<unknown>([
    [2, () => ({ namespaceSelector: `${random.pick(['a', 'b'])}=${random.pick(['x', 'y'])}` })],
    [1, () => ({ namespaceSelector: `!${random.pick(['a', 'b'])}`, podSelector: `${random.pick(['a', 'b'])}=x` })],
    [2, () => ({ podSelector: `${random.pick(['a', 'b'])}=${random.pick(['x', 'y'])}` })],
    [2, () => `ns/${random.pick(names)}`],
    [1, () => 'cluster'],
    [2, () => ({ not: randomEnd(random, names) })],
  ]);
}

test('what holds or fails without all facts does so whatever the facts are (D14)', () => {
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  for (let seed = 5300; seed < 5340; seed++) {
    const random = new Random(seed);
    const incomplete = randomCluster(seed).filter(({ kind }) => kind !== 'Namespace' || random.chance(0.4));
    const engine = engineOf(incomplete);
    const engines = Array.from({ length: 4 }, () => engineOf(complete(random, incomplete)));
    const names = engine.cluster.namespaces.map(({ name }) => name);
    for (let round = 0; round < 10; round++) {
      const [from, to] = [randomEnd(random, names), randomEnd(random, names)];
      const ports_ = portText(random.pick(ports));
      const intent = { [random.pick(['allow', 'deny', 'only', 'onlyTo'])]: { from, to, ports: ports_ } };
      const { outcome, message } = resultOf(engine, intent);
      if (message !== undefined) continue;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      if (outcome === 'unknown') continue;
      for (const other of engines) {
        const result = resultOf(other, intent);
        // With other labels the ends may be nobody, and then there is nothing to be wrong about.
        if (result.message === undefined && result.outcome !== outcome)
          wrong.push(`seed ${seed}: ${JSON.stringify(intent)}: ${outcome}, but ${result.outcome} with all facts`);
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  for (const outcome of ['holds', 'fails', 'unknown']) expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(15);
});
