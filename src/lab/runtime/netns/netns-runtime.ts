/** Pods as network namespaces with real programs in them. Runs inside the namespaces that `start-init.ts` makes. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import type { Socket } from 'node:net';
import { runProcess } from '../../../io/run-process.ts';
import { PROGRAM_PATH } from '../../images/built-in.ts';
import type { LabNetworks, NodeNetwork } from '../../networks.ts';
import type { ServiceRule } from '../../services/service-rule.ts';
import type { ExecSession } from '../exec-session.ts';
import {
  RuntimeError,
  type ContainerExit,
  type ContainerSpec,
  type ExecSpec,
  type LogOptions,
  type Runtime,
  type RuntimeEvents,
  type SandboxSpec,
} from '../runtime.ts';
import { AttachedSession } from './attached-session.ts';
import { Callbacks } from './callbacks.ts';
import { InitConnection } from './init-connection.ts';
import { LatestWins } from './latest-wins.ts';
import { logOutput } from './log-output.ts';
import { LogWriter, nanosecondsOf } from './log-writer.ts';
import { checkFiles, hostsFile, resolverFile } from './pod-files.ts';
import { ProgramSession } from './program-session.ts';
import {
  fabricLines,
  isolationTable,
  linesToNode,
  linesToWorld,
  nodeLines,
  ROUTER_SETTINGS,
  WORLD,
  worldLines,
  worldRules,
  worldTable,
} from './topology.ts';
import { parseServiceTable, transactionsTo, type ServiceTable } from './service-table.ts';
import { Turnstile } from './turnstile.ts';
import { packList } from './wire.ts';

/** Starts the program of a container as a process of the host, in nothing of the pod but its network. */
export type HostProgram = (context: {
  /** What the command line must begin with. */
  readonly enter: readonly [string, ...string[]];
  readonly sandbox: SandboxSpec;
  readonly container: ContainerSpec;
}) => ChildProcess;

export interface NetnsRuntimeOptions {
  readonly networks: LabNetworks;
  /** What init said where it is: the variable `INIT_VARIABLE` of the environment. */
  readonly init: string;
  /** Built-in programs: name in /opt/sallyport/bin and the script of the host that it is. */
  readonly programs: ReadonlyMap<string, string>;
  /** By the first word of the command line. */
  readonly hostPrograms?: ReadonlyMap<string, HostProgram>;
  readonly renderServices: (rules: readonly ServiceRule[], node: NodeNetwork) => string;
  /** Who answers outside of the cluster; nobody when absent. */
  readonly world?: {
    readonly argv: readonly [string, ...string[]];
    readonly tcpPort: number;
    readonly udpPort: number;
  };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export const INIT_VARIABLE = 'SALLYPORT_LAB_INIT';

const STARTS_AT_ONCE = 8;
const COMMAND_MS = 30_000;
/** For what is in between, beyond the time that a connection may take. */
const ANSWER_MS = 2000;
const KILLED: ContainerExit = { exitCode: 137, signal: 9 };
/** Numbers of links in a node begin here: below are the node's own. */
const FIRST_DEVICE = 100;

interface Sandbox {
  readonly spec: SandboxSpec;
  readonly containers: Set<string>;
  /** Of its first process, as the lab sees it. */
  pid: string;
}

interface Container {
  readonly spec: ContainerSpec;
  readonly folder: string;
  /** Aborted when it has ended and all it has printed is kept. */
  readonly ended: AbortController;
  /** It was started, so that its end is told. */
  running: boolean;
  exit: ContainerExit | undefined;
  outside: ChildProcess | undefined;
}

export class NetnsRuntime implements Runtime {
  readonly name = 'netns';
  private readonly options: NetnsRuntimeOptions;
  private readonly state: string;
  private readonly init: InitConnection;
  private readonly callbacks = new Callbacks();
  private readonly turnstile = new Turnstile(STARTS_AT_ONCE);
  private readonly nodes = new Map<string, NodeNetwork>();
  private readonly services = new Map<string, LatestWins<readonly ServiceRule[]>>();
  private readonly sandboxes = new Map<string, Sandbox>();
  private readonly containers = new Map<string, Container>();
  private events: RuntimeEvents | undefined;
  private worldServer: ChildProcess | undefined;
  private lastDevice = FIRST_DEVICE;
  private closed = false;

