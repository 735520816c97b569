/** Cuts a text into its YAML documents without parsing them, so that each can fail, be skipped or be parsed alone. */

export interface TextSlice {
  /** At the `---` marker, at directives before it, or at the first character. */
  readonly start: number;
  readonly end: number;
  /** Ended by `...` with more text behind that no `---` introduces: kubectl never reads that text. */
  readonly ignored: { readonly start: number; readonly end: number } | undefined;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const HASH = 35;
const PERCENT = 37;

/** Whether a marker of three characters at `at` stands alone as a word. */
function endsMarker(text: string, at: number, end: number): boolean {
  if (at + 3 >= end) return true;
  const next = text.charCodeAt(at + 3);
  return next === SPACE || next === LF || next === CR || next === TAB;
}

/** The next line at or behind `from` that starts with the marker; `end` when there is none. */
function nextMarker(text: string, marker: string, from: number, start: number, end: number): number {
  let at = from;
  if (at === start && text.startsWith(marker, at) && at + 3 <= end && endsMarker(text, at, end)) return at;
  const needle = `\n${marker}`;
  for (
    at = text.indexOf(needle, Math.max(start, at - 1));
    at !== -1 && at + 4 <= end;
    at = text.indexOf(needle, at + 1)
  )
    if (endsMarker(text, at + 1, end)) return at + 1;
  return end;
}

/** What a range holds besides blank lines and comments: nothing, only directives (`%YAML ...`), or content. */
export function rangeContent(text: string, start: number, end: number): 'nothing' | 'directives' | 'content' {
  let directives = false;
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === LF || code === CR || code === SPACE || code === TAB || code === 0xfeff) {
      at++;
      continue;
    }
    const atLineStart = at === start || text.charCodeAt(at - 1) === LF || text.charCodeAt(at - 1) === CR;
    if (code === PERCENT && atLineStart) directives = true;
    else if (code !== HASH) return 'content';
    const next = text.indexOf('\n', at);
    at = next === -1 ? end : next + 1;
  }
  return directives ? 'directives' : 'nothing';
}

/** The documents of `text[start, end)`; slices without content are left out. */
export function splitDocuments(text: string, start: number, end: number): TextSlice[] {
  const slices: TextSlice[] = [];
  // A `...` search that found nothing holds for the rest of the text: it is not repeated for every document.
  let nextEnd = nextMarker(text, '...', start, start, end);
  let sliceStart = start;
  let at = nextMarker(text, '---', start, start, end);
  if (at === start && at < end) at = nextMarker(text, '---', start + 3, start, end);
  for (;;) {
    while (nextEnd < sliceStart) nextEnd = nextMarker(text, '...', sliceStart, start, end);
    let carried: number | undefined;
    let contentEnd = at;
    let ignored: TextSlice['ignored'];
    if (nextEnd < at) {
      contentEnd = nextEnd;
      let restStart = nextEnd + 3;
      while (restStart < at && text.charCodeAt(restStart) !== LF) restStart++;
      const rest = rangeContent(text, restStart, at);
      if (rest === 'directives' && at < end) carried = restStart;
      else if (rest === 'content') {
        while (restStart < at && text.charCodeAt(restStart) <= SPACE) restStart++;
        ignored = { start: restStart, end: at };
      }
      nextEnd = nextMarker(text, '...', at, start, end);
    }
    const marked = text.startsWith('---', sliceStart) && endsMarker(text, sliceStart, end);
    const content = rangeContent(text, marked ? sliceStart + 3 : sliceStart, contentEnd);
    if (content === 'directives' && !marked && at < end && carried === undefined) carried = sliceStart;
    else if (content !== 'nothing' || ignored !== undefined)
      slices.push({ start: sliceStart, end: contentEnd, ignored });
    if (at >= end) return slices;
    const following = nextMarker(text, '---', at + 3, start, end);
    sliceStart = carried ?? at;
    at = following;
  }
}
