/**
 * Network namespaces without names: each lives as long as the process that holds it, and that process ends with this
 * one, however this one ends. Nothing is left behind, and nothing of the machine's own network is touched.
 */
import { spawn, spawnSync, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { systemPath } from '../../tools/system-packages.mjs';

type Argv = readonly [string, ...string[]];

export const env: NodeJS.ProcessEnv = { ...process.env, PATH: systemPath };

export class Namespace {
  private readonly holder: ChildProcess;
  private readonly rootless: boolean;

  constructor(holder: ChildProcess, rootless: boolean) {
    this.holder = holder;
    this.rootless = rootless;
  }

  get pid(): number {
    return this.holder.pid ?? 0;
  }

  /** The command line that runs this one inside. */
  enter(...argv: Argv): [string, ...string[]] {
    const user = this.rootless ? ['--user', '--preserve-credentials'] : [];
    return ['nsenter', '--target', String(this.pid), ...user, '--net', '--', ...argv];
  }

  /** Runs a program inside to its end, and gives what it prints. */
  run(argv: Argv, input = ''): string {
    const [program, ...args] = this.enter(...argv);
    const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}\n${input.slice(0, 2000)}`);
    return stdout;
  }

  /** Lines for `ip -batch`; the family is an option of a whole batch. */
  ip(family: 4 | 6, lines: readonly string[], ...options: string[]): void {
    if (lines.length > 0) this.run(['ip', `-${family}`, ...options, '-batch', '-'], `${lines.join('\n')}\n`);
  }

  /** Settings below /proc/sys/net, each `ipv4/ip_forward 1`. */
  set(settings: readonly string[]): void {
    const script = 'cd /proc/sys/net && while read -r name value; do echo "$value" > "$name" || exit 1; done';
    this.run(['sh', '-c', script], `${settings.join('\n')}\n`);
  }

  async close(): Promise<void> {
    const { holder } = this;
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const closed = once(holder, 'close');
    holder.kill('SIGKILL');
    await closed;
  }
}

/**
 * A program inside that reads commands as long as it lives, for what is asked too often to start it anew each time.
 */
export class Console {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly isEnd: (line: string) => boolean;
  private readonly endCommand: string;
  private output: string[] = [];
  private done: ((error?: Error) => void) | undefined;

  /** `endCommand` is a command whose answer ends in a line that nothing else answers with. */
  constructor(namespace: Namespace, argv: Argv, endCommand: string, isEnd: (line: string) => boolean) {
    const [program, ...args] = namespace.enter(...argv);
    this.child = spawn(program, args, { env });
    this.isEnd = isEnd;
    this.endCommand = endCommand;
    this.child.stdin.on('error', () => undefined);
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
      if (!this.isEnd(line)) this.output.push(line);
      else this.done?.();
    });
    readline.createInterface({ input: this.child.stderr }).on('line', (line) => this.done?.(new Error(line)));
    this.child.on('close', () => this.done?.(new Error(`${argv.join(' ')} ended`)));
  }

  /** What is printed; one question at a time. */
  async ask(lines: readonly string[]): Promise<string[]> {
    this.output = [];
    await new Promise<void>((resolve, reject) => {
      this.done = (error) => (error === undefined ? resolve() : reject(error));
      this.child.stdin.write(`${[...lines, this.endCommand].join('\n')}\n`);
    });
    return this.output;
  }

  close(): void {
    this.done = undefined;
    this.child.kill('SIGKILL');
  }
}

/** Namespaces that belong together: in one user namespace where this is not root. */
export class Namespaces {
  readonly rootless: boolean;
  private readonly open: Namespace[] = [];

  constructor({ rootless = process.getuid?.() !== 0 }: { readonly rootless?: boolean } = {}) {
    this.rootless = rootless;
  }

  async add(): Promise<Namespace> {
    const [program, ...args] = this.holding();
    const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    let stderr = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    holder.stdin.on('error', () => undefined);
    // It repeats what it reads: then it is inside.
    holder.stdin.write('\n');
    const namespace = new Namespace(holder, this.rootless);
    this.open.push(namespace);
    await new Promise((resolve, reject) => {
      holder.on('error', reject).on('close', () => reject(new Error(`no network namespace: ${stderr}`)));
      holder.stdout.once('data', resolve);
    });
    return namespace;
  }

  private holding(): Argv {
    if (!this.rootless) return ['unshare', '--net', 'cat'];
    const [first] = this.open;
    if (first === undefined) return ['unshare', '--user', '--map-root-user', '--net', 'cat'];
    return ['nsenter', '--target', String(first.pid), '--user', '--preserve-credentials', 'unshare', '--net', 'cat'];
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((namespace) => namespace.close()));
  }
}
