const slots = 1024;
const longest = 40;

/** Cuts pieces out of one text and gives equal pieces as one string: keys and words repeat without end in manifests. */
export class TextPool {
  readonly #text: string;
  readonly #known: string[] = Array.from({ length: slots }, () => '');

  constructor(text: string) {
    this.#text = text;
  }

  slice(start: number, end: number): string {
    const text = this.#text;
    const length = end - start;
    if (length > longest || length === 0) return text.slice(start, end);
    const hash =
      length * 31 +
      text.charCodeAt(start) * 7 +
      text.charCodeAt(end - 1) * 131 +
      text.charCodeAt(start + (length >> 1)) * 37;
    const slot = hash & (slots - 1);
    const known = this.#known[slot] ?? '';
    if (known.length === length && text.startsWith(known, start)) return known;
    const piece = text.slice(start, end);
    this.#known[slot] = piece;
    return piece;
  }
}
