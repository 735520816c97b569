/** Where a program will listen, read from its command line: for runtimes in which nothing really runs. */
import { builtIn } from './built-in.ts';
import type { Environment } from './known-images.ts';

export interface Listener {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

/** Of our own programs; nothing for all others. */
export function listenersOf(argv: readonly string[], env: Environment = new Map()): Listener[] {
  const [path = '', ...args] = argv;
  const program = path.startsWith(builtIn('')) ? path.slice(builtIn('').length) : path;
  const found = new Map<string, Listener>();
  for (const listener of claimed(program, args, env)) {
    const { protocol, port } = listener;
    if (Number.isInteger(port) && port > 0 && port <= 65_535) found.set(`${protocol}${port}`, listener);
  }
  return [...found.values()];
}

function claimed(program: string, args: readonly string[], env: Environment): Listener[] {
  switch (program) {
    case 'http-server':
    case 'echo-server':
    case 'stand-in-server':
      return [
        ...[...flags(args, 'http'), ...flags(args, 'tcp')].map(tcp),
        ...flags(args, 'udp').map(udp),
        ...flags(args, 'sctp').map(sctp),
      ];
    case 'http-echo': {
      const address = flags(args, 'listen').at(-1) ?? ':5678';
      return [tcp(address.slice(address.lastIndexOf(':') + 1))];
    }
    case 'whoami':
      return [tcp(flags(args, 'port').at(-1) ?? '80')];
    case 'nginx':
    case 'httpd':
    case 'httpd-foreground':
      return [tcp('80')];
    case 'coredns':
      return [udp('53'), tcp('53')];
    case 'agnhost':
      return ofAgnhost(args[0], args.slice(1), env);
    default:
      return [];
  }
}

function ofAgnhost(command: string | undefined, args: readonly string[], env: Environment): Listener[] {
  const one = (name: string, otherwise: string) => flags(args, name).at(-1) ?? otherwise;
  switch (command) {
    case 'netexec':
      return [
        tcp(one('http-port', '8080')),
        ...split(one('udp-port', '8081')).map(udp),
        ...split(one('sctp-port', '-1')).map(sctp),
      ];
    case 'serve-hostname': {
      const on = (name: string) => args.some((arg) => arg.replace(/^--?/, '') === name || arg === `--${name}=true`);
      const stream = !args.includes('--http=false') || on('tcp');
      return [...(stream ? [tcp(one('port', '9376'))] : []), ...(on('udp') ? [udp(one('port', '9376'))] : [])];
    }
    case 'porter':
      return [...env.keys()].flatMap((name) => {
        const match = /^SERVE_(SCTP_|UDP_)?PORT_(\d{1,5})$/.exec(name);
        if (match === null) return [];
        const [, kind, port = ''] = match;
        return [kind === 'SCTP_' ? sctp(port) : kind === 'UDP_' ? udp(port) : tcp(port)];
      });
    case 'test-webserver':
      return [tcp(one('port', '80'))];
    case 'liveness':
      return [tcp('8080')];
    case 'guestbook':
      return [tcp(one('http-port', '3000'))];
    default:
      return [];
  }
}

/** Values of `--NAME VALUE`, `--NAME=VALUE`, and the same with one dash. */
function flags(args: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (const [index, arg] of args.entries()) {
    const flag = arg.replace(/^--?/, '');
    if (flag === arg) continue;
    if (flag.startsWith(`${name}=`)) values.push(flag.slice(name.length + 1));
    else if (flag === name) values.push(args[index + 1] ?? '');
  }
  return values;
}

function split(ports: string): string[] {
  return ports.split(',');
}

const tcp = (port: string): Listener => ({ protocol: 'TCP', port: number(port) });
const udp = (port: string): Listener => ({ protocol: 'UDP', port: number(port) });
const sctp = (port: string): Listener => ({ protocol: 'SCTP', port: number(port) });

function number(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : 0;
}
