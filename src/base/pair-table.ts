/**
 * Remembers one integer per ordered pair of small non-negative integers: a dense table while both are small (one
 * memory access), a hash map beyond.
 */
const DENSE_LIMIT = 1024;

export class PairTable {
  /** `size * size` cells holding the value + 1; 0 = not there. */
  private cells = new Int32Array(16 * 16);
  private size = 16;
  private readonly overflow = new Map<number, number>();

  /** -1 when not there. */
  get(a: number, b: number): number {
    if (a < this.size && b < this.size) return (this.cells[a * this.size + b] ?? 0) - 1;
    if (a < DENSE_LIMIT && b < DENSE_LIMIT) return -1;
    return this.overflow.get(a * 0x4000000 + b) ?? -1;
  }

  set(a: number, b: number, value: number): void {
    if (a >= DENSE_LIMIT || b >= DENSE_LIMIT) {
      this.overflow.set(a * 0x4000000 + b, value);
      return;
    }
    if (a >= this.size || b >= this.size) this.grow(Math.max(a, b));
    this.cells[a * this.size + b] = value + 1;
  }

  private grow(largest: number): void {
    let size = this.size;
    while (size <= largest) size *= 2;
    const cells = new Int32Array(size * size);
    for (let row = 0; row < this.size; row++) {
      cells.set(this.cells.subarray(row * this.size, (row + 1) * this.size), row * size);
    }
    this.cells = cells;
    this.size = size;
  }
}
