/** One flow as the kernel's log tells it: who opened it to whom, and what became of it. */
import type { IpAddress } from '../../base/inet.ts';
import { parseLogPrefix, type LogVerdict } from '../../dataplane/log-prefix.ts';
import type { LoggedPacket } from '../../io/nflog/log-message.ts';
import { SCTP, TCP, UDP } from '../../io/nflog/packet-header.ts';

export interface Flow {
  readonly verdict: LogVerdict;
  /** The policy set or shadow set that decided. */
  readonly policySet: string | undefined;
  readonly from: IpAddress;
  readonly to: IpAddress;
  readonly protocol: number;
  readonly port: number | undefined;
  readonly icmp: { readonly type: number; readonly code: number } | undefined;
}

/** `undefined` when another program's rule logged it. */
export function flowOf({ prefix, packet }: LoggedPacket): Flow | undefined {
  const parsed = parseLogPrefix(prefix);
  if (parsed === undefined) return undefined;
  const { verdict, policySet, reply } = parsed;
  const { source, destination, protocol, sourcePort, destinationPort, icmp } = packet;
  return reply
    ? { verdict, policySet, from: destination, to: source, protocol, port: sourcePort, icmp }
    : { verdict, policySet, from: source, to: destination, protocol, port: destinationPort, icmp };
}

/** Equal for packets that one line may stand for. The source's port is left out: every attempt has another. */
export function flowKey({ verdict, policySet, from, to, protocol, port, icmp }: Flow): string {
  const what = port ?? (icmp === undefined ? '' : `${icmp.type}/${icmp.code}`);
  return `${verdict} ${policySet ?? ''} ${from.value} ${to.value} ${from.family} ${protocol} ${what}`;
}

export const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [TCP, 'TCP'],
  [UDP, 'UDP'],
  [SCTP, 'SCTP'],
  [1, 'ICMP'],
  [58, 'ICMPv6'],
]);
