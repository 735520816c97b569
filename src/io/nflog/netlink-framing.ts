/** Messages as netlink sends them, one behind the other. */
import { MAX_FRAME_BYTES, PendingBytes, type Frame, type Framing } from './framing.ts';

const HEADER_BYTES = 16;
const NETLINK_ERROR = 2;
/** Subsystem 4 (the log), message 0 (a packet). */
const LOG_PACKET = 0x0400;

export class NetlinkFraming implements Framing {
  private readonly pending = new PendingBytes();
  private readonly littleEndian: boolean;

  /** Netlink speaks in the byte order of the machine. */
  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  push(chunk: Uint8Array, onFrame: (frame: Frame, littleEndian: boolean) => void): string | undefined {
    const bytes = this.pending.with(chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const length = view.getUint32(at, this.littleEndian);
      if (length < HEADER_BYTES || length > MAX_FRAME_BYTES) return `a netlink message of ${length} bytes`;
      const end = at + ((length + 3) & ~3);
      if (end > bytes.length) break;
      const type = view.getUint16(at + 4, this.littleEndian);
      if (type === LOG_PACKET) {
        onFrame({ type: 'message', bytes: bytes.subarray(at + HEADER_BYTES, at + length) }, this.littleEndian);
      } else if (type === NETLINK_ERROR) {
        const code = length >= HEADER_BYTES + 4 ? view.getInt32(at + HEADER_BYTES, this.littleEndian) : 0;
        if (code !== 0) return `netlink error ${-code}`;
        onFrame({ type: 'ready' }, this.littleEndian);
      }
      at = end;
    }
    this.pending.keep(bytes.subarray(at));
    return undefined;
  }
}