  private constructor(options: NetnsRuntimeOptions) {
    this.options = options;
    const [fd = '', ...state] = options.init.split(':');
    this.state = state.join(':');
    this.init = new InitConnection(Number(fd), {
      onExit: (id, exitCode, signal) => this.containerEnded(id, { exitCode, signal }),
      onSandboxGone: (id) => this.sandboxGone(id),
      onEnd: (error) => {
        if (!this.closed) this.events?.onFailure(error);
      },
    });
  }

  /** Makes everything but nodes and pods. */
  static async start(options: NetnsRuntimeOptions): Promise<NetnsRuntime> {
    const runtime = new NetnsRuntime(options);
    const { networks, programs } = options;
    await runtime.callbacks.listen(join(runtime.state, 'io', 'sock'));
    await Promise.all([
      runtime.init.request('template', ...[...programs].flat()),
      runtime.init.request('network', '', ...settings()),
    ]);
    await runtime.ip('', fabricLines(networks));
    await runtime.startWorld();
    return runtime;
  }

  listen(events: RuntimeEvents): void {
    this.events = events;
  }

  async addNode(node: NodeNetwork): Promise<void> {
    await this.init.request('network', node.name, ...settings());
    const file = this.networkFile(node.name);
    await this.ip('', linesToNode(node, file));
    await Promise.all([this.ip(node.name, nodeLines(node)), this.nft(node.name, isolationTable())]);
    this.nodes.set(node.name, node);
    this.services.set(node.name, new LatestWins(this.serviceLoader(node)));
  }

  nodeCommand(node: string): readonly [string, ...string[]] | undefined {
    return this.enter(node);
  }

  setServices(node: string, rules: readonly ServiceRule[]): Promise<void> {
    const services = this.services.get(node);
    if (services === undefined) return Promise.reject(new RuntimeError('not-found', `no node ${node}`));
    return services.set(rules);
  }

  async startSandbox(spec: SandboxSpec): Promise<void> {
    const node = this.nodes.get(spec.node);
    if (node === undefined) throw new RuntimeError('not-found', `no node ${spec.node}`);
    if (this.sandboxes.has(spec.id)) throw new RuntimeError('failed', `there is a sandbox ${spec.id} already`);
    if (!isId(spec.id)) throw new RuntimeError('failed', `no id: ${JSON.stringify(spec.id)}`);
    const sandbox: Sandbox = { spec, containers: new Set(), pid: '' };
    this.sandboxes.set(spec.id, sandbox);
    try {
      await this.turnstile.pass(async () => {
        const addresses = spec.hostNetwork ? node.addresses : spec.addresses;
        const [pid = ''] = await this.init.request(
          'sandbox',
          spec.id,
          `${spec.namespace}/${spec.name}`,
          spec.node,
          spec.hostname,
          this.lastDevice++,
          packList(spec.addresses),
          packList(node.addresses),
          resolverFile(spec),
          hostsFile({ ...spec, addresses }),
          spec.hostNetwork ? '1' : '',
        );
        sandbox.pid = pid;
      });
    } catch (error) {
      this.sandboxes.delete(spec.id);
      throw error;
    }
  }

  async removeSandbox(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return;
    for (const container of sandbox.containers) this.containers.get(container)?.outside?.kill('SIGKILL');
    await this.init.request('remove', id);
  }

