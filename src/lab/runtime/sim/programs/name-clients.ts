/** nslookup, dig and host. */
import { formatIp } from '../../../../base/inet-format.ts';
import { parseIp } from '../../../../base/inet-parse.ts';
import { type DnsAnswer, type DnsRecord, RecordType, TTL } from '../../../dns/dns-record.ts';
import { askDns, candidates, type NameFailure, resolveName } from '../sim-names.ts';
import type { SimProcess } from '../sim-process.ts';
import { readOptions } from './options.ts';
import { waitInVain } from './waiting.ts';

const TYPES: ReadonlyMap<string, number> = new Map(Object.entries(RecordType).map(([name, number]) => [name, number]));

/** Where to ask: a server by its address or its name; `undefined` for those of the pod. */
function serverOf(process: SimProcess, given: string | undefined): string | undefined {
  const name = given?.replace(/^@/, '');
  if (name === undefined) return undefined;
  const resolved = resolveName(process.machine, name);
  return resolved.ok ? resolved.addresses[0] : name;
}

interface Found {
  readonly name: string;
  readonly answer: DnsAnswer;
}

function search(
  process: SimProcess,
  server: string | undefined,
  names: readonly string[],
  type: number,
): Found | NameFailure {
  let failure: NameFailure = 'unknown';
  for (const name of names) {
    const answer = askDns(process.machine, server, name, type);
    if (typeof answer !== 'string') {
      if (answer.answers.length > 0) return { name, answer };
      continue;
    }
    failure = answer;
    if (answer !== 'unknown') break;
  }
  return failure;
}

export async function nslookup(process: SimProcess): Promise<number> {
  const { values, operands } = readOptions(
    process.argv.slice(1).map((arg) => arg.replace(/^-(type|query|q)=/, '--type=')),
    new Set(),
  );
  const [name = '', given] = operands;
  const server = serverOf(process, given) ?? process.machine.host.spec.nameservers[0] ?? '';
  const wanted = (values.get('type') ?? '').toUpperCase();
  const reversed = parseIp(name)?.ip;
  const types = reversed !== undefined ? ['PTR'] : wanted === '' ? families(process) : [wanted];
  const names = reversed === undefined ? candidates(process.machine, name) : [pointerName(name)];
  const lines: string[] = [];
  let failure: NameFailure = 'unknown';
  for (const type of types) {
    const found = search(process, server, names, TYPES.get(type) ?? RecordType.A);
    if (typeof found === 'string') failure = found === 'unknown' ? failure : found;
    else lines.push(...found.answer.answers.map((record) => nslookupLine(record, found.name)));
  }
  if (failure !== 'unknown' && lines.length === 0) {
    await waitInVain(process, undefined);
    await process.print(';; connection timed out; no servers could be reached\n\n');
    return 1;
  }
  await process.print(`Server:\t\t${server}\nAddress:\t${server}:53\n\n`);
  if (lines.length === 0) {
    await process.print(`** server can't find ${names[0] ?? name}: NXDOMAIN\n\n`);
    return 1;
  }
  await process.print(`${lines.join('\n')}\n\n`);
  return 0;
}

function nslookupLine({ name, data }: DnsRecord, asked: string): string {
  const owner = name ?? asked;
  switch (data.type) {
    case 'address':
      return `Name:\t${owner}\nAddress: ${formatIp(data.address)}`;
    case 'PTR':
      return `${owner}\tname = ${data.target}`;
    case 'CNAME':
      return `${owner}\tcanonical name = ${data.target}`;
    default:
      return `${owner}\t${dataText(data)}`;
  }
}

