/** A runtime in namespaces of its own, as an ordinary user or as root, that a test talks to. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContainerSpec, SandboxSpec } from '../../../../src/lab/runtime/runtime.ts';
import type { LabRequests } from './lab-requests.ts';

export type Identity = 'ordinary user' | 'root' | 'root without a user namespace';

const NOBODY = 65_534;

export const isRoot = process.getuid?.() === 0;
export const identities: readonly Identity[] = isRoot
  ? ['ordinary user', 'root', 'root without a user namespace']
  : ['ordinary user'];

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Heard {
  readonly id?: number;
  readonly result?: unknown;
  readonly refused?: { readonly code: string; readonly message: string };
  readonly ready?: number;
  readonly init?: number;
  readonly ended?: number | null;
}

export class RefusedByLab extends Error {
  override readonly name = 'RefusedByLab';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class LabUnderTest {
  readonly launcher: ChildProcess;
  /** Of the lab, removed by itself when it ends. */
  readonly folder: string;
  private readonly above: string;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private initPid = 0;
  private ready: () => void = () => undefined;
  private readonly isReady: Promise<void>;

  private constructor(identity: Identity) {
    this.above = mkdtempSync(join(tmpdir(), 'sallyport-lab-test-'));
    chmodSync(this.above, 0o755);
    this.folder = join(this.above, 'lab');
    mkdirSync(this.folder);
    writeFileSync(join(this.folder, 'kubeconfig'), 'secret');
    const ordinary = isRoot && identity === 'ordinary user';
    if (ordinary) for (const path of [this.above, this.folder]) chownSync(path, NOBODY, NOBODY);
    this.isReady = new Promise((resolve) => {
      this.ready = resolve;
    });
    const argv = [
      ...(ordinary ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []),
      process.execPath,
      '--import',
      new URL('../../../../tools/typescript.mjs', import.meta.url).href,
      fileURLToPath(new URL('launcher.ts', import.meta.url)),
      identity === 'root without a user namespace' ? 'root' : 'user-namespace',
      this.folder,
    ];
    this.launcher = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], cwd: '/' });
    this.launcher.on('message', (message) => this.hear(message as Heard));
    this.launcher.on('exit', () => this.rejectAll('the launcher has ended'));
  }

  static async open(identity: Identity, nodes = 2): Promise<LabUnderTest> {
    const lab = new LabUnderTest(identity);
    try {
      await lab.isReady;
      await lab.ask('start', nodes, 'dual');
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Of the process that waits outside for the namespaces to end. */
  get outerPid(): number {
    return this.initPid;
  }

  ask<K extends keyof LabRequests>(what: K, ...args: LabRequests[K]['args']): Promise<LabRequests[K]['result']> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (value) => resolve(value as LabRequests[K]['result']), reject });
      this.launcher.send({ id, what, args });
    });
  }

  /** All processes that have come from the launcher, by the number that the machine knows them by. */
  processes(): readonly number[] {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      } catch {
        // It has just ended.
      }
    }
    const found = new Set<number>([this.launcher.pid ?? 0]);
    for (let before = 0; before !== found.size;) {
      before = found.size;
      for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
    }
    return [...found];
  }

  get folderIsThere(): boolean {
    return existsSync(this.folder);
  }

  async close(): Promise<void> {
    if (this.launcher.exitCode === null && this.launcher.signalCode === null) {
      const ended = once(this.launcher, 'exit');
      this.launcher.kill('SIGKILL');
      await ended;
    }
    rmSync(this.above, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  private hear({ id, result, refused, ready, init, ended }: Heard): void {
    if (init !== undefined) this.initPid = init;
    if (ready !== undefined) this.ready();
    if (ended !== undefined) this.rejectAll(`the lab has ended with ${ended ?? 'a signal'}`);
    if (id === undefined) return;
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (refused === undefined) waiting?.resolve(result);
    else waiting?.reject(new RefusedByLab(refused.code, refused.message));
  }

  private rejectAll(why: string): void {
    for (const { reject } of this.waiting.values()) reject(new RefusedByLab('ended', why));
    this.waiting.clear();
  }
}

export function sandbox(
  id: string,
  node: string,
  addresses: readonly string[],
  more: Partial<SandboxSpec> = {},
): SandboxSpec {
  return {
    id,
    node,
    namespace: 'shop',
    name: id,
    hostname: id,
    addresses,
    hostNetwork: false,
    nameservers: ['10.96.0.10'],
    searches: ['shop.svc.cluster.local'],
    resolverOptions: ['ndots:5'],
    hostAliases: [],
    ...more,
  };
}

export function container(
  id: string,
  sandboxId: string,
  argv: readonly [string, ...string[]],
  more: Partial<ContainerSpec> = {},
): ContainerSpec {
  return {
    id,
    sandbox: sandboxId,
    name: id,
    argv,
    env: [],
    files: [],
    folders: [],
    stdin: false,
    tty: false,
    ...more,
  };
}
