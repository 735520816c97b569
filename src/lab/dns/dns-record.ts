/** Records of the DNS as far as the lab answers with them. */
import type { IpAddress } from '../../base/inet.ts';

export const RecordType = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41 } as const;

export const ResponseCode = { ok: 0, malformed: 1, noName: 3, notImplemented: 4, refused: 5, badVersion: 16 } as const;

/** Names are written without the last dot; the root is empty. */
export type RecordData =
  | { readonly type: 'address'; readonly address: IpAddress }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | { readonly type: 'SRV'; readonly port: number; readonly weight: number; readonly target: string }
  | { readonly type: 'TXT'; readonly text: string }
  | { readonly type: 'SOA'; readonly server: string; readonly mailbox: string; readonly serial: number };

export interface DnsRecord {
  /** `undefined`: the name that was asked for, as it was written there. */
  readonly name: string | undefined;
  readonly data: RecordData;
}

export interface DnsAnswer {
  readonly code: (typeof ResponseCode)[keyof typeof ResponseCode];
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Seconds, of everything: what changes in the lab is seen soon. */
export const TTL = 5;
