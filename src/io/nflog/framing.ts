/** Where one message ends and the next begins, in what a reader of the packet log writes. */

/** A message of the packet log, or the word that the group is being read now. */
export type Frame = { readonly type: 'message'; readonly bytes: Uint8Array } | { readonly type: 'ready' };

export interface Framing {
  /**
   * Calls `onFrame` for every frame that is complete with `chunk`. What is left waits for the next chunk; it is never
   * more than {@link MAX_FRAME_BYTES}.
   *
   * @returns why nothing that follows can be understood; `undefined` when all is well
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame, littleEndian: boolean) => void): string | undefined;
}

/** A packet is cut at some hundred bytes, and a batch of the kernel has at most this. */
export const MAX_FRAME_BYTES = 1 << 17;

/** Bytes that wait for the rest of their frame. */
export class PendingBytes {
  private bytes: Uint8Array = new Uint8Array(0);

  /** What waited, and `chunk` behind it. */
  with(chunk: Uint8Array): Uint8Array {
    if (this.bytes.length === 0) return chunk;
    const joined = new Uint8Array(this.bytes.length + chunk.length);
    joined.set(this.bytes);
    joined.set(chunk, this.bytes.length);
    return joined;
  }

  /** A copy is kept: the memory of a chunk belongs to the stream. */
  keep(rest: Uint8Array): void {
    this.bytes = rest.slice();
  }
}
