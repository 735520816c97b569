export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const MAX_TEXT = 1024;
const MAX_SIDE = 65_535;

/** A size as Go writes it, `{"Width":80,"Height":24}`; `undefined` for anything else, and for a side of nothing. */
export function parseTerminalSize(text: string): TerminalSize | undefined {
  if (text.length > MAX_TEXT) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const columns: unknown = 'Width' in value ? value.Width : undefined;
    const rows: unknown = 'Height' in value ? value.Height : undefined;
    return isSide(columns) && isSide(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SIDE;
}

/** Sizes in a stream of bytes, one a line. */
export class TerminalSizeReader {
  #rest = '';

  read(bytes: Buffer): readonly TerminalSize[] {
    const lines = (this.#rest + bytes.toString('latin1')).split('\n');
    // A line without an end says nothing, however long.
    this.#rest = (lines.pop() ?? '').slice(0, MAX_TEXT + 1);
    return lines.map(parseTerminalSize).filter((size) => size !== undefined);
  }
}
