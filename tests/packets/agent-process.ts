/** The agent as a process of its own on a node, with the API server that it watches. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../oracle/manifest.ts';
import { Conversation } from './conversation.ts';
import { env, type Namespace } from './namespaces.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const typescript = ['--import', new URL('../../tools/typescript.mjs', import.meta.url).href];

export interface AgentLine {
  readonly event: string;
  readonly message: string;
  readonly full?: boolean;
  readonly afterMs?: number;
  readonly latencies?: readonly { readonly ms: number }[];
}

/** A line of the agent's log and when it came, on the clock that all processes share. */
export interface HeardLine extends AgentLine {
  readonly atMs: number;
}

/** Milliseconds of the clock that all processes of the machine share. */
export const sharedNowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export class AgentProcess {
  readonly server: Conversation;
  private readonly namespace: Namespace;
  private readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-agent-'));
  private readonly lines: HeardLine[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly flows: string[] = [];
  private child: ChildProcessWithoutNullStreams | undefined;
  private ended = 0;

  private constructor(namespace: Namespace) {
    this.namespace = namespace;
    this.server = new Conversation(namespace, ...typescript, path('./api-server.ts'));
  }

  /** An API server that has these objects, and no agent yet. */
  static async prepare(namespace: Namespace, objects: readonly Manifest[]): Promise<AgentProcess> {
    const prepared = new AgentProcess(namespace);
    const kubeconfig = await prepared.server.ask<string>('start', objects);
    writeFileSync(join(prepared.folder, 'kubeconfig'), kubeconfig);
    return prepared;
  }

  /** Starts the agent and waits until it enforces. */
  async start(node: string): Promise<void> {
    const argv = [
      'agent',
      '--kubeconfig',
      join(this.folder, 'kubeconfig'),
      '--node-name',
      node,
      '--log-format',
      'json',
    ];
    const [program, ...args] = this.namespace.enter(
      process.execPath,
      ...typescript,
      path('../../src/cli/main.ts'),
      ...argv,
      '--verbose',
    );
    const child = spawn(program, args, { env: { ...env, KUBECONFIG: '' } });
    this.child = child;
    readline.createInterface({ input: child.stdout }).on('line', (line) => this.flows.push(line));
    child.on('close', () => {
      this.ended++;
      for (const listener of this.listeners) listener();
    });
    const from = this.lines.length;
    readline.createInterface({ input: child.stderr }).on('line', (line) => this.heard(line));
    await this.until((each) => each.event === 'applied' && each.full === true, from);
  }

  /** As if it had crashed: what it made stays in the kernel. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await closed;
  }

  /** The flow log so far. */
  get flowLines(): readonly string[] {
    return this.flows;
  }

  /** What the agent answers on its own node. */
  fetch(path: string): Promise<string> {
    return this.server.ask('fetch', `http://127.0.0.1:9440${path}`);
  }

  /** What the agent has logged so far. */
  get heardLines(): readonly HeardLine[] {
    return this.lines;
  }

  /** The first line after the first `from` that is as wanted. */
  async until(wanted: (line: AgentLine) => boolean, from = 0, timeoutMs = 30_000): Promise<HeardLine> {
    const ended = this.ended;
    let timer: NodeJS.Timeout | undefined;
    return new Promise((resolve, reject) => {
      const finish = (error: Error | undefined, line?: HeardLine): void => {
        clearTimeout(timer);
        this.listeners.delete(look);
        if (line === undefined) reject(error ?? new Error('no line'));
        else resolve(line);
      };
      const look = (): void => {
        const found = this.lines.slice(from).find(wanted);
        if (found !== undefined) finish(undefined, found);
        else if (this.ended > ended) finish(new Error(`the agent ended: ${this.tail()}`));
      };
      timer = setTimeout(() => finish(new Error(`the agent did not say so: ${this.tail()}`)), timeoutMs);
      this.listeners.add(look);
      look();
    });
  }

  async close(): Promise<void> {
    await this.kill();
    await this.server.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private heard(text: string): void {
    const atMs = sharedNowMs();
    let line: AgentLine;
    try {
      line = JSON.parse(text) as AgentLine;
    } catch {
      line = { event: 'unreadable', message: text };
    }
    this.lines.push({ ...line, atMs });
    for (const listener of this.listeners) listener();
  }

  private tail(): string {
    return this.lines
      .slice(-8)
      .map(({ event, message }) => `${event}: ${message}`)
      .join('\n');
  }
}
