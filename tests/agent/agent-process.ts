/** The agent as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../io/kubernetes/fake-clock.ts';

export interface LogLine extends Record<string, unknown> {
  readonly event: string;
  readonly level: string;
  readonly message: string;
}

/** A folder with a kubeconfig and a program called nft, which comes first on the PATH. */
export class AgentHome {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-agent-'));
  readonly environment: Readonly<Record<string, string>>;

  /** @param nft the lines of a shell script */
  constructor(kubeconfig: string, nft: string) {
    const { PATH = '' } = process.env;
    this.write('kubeconfig', kubeconfig);
    this.write('nft', `#!/bin/sh\n${nft}\n`);
    chmodSync(join(this.folder, 'nft'), 0o755);
    this.environment = {
      PATH: `${this.folder}:${PATH}`,
      HOME: this.folder,
      FAKE_NFT_STATE: join(this.folder, 'state.json'),
      FAKE_NFT_LOG: join(this.folder, 'transactions'),
    };
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  read(name: string): string {
    try {
      return readFileSync(join(this.folder, name), 'utf8');
    } catch {
      return '';
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class AgentProcess {
  readonly lines: LogLine[] = [];
  stdout = '';
  stderr = '';
  exitCode: number | null | undefined;
  readonly child: ChildProcess;
  readonly #ended: Promise<number | null>;

  /** @param program what node runs, with its first arguments */
  constructor(home: AgentHome, program: readonly string[], args: readonly string[], environment = {}) {
    const all = [...program, 'agent', '--kubeconfig', join(home.folder, 'kubeconfig'), '--log-format', 'json', ...args];
    this.child = spawn(process.execPath, all, {
      env: { ...home.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#ended = new Promise((resolve) => {
      this.child.on('close', (exitCode) => {
        this.exitCode = exitCode;
        resolve(exitCode);
      });
    });
  }

  #read(text: string): void {
    const before = this.stderr.lastIndexOf('\n') + 1;
    this.stderr += text;
    for (const line of this.stderr.slice(before, this.stderr.lastIndexOf('\n') + 1).split('\n')) {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine);
    }
  }

  /** Waits for a line about the event, the `count`th of them. */
  async saw(event: string, count = 1): Promise<LogLine> {
    const found = (): LogLine[] => this.lines.filter((line) => line.event === event);
    await until(() => found().length >= count || this.exitCode !== undefined, `${event} in ${this.stderr}`);
    const line = found()[count - 1];
    if (line === undefined) throw new Error(`the agent ended: ${this.stderr}`);
    return line;
  }

  ended(): Promise<number | null> {
    return this.#ended;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.#ended;
  }
}