export async function dig(process: SimProcess): Promise<number> {
  const args = process.argv.slice(1);
  const server = serverOf(
    process,
    args.find((arg) => arg.startsWith('@')),
  );
  const short = args.includes('+short');
  const words = args.filter((arg) => !/^[@+]/.test(arg) && !['-t', '-4', '-6', 'IN'].includes(arg));
  const pointer = words.indexOf('-x');
  const type = words.find((word) => TYPES.has(word.toUpperCase()))?.toUpperCase() ?? (pointer < 0 ? 'A' : 'PTR');
  const operand = words.filter((word) => word !== '-x' && !TYPES.has(word.toUpperCase()))[0] ?? '.';
  const name = pointer < 0 ? operand.replace(/\.$/, '') : pointerName(operand);
  const names = args.includes('+search') ? candidates(process.machine, operand) : [name];
  const found = search(process, server, names, TYPES.get(type) ?? RecordType.A);
  if (typeof found === 'string' && found !== 'unknown') {
    await waitInVain(process, undefined);
    await process.print(';; connection timed out; no servers could be reached\n');
    return 9;
  }
  const records = typeof found === 'string' ? [] : found.answer.answers;
  const owner = typeof found === 'string' ? name : found.name;
  if (short) {
    await process.print(records.map(({ data }) => `${dataText(data)}\n`).join(''));
    return 0;
  }
  const exists =
    typeof found !== 'string' || typeof askDns(process.machine, server, name, TYPES.get(type) ?? 1) !== 'string';
  const lines = [
    '; <<>> dig, simulated by the Sallyport lab <<>>',
    `;; status: ${exists ? 'NOERROR' : 'NXDOMAIN'}`,
    ';; QUESTION SECTION:',
    `;${name}.\t\tIN\t${type}`,
    ...(records.length === 0 ? [] : ['', ';; ANSWER SECTION:']),
    ...records.map(
      (record) => `${record.name ?? owner}.\t${TTL}\tIN\t${typeName(record.data)}\t${dataText(record.data)}`,
    ),
    '',
    `;; SERVER: ${server ?? process.machine.host.spec.nameservers[0] ?? ''}#53`,
  ];
  await process.print(`${lines.join('\n')}\n`);
  return 0;
}

export async function host(process: SimProcess): Promise<number> {
  const { values, operands } = readOptions(process.argv.slice(1), new Set(['t', 'W']));
  const [name = '', given] = operands;
  const reversed = parseIp(name) !== undefined;
  const wanted = values.get('t')?.toUpperCase();
  const types = wanted !== undefined ? [wanted] : reversed ? ['PTR'] : families(process);
  const names = reversed ? [pointerName(name)] : candidates(process.machine, name);
  const lines: string[] = [];
  for (const type of types) {
    const found = search(process, serverOf(process, given), names, TYPES.get(type) ?? RecordType.A);
    if (typeof found === 'string') {
      if (found === 'unknown') continue;
      await waitInVain(process, undefined);
      await process.print(';; connection timed out; no servers could be reached\n');
      return 1;
    }
    lines.push(...found.answer.answers.map((record) => hostLine(record, found.name)));
  }
  await process.print(lines.length === 0 ? `Host ${name} not found: 3(NXDOMAIN)\n` : `${lines.join('\n')}\n`);
  return lines.length === 0 ? 1 : 0;
}

function hostLine({ name, data }: DnsRecord, asked: string): string {
  const owner = name ?? asked;
  switch (data.type) {
    case 'address':
      return `${owner} has ${data.address.family === 6 ? 'IPv6 ' : ''}address ${formatIp(data.address)}`;
    case 'PTR':
      return `${owner} domain name pointer ${data.target}.`;
    case 'CNAME':
      return `${owner} is an alias for ${data.target}.`;
    default:
      return `${owner} has ${typeName(data)} record ${dataText(data)}`;
  }
}

function dataText(data: DnsRecord['data']): string {
  switch (data.type) {
    case 'address':
      return formatIp(data.address);
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return `${data.target}.`;
    case 'SRV':
      return `0 ${data.weight} ${data.port} ${data.target}.`;
    case 'TXT':
      return JSON.stringify(data.text);
    case 'SOA':
      return `${data.server}. ${data.mailbox}. ${data.serial}`;
  }
}

function typeName(data: DnsRecord['data']): string {
  return data.type === 'address' ? (data.address.family === 4 ? 'A' : 'AAAA') : data.type;
}

function families(process: SimProcess): readonly string[] {
  return process.machine.host.addresses.map((address) => (address.includes(':') ? 'AAAA' : 'A'));
}

function pointerName(address: string): string {
  const ip = parseIp(address)?.ip;
  if (ip === undefined) return address;
  if (ip.family === 4) return `${formatIp(ip).split('.').reverse().join('.')}.in-addr.arpa`;
  return `${ip.value.toString(16).padStart(32, '0').split('').reverse().join('.')}.ip6.arpa`;
}
