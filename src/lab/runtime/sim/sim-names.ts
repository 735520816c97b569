/** How programs of the simulation find addresses: /etc/hosts, then the DNS servers of the pod, through the network. */
import { formatIp } from '../../../base/inet-format.ts';
import { parseIp } from '../../../base/inet-parse.ts';
import { type DnsAnswer, type DnsRecord, RecordType, ResponseCode } from '../../dns/dns-record.ts';
import type { SimMachine } from './sim-process.ts';

export type NameFailure =
  /** The server says that there is no such name. */
  | 'unknown'
  /** The server does not answer. */
  | 'timeout'
  /** Nobody listens where the server should be. */
  | 'refused';

export type Resolved =
  | { readonly ok: true; readonly addresses: readonly string[]; readonly name: string }
  | { readonly ok: false; readonly failure: NameFailure };

/** An address is its own name. */
export function resolveName(machine: SimMachine, name: string): Resolved {
  const literal = parseIp(name.replace(/^\[(.*)\]$/, '$1'))?.ip;
  if (literal !== undefined) return { ok: true, addresses: [formatIp(literal)], name };
  const hosts = inHostsFile(machine, name);
  if (hosts.length > 0) return { ok: true, addresses: hosts, name };
  const types = familiesOf(machine).map((family) => (family === 4 ? RecordType.A : RecordType.AAAA));
  let failure: NameFailure = 'unknown';
  for (const candidate of candidates(machine, name)) {
    const found: string[] = [];
    for (const type of types) {
      const answer = askDns(machine, undefined, candidate, type);
      if (typeof answer === 'string') {
        // As the C library does: a server that does not answer is not asked for the next name.
        if (answer !== 'unknown') return { ok: false, failure: answer };
        failure = answer;
      } else found.push(...answer.answers.flatMap(addressOf));
    }
    if (found.length > 0) return { ok: true, addresses: found, name: candidate };
  }
  return { ok: false, failure };
}

/** One question. @param server `undefined`: the first of the pod's that answers */
export function askDns(
  machine: SimMachine,
  server: string | undefined,
  name: string,
  type: number,
): DnsAnswer | NameFailure {
  const servers = server === undefined ? machine.host.spec.nameservers : [server];
  let failure: NameFailure = 'timeout';
  for (const each of servers) {
    const connection = machine.network.connect(machine.host, each, 'UDP', 53);
    if (connection.outcome === 'connected' && connection.server.kind === 'dns') {
      const answer = connection.server.zone.answer(labelsOf(name), type);
      return answer.code === ResponseCode.noName ? 'unknown' : answer;
    }
    if (connection.outcome === 'refused') failure = 'refused';
  }
  return failure;
}

/** In the order in which the search path has them tried. */
export function candidates(machine: SimMachine, name: string): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const { searches, resolverOptions } = machine.host.spec;
  const option = resolverOptions.find((each) => each.startsWith('ndots:'))?.slice('ndots:'.length);
  const ndots = option === undefined ? 1 : Number(option);
  const found = searches.map((search) => `${name}.${search}`);
  return name.split('.').length - 1 >= ndots ? [name, ...found] : [...found, name];
}

function inHostsFile({ files, host }: SimMachine, name: string): readonly string[] {
  const lines = (files.read('/etc/hosts')?.toString() ?? '').split('\n');
  const found = lines.flatMap((line) => {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    return names.includes(name) ? [address] : [];
  });
  const families = host.addresses.map((address) => address.includes(':'));
  return found.filter((address) => families.includes(address.includes(':')));
}

function familiesOf({ host }: SimMachine): readonly (4 | 6)[] {
  return host.addresses.map((address) => (address.includes(':') ? 6 : 4));
}

function addressOf({ data }: DnsRecord): readonly string[] {
  return data.type === 'address' ? [formatIp(data.address)] : [];
}

export function labelsOf(name: string): readonly string[] {
  return name.replace(/\.$/, '').toLowerCase().split('.');
}
