/** Connections that live while policies change: which of them end, when, and in which direction (D7). */
import type { Manifest } from '../oracle/manifest.ts';
import type { Enforced } from './enforced.ts';
import type { Network } from './network.ts';
import type { Place } from './place.ts';
import { Residence } from './residence.ts';

/** The prober's server talks on this port without being asked. */
const streamingPort = 7000;

export interface FlowResult {
  readonly what: string;
  /** The server sends without being asked; otherwise it answers what the client sends. */
  readonly streaming: boolean;
  readonly expected: 'cut' | 'goes on';
  /** From when the kernel had the change to the last that came through (before it: negative); `undefined`: goes on. */
  readonly lastAfterMs: number | undefined;
  /** The same from when the change was asked for. */
  readonly lastAfterRequestMs: number | undefined;
}

const pod = (name: string, addresses: readonly string[], nodeName: string, labels = { name }): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels },
  spec: { nodeName, containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: addresses[0] ?? '', podIPs: addresses.map((ip) => ({ ip })) },
});

const policy = (subject: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'n' },
  spec: { podSelector: { matchLabels: { name: subject } }, ...spec },
});

const node = (index: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `node${index}` },
  status: { addresses: [{ address: `192.0.2.${index}` }] },
});

const addressesOf = {
  server: ['10.0.0.1', 'fd00::1'],
  client: ['10.0.0.2', 'fd00::2'],
  friend: ['10.0.0.3', 'fd00::3'],
};

const base: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
  node(1),
  node(2),
  pod('server', addressesOf.server, 'node1'),
  pod('client', addressesOf.client, 'node1'),
  pod('friend', addressesOf.friend, 'node2'),
];

const named = (...names: string[]) => [
  { podSelector: { matchExpressions: [{ key: 'name', operator: 'In', values: names }] } },
];
const allowBoth = policy('server', { ingress: [{ from: named('client', 'friend') }] });

export interface LiveChange {
  readonly what: string;
  readonly before: readonly Manifest[];
  readonly after: readonly Manifest[];
}

/** The client loses its access, the friend keeps it. */
export const liveChanges: readonly LiveChange[] = [
  {
    what: 'the server lets one of two in',
    before: [...base, allowBoth],
    after: [...base, policy('server', { ingress: [{ from: named('friend') }] })],
  },
  {
    what: 'the server becomes isolated',
    before: base,
    after: [...base, policy('server', { ingress: [{ from: named('friend') }] })],
  },
  {
    what: 'the client may not go there any more',
    before: base,
    after: [...base, policy('client', { policyTypes: ['Egress'], egress: [] })],
  },
  {
    what: 'the client loses its label',
    before: [...base, allowBoth],
    after: [
      ...base.filter(({ metadata }) => metadata.name !== 'client'),
      { ...pod('client', addressesOf.client, 'node1'), metadata: { name: 'client', namespace: 'n', labels: {} } },
      allowBoth,
    ],
  },
];

interface Flow {
  readonly place: Place;
  readonly name: string;
  readonly streaming: boolean;
  readonly expected: FlowResult['expected'];
}

interface Seen {
  readonly received: number;
  readonly lastAtMs: number;
}

/** A stream sends every 4 ms; whatever is silent for so long has ended. */
const silentMs = 150;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Flows of both families and protocols, asked for and unasked, under one change. */
export async function changeUnderFlows(
  network: Network,
  enforced: Enforced,
  { what, before, after }: LiveChange,
): Promise<FlowResult[]> {
  const residence = new Residence(before, network.nodes.length);
  await residence.settle(network, { tcp: [80, streamingPort], udp: [53] });
  await enforced.enforce(before, residence.nodes);
  const flows: Flow[] = [];
  for (const who of ['client', 'friend'] as const) {
    const place = residence.placeOf({ pod: `n/${who}` }, network);
    for (const [protocol, port] of [
      ['TCP', 80],
      ['TCP', streamingPort],
      ['UDP', 53],
    ] as const) {
      for (const family of [0, 1]) {
        const [from, to] = [addressesOf[who][family], addressesOf.server[family]];
        const name = `${what}: ${who} ${protocol}/${port} ${from}`;
        if (!(await place.ask<boolean>('open', { name, from, to, protocol, port })))
          throw new Error(`${name} does not begin`);
        const expected = who === 'client' ? 'cut' : 'goes on';
        flows.push({ place, name, streaming: port === streamingPort, expected });
      }
    }
  }
  const requestedAtMs = performance.timeOrigin + performance.now();
  await enforced.enforce(after, residence.nodes);
  const changedAtMs = performance.timeOrigin + performance.now();
  await pause(silentMs);
  const results: FlowResult[] = [];
  const watch = (each: Flow) => each.place.ask<Seen>('watch', { name: each.name });
  const first = await Promise.all(flows.map(watch));
  await pause(silentMs);
  for (const [index, flow] of flows.entries()) {
    const { received, lastAtMs } = await watch(flow);
    const goesOn = received > (first[index]?.received ?? 0);
    const { name, streaming, expected } = flow;
    results.push({
      what: name,
      streaming,
      expected,
      lastAfterMs: goesOn ? undefined : lastAtMs - changedAtMs,
      lastAfterRequestMs: goesOn ? undefined : lastAtMs - requestedAtMs,
    });
    await flow.place.ask('close', { name });
  }
  return results;
}
