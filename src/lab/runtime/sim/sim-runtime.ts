/**
 * The runtime that needs nothing of the kernel: nothing runs and no packet moves. Servers are objects, a few well-known
 * programs are played, and whether a connection gets through is what the engine says. Every output says so.
 */
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { Zone } from '../../dns/zone.ts';
import type { LabNetworks, NodeNetwork } from '../../networks.ts';
import type { ServiceRule } from '../../services/service-rule.ts';
import type { ExecSession } from '../exec-session.ts';
import {
  type ContainerSpec,
  type ExecSpec,
  type LogOptions,
  type Runtime,
  RuntimeError,
  type RuntimeEvents,
  type SandboxSpec,
} from '../runtime.ts';
import { plain } from './http-kinds.ts';
import { findProgram } from './programs/find-program.ts';
import { isServer, servedBy } from './served-by.ts';
import { SimContainer } from './sim-container.ts';
import { type SimHost, SimNetwork, type SimVerdict } from './sim-network.ts';
import { simStream } from './sim-stream.ts';

export interface SimRuntimeOptions {
  readonly networks: LabNetworks;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** What the DNS pods of the lab answer from. */
  readonly zone: Zone;
  /** The engine of the product, on the objects of the lab as they are now. */
  readonly verdict: SimVerdict;
}

const WORLD = {
  kind: 'http',
  answer: ({ local }: { readonly local: { readonly address: string } }) =>
    plain(200, `Hello from the world outside the cluster, at ${local.address}\n`),
} as const;

export class SimRuntime implements Runtime {
  readonly name = 'sim';
  private readonly options: SimRuntimeOptions;
  private readonly network: SimNetwork;
  private readonly nodes = new Map<string, NodeNetwork>();
  private readonly hosts = new Map<string, SimHost>();
  private readonly containers = new Map<string, SimContainer>();
  /** By sandbox. */
  private readonly members = new Map<string, Set<SimContainer>>();
  private events: RuntimeEvents | undefined;

  constructor(options: SimRuntimeOptions) {
    this.options = options;
    const { networks, verdict, random } = options;
    this.network = new SimNetwork({ networks, verdict, random, world: WORLD });
  }

  listen(events: RuntimeEvents): void {
    this.events = events;
  }

  addNode(node: NodeNetwork): Promise<void> {
    this.nodes.set(node.name, node);
    return Promise.resolve();
  }

  nodeCommand(): undefined {
    return undefined;
  }

  setServices(node: string, rules: readonly ServiceRule[]): Promise<void> {
    this.network.setServices(node, rules);
    return Promise.resolve();
  }

  startSandbox(spec: SandboxSpec): Promise<void> {
    const node = this.nodes.get(spec.node);
    if (node === undefined) return Promise.reject(new RuntimeError('not-found', `no node ${spec.node}`));
    const host = { spec, node: spec.node, addresses: spec.hostNetwork ? node.addresses : spec.addresses };
    this.hosts.set(spec.id, host);
    this.members.set(spec.id, new Set());
    this.network.addHost(host);
    return Promise.resolve();
  }

  removeSandbox(id: string): Promise<void> {
    const host = this.hosts.get(id);
    if (host === undefined) return Promise.resolve();
    for (const container of this.members.get(id) ?? []) container.finish({ exitCode: 137, signal: 9 });
    this.network.removeHost(host);
    this.hosts.delete(id);
    this.members.delete(id);
    return Promise.resolve();
  }

  startContainer(spec: ContainerSpec): Promise<void> {
    const host = this.hosts.get(spec.sandbox);
    if (host === undefined) return Promise.reject(new RuntimeError('not-found', `no sandbox ${spec.sandbox}`));
    const { clock, random } = this.options;
    const serves = isServer(spec.argv, new Map(spec.env));
    const program = serves ? undefined : findProgram(spec.argv[0]);
    if (!serves && program === undefined) {
      const name = JSON.stringify(spec.argv[0]);
      const message = `exec: ${name}: executable file not found in $PATH (the lab is simulated and has few programs)`;
      return Promise.reject(new RuntimeError('no-program', message));
    }
    const container = new SimContainer(spec, host, { clock, random, network: this.network });
    this.containers.set(spec.id, container);
    this.members.get(spec.sandbox)?.add(container);
    const close = serves ? this.open(container) : () => undefined;
    const tell = async (): Promise<void> => {
      const exit = await container.ended;
      close();
      this.members.get(spec.sandbox)?.delete(container);
      this.events?.onExit(spec.id, exit);
    };
    void tell();
    container.start(program);
    return Promise.resolve();
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.known(id);
    const { argv, env } = container.spec;
    const byTerm = isServer(argv, new Map(env)) ? { exitCode: 0, signal: 0 } : { exitCode: 143, signal: 15 };
    container.finish(graceMs > 0 ? byTerm : { exitCode: 137, signal: 9 });
    await container.ended;
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.known(id);
    if (container.running) throw new RuntimeError('failed', `${container.spec.name} still runs`);
    this.containers.delete(id);
    await container.ended;
  }

  exec(spec: ExecSpec): ExecSession {
    const container = this.known(spec.container);
    if (!container.running) throw new RuntimeError('not-running', `${container.spec.name} does not run`);
    return container.exec(spec);
  }

  attach(container: string, options: { readonly stdin: boolean; readonly replay: boolean }): ExecSession {
    return this.known(container).attach(options);
  }

  logs(container: string, options: LogOptions): Readable {
    return this.known(container).log.read(options);
  }

  dial(sandbox: string, _from: 'node' | 'pod', port: number): Promise<Duplex> {
    const host = this.hosts.get(sandbox);
    if (host === undefined) return Promise.reject(new RuntimeError('not-found', `no sandbox ${sandbox}`));
    const connection = this.network.local(host, 'TCP', port);
    return connection.outcome === 'connected'
      ? Promise.resolve(simStream(connection, this.options.clock))
      : Promise.reject(new RuntimeError('refused', `connection to port ${port} refused`));
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.keys()].map((id) => this.removeSandbox(id)));
    this.containers.clear();
  }

  private open(container: SimContainer): () => void {
    const { clock, zone } = this.options;
    const { spec, host, machine, startedMs } = container;
    const opened = servedBy({
      argv: spec.argv,
      env: new Map(spec.env),
      zone,
      hostname: host.spec.hostname,
      namespace: host.spec.namespace,
      file: (path) => machine.files.read(path),
      ageMs: () => clock.nowMs() - startedMs,
    }).filter(({ listener: { protocol, port }, server }) => {
      if (this.network.listen(host, protocol, port, server)) return true;
      container.log.write(`bind() to port ${port} failed (98: Address already in use)\n`);
      container.finish({ exitCode: 1, signal: 0 });
      return false;
    });
    return () => {
      for (const { listener } of opened) this.network.unlisten(host, listener.protocol, listener.port);
    };
  }

  private known(id: string): SimContainer {
    const found = this.containers.get(id);
    if (found === undefined) throw new RuntimeError('not-found', `no container ${id}`);
    return found;
  }
}
