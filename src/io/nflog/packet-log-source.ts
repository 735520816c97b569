/** Where logged packets come from. */
import type { LoggedPacket } from './log-message.ts';

export type PacketLogFailure =
  /** None of the programs that could read it is installed. */
  | 'reader-missing'
  /** CAP_NET_ADMIN is missing. */
  | 'reader-not-permitted'
  /** Another program reads the group. */
  | 'group-busy'
  /** The reader wrote what cannot be understood. */
  | 'reader-garbled'
  /** The reader ended for another reason. */
  | 'reader-ended';

export type PacketLogState =
  | { readonly type: 'stopped' }
  | { readonly type: 'starting'; readonly reader: string }
  | { readonly type: 'reading'; readonly reader: string }
  | {
      readonly type: 'waiting';
      readonly failure: PacketLogFailure;
      /** What happened, in a sentence. */
      readonly message: string;
      readonly hint: string;
      readonly retryMs: number;
    };

export interface PacketLogListener {
  /** Called for every packet, at once. */
  readonly onPacket: (packet: LoggedPacket) => void;
  /** So many messages never arrived: the kernel's buffer was full. */
  readonly onLost: (count: number) => void;
  readonly onState: (state: PacketLogState) => void;
}

export interface PacketLogSource {
  /** Reads until {@link stop}; what fails is tried again. */
  start(listener: PacketLogListener): void;
  stop(): void;
}
