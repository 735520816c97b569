/** Connections that live while policies change: which of them end, when, and in which direction (D7). */
import type { Manifest } from '../../oracle/manifest.ts';
import { Enforced, node1 as node } from './enforced.ts';
import type { Network, Place } from './network.ts';

export interface CutResult {
  readonly what: string;
  /** From the start of the change to the last byte that came through; `undefined` when the flow goes on. */
  readonly lastAfterMs: number | undefined;
  readonly expected: 'cut' | 'goes on';
}

const settleMs = 250;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const pod = (name: string, addresses: readonly string[], nodeName: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels: { name } },
  spec: { nodeName, containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: addresses[0] ?? '', podIPs: addresses.map((ip) => ({ ip })) },
});

const policy = (subject: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'n' },
  spec: { podSelector: { matchLabels: { name: subject } }, ...spec },
});

const base: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: node }, status: { addresses: [{ address: '192.0.2.1' }] } },
  pod('server', ['10.0.0.1', 'fd00::1'], node),
  pod('client', ['10.0.0.2', 'fd00::2'], node),
  pod('friend', ['10.0.0.3', 'fd00::3'], 'node2'),
];

const named = (...names: string[]) => [
  { podSelector: { matchExpressions: [{ key: 'name', operator: 'In', values: names }] } },
];
const allowBoth = policy('server', { ingress: [{ from: named('client', 'friend') }] });

const changes: readonly {
  readonly what: string;
  readonly before: readonly Manifest[];
  readonly after: readonly Manifest[];
}[] = [
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
      { ...pod('client', ['10.0.0.2', 'fd00::2'], node), metadata: { name: 'client', namespace: 'n', labels: {} } },
      allowBoth,
    ],
  },
];

/** Each change with flows of both families and protocols, asked for and unasked. */
export async function changeUnderFlows(network: Network): Promise<CutResult[]> {
  const enforced = new Enforced(network);
  const results: CutResult[] = [];
  for (const { what, before, after } of changes) {
    const places = await enforced.arrange(before);
    await enforced.enforce(before);
    const flows: { readonly place: Place; readonly name: string; readonly expected: CutResult['expected'] }[] = [];
    for (const who of ['client', 'friend']) {
      const place = places.get(`n/${who}`);
      if (place === undefined) throw new Error(`${who} has no place`);
      const last = who === 'client' ? '2' : '3';
      for (const [protocol, port] of [
        ['TCP', 80],
        ['TCP', 7000],
        ['UDP', 53],
      ] as const) {
        for (const [from, to] of [
          [`10.0.0.${last}`, '10.0.0.1'],
          [`fd00::${last}`, 'fd00::1'],
        ] as const) {
          const name = `${what}: ${who} ${protocol}/${port} ${from}`;
          if (!(await place.ask<boolean>('open', { name, from, to, protocol, port })))
            throw new Error(`${name} does not begin`);
          flows.push({ place, name, expected: who === 'client' ? 'cut' : 'goes on' });
        }
      }
    }
    await pause(settleMs);
    const begin = Date.now();
    await enforced.enforce(after);
    await pause(settleMs);
    for (const { place, name, expected } of flows) {
      const { lastAtMs } = await place.ask<{ lastAtMs: number }>('watch', { name });
      await pause(60);
      const { lastAtMs: later } = await place.ask<{ lastAtMs: number }>('watch', { name });
      results.push({ what: name, expected, lastAfterMs: later > lastAtMs ? undefined : Math.max(0, lastAtMs - begin) });
      await place.ask('close', { name });
    }
  }
  return results;
}
