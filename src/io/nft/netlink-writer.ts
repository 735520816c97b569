/** An attribute that holds attributes. */
export const NESTED = 0x8000;

/**
 * Netlink messages of the netfilter family, one after the other in one buffer. Headers are in the byte order of the
 * machine: every machine that Node runs Linux on, but for one, has the lowest byte first.
 */
export class NetlinkWriter {
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private at = 0;

  get length(): number {
    return this.at;
  }

  /** Give the result to {@link end}. */
  message(type: number, flags: number, family: number, resource: number): number {
    const start = this.reserve(20);
    this.view.setUint16(start + 4, type, true);
    this.view.setUint16(start + 6, flags, true);
    this.view.setUint8(start + 16, family);
    this.view.setUint16(start + 18, resource);
    return start;
  }

  addFlag(message: number, flag: number): void {
    this.view.setUint16(message + 6, this.view.getUint16(message + 6, true) | flag, true);
  }

  /** An attribute. Give the result to {@link end}. */
  begin(type: number): number {
    const start = this.reserve(4);
    this.view.setUint16(start + 2, type, true);
    return ~start;
  }

  /** Ends what {@link message} or {@link begin} began. */
  end(begun: number): void {
    if (begun >= 0) this.view.setUint32(begun, this.at - begun, true);
    else {
      const length = this.at - ~begun;
      if (length > 0xffff) throw new RangeError('an attribute of more than 64 KiB');
      this.view.setUint16(~begun, length, true);
    }
    this.pad();
  }

  text(type: number, value: string): void {
    const attribute = this.begin(type);
    const start = this.reserve(value.length + 1);
    for (let i = 0; i < value.length; i++) this.bytes[start + i] = value.charCodeAt(i);
    this.end(attribute);
  }

  /** In the byte order of the network. */
  word(value: number): void {
    const start = this.reserve(4);
    this.view.setUint32(start, value);
  }

  /** Of one or two bytes, in the byte order of the network. */
  small(value: number, bytes: 1 | 2): void {
    const start = this.reserve(bytes);
    if (bytes === 1) this.view.setUint8(start, value);
    else this.view.setUint16(start, value);
  }

  hostWord(value: number): void {
    const start = this.reserve(4);
    this.view.setUint32(start, value, true);
  }

  pad(): void {
    this.reserve(-this.at & 3);
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.at);
  }

  /** Zeros; where they begin. The buffer may be another one afterwards. */
  private reserve(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length + count);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    this.at = start + count;
    return start;
  }
}
