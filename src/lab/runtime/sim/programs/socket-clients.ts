/** nc, telnet, ping and `agnhost connect`. */
import { resolveName } from '../sim-names.ts';
import type { SimConnection } from '../sim-network.ts';
import { chunksOf, type SimProcess } from '../sim-process.ts';
import { simStream } from '../sim-stream.ts';
import type { Protocol } from '../../../../kube/objects.ts';
import { readOptions } from './options.ts';
import { milliseconds, waitInVain } from './waiting.ts';

type Opened = { readonly connection: SimConnection; readonly address: string } | { readonly failure: string };

function opened(process: SimProcess, host: string, protocol: Protocol, port: number): Opened {
  const { machine } = process;
  const resolved = resolveName(machine, host);
  if (!resolved.ok) return { failure: resolved.failure };
  let last: Opened = { failure: 'unknown' };
  for (const address of resolved.addresses) {
    const connection = machine.network.connect(machine.host, address, protocol, port);
    last = { connection, address };
    if (connection.outcome === 'connected') break;
  }
  return last;
}

const NC_VALUED = new Set(['w', 'p', 's', 'i', 'q', 'e']);
const MAX_SENT = 65_536;

export async function nc(process: SimProcess): Promise<number> {
  const { values, operands } = readOptions(process.argv.slice(1), NC_VALUED);
  const [host, portText = ''] = operands;
  const [first = Number.NaN, last = first] = portText.split('-').map(Number);
  if (values.has('l')) {
    await process.complain('nc: the simulation of the lab has only its built-in servers: nobody can listen here\n');
    return 1;
  }
  if (host === undefined || !Number.isInteger(first) || !Number.isInteger(last) || first < 1 || last > 65_535) {
    await process.complain('usage: nc [-uvz] [-w SECONDS] HOST PORT\n');
    return 1;
  }
  const protocol: Protocol = values.has('u') ? 'UDP' : 'TCP';
  const limitMs = milliseconds(values.get('w'));
  let code = 1;
  for (let port = first; port <= Math.min(last, first + 100); port += 1)
    code = await ncOne(process, { host, port, protocol, limitMs, scan: values.has('z'), loud: values.has('v') });
  return code;
}

interface NcTarget {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly limitMs: number | undefined;
  readonly scan: boolean;
  readonly loud: boolean;
}

async function ncOne(process: SimProcess, { host, port, protocol, limitMs, scan, loud }: NcTarget): Promise<number> {
  const found = opened(process, host, protocol, port);
  if ('failure' in found) {
    if (found.failure === 'timeout') await waitInVain(process, limitMs);
    await process.complain(
      `nc: getaddrinfo for host "${host}" port ${port}: ${found.failure === 'unknown' ? 'Name or service not known' : 'Temporary failure in name resolution'}\n`,
    );
    return 1;
  }
  const { connection, address } = found;
  const what = `${host}${address === host ? '' : ` (${address})`} port ${port} (${protocol.toLowerCase()})`;
  switch (connection.outcome) {
    case 'connected':
      if (loud)
        await process.complain(
          `Connection to ${host} (${address}) ${port} port [${protocol.toLowerCase()}/*] succeeded!\n`,
        );
      return scan ? 0 : talk(process, connection, protocol);
    case 'refused':
      if (loud || protocol === 'TCP') await process.complain(`nc: connect to ${what} failed: Connection refused\n`);
      return 1;
    case 'unreachable':
      await process.complain(`nc: connect to ${what} failed: Network is unreachable\n`);
      return 1;
    case 'dropped':
      await waitInVain(process, limitMs);
      // Nobody can tell a datagram that is lost from one that is not answered.
      if (protocol === 'UDP' && scan) return 0;
      await process.complain(`nc: connect to ${what} timed out: Operation now in progress\n`);
      return 1;
  }
}

async function talk(
  process: SimProcess,
  connection: Extract<SimConnection, { outcome: 'connected' }>,
  protocol: Protocol,
): Promise<number> {
  if (protocol === 'UDP') {
    const said = (await process.readAll(MAX_SENT)).toString();
    if (connection.server.kind === 'datagram')
      await process.print(connection.server.answer(said, connection.local) ?? '');
    return 0;
  }
  const stream = simStream(connection, process.machine.clock);
  const input = (async () => {
    for await (const chunk of chunksOf(process.stdin, process.signal)) stream.write(chunk);
    stream.end();
  })();
  for await (const chunk of chunksOf(stream, process.signal)) await process.print(chunk);
  void input;
  return 0;
}

export function telnet(process: SimProcess): Promise<number> {
  const [host = '', port = '23'] = process.argv.slice(1);
  return nc(process.with({ argv: ['nc', '-v', host, port] }));
}

/** Echo requests are no connection to a port: policies of ports say nothing of them, and so this asks the engine nothing. */
export async function ping(process: SimProcess): Promise<number> {
  await process.complain(
    'ping: the simulation of the lab sends no echo requests; try a port: nc -zv HOST PORT, or curl http://HOST\n',
  );
  return 2;
}

/** In the words of the real one: nothing, or TIMEOUT, REFUSED, DNS, OTHER. */
export async function agnhostConnect(process: SimProcess): Promise<number> {
  const { values, operands } = readOptions(process.argv.slice(2), new Set(['timeout', 'protocol', 'udp-payload']));
  const match = /^\[?([^\]]*)\]?:([0-9]{1,5})$/.exec(operands[0] ?? '');
  if (match === null) {
    await process.complain(
      'usage: agnhost connect HOST:PORT [--timeout 5s] [--protocol tcp|udp|sctp] [--udp-payload TEXT]\n',
    );
    return 1;
  }
  const [, host = '', port = ''] = match;
  const wanted = (values.get('protocol') ?? 'tcp').toUpperCase();
  const protocol: Protocol = wanted === 'UDP' || wanted === 'SCTP' ? wanted : 'TCP';
  const limitMs = milliseconds(values.get('timeout'));
  const found = opened(process, host, protocol, Number(port));
  if ('failure' in found) {
    if (found.failure === 'timeout') await waitInVain(process, limitMs);
    await process.complain(`DNS: ${found.failure}\n`);
    return 1;
  }
  switch (found.connection.outcome) {
    case 'connected':
      return 0;
    case 'refused':
      await process.complain('REFUSED\n');
      return 1;
    case 'unreachable':
      await process.complain('OTHER: network is unreachable\n');
      return 1;
    case 'dropped':
      await waitInVain(process, limitMs);
      await process.complain('TIMEOUT\n');
      return 1;
  }
}
