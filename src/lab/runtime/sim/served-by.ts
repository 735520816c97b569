/** The built-in servers by their command line: what listens where. */
import { BUILT_IN_FOLDER } from '../../images/built-in.ts';
import { type Listener, listenersOf } from '../../images/listeners.ts';
import type { Zone } from '../../dns/zone.ts';
import { commonAnswer, httpKind, json, plain, type ServedPod, withPort } from './http-kinds.ts';
import type { SimRequest, SimResponse, SimServer } from './sim-server.ts';

export interface Served {
  readonly listener: Listener;
  readonly server: SimServer;
}

export interface ServedContainer extends ServedPod {
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly zone: Zone;
  /** Milliseconds since it was started. */
  readonly ageMs: () => number;
}

/** Empty for what is no built-in server. `pause` listens nowhere and is one nevertheless: see `isServer`. */
export function servedBy(container: ServedContainer): readonly Served[] {
  return listenersOf(container.argv, container.env).map((listener) => ({
    listener,
    server: serverOf(container, listener),
  }));
}

/** It runs until it is stopped, and listens as far as it does at once. */
export function isServer(argv: readonly string[], env: ReadonlyMap<string, string>): boolean {
  const name = programName(argv);
  const idles = name === 'pause' || (name === 'agnhost' && (argv[1] === undefined || argv[1] === 'pause'));
  return idles || listenersOf(argv, env).length > 0;
}

function serverOf(container: ServedContainer, { protocol, port }: Listener): SimServer {
  const { argv, env, zone } = container;
  const args = argv.slice(1);
  const http = (kind: string, text?: string): SimServer => ({ kind: 'http', answer: httpKind(kind, text, container) });
  switch (programName(argv)) {
    case 'http-server':
    case 'echo-server':
    case 'stand-in-server':
      if (protocol === 'UDP') return { kind: 'datagram', answer: (said) => said };
      return protocol === 'TCP' && flags(args, 'http').includes(String(port))
        ? http(flags(args, 'kind').at(-1) ?? 'page', flags(args, 'text')[0])
        : programName(argv) === 'stand-in-server'
          ? http('stand-in')
          : { kind: 'echo' };
    case 'http-echo':
      return { kind: 'http', answer: httpEcho(args, env) };
    case 'whoami':
      return http('whoami', flags(args, 'name').at(-1));
    case 'httpd':
    case 'httpd-foreground':
      return http('httpd');
    case 'coredns':
      return { kind: 'dns', zone };
    case 'agnhost':
      return agnhost(container, protocol, port);
    default:
      return http('nginx');
  }
}

function httpEcho(args: readonly string[], env: ReadonlyMap<string, string>): (request: SimRequest) => SimResponse {
  const text = flags(args, 'text').at(-1) ?? env.get('ECHO_TEXT') ?? '';
  const status = Number(flags(args, 'status-code').at(-1) ?? 200);
  return ({ path }) => (path === '/health' ? json(200, '{"status":"ok"}\n') : plain(status, `${text}\n`));
}

function agnhost(container: ServedContainer, protocol: Listener['protocol'], port: number): SimServer {
  const { argv, env, hostname, ageMs } = container;
  const [, command, ...args] = argv;
  const commanded = (said: string, client: string): string | undefined => netexec(said.trim(), client, hostname);
  switch (command) {
    case 'netexec':
      if (protocol !== 'TCP') return { kind: 'datagram', answer: commanded };
      return {
        kind: 'http',
        answer: (request) =>
          request.path === '/'
            ? plain(200, 'NOW')
            : (commonAnswer(request, container) ?? plain(404, '404 page not found\n')),
      };
    case 'serve-hostname':
      if (protocol === 'UDP') return { kind: 'datagram', answer: () => hostname };
      return flags(args, 'tcp').length > 0 || args.includes('--tcp=true')
        ? { kind: 'say', text: () => `${hostname}\n` }
        : { kind: 'http', answer: () => plain(200, hostname) };
    case 'porter': {
      const kind = protocol === 'TCP' ? '' : `${protocol}_`;
      const text = env.get(`SERVE_${kind}PORT_${port}`) ?? '';
      if (protocol === 'UDP') return { kind: 'datagram', answer: () => text };
      return protocol === 'SCTP' ? { kind: 'say', text: () => text } : { kind: 'http', answer: () => plain(200, text) };
    }
    case 'liveness':
      return {
        kind: 'http',
        answer: ({ path }) => {
          const age = Math.floor(ageMs() / 1000);
          if (path !== '/healthz') return plain(200, `${age}.0s`);
          return age > 10 ? plain(500, `error: ${age}.0`) : plain(200, 'ok');
        },
      };
    default:
      return { kind: 'http', answer: httpKind('page', undefined, container) };
  }
}

function netexec(said: string, client: string, hostname: string): string | undefined {
  const word = said.toLowerCase();
  if (word === 'hostname') return hostname;
  if (word === 'clientip') return withPort(client, 40_000);
  if (word === 'echo' || word.startsWith('echo ')) return said.slice(5);
  return said === '' ? undefined : `unknown command: ${said}`;
}

/** Without its folder. */
export function programName(argv: readonly string[]): string {
  const [path = ''] = argv;
  return path.startsWith(`${BUILT_IN_FOLDER}/`)
    ? path.slice(BUILT_IN_FOLDER.length + 1)
    : path.slice(path.lastIndexOf('/') + 1);
}

/** Values of `--NAME VALUE` and `--NAME=VALUE`, and the same with one dash. */
export function flags(args: readonly string[], name: string): readonly string[] {
  return args.flatMap((arg, index) => {
    const flag = arg.replace(/^--?/, '');
    if (flag === arg) return [];
    if (flag.startsWith(`${name}=`)) return [flag.slice(name.length + 1)];
    return flag === name ? [args[index + 1] ?? ''] : [];
  });
}
