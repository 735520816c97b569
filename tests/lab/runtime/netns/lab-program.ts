/** The lab's program as far as a test of the runtime needs one: does what it is told, and says how it went. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { labNetworks, type IpFamily } from '../../../../src/lab/networks.ts';
import { programScripts } from '../../../../src/lab/runtime/netns/lab-scripts.ts';
import { INIT_VARIABLE, NetnsRuntime } from '../../../../src/lab/runtime/netns/netns-runtime.ts';
import {
  RuntimeError,
  type ContainerExit,
  type ContainerSpec,
  type LogOptions,
  type SandboxSpec,
} from '../../../../src/lab/runtime/runtime.ts';
import type { ExecSession } from '../../../../src/lab/runtime/exec-session.ts';
import type { ExecAnswer, LabRequests } from './lab-requests.ts';

const NODE_SERVER =
  "require('http').createServer((request, response) => { console.log('asked'); response.end('from outside') })" +
  ".listen(53, () => console.log('ready')); process.on('SIGTERM', () => process.exit(0))";

let runtime: NetnsRuntime;
const exits = new Map<string, ContainerExit>();
const failures: string[] = [];

const handlers: { readonly [K in keyof LabRequests]: (...args: LabRequests[K]['args']) => Promise<unknown> } = {
  start: async (nodes: number, family: IpFamily) => {
    const networks = labNetworks(nodes, family);
    runtime = await NetnsRuntime.start({
      networks,
      init: process.env[INIT_VARIABLE] ?? '',
      programs: programScripts(),
      hostPrograms: new Map([
        [
          '/opt/sallyport/bin/outside',
          ({ enter: [program, ...args] }) =>
            spawn(program, [...args, process.execPath, '-e', NODE_SERVER], { stdio: ['ignore', 'pipe', 'pipe'] }),
        ],
      ]),
      renderServices: (rules) => `add table inet services\ndelete table inet services\n${rules.map(redirect).join('')}`,
      world: { argv: ['perl', '-e', WORLD_SERVER], tcpPort: 9, udpPort: 9 },
      now: () => Date.now(),
    });
    runtime.listen({
      onExit: (container, exit) => exits.set(container, exit),
      onFailure: (error) => failures.push(error.message),
    });
    for (const node of networks.nodes) await runtime.addNode(node);
  },
  sandbox: (spec: SandboxSpec) => runtime.startSandbox(spec),
  removeSandbox: (id: string) => runtime.removeSandbox(id),
  container: (spec: ContainerSpec) =>
    runtime.startContainer({
      ...spec,
      // Bytes come through the channel as a list of numbers.
      files: spec.files.map((file) => ({ ...file, content: Buffer.from(file.content) })),
    }),
  stop: (id: string, graceMs: number) => runtime.stopContainer(id, graceMs),
  removeContainer: (id: string) => runtime.removeContainer(id),
  exit: async (id: string) => {
    while (!exits.has(id)) await pause(5);
    return exits.get(id);
  },
  exec: async (container, argv, { stdin, tty = false, size, closeAfterMs } = {}) => {
    const session = runtime.exec({ container, argv, stdin: stdin !== undefined, tty });
    if (size !== undefined) session.resize(...size);
    if (stdin !== undefined) session.stdin.end(stdin);
    if (closeAfterMs !== undefined) setTimeout(() => session.close(), closeAfterMs);
    return answerOf(session);
  },
  pour: async (container: string, bytes: number) => {
    const session = runtime.exec({ container, argv: ['wc', '-c'], stdin: true, tty: false });
    const answer = answerOf(session);
    for (let sent = 0; sent < bytes; sent += 65_536) {
      if (!session.stdin.write(Buffer.alloc(Math.min(65_536, bytes - sent)))) {
        await new Promise((resolve) => session.stdin.once('drain', resolve));
      }
    }
    session.stdin.end();
    return answer;
  },
  attach: async (container, { stdin, replay, size, detach = false }) => {
    const session = runtime.attach(container, { stdin: stdin !== undefined, replay });
    if (size !== undefined) session.resize(...size);
    if (!detach) {
      if (stdin !== undefined) session.stdin.end(stdin);
      return answerOf(session);
    }
    session.stderr.resume();
    session.stdin.write(stdin ?? '');
    let stdout = '';
    for await (const chunk of session.stdout as AsyncIterable<Buffer>) {
      stdout += chunk.toString('utf8');
      if (stdout.includes(stdin ?? '')) break;
    }
    session.close();
    return { exitCode: 0, error: undefined, stdout, stderr: '' } satisfies ExecAnswer;
  },
  logs: (container: string, options: LogOptions) => textOf(runtime.logs(container, options)),
  dial: async (sandbox, from, port, text) => {
    const connection: Duplex = await runtime.dial(sandbox, from, port, 1000);
    connection.end(text);
    return textOf(connection);
  },
  services: (node, rules) => runtime.setServices(node, rules),
  command: async (node, argv) => {
    const [program = '', ...args] = [...(runtime.nodeCommand(node) ?? []), ...argv];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = new Promise<number>((resolve) => {
      child.once('close', (code) => resolve(code ?? -1));
    });
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    return { exitCode: await exit, error: undefined, stdout, stderr } satisfies ExecAnswer;
  },
  processes: async () => {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return Promise.resolve(
      pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()),
    );
  },
  network: () => Promise.resolve(readlinkSync('/proc/self/ns/net')),
  failures: () => Promise.resolve(failures),
  close: () => runtime.close(),
};

/** Every TCP connection is told who it came from. */
const WORLD_SERVER = `use Socket; socket(S, AF_INET6, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
  bind(S, pack_sockaddr_in6(9, Socket::inet_pton(AF_INET6, "::"))) or die; listen(S, 9);
  while (my $peer = accept(C, S)) { my (undef, $from) = unpack_sockaddr_in6($peer);
    print C "world hears " . Socket::inet_ntop(AF_INET6, $from); close C }`;

function redirect({ service, addresses, port, backends }: LabRequests['services']['args'][1][number]): string {
  const [backend] = backends;
  if (backend === undefined) return '';
  return (
    `table inet services { # ${service}\n chain pre { type nat hook prerouting priority dstnat; policy accept;\n` +
    `  ip daddr ${addresses[0] ?? ''} tcp dport ${port} dnat ip to ${backend.address}:${backend.port}\n }\n}\n`
  );
}

async function answerOf(session: ExecSession): Promise<ExecAnswer> {
  const [stdout, stderr, { exitCode, error }] = await Promise.all([
    textOf(session.stdout),
    textOf(session.stderr),
    session.exit,
  ]);
  return { exitCode, error, stdout, stderr };
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // One that is closed early has said what it has said.
  }
  return Buffer.concat(chunks).toString('utf8');
}

process.on('message', (message: { id: number; what: keyof LabRequests; args: never }) => {
  const handler = handlers[message.what] as (...args: unknown[]) => Promise<unknown>;
  void (async () => {
    try {
      const result = await handler(...(message.args as unknown[]));
      process.send?.({ id: message.id, result });
    } catch (error) {
      const code = error instanceof RuntimeError ? error.code : 'unknown';
      process.send?.({ id: message.id, refused: { code, message: String(error) } });
    }
  })();
});
process.send?.({ ready: process.pid });
