/**
 * Making input harmless in each output language. Names, labels and messages come from files that anyone may have
 * written; every report passes them through here and through nothing else.
 */

/**
 * Characters that change how the text around them is shown: control characters (terminal escapes start with one),
 * line and paragraph separators, bidirectional overrides, zero-width characters, tags, lone surrogates.
 */
const UNSAFE =
  /[\p{Cc}\u00AD\u061C\u115F\u1160\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\p{Cs}\u{E0000}-\u{E0FFF}]/gu;

const NAMED = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
]);

function spellOut(character: string): string {
  return NAMED.get(character) ?? String.raw`\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** One line of text that is safe to print: what could move the cursor or reorder the line is spelled out (`\u{1b}`). */
export function visible(text: string): string {
  return text.replace(UNSAFE, spellOut);
}

/** JSON that stays one harmless line even where a reader shows it raw or puts it into a web page; it parses to the same value. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value)
    .replace(UNSAFE, (character) => {
      let escaped = '';
      for (let i = 0; i < character.length; i++) {
        escaped += String.raw`\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
      }
      return escaped;
    })
    .replaceAll('</', String.raw`<\/`);
}

/**
 * One CSV cell (RFC 4180). A cell that a spreadsheet would run as a formula gets a leading apostrophe, which
 * spreadsheets show as text.
 */
export function csvCell(text: string): string {
  const safe = visible(text);
  const guarded = /^[=+\-@]/.test(safe) ? `'${safe}` : safe;
  return /[",']/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

const MARKDOWN_ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['@', '&#64;'],
  [':', '&#58;'],
  ['.', '&#46;'],
]);

/**
 * Plain text inside GitHub Markdown, table cells included: no markup, no HTML, no mention, no link comes out of it.
 * Punctuation that only means something at the start of a line or inside an address stays readable elsewhere.
 */
export function markdownText(text: string): string {
  return visible(text)
    .replace(/[\\`*_{}[\]()#+!|~$&<>@]|:(?=\/\/)|(?<=www)\./gi, (mark) => MARKDOWN_ENTITIES.get(mark) ?? `\\${mark}`)
    .replace(/^(\s*)([-=])/, '$1\\$2')
    .replace(/^(\s*\d+)(\.|\\\))(?=\s|$)/, (_, number: string, mark: string) => `${number}\\${mark.slice(-1)}`);
}

/** A code span. The fence is longer than any run of backticks inside; `|` is escaped for tables. */
export function markdownCode(text: string): string {
  const safe = visible(text).replaceAll('|', String.raw`\|`);
  if (safe === '') return '';
  let longest = 0;
  for (const run of safe.match(/`+/g) ?? []) longest = Math.max(longest, run.length);
  const fence = '`'.repeat(longest + 1);
  // A space is needed next to a backtick; GitHub strips one on each side again.
  const pad = longest > 0 || safe.startsWith(' ') ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}

/**
 * A quoted DOT id or label. Backslashes are doubled and ampersands become entities, so that neither an escape sequence
 * (`\N`, `\l`) nor an entity of Graphviz survives.
 */
export function dotString(text: string): string {
  return `"${visible(text)
    .replace(/["\\]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')}"`;
}

/**
 * Text inside a quoted Mermaid label. Everything that Mermaid, its Markdown strings or the HTML it makes could act on
 * becomes an entity in Mermaid's own notation (`#34;`).
 */
export function mermaidText(text: string): string {
  return visible(text).replace(MERMAID_SPECIAL, (character) => `#${character.codePointAt(0) ?? 0};`);
}

/** All but letters, digits, and the punctuation that names, ports and networks are written with. */
const MERMAID_SPECIAL = /[^\p{L}\p{M}\p{N} .,:/()+?→←↔…·✓✗-]/gu;
