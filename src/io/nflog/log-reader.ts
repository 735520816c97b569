/** The programs that can read the packet log for us. */
import { endianness } from 'node:os';
import type { Framing } from './framing.ts';
import { NetlinkFraming } from './netlink-framing.ts';
import { PcapFraming } from './pcap-framing.ts';
import { RELAY_SCRIPT } from './relay-script.ts';

export interface LogReader {
  readonly name: string;
  readonly group: number;
  readonly command: readonly [string, ...string[]];
  readonly framing: () => Framing;
}

/** Bytes of a packet that are read: both addresses and the ports, behind some extension headers. */
const PACKET_BYTES = 192;

/** Our own, in perl: needs CAP_NET_ADMIN and nothing else. */
export function relayReader(group: number): LogReader {
  return {
    name: 'perl',
    group,
    command: ['perl', '-e', RELAY_SCRIPT, String(group), String(PACKET_BYTES)],
    framing: () => new NetlinkFraming(endianness() === 'LE'),
  };
}

/** Where there is no perl. As root it wants CAP_SETGID too: it always gives up its groups. */
export function tcpdumpReader(group: number): LogReader {
  return {
    name: 'tcpdump',
    group,
    command: ['tcpdump', '-i', `nflog:${group}`, '-Z', 'root', '-n', '-U', '-w', '-', '-s', String(PACKET_BYTES)],
    framing: () => new PcapFraming(),
  };
}
