/** Characters longer than this are no longer worth remembering. */
const LONGEST_REMEMBERED = 4096;
/** After so many misses in a row only now and then something new is remembered: copying would only cost. */
const PATIENCE = 32;

/** The characters of one value, to be recognised when they stand somewhere again. */
export class RememberedText {
  codes = new Uint16Array(256);
  length = 0;
  misses = 0;

  set(codes: Uint8Array | Uint16Array, start: number, end: number): boolean {
    if (this.misses > PATIENCE && this.misses % PATIENCE !== 0) return false;
    const length = end - start;
    this.length = 0;
    if (length > LONGEST_REMEMBERED) return true;
    if (length > this.codes.length) this.codes = new Uint16Array(length * 2);
    for (let i = 0; i < length; i++) this.codes[i] = codes[start + i] ?? 0;
    this.length = length;
    return true;
  }
}