  async startContainer(spec: ContainerSpec): Promise<void> {
    const sandbox = this.sandboxOf(spec.sandbox);
    if (this.containers.has(spec.id)) throw new RuntimeError('failed', `there is a container ${spec.id} already`);
    if (!isId(spec.id)) throw new RuntimeError('failed', `no id: ${JSON.stringify(spec.id)}`);
    checkFiles(spec);
    const outside = this.options.hostPrograms?.get(spec.argv[0]);
    const container: Container = {
      spec,
      folder: join(this.state, 'logs', spec.sandbox, spec.id),
      ended: new AbortController(),
      running: false,
      exit: undefined,
      outside: undefined,
    };
    this.containers.set(spec.id, container);
    sandbox.containers.add(spec.id);
    try {
      await this.turnstile.pass(() => this.startIn(sandbox, container, outside !== undefined));
      if (outside !== undefined) this.startOutside(sandbox, container, outside);
    } catch (error) {
      this.containers.delete(spec.id);
      sandbox.containers.delete(spec.id);
      throw error;
    }
    container.running = true;
    if (container.exit !== undefined) this.events?.onExit(spec.id, container.exit);
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.containers.get(id);
    if (container === undefined) throw new RuntimeError('not-found', `no container ${id}`);
    if (container.exit !== undefined) return;
    await this.signal(container, 15);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const overdue = new Promise<'overdue'>((resolve) => {
      timer = setTimeout(() => resolve('overdue'), graceMs);
    });
    const ended = whenAborted(container.ended.signal);
    if ((await Promise.race([ended, overdue])) === 'overdue') await this.signal(container, 9);
    clearTimeout(timer);
    await ended;
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.containers.get(id);
    if (container === undefined) return;
    if (container.exit === undefined) throw new RuntimeError('failed', `the container ${id} is running`);
    this.containers.delete(id);
    this.sandboxes.get(container.spec.sandbox)?.containers.delete(id);
    await this.init.request('forget', container.spec.sandbox, id);
  }

  exec(spec: ExecSpec): ExecSession {
    const container = this.containers.get(spec.container);
    const token = this.callbacks.newToken();
    const connections = {
      io: this.callbacks.expect(token, 'io'),
      error: this.callbacks.expect(token, 'error'),
      control: this.callbacks.expect(token, 'control'),
    };
    const flags = [spec.stdin ? 'stdin' : '', spec.tty ? 'tty' : ''].filter(Boolean).join(',');
    const started =
      container === undefined
        ? Promise.reject(new RuntimeError('not-found', `no container ${spec.container}`))
        : this.init.requestIn(container.spec.sandbox, 'exec', spec.container, token, packList(spec.argv), flags);
    return new ProgramSession(
      spec.tty,
      connections,
      started.then(
        () => undefined,
        (error: unknown) => {
          this.callbacks.forget(token);
          throw error;
        },
      ),
    );
  }

  attach(id: string, options: { readonly stdin: boolean; readonly replay: boolean }): ExecSession {
    const container = this.containers.get(id);
    const { sandbox, tty } = container?.spec ?? { sandbox: '', tty: false };
    const ended = container?.ended.signal ?? AbortSignal.abort();
    const wantsInput = options.stdin && container !== undefined && container.exit === undefined;
    return new AttachedSession({
      folder: container?.folder ?? '',
      replay: options.replay,
      ended,
      exitCode: () => container?.exit?.exitCode ?? 1,
      input: wantsInput ? this.inputOf(container) : undefined,
      resize: (columns, rows) => {
        this.init.requestIn(sandbox, 'size', id, columns, rows).catch(() => undefined);
      },
      terminal: tty,
    });
  }

  logs(id: string, options: LogOptions): Readable {
    const container = this.containers.get(id);
    if (container === undefined) throw new RuntimeError('not-found', `no container ${id}`);
    return logOutput(container.folder, options, container.ended.signal);
  }

  async dial(id: string, from: 'pod' | 'node', port: number, timeoutMs: number): Promise<Duplex> {
    const { spec } = this.sandboxOf(id);
    const token = this.callbacks.newToken();
    const connection = this.callbacks.expect(token, 'io');
    connection.catch(() => undefined);
    const seconds = (timeoutMs / 1000).toFixed(3);
    const addresses = spec.hostNetwork ? (this.nodes.get(spec.node)?.addresses ?? []) : spec.addresses;
    try {
      await (from === 'pod'
        ? this.init.requestIn(id, 'dial', token, port, seconds, '127.0.0.1', '::1')
        : this.init.request('dial', spec.node, token, port, seconds, ...addresses.slice(0, 1)));
    } catch (error) {
      this.callbacks.forget(token);
      throw error;
    }
    return connected(await connection, timeoutMs + ANSWER_MS);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.worldServer?.kill('SIGKILL');
    await Promise.all([...this.sandboxes.keys()].map((id) => this.removeSandbox(id).catch(() => undefined)));
    this.callbacks.close();
    this.init.release();
  }

