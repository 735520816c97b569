/** `sallyport-probe`: a line of the input is a connection to try, a line of the output how it went. */
import { parseIp } from '../../../../base/inet-parse.ts';
import type { Protocol } from '../../../../kube/objects.ts';
import { chunksOf, type SimProcess } from '../sim-process.ts';

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);
const MAX_LINE = 400;
const MAX_MS = 120_000;
const BATCH = 500;

/** Nothing is waited for: what would time out is told at once. */
export async function probe(process: SimProcess): Promise<number> {
  let pending = '';
  const tell = async (lines: readonly string[]): Promise<void> => {
    for (let at = 0; at < lines.length; at += BATCH) {
      const answers = lines.slice(at, at + BATCH).flatMap((line) => answer(process, line));
      if (answers.length > 0) await process.print(`${answers.join('\n')}\n`);
    }
  };
  for await (const chunk of chunksOf(process.stdin, process.signal)) {
    const lines = (pending + chunk.toString()).split('\n');
    pending = (lines.pop() ?? '').slice(0, MAX_LINE);
    await tell(lines);
  }
  await tell([pending]);
  return 0;
}

function answer(process: SimProcess, line: string): readonly string[] {
  const [id = '', protocolText = '', address = '', portText = '', msText = ''] = line
    .slice(0, MAX_LINE)
    .trim()
    .split(/\s+/);
  if (id === '' || id.startsWith('#')) return [];
  const protocol = PROTOCOLS.get(protocolText.toLowerCase());
  const port = /^[0-9]{1,5}$/.test(portText) ? Number(portText) : 0;
  const ms = /^[0-9]{1,6}$/.test(msText) ? Number(msText) : 0;
  if (protocol === undefined || parseIp(address) === undefined || port < 1 || port > 65_535 || ms < 1 || ms > MAX_MS)
    return [`${id.slice(0, 64)} error 0 expected: ID tcp|udp|sctp ADDRESS PORT MILLISECONDS`];
  const { host, network } = process.machine;
  const { outcome } = network.connect(host, address, protocol, port);
  return [`${id.slice(0, 64)} ${outcome === 'dropped' ? 'timeout' : outcome} 0 simulated`];
}
