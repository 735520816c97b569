/**
 * How the lab's program and its init process speak: a message is a list of byte strings. Each stands behind its length, and
 * so does the whole; lengths are 32 bits, big end first.
 */

export type Field = string | number | Uint8Array;

/** More is never said. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** A list within a message. */
export function packList(fields: readonly Field[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const field of fields) {
    const bytes = typeof field === 'object' ? field : Buffer.from(String(field));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

/** @throws RangeError when it is longer than any message may be */
export function packMessage(fields: readonly Field[]): Buffer {
  const list = packList(fields);
  if (list.length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${list.length} bytes`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(list.length);
  return Buffer.concat([length, list]);
}

/** Puts messages together from what comes in. */
export class MessageReader {
  private chunks: Buffer[] = [];
  private buffered = 0;

  /** @throws RangeError when this is no conversation of ours */
  take(chunk: Buffer): Buffer[][] {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    const messages: Buffer[][] = [];
    for (;;) {
      if (this.buffered < 4) return messages;
      const whole = this.whole(4);
      const length = whole.readUInt32BE(0);
      if (length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${length} bytes`);
      if (this.buffered < 4 + length) return messages;
      const data = this.whole(4 + length);
      messages.push(unpackList(data.subarray(4, 4 + length)));
      const rest = data.subarray(4 + length);
      this.chunks = rest.length === 0 ? [] : [rest];
      this.buffered = rest.length;
    }
  }

  /** At least so many bytes in one piece; what is not needed yet is left as it is. */
  private whole(bytes: number): Buffer {
    const [first] = this.chunks;
    if (first !== undefined && first.length >= bytes) return first.length === this.buffered ? first : this.join();
    return this.join();
  }

  private join(): Buffer {
    const all = Buffer.concat(this.chunks);
    this.chunks = [all];
    return all;
  }
}

/** @throws RangeError when it is none */
export function unpackList(data: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < data.length;) {
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) throw new RangeError('a field that ends behind its message');
    fields.push(data.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
