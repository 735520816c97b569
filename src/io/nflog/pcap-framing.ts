/** A capture file (pcap) of link type NFLOG, as it is written. */
import { MAX_FRAME_BYTES, PendingBytes, type Frame, type Framing } from './framing.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const LINK_TYPE_NFLOG = 239;
/** Microseconds, nanoseconds. */
const MAGIC = new Set([0xa1b2c3d4, 0xa1b23c4d]);

export class PcapFraming implements Framing {
  private readonly pending = new PendingBytes();
  /** `undefined` until the file's header was read. */
  private littleEndian: boolean | undefined;

  push(chunk: Uint8Array, onFrame: (frame: Frame, littleEndian: boolean) => void): string | undefined {
    const bytes = this.pending.with(chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (this.littleEndian === undefined) {
      if (bytes.length < FILE_HEADER_BYTES) {
        this.pending.keep(bytes);
        return undefined;
      }
      const littleEndian = MAGIC.has(view.getUint32(0, true));
      if (!littleEndian && !MAGIC.has(view.getUint32(0, false))) return 'not a capture file';
      const linkType = view.getUint32(20, littleEndian) & 0xffff;
      if (linkType !== LINK_TYPE_NFLOG) return `a capture of link type ${linkType}, not of a packet log`;
      this.littleEndian = littleEndian;
      at = FILE_HEADER_BYTES;
      onFrame({ type: 'ready' }, littleEndian);
    }
    while (at + RECORD_HEADER_BYTES <= bytes.length) {
      const length = view.getUint32(at + 8, this.littleEndian);
      if (length > MAX_FRAME_BYTES) return `a captured packet of ${length} bytes`;
      const end = at + RECORD_HEADER_BYTES + length;
      if (end > bytes.length) break;
      onFrame({ type: 'message', bytes: bytes.subarray(at + RECORD_HEADER_BYTES, end) }, this.littleEndian);
      at = end;
    }
    this.pending.keep(bytes.subarray(at));
    return undefined;
  }
}
