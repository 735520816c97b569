/** Starts the DNS server in the network of a pod and keeps it told. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LabNetworks } from '../networks.ts';
import { DnsLink, type DnsLinkOptions } from './dns-link.ts';

export interface DnsProcessOptions {
  /** What the command line begins with, to be in the right network. */
  readonly enter: readonly string[];
  readonly networks: LabNetworks;
  /** Called at once; what is returned is called when the server has ended. */
  readonly attach: (link: DnsLink) => () => void;
  readonly addresses?: readonly string[] | undefined;
  readonly port?: number | undefined;
}

/** Its standard output and error are for whoever keeps its log; it ends with this process. */
export function startDnsProcess({ enter, networks, attach, addresses, port }: DnsProcessOptions): ChildProcess {
  const [program = process.execPath, ...args] = [...enter, process.execPath, ...programArguments()];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const send: DnsLinkOptions['send'] = (message) => {
    if (!child.connected) return false;
    child.send(message, () => undefined);
    return true;
  };
  const link = new DnsLink({ networks, addresses, port, send });
  // It knows everything before it listens.
  const detach = attach(link);
  child
    .on('message', (message) => link.receive(message))
    .on('error', (error) => link.closed(error.message))
    .on('disconnect', () => link.closed('it hung up'))
    .on('exit', () => {
      link.closed('exit');
      detach();
    });
  return child;
}

/** Beside this module: its source, or a file of the bundle. */
function programArguments(): readonly string[] {
  const source = import.meta.url.endsWith('.ts');
  const program = fileURLToPath(new URL(source ? 'dns-program.ts' : 'dns-program.js', import.meta.url));
  if (!source) return [program];
  const loader = new URL('../../../tools/typescript.mjs', import.meta.url).href;
  return ['--import', loader, program];
}
