import { expect, it } from 'vitest';
import { formatIp } from '../../../src/base/inet-format.ts';
import type { LoggedPacket } from '../../../src/io/nflog/log-message.ts';
import { relayReader, tcpdumpReader, type LogReader } from '../../../src/io/nflog/log-reader.ts';
import type { PacketLogState } from '../../../src/io/nflog/packet-log-source.ts';
import { ProcessPacketLog } from '../../../src/io/nflog/process-packet-log.ts';
import { describeKernel } from '../../packets/kernel.ts';
import { Namespaces, type Namespace } from '../../packets/namespaces.ts';

const GROUP = 5;
const rules = `
  table inet t {
    chain out {
      type filter hook output priority 0;
      udp dport 9999 log group ${GROUP} snaplen 128 queue-threshold 1 prefix "sp deny in_1"
      udp dport 9999 drop
    }
  }`;
const send = (address: string, count: number): string => `
  const socket = require('node:dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}');
  let left = ${count};
  const next = () => left-- > 0 ? socket.send('hello', 9999, '${address}', () => next()) : socket.close();
  next();`;

const inside = (namespace: Namespace, reader: LogReader, ...wrapper: readonly string[]): LogReader => {
  const [program, ...more] = [...wrapper, ...reader.command];
  return { ...reader, command: namespace.enter(program ?? '', ...more) };
};

/** What a reader tells until so many packets came, or it fails. */
function read(reader: LogReader, whenReading: () => void, wanted: number) {
  return new Promise<{ packets: LoggedPacket[]; state: PacketLogState | undefined; lost: number }>((resolve) => {
    // The reader is in another namespace than this process, whose groups are somebody else's.
    const log = new ProcessPacketLog({ readers: [reader], isTaken: () => false });
    const result = { packets: [] as LoggedPacket[], state: undefined as PacketLogState | undefined, lost: 0 };
    const finish = (): void => {
      log.stop();
      resolve({ ...result });
    };
    log.start({
      onPacket: (packet) => {
        if (result.packets.push(packet) === wanted) finish();
      },
      onLost: (count) => {
        result.lost += count;
      },
      onState: (state) => {
        if (state.type !== 'stopped') result.state = state;
        if (state.type === 'reading') whenReading();
        if (state.type === 'waiting') finish();
      },
    });
  });
}

describeKernel('readers of the packet log', () => {
  const isRoot = process.getuid?.() === 0;
  it.each([
    { name: 'perl', reader: relayReader(GROUP), rootless: !isRoot },
    { name: 'perl in a user namespace', reader: relayReader(GROUP), rootless: true },
    // tcpdump gives up its groups when it is root, which the root of a user namespace cannot.
    ...(isRoot ? [{ name: 'tcpdump', reader: tcpdumpReader(GROUP), rootless: false }] : []),
  ])('$name: every packet, with its prefix and ports', async ({ reader, rootless }) => {
    const namespaces = new Namespaces({ rootless });
    try {
      const one = await namespaces.add();
      one.run(['ip', 'link', 'set', 'lo', 'up']);
      one.run(['nft', '-f', '-'], rules);
      const { packets, lost, state } = await read(
        inside(one, reader),
        () => {
          one.run([process.execPath, '-e', send('127.0.0.1', 200)]);
          one.run([process.execPath, '-e', send('::1', 1)]);
        },
        201,
      );
      expect({ lost, state }).toEqual({ lost: 0, state: { type: 'reading', reader: reader.name } });
      const shown = packets.map(({ prefix, hook, packet: { source, destination, destinationPort, protocol } }) =>
        [prefix, hook, formatIp(source), formatIp(destination), destinationPort, protocol].join(' '),
      );
      expect(new Set(shown)).toEqual(
        new Set(['sp deny in_1 output 127.0.0.1 127.0.0.1 9999 17', 'sp deny in_1 output ::1 ::1 9999 17']),
      );
    } finally {
      await namespaces.close();
    }
  });

  it('perl needs CAP_NET_ADMIN and nothing else, and says when it lacks it', async () => {
    const namespaces = new Namespaces();
    try {
      const one = await namespaces.add();
      one.run(['ip', 'link', 'set', 'lo', 'up']);
      one.run(['nft', '-f', '-'], rules);
      const only = (...capabilities: readonly string[]): string[] => [
        'setpriv',
        '--no-new-privs',
        '--inh-caps=-all',
        `--bounding-set=-all${capabilities.map((name) => `,+${name}`).join('')}`,
      ];
      const allowed = await read(
        inside(one, relayReader(GROUP), ...only('net_admin')),
        () => one.run([process.execPath, '-e', send('127.0.0.1', 1)]),
        1,
      );
      expect(allowed.packets).toHaveLength(1);
      const refused = await read(inside(one, relayReader(GROUP), ...only()), () => undefined, 1);
      expect(refused.state).toMatchObject({ type: 'waiting', failure: 'reader-not-permitted' });
    } finally {
      await namespaces.close();
    }
  });
});
