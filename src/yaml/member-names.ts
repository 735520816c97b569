/** Member names that a caller knows, found by their characters. Ids are positions in `names`. */
export class MemberNames {
  readonly count: number;
  readonly #codes: readonly Uint8Array[];
  /** Open addressing; 0 is free, otherwise the id plus 1. */
  readonly #slots: Uint8Array;
  readonly #mask: number;

  constructor(names: readonly string[]) {
    this.count = names.length;
    this.#codes = names.map((name) => Uint8Array.from(name, (char) => char.charCodeAt(0)));
    let size = 8;
    while (size < names.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Uint8Array(size);
    this.#codes.forEach((codes, id) => {
      let hash = 0;
      for (const code of codes) hash = (Math.imul(hash, 31) + code) | 0;
      let slot = hash & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = id + 1;
    });
  }

  /** The id of the name at `codes[start, end)`, whose hash is known already; -1 for a stranger. */
  find(codes: Uint8Array | Uint16Array, start: number, end: number, hash: number): number {
    const length = end - start;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const id = (this.#slots[slot] ?? 0) - 1;
      if (id === -1) return -1;
      const name = this.#codes[id];
      if (name === undefined || name.length !== length) continue;
      let i = 0;
      while (i < length && name[i] === codes[start + i]) i++;
      if (i === length) return id;
    }
  }
}
