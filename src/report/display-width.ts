/** How many terminal columns text takes, and laying it out in columns. */

/** Ranges of code points that terminals draw two columns wide (East Asian Wide and Fullwidth, emoji), ascending. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f7e0, 0x1f7eb],
  [0x1f90c, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;

/** Columns of one character (a code point): 0, 1 or 2. */
export function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f) return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  for (const [first, last] of WIDE) {
    if (code < first) return 1;
    if (code <= last) return 2;
  }
  return 1;
}

// eslint-disable-next-line no-control-regex -- the escape character is what a colour code starts with
const COLOUR_CODE = /\u001B\[\d+m/g;

const PLAIN = /^[ -~]*$/;

/** Columns of text; the palette's colour codes take none. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text.replace(COLOUR_CODE, '')) width += characterWidth(character);
  return width;
}

/** Text filled with spaces to `width` columns; longer text stays as it is. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Lines of at most `width` columns, broken at spaces; a word longer than that stands alone and sticks out. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ')) {
    const needed = displayWidth(word);
    if (line !== '' && used + 1 + needed > width) {
      lines.push(line.trimEnd());
      line = word;
      used = needed;
    } else if (line === '') {
      line = word;
      used = needed;
    } else {
      line += ` ${word}`;
      used += 1 + needed;
    }
  }
  lines.push(line.trimEnd());
  return lines;
}

/** {@link wrapWords} with `head` before the first line and `indent` before the others, all within `width` columns. */
export function wrapInto(text: string, width: number, head: string, indent = ' '.repeat(displayWidth(head))): string[] {
  const room = width - Math.max(displayWidth(head), displayWidth(indent));
  return wrapWords(text, room).map((line, i) => (i === 0 ? head : indent) + line);
}
