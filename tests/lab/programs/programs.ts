/** Runs built-in programs as pods do: by the name of a link, with a perl that finds no modules but those of perl-base. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programScripts } from '../../../src/lab/runtime/netns/lab-scripts.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-programs-'));
  private readonly running = new Set<ChildProcessWithoutNullStreams>();

  constructor() {
    for (const [name, path] of programScripts()) symlinkSync(path, join(this.folder, name));
  }

  /** What it has said so far is in `said`. */
  start(
    name: string,
    args: readonly string[],
    { input = '', env = {} }: RunOptions = {},
  ): { readonly child: ChildProcessWithoutNullStreams; readonly ended: Promise<Ended>; readonly said: () => string } {
    const child = spawn('perl', [join(this.folder, name), ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    this.running.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const ended = once(child, 'close').then(([code]: unknown[]) => {
      this.running.delete(child);
      return { code: typeof code === 'number' ? code : null, stdout, stderr };
    });
    return { child, ended, said: () => stdout + stderr };
  }

  run(name: string, args: readonly string[], options?: RunOptions): Promise<Ended> {
    return this.start(name, args, options).ended;
  }

  /** Starts a server and waits until it takes connections on this TCP port. */
  async serve(name: string, args: readonly string[], port: number, options?: RunOptions) {
    const server = this.start(name, args, options);
    for (;;) {
      const probe = await this.run('sallyport-probe', [], { input: `up tcp 127.0.0.1 ${port} 1000\n` });
      if (probe.stdout.startsWith('up connected')) return server;
      if (server.child.exitCode !== null) throw new Error(`${name} ended: ${server.said()}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.running].map(async (child) => {
        child.kill('SIGKILL');
        await once(child, 'close');
      }),
    );
    rmSync(this.folder, { recursive: true });
  }
}

/** Ports that nobody has right now, each only once. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
