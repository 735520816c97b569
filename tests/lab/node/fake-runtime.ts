import { PassThrough, type Duplex, type Readable } from 'node:stream';
import type { NodeNetwork } from '../../../src/lab/networks.ts';
import type { ExecExit, ExecSession } from '../../../src/lab/runtime/exec-session.ts';
import {
  type ContainerSpec,
  type ExecSpec,
  type LogOptions,
  type Runtime,
  RuntimeError,
  type RuntimeEvents,
  type SandboxSpec,
} from '../../../src/lab/runtime/runtime.ts';
import type { ServiceRule } from '../../../src/lab/services/service-rule.ts';
import type { FakeClock } from '../../io/kubernetes/fake-clock.ts';

/** How a container behaves when it is started once. */
export interface Behaviour {
  /** It ends by itself after so many milliseconds; runs on when absent. */
  readonly endsAfterMs?: number;
  /** Of that end; 0 when absent. */
  readonly exitCode?: number;
  /** It pays no heed to SIGTERM. */
  readonly stubborn?: boolean;
  /** It cannot be started. */
  readonly missing?: boolean;
}

interface FakeContainer {
  readonly spec: ContainerSpec;
  readonly behaviour: Behaviour;
  running: boolean;
  readonly ended: Promise<void>;
  end(exitCode: number, signal: number): void;
}

/** Runs nothing, but keeps the contract, and complains when it is not kept by the other side. */
export class FakeRuntime implements Runtime {
  readonly name = 'sim';
  readonly log: string[] = [];
  readonly complaints: string[] = [];
  readonly sandboxes = new Map<string, SandboxSpec>();
  readonly containers = new Map<string, FakeContainer>();
  readonly services = new Map<string, readonly ServiceRule[]>();
  /** By the name of the container: what it does at its first start, its second, …; the last one stays. */
  readonly behaviours = new Map<string, readonly Behaviour[]>();
  /** Answers of probes by `container port` or by the words of a command; the last one stays. */
  readonly answers = new Map<string, (boolean | number)[]>();
  /** Is asked before a sandbox is made. */
  refuseSandbox: () => string | undefined = () => undefined;
  refuseServices: () => string | undefined = () => undefined;
  /** Whatever is waited for, if anything. */
  pace: () => Promise<void> = () => Promise.resolve();
  private readonly used = new Set<string>();
  private readonly starts = new Map<string, number>();
  private events: RuntimeEvents | undefined;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  listen(events: RuntimeEvents): void {
    if (this.events !== undefined) this.complaints.push('two listeners');
    this.events = events;
  }

  addNode(_node: NodeNetwork): Promise<void> {
    return Promise.resolve();
  }

  nodeCommand(): undefined {
    return undefined;
  }

  async setServices(node: string, rules: readonly ServiceRule[]): Promise<void> {
    await this.pace();
    const refused = this.refuseServices();
    if (refused !== undefined) throw new RuntimeError('failed', refused);
    this.services.set(node, rules);
    this.log.push(`services ${node} ${rules.length}`);
  }

  async startSandbox(spec: SandboxSpec): Promise<void> {
    this.unique(spec.id);
    for (const other of this.sandboxes.values())
      for (const address of spec.addresses)
        if (other.addresses.includes(address)) this.complaints.push(`${address} twice`);
    this.log.push(`sandbox ${spec.name} ${spec.addresses.join(' ')}`);
    await this.pace();
    const refused = this.refuseSandbox();
    if (refused !== undefined) throw new RuntimeError('failed', refused);
    this.sandboxes.set(spec.id, spec);
  }