  private serviceLoader(node: NodeNetwork): (rules: readonly ServiceRule[]) => Promise<void> {
    let inForce: ServiceTable | undefined;
    return async (rules) => {
      const next = parseServiceTable(this.options.renderServices(rules, node));
      const before = inForce;
      // Until all of it is there, nobody knows what is.
      inForce = undefined;
      for (const text of transactionsTo(next, before)) await this.nft(node.name, text);
      inForce = next;
    };
  }

  private async startWorld(): Promise<void> {
    const { networks, world } = this.options;
    await this.init.request('network', WORLD, ...settings());
    await this.ip('', linesToWorld(networks, this.networkFile(WORLD)));
    await this.ip(WORLD, worldLines(networks));
    for (const family of networks.families) await this.ip(WORLD, worldRules(family), family);
    if (world === undefined) return;
    await this.nft(WORLD, worldTable(world.tcpPort, world.udpPort));
    const [program, ...args] = [...this.enter(WORLD), ...world.argv];
    const server = spawn(program ?? '', args, { stdio: 'ignore', env: commandEnv() });
    server.on('error', () => undefined);
    this.worldServer = server;
  }

  private async startIn(sandbox: Sandbox, { spec }: Container, outside: boolean): Promise<void> {
    const flags = [spec.stdin ? 'stdin' : '', spec.tty ? 'tty' : '', outside ? 'outside' : ''].filter(Boolean);
    await this.init.requestIn(
      sandbox.spec.id,
      'start',
      spec.id,
      packList(spec.argv),
      packList(environment(sandbox.spec, spec).flat()),
      spec.workingDir ?? '/',
      flags.join(','),
      packList(spec.folders),
      packList(spec.files.flatMap(({ path, mode, content }) => [path, mode & 0o7777, content])),
    );
  }

  /** The program itself; what stands for it in the pod ends when it does. */
  private startOutside(sandbox: Sandbox, container: Container, program: HostProgram): void {
    const log = new LogWriter(container.folder, () => nanosecondsOf(this.options.now()));
    const child = program({
      enter: ['nsenter', `--net=/proc/${sandbox.pid}/ns/net`, '--'],
      sandbox: sandbox.spec,
      container: container.spec,
    });
    container.outside = child;
    child.stdout?.on('data', (data: Buffer) => log.write('stdout', data));
    child.stderr?.on('data', (data: Buffer) => log.write('stderr', data));
    const end = (exit: ContainerExit): void => {
      log.close();
      void this.init.requestIn(container.spec.sandbox, 'kill', container.spec.id, 9).catch(() => undefined);
      this.containerEnded(container.spec.id, exit, true);
    };
    child.once('error', (error) => {
      log.write('stderr', Buffer.from(`${error.message}\n`));
      end({ exitCode: 128, signal: 0 });
    });
    child.once('close', (code, signal) => end(code === null ? signalled(signal) : { exitCode: code, signal: 0 }));
  }

  private async signal({ spec, outside }: Container, signal: 9 | 15): Promise<void> {
    if (outside !== undefined) outside.kill(signal === 9 ? 'SIGKILL' : 'SIGTERM');
    else await this.init.requestIn(spec.sandbox, 'kill', spec.id, signal).catch(() => undefined);
  }

  private async inputOf({ spec }: Container): Promise<Socket> {
    const token = this.callbacks.newToken();
    const connection = this.callbacks.expect(token, 'io');
    connection.catch(() => undefined);
    try {
      await this.init.requestIn(spec.sandbox, 'input', spec.id, token);
    } catch (error) {
      this.callbacks.forget(token);
      throw error;
    }
    return connection;
  }

  private containerEnded(id: string, exit: ContainerExit, outside = false): void {
    const container = this.containers.get(id);
    if (container === undefined || container.exit !== undefined) return;
    // What stands for it in the pod may end first.
    if (container.outside !== undefined && !outside) {
      container.outside.kill('SIGKILL');
      return;
    }
    container.exit = exit;
    container.ended.abort();
    if (container.running) this.events?.onExit(id, exit);
  }

