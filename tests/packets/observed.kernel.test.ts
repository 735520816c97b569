/** What the agent tells about packets, against what packets did. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Manifest } from '../oracle/manifest.ts';
import { AgentProcess } from './agent-process.ts';
import { inAuditMode } from './enforced.ts';
import { describeKernel } from './kernel.ts';
import { Network } from './network.ts';
import type { Probe } from './place.ts';

const node = 'node1';
const addressOf = { client: '10.0.1.1', server: '10.0.1.2', watched: '10.0.1.3', friend: '10.0.2.1' } as const;
type Name = keyof typeof addressOf;

const pod = (name: Name, nodeName = node): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name } },
  spec: { nodeName, containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: addressOf[name], podIPs: [{ ip: addressOf[name] }] },
});

const policy = (name: string, subject: Name, spec: Record<string, unknown>): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app: subject } }, ...spec },
});

const objects: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  },
  pod('client'),
  pod('server'),
  pod('watched'),
  pod('friend', 'node2'),
  policy('friends-only', 'server', {
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 80 }] }],
  }),
  inAuditMode(policy('nobody', 'watched', { policyTypes: ['Ingress'] })),
];

describeKernel('what the agent tells', () => {
  let network: Network;
  let agent: AgentProcess;
  let metrics = '';
  const open = new Map<string, number>();

  /** TCP to port 80; with connections that nobody answers, `dropped` says when they have been tried. */
  const connect = async (from: Name, to: Name, count: number, awaited: boolean): Promise<void> => {
    const [routing] = network.nodes;
    const place = from === 'friend' ? network.elsewhere : routing?.pods;
    if (routing === undefined || place === undefined) throw new Error('no place');
    const probes = Array.from({ length: count }, (_, index): Probe => ({
      id: index,
      from: addressOf[from],
      to: addressOf[to],
      protocol: 'TCP',
      port: 80,
      awaited,
    }));
    const before = await routing.dropped();
    await place.ask('probe', { probes, timeoutMs: 5000 });
    if (!awaited) {
      await vi.waitFor(async () => {
        if ((await routing.dropped()) - before !== count) throw new Error('not all were dropped');
      });
    }
    const results = await place.ask<[number, string][]>('settle');
    open.set(`${from} -> ${to}`, results.filter(([, result]) => result === 'open').length);
  };

  const metric = (name: string, ...labels: readonly string[]): number => {
    const line = metrics
      .split('\n')
      .find((each) => each.startsWith(`${name}{`) && labels.every((label) => each.includes(label)));
    return Number(line?.split(' ').at(-1));
  };

  beforeAll(async () => {
    network = await Network.open(1);
    const [routing] = network.nodes;
    if (routing === undefined) throw new Error('no node');
    const { client, server, watched, friend } = addressOf;
    await network.arrange({
      nodes: [{ own: ['192.0.2.1'], pods: [client, server, watched] }],
      elsewhere: [friend],
      tcp: [80],
      udp: [],
    });
    agent = await AgentProcess.prepare(routing.host.namespace, objects);
    await agent.start(node);
    await connect('client', 'server', 20, false);
    await connect('client', 'watched', 15, true);
    await connect('friend', 'server', 5, true);
    await vi.waitFor(
      async () => {
        metrics = await agent.fetch('/metrics');
        if (metric('sallyport_would_deny_total', 'nobody') !== 15) throw new Error(metrics);
      },
      { timeout: 20_000, interval: 200 },
    );
  });
  afterAll(async () => {
    await agent.close();
    await network.close();
  });

  it('is what happened: a policy in audit mode lets everything through', () => {
    expect(Object.fromEntries(open)).toEqual({ 'client -> server': 0, 'client -> watched': 15, 'friend -> server': 5 });
  });

  it('counts denials, would-be denials and hits exactly', () => {
    expect(metric('sallyport_denied_packets_total', 'friends-only', 'ingress')).toBe(20);
    expect(metric('sallyport_would_deny_total', 'nobody', 'ingress')).toBe(15);
    expect(metric('sallyport_policy_hits_total', 'friends-only', 'ingress')).toBe(5);
  });

  it('says of a denied packet who, where to, which policy, and what would have let it through', async () => {
    const records = await vi.waitFor(
      () => {
        const lines = agent.flowLines.map((line) => JSON.parse(line) as Record<string, unknown>);
        const both = ['denied', 'would-deny'].map((verdict) => lines.find((line) => line['verdict'] === verdict));
        expect(both).not.toContain(undefined);
        return both;
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(records[0]).toMatchObject({
      kind: 'Flow',
      node,
      verdict: 'denied',
      direction: 'ingress',
      from: { ip: addressOf.client, type: 'pod', namespace: 'shop', pod: 'client', labels: { app: 'client' } },
      to: { ip: addressOf.server, type: 'pod', namespace: 'shop', pod: 'server', labels: { app: 'server' } },
      protocol: 'TCP',
      port: 80,
      policies: ['shop/NetworkPolicy/friends-only'],
      nearest: { misses: 'peer' },
    });
    expect(records[0]?.['reason']).toContain('friends-only');
    expect(records[1]).toMatchObject({ to: { pod: 'watched' }, policies: ['shop/NetworkPolicy/nobody'] });
  });
});
