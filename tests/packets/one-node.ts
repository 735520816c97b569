/** A network with one node that enforces, whose connection tracking tests may look into. */
import { fileURLToPath } from 'node:url';
import { Enforcer } from '../../src/agent/enforcer.ts';
import type { Cidr } from '../../src/base/inet.ts';
import { DEFAULT_FIELD, type GenerationField } from '../../src/dataplane/generation.ts';
import { NodePlanner } from '../../src/dataplane/node-planner.ts';
import { FULL_OBSERVATION } from '../../src/dataplane/observation.ts';
import { DEFAULT_TABLE } from '../../src/dataplane/transaction.ts';
import { systemClock } from '../../src/io/kubernetes/clock.ts';
import { KernelFlowMarks, type FlowMarks } from '../../src/io/nft/flow-marks.ts';
import { KernelNft } from '../../src/io/nft/kernel-nft.ts';
import { SpawnedNftTable } from '../../src/io/nft/spawned-nft-table.ts';
import { readManifests } from '../../src/kube/read.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { Conversation } from './conversation.ts';
import { Network } from './network.ts';

const idleFlows = fileURLToPath(new URL('./idle-flows.mjs', import.meta.url));

/** Pods and where they are; `outside` is not in the cluster. */
export const addresses = {
  server: ['10.0.0.1', 'fd00::1'],
  client: ['10.0.0.2', 'fd00::2'],
  friend: ['10.0.0.3', 'fd00::3'],
  outside: ['198.51.100.1', '2001:db8::1'],
} as const;
export type Who = keyof typeof addresses;

export const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
export const node: Manifest = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node1' },
  status: { addresses: [{ address: '192.0.2.1' }] },
};

export function pod(who: Who): Manifest {
  const podIPs = addresses[who].map((ip) => ({ ip }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: who, namespace: 'n', labels: { name: who } },
    spec: { nodeName: 'node1', containers: [{ name: 'c' }] },
    status: { phase: 'Running', podIP: addresses[who][0], podIPs },
  };
}

/** Lets these in, and nobody else. */
export function letsIn(subject: Who, who: readonly Who[], ports?: readonly { port: number }[]): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `to-${subject}`, namespace: 'n' },
    spec: {
      podSelector: { matchLabels: { name: subject } },
      ingress: [
        {
          from: [{ podSelector: { matchExpressions: [{ key: 'name', operator: 'In', values: who }] } }],
          ...(ports === undefined ? {} : { ports }),
        },
      ],
    },
  };
}

export interface OneNodeOptions {
  readonly field?: GenerationField;
  readonly closedRanges?: readonly Cidr[];
  readonly flowMarks?: (prefix: readonly string[]) => FlowMarks;
}

export class OneNode {
  readonly network: Network;
  readonly enforcer: Enforcer;
  readonly field: GenerationField;
  readonly tables: SpawnedNftTable;
  private readonly planner: NodePlanner;
  private readonly driver: KernelNft;
  private readonly pods: Conversation;
  private readonly outside: Conversation;
  private flows = 0;

  private constructor(network: Network, { field = DEFAULT_FIELD, closedRanges = [], flowMarks }: OneNodeOptions) {
    this.network = network;
    this.field = field;
    const [routing] = network.nodes;
    if (routing === undefined) throw new Error('no node');
    this.pods = new Conversation(routing.pods.namespace, idleFlows);
    this.outside = new Conversation(network.elsewhere.namespace, idleFlows);
    const command = routing.enter('nft');
    this.driver = new KernelNft({ command });
    this.tables = new SpawnedNftTable({ command });
    const prefix = command.slice(0, -1);
    this.planner = new NodePlanner({ node: 'node1', closedRanges, observation: FULL_OBSERVATION });
    this.enforcer = new Enforcer({
      driver: this.driver,
      tables: this.tables,
      flowMarks: flowMarks?.(prefix) ?? new KernelFlowMarks({ prefix }),
      table: DEFAULT_TABLE,
      field,
      clock: systemClock,
      random: () => 0,
      observe: () => undefined,
    });
  }

  static async open(options: OneNodeOptions = {}): Promise<OneNode> {
    const network = await Network.open(1);
    const { server, client, friend, outside } = addresses;
    await network.arrange({
      nodes: [{ own: ['192.0.2.1'], pods: [...server, ...client, ...friend] }],
      elsewhere: outside,
      tcp: [80, 8080],
      udp: [53],
    });
    return new OneNode(network, options);
  }

  async enforce(...objects: readonly Manifest[]): Promise<void> {
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [namespace, node, ...objects] });
    const { namespaces, nodes, pods, networkPolicies } = readManifests([{ name: 'cluster.json', text }]).objects;
    this.planner.reset([...namespaces, ...nodes, ...pods, ...networkPolicies]);
    await this.enforcer.apply(this.planner.plan());
  }

  /** Runs a program on the node. */
  run(argv: readonly [string, ...string[]], input = ''): string {
    const [routing] = this.network.nodes;
    if (routing === undefined) throw new Error('no node');
    return routing.host.namespace.run(argv, input);
  }

  /** A connection, and whether it came about. */
  async connect(
    from: Who,
    to: string,
    {
      protocol = 'TCP',
      port = 80,
      timeoutMs = 3000,
    }: { protocol?: 'TCP' | 'UDP'; port?: number; timeoutMs?: number } = {},
  ): Promise<{ readonly result: string; say(timeoutMs?: number): Promise<string> }> {
    const name = `flow ${++this.flows}`;
    const place = from === 'outside' ? this.outside : this.pods;
    const source = addresses[from][to.includes(':') ? 1 : 0];
    const result = await place.ask<string>('connect', { name, from: source, to, protocol, port, timeoutMs });
    return { result, say: (wait = 3000) => place.ask<string>('say', { name, timeoutMs: wait }) };
  }

  /** Whether somebody gets through, as far as can be seen in time. */
  async reaches(from: Who, to: string, options: { protocol?: 'TCP' | 'UDP'; port?: number } = {}): Promise<boolean> {
    // Who does not get through at once may be slow; who should not is asked for shorter than a slow one takes.
    const { result } = await this.connect(from, to, { ...options, timeoutMs: 700 });
    return result === 'open';
  }

  async close(): Promise<void> {
    await Promise.all([this.pods.end(), this.outside.end()]);
    await this.driver.close();
    await this.network.close();
  }
}