  private sandboxGone(id: string): void {
    const sandbox = this.sandboxes.get(id);
    this.sandboxes.delete(id);
    for (const container of sandbox?.containers ?? []) this.containerEnded(container, KILLED);
  }

  private sandboxOf(id: string): Sandbox {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) throw new RuntimeError('not-found', `no sandbox ${id}`);
    return sandbox;
  }

  private networkFile(name: string): string {
    return join(this.state, 'net', name);
  }

  private enter(network: string): readonly [string, ...string[]] {
    return ['nsenter', `--net=${this.networkFile(network)}`, '--'];
  }

  private async ip(network: string, lines: readonly string[], family?: 4 | 6): Promise<void> {
    const command = ['ip', ...(family === undefined ? [] : [`-${family}`]), '-batch', '-'];
    await this.run(network, command, `${lines.join('\n')}\n`);
  }

  private async nft(network: string, text: string): Promise<void> {
    await this.run(network, ['nft', '-f', '-'], text);
  }

  private async run(network: string, command: readonly string[], input: string): Promise<void> {
    const [program = '', ...args] = network === '' ? command : [...this.enter(network), ...command];
    const result = await runProcess(program, args, {
      timeoutMs: COMMAND_MS,
      maxOutputBytes: 1 << 20,
      env: commandEnv(),
      input,
    });
    if (result.type === 'missing') throw new RuntimeError('failed', `there is no program ${program}`);
    if (result.exitCode !== 0) {
      throw new RuntimeError(
        'failed',
        `${command[0] ?? ''} in ${network === '' ? 'the lab' : network}: ${result.stderr.trim()}`,
      );
    }
  }
}

function settings(): readonly string[] {
  return ROUTER_SETTINGS.flatMap(([name, value]) => [name, String(value)]);
}

function environment(sandbox: SandboxSpec, { env, tty }: ContainerSpec): (readonly [string, string])[] {
  const given = new Map<string, string>([
    ['PATH', PROGRAM_PATH],
    ['HOSTNAME', sandbox.hostname],
    ['HOME', '/root'],
    // `kubectl cp` names the owner that a file has outside, whom no lab of an ordinary user has.
    ['TAR_OPTIONS', '--no-same-owner'],
    ...(tty ? [['TERM', 'xterm'] as const] : []),
  ]);
  for (const [name, value] of env) {
    if (name !== '' && !`${name}${value}`.includes('\0') && !name.includes('=')) given.set(name, value);
  }
  return [...given];
}

/** Programs of the system are not always on a user's PATH. */
function commandEnv(): Record<string, string | undefined> {
  return { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}

function isId(text: string): boolean {
  return /^[A-Za-z0-9-]{1,63}$/.test(text);
}

function signalled(signal: NodeJS.Signals | null): ContainerExit {
  const number = signal === 'SIGTERM' ? 15 : 9;
  return { exitCode: 128 + number, signal: number };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Who has called says first whether there is a connection, and if not, why. */
function connected(socket: Socket, timeoutMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (): void => {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) return;
      if (said === '' && byte.toString('latin1') === '+') {
        finish();
        resolve(socket);
        return;
      }
      said += byte.toString('latin1') + ((socket.read() as Buffer | null)?.toString('utf8') ?? '');
    };
    const refuse = (): void => {
      finish();
      socket.destroy();
      const why = said.slice(1);
      if (why === 'timeout') reject(new RuntimeError('timeout', 'no answer in time'));
      else reject(new RuntimeError('refused', why.replace(/^refused ?/, '') || 'connection refused'));
    };
    const timer = setTimeout(() => {
      said = '-timeout';
      refuse();
    }, timeoutMs);
    const finish = (): void => {
      clearTimeout(timer);
      socket.off('readable', hear);
      socket.off('end', refuse);
      socket.off('close', refuse);
    };
    socket.on('readable', hear);
    socket.on('end', refuse);
    socket.on('close', refuse);
    hear();
  });
}