  async removeSandbox(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id);
    if (sandbox !== undefined) this.log.push(`remove ${sandbox.name}`);
    for (const each of this.containers.values()) if (each.spec.sandbox === id) each.end(137, 9);
    await this.pace();
    this.sandboxes.delete(id);
  }

  async startContainer(spec: ContainerSpec): Promise<void> {
    this.unique(spec.id);
    const behaviours = this.behaviours.get(spec.name) ?? [{}];
    const start = this.starts.get(`${spec.sandbox} ${spec.name}`) ?? 0;
    this.starts.set(`${spec.sandbox} ${spec.name}`, start + 1);
    const behaviour = behaviours[Math.min(start, behaviours.length - 1)] ?? {};
    await this.pace();
    if (!this.sandboxes.has(spec.sandbox)) throw new RuntimeError('not-found', `${spec.name} without its sandbox`);
    if (behaviour.missing === true) throw new RuntimeError('no-program', `exec: "${spec.argv[0]}": not found`);
    this.log.push(`start ${spec.name}`);
    const ended = resolvable<void>();
    const container: FakeContainer = {
      spec,
      behaviour,
      running: true,
      ended: ended.promise,
      end: (exitCode, signal) => {
        if (!container.running) return;
        container.running = false;
        this.log.push(`end ${spec.name} ${exitCode}`);
        this.events?.onExit(spec.id, { exitCode, signal });
        ended.resolve();
      },
    };
    this.containers.set(spec.id, container);
    if (behaviour.endsAfterMs === 0) container.end(behaviour.exitCode ?? 0, 0);
    else if (behaviour.endsAfterMs !== undefined)
      this.clock.after(behaviour.endsAfterMs, () => container.end(behaviour.exitCode ?? 0, 0));
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.known(id);
    if (container.running) {
      this.log.push(`stop ${container.spec.name} ${graceMs}`);
      if (graceMs === 0) container.end(137, 9);
      else if (container.behaviour.stubborn === true) this.clock.after(graceMs, () => container.end(137, 9));
      else container.end(143, 15);
    }
    await container.ended;
  }

  removeContainer(id: string): Promise<void> {
    if (this.known(id).running) this.complaints.push(`${id} is forgotten while it runs`);
    this.containers.delete(id);
    return Promise.resolve();
  }

  exec({ container, argv }: ExecSpec): ExecSession {
    const words = argv.join(' ');
    this.log.push(`exec ${words}`);
    const answer = this.containers.get(container)?.running === true ? this.answer(words) : 137;
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.resume();
    const exit = resolvable<ExecExit>();
    const exitCode = typeof answer === 'number' ? answer : answer ? 0 : 1;
    if (exitCode !== 0) stderr.write('not well');
    stdout.end();
    stderr.end();
    // A negative code stands for a command that never ends.
    let ended = 0;
    for (const stream of [stdout, stderr])
      stream.on('end', () => {
        ended += 1;
        if (ended === 2 && exitCode >= 0) exit.resolve({ exitCode });
      });
    const close = (): void => exit.resolve({ exitCode: 137 });
    return { stdin, stdout, stderr, exit: exit.promise, resize: () => undefined, close };
  }

  attach(container: string): ExecSession {
    this.known(container);
    return this.exec({ container, argv: ['attach'], stdin: false, tty: false });
  }

  logs(container: string, _options: LogOptions): Readable {
    const { spec } = this.known(container);
    const out = new PassThrough();
    out.end(`log of ${spec.name} ${container.slice(0, 4)}\n`);
    return out;
  }

  dial(sandbox: string, _from: 'node' | 'pod', port: number): Promise<Duplex> {
    const answer = this.sandboxes.has(sandbox) ? this.answer(String(port)) : false;
    if (answer === false) return Promise.reject(new RuntimeError('refused', `port ${port} is closed`));
    const near = new PassThrough();
    // Whatever is asked, the answer is the status.
    near.write = () => true;
    if (typeof answer === 'number') near.push(`HTTP/1.1 ${answer} As told\r\n\r\n`);
    return Promise.resolve(near);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Names of what runs. */
  get running(): readonly string[] {
    return [...this.containers.values()].filter((each) => each.running).map((each) => each.spec.name);
  }

  private answer(key: string): boolean | number {
    const answers = this.answers.get(key) ?? [true];
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? true;
  }

  private known(id: string): FakeContainer {
    const found = this.containers.get(id);
    if (found === undefined) throw new RuntimeError('not-found', `no container ${id}`);
    return found;
  }

  private unique(id: string): void {
    if (this.used.has(id) || !/^[A-Za-z0-9-]{1,63}$/.test(id)) this.complaints.push(`bad id ${id}`);
    this.used.add(id);
  }
}

function resolvable<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
