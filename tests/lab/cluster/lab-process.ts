/** `sallyport lab` as built, in a process of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemPath } from '../../../tools/system-packages.mjs';

export const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

const START_MS = 60_000;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a program to its end. */
export function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<Ran> {
  const { input = '', env = {}, timeoutMs = 60_000 } = options;
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      {
        encoding: 'utf8',
        timeout: timeoutMs,
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, PATH: systemPath, ...env },
      },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ code, out, err: error?.killed === true ? `${err}\n(killed after ${timeoutMs} ms)` : err });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

export class LabProcess {
  readonly child: ChildProcess;
  readonly kubeconfig: string;
  readonly said: () => string;

  private constructor(child: ChildProcess, kubeconfig: string, said: () => string) {
    this.child = child;
    this.kubeconfig = kubeconfig;
    this.said = said;
  }

  /** @param prefix runs it as somebody else */
  static async start(args: readonly string[], prefix: readonly string[] = []): Promise<LabProcess> {
    const [program = '', ...rest] = [...prefix, process.execPath, main, 'lab', 'up', ...args];
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: systemPath, SALLYPORT_DEBUG: '1' },
    });
    let out = '';
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const kubeconfig = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => fail('it does not start'), START_MS);
      const fail = (why: string): void => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new Error(`${why}\n${out}\n${err}`));
      };
      child.once('exit', () => fail('it ended'));
      child.once('error', (error) => fail(error.message));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        const path = /^export KUBECONFIG=(.+)$/m.exec(out)?.[1];
        if (path === undefined) return;
        clearTimeout(timer);
        child.removeAllListeners('exit');
        resolve(path);
      });
    });
    return new LabProcess(child, kubeconfig, () => out + err);
  }

  get folder(): string {
    return join(this.kubeconfig, '..');
  }

  kubectl(kubectl: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const env = { KUBECONFIG: this.kubeconfig, ...options.env };
    return run([kubectl, ...args], { ...options, env });
  }

  sallyport(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const env = { KUBECONFIG: this.kubeconfig, ...options.env };
    return run([process.execPath, main, ...args], { ...options, env });
  }

  /** Its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }
}
