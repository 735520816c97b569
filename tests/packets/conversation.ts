/** A process of ours inside a namespace that answers JSON requests, one a line. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import readline from 'node:readline';
import { env, type Namespace } from './namespaces.ts';

export class Conversation {
  readonly namespace: Namespace;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private requests = 0;

  constructor(namespace: Namespace, ...argv: readonly string[]) {
    this.namespace = namespace;
    const [program, ...args] = namespace.enter(process.execPath, ...argv);
    this.process = spawn(program, args, { env });
    let stderr = '';
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
    this.process.stdin.on('error', () => undefined);
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => {
      const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
      const waiter = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiter?.resolve(result);
      else waiter?.reject(new Error(`${argv.join(' ')}: ${error}`));
    });
    this.process.on('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${argv.join(' ')} ended: ${stderr}`));
      this.waiting.clear();
    });
  }

  ask<T>(command: string, request: unknown = {}): Promise<T> {
    const id = ++this.requests;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.process.stdin.write(`${JSON.stringify({ id, command, request })}\n`);
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null || this.process.signalCode !== null) resolve();
      else this.process.once('close', () => resolve());
      this.process.kill('SIGKILL');
    });
  }
}
