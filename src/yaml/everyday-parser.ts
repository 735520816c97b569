/**
 * The part of YAML that manifests are written in, parsed straight to nodes: block mappings and sequences, one-line
 * plain and quoted scalars, block scalars, flow collections, comments. Many times faster than the event parser, and
 * as forgiving as libyaml about the indentation of flow collections (`args: [` ... `]` at the column of the key).
 *
 * Whatever it does not handle with certainty (anchors, tags, merge keys, multi-line scalars, tabs, every error) it
 * leaves to the event parser by giving up: it never reports a syntax error itself. A property test holds that both
 * give the same nodes.
 */
import type { YamlBudget } from './budget.ts';
import { ChildStack } from './child-stack.ts';
import type { MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode } from './node.ts';
import { depthProblem } from './problem.ts';
import { isPlainString, keyText, resolvePlain } from './scalar.ts';
import { blockText, quotedText } from './scalar-text.ts';
import type { Chomping } from './scalar-text.ts';
import type { TextPool } from './text-pool.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const COMMA = 44;
const DASH = 45;
const COLON = 58;
const GREATER = 62;
const QUESTION = 63;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const PIPE = 124;
const CLOSE_BRACE = 125;

/** Thrown (one shared object, no stack) to give the document to the event parser. */
const giveUp = { name: 'give up' } as const;

function fail(): never {
  // eslint-disable-next-line only-throw-error
  throw giveUp;
}

/** First characters that a plain scalar cannot have or that need the event parser. */
const special = new Uint8Array(128);
for (const char of '\t!&*%@`|>,[]{}#"\'') special[char.charCodeAt(0)] = 1;

/** Control characters, line separators of other kinds, surrogates and byte order marks: let the strict parser judge. */
function isOdd(code: number): boolean {
  return code < SPACE || (code >= 127 && (code < 160 || code === 0x2028 || code === 0x2029 || code >= 0xd800));
}

const oddInBlock = /[^\n\r\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff]/;
const safeEscapes = /^(?:[^\\]|\\(?:[0abtnvfre "/\\N_LP]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*$/;

class EverydayParser {
  readonly #text: string;
  readonly #end: number;
  readonly #budget: YamlBudget;
  readonly #pool: TextPool;
  readonly #entries = new ChildStack<MappingEntry>();
  readonly #items = new ChildStack<YamlNode>();
  /** At the token to be read next, on its line. */
  #at: number;
  /** The column of `#at`; -1 at the end of the text. */
  #column = 0;

  constructor(text: string, start: number, end: number, budget: YamlBudget, pool: TextPool) {
    this.#pool = pool;
    this.#text = text;
    this.#at = start;
    this.#end = end;
    this.#budget = budget;
  }

  parse(): YamlNode | undefined {
    const text = this.#text;
    if (text.startsWith('---', this.#at)) {
      this.#at += 3;
      this.#restOfLine();
    }
    this.#nextLine();
    if (this.#column === -1) return undefined;
    const root = this.#block(-1, 0);
    if (this.#column !== -1) fail();
    return root;
  }

  /** From the start of a line: skips blank and comment lines and stops at the first token. */
  #nextLine(): void {
    const text = this.#text;
    const end = this.#end;
    let at = this.#at;
    for (;;) {
      const lineStart = at;
      while (at < end && text.charCodeAt(at) === SPACE) at++;
      if (at >= end) {
        this.#at = end;
        this.#column = -1;
        return;
      }
      let code = text.charCodeAt(at);
      if (code === HASH) {
        at = text.indexOf('\n', at);
        if (at === -1 || at >= end) {
          this.#at = end;
          this.#column = -1;
          return;
        }
        code = LF;
      } else if (code === CR && text.charCodeAt(at + 1) === LF && at + 1 < end) {
        at++;
        code = LF;
      }
      if (code === LF) {
        at++;
        continue;
      }
      if (code < SPACE || code === 0xfeff || code === 0x2028 || code === 0x2029 || code === 0x85) fail();
      this.#at = at;
      this.#column = at - lineStart;
      return;
    }
  }

  /** Behind a value: only blanks and a comment may follow; moves to the start of the next line. */
  #restOfLine(): void {
    const text = this.#text;
    const end = this.#end;
    let at = this.#at;
    while (at < end && text.charCodeAt(at) === SPACE) at++;
    if (at < end) {
      const code = text.charCodeAt(at);
      if (code === HASH && text.charCodeAt(at - 1) === SPACE) {
        at = text.indexOf('\n', at);
        this.#at = at === -1 || at >= end ? end : at + 1;
        return;
      }
      if (code === CR && text.charCodeAt(at + 1) === LF && at + 1 < end) at++;
      else if (code !== LF) fail();
      at++;
    }
    this.#at = at;
  }

  #endsWord(at: number): boolean {
    if (at >= this.#end) return true;
    const code = this.#text.charCodeAt(at);
    return code === SPACE || code === LF || code === CR;
  }

  /** Only blanks and a comment up to the end of the line. Leaves `#at` at the token otherwise. */
  #lineIsOver(): boolean {
    const text = this.#text;
    const end = this.#end;
    let at = this.#at;
    while (at < end && text.charCodeAt(at) === SPACE) at++;
    this.#at = at;
    if (at >= end) return true;
    const code = text.charCodeAt(at);
    return code === LF || code === CR || code === HASH;
  }

  #enter(at: number, depth: number): void {
    this.#budget.node(at);
    if (depth >= this.#budget.limits.maxDepth) throw depthProblem(at, this.#budget.limits);
  }

  /** The node at `#at`, in a block that belongs to a parent at column `parent`. Ends at the next token line. */
  #block(parent: number, depth: number): YamlNode {
    const text = this.#text;
    const code = text.charCodeAt(this.#at);
    if (code === DASH && this.#endsWord(this.#at + 1)) return this.#sequence(this.#column, depth);
    const key = this.#key();
    if (key !== undefined) return this.#mapping(key, this.#column, depth);
    return this.#inlineValue(parent, depth);
  }

  #sequence(column: number, depth: number): SequenceNode {
    const start = this.#at;
    this.#enter(start, depth);
    const from = this.#items.top;
    let last = start;
    for (;;) {
      const dash = this.#at;
      this.#at = dash + 1;
      let item: YamlNode;
      if (this.#lineIsOver()) {
        this.#restOfLine();
        this.#nextLine();
        item = this.#column > column ? this.#block(column, depth + 1) : this.#empty(dash + 1);
      } else {
        this.#column = column + this.#at - dash;
        item = this.#block(column, depth + 1);
      }
      this.#items.push(item);
      last = item.end;
      if (this.#column !== column || this.#text.charCodeAt(this.#at) !== DASH || !this.#endsWord(this.#at + 1)) {
        if (this.#column > column) fail();
        return { type: 'sequence', start, end: last, items: this.#items.take(from) };
      }
    }
  }

  #mapping(firstKey: ScalarNode, column: number, depth: number): MappingNode {
    const { start } = firstKey;
    this.#enter(start, depth);
    const from = this.#entries.top;
    let key: ScalarNode | undefined = firstKey;
    for (;;) {
      // #key() stopped behind the colon.
      const colonEnd = this.#at;
      let value: YamlNode;
      if (this.#lineIsOver()) {
        this.#restOfLine();
        this.#nextLine();
        if (this.#column > column) value = this.#block(column, depth + 1);
        else if (this.#column === column && this.#text.charCodeAt(this.#at) === DASH && this.#endsWord(this.#at + 1))
          value = this.#sequence(column, depth + 1);
        else value = this.#empty(colonEnd);
      } else value = this.#inlineValue(column, depth + 1);
      this.#entries.push({ key, value });
      if (this.#column !== column) {
        if (this.#column > column) fail();
        return { type: 'mapping', start, end: value.end, entries: this.#entries.take(from) };
      }
      key = this.#key();
      if (key === undefined) fail();
    }
  }

  #empty(at: number): ScalarNode {
    this.#budget.node(at);
    return { type: 'scalar', start: at, end: at, value: null, raw: '', quoted: false };
  }

  /** The key of a block mapping when one starts at `#at`; `#at` is then behind its colon. */
  #key(): ScalarNode | undefined {
    const text = this.#text;
    const end = this.#end;
    const start = this.#at;
    const first = text.charCodeAt(start);
    if (first === QUOTE || first === APOSTROPHE) {
      const key = this.#quoted(first);
      let at = this.#at;
      while (at < end && text.charCodeAt(at) === SPACE) at++;
      if (text.charCodeAt(at) !== COLON || at >= end) {
        // A value after all: read it again as one.
        this.#at = start;
        this.#budget.rewind(this.#budget.mark() - 1);
        return undefined;
      }
      if (!this.#endsWord(at + 1)) fail();
      this.#at = at + 1;
      return key;
    }
    if (first < 128 ? special[first] === 1 : isOdd(first)) return undefined;
    if ((first === DASH || first === QUESTION || first === COLON) && this.#endsWord(start + 1)) fail();
    let last = start;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === COLON) {
        if (this.#endsWord(at + 1)) {
          this.#at = at + 1;
          this.#budget.node(start);
          return this.#keyNode(start, last + 1, this.#pool.slice(start, last + 1));
        }
      } else if (code === SPACE) {
        if (text.charCodeAt(at + 1) === HASH) return undefined;
        continue;
      } else if (code === LF || code === CR) return undefined;
      else if (isOdd(code)) fail();
      last = at;
    }
    return undefined;
  }

  #keyNode(start: number, end: number, raw: string): ScalarNode {
    let value = raw;
    if (!isPlainString(raw.charCodeAt(0))) {
      const resolved = resolvePlain(raw);
      if (resolved.tag === 'merge') fail();
      value = keyText(resolved, raw) ?? fail();
    }
    return { type: 'scalar', start, end, value, raw, quoted: false };
  }

  /** A scalar or flow collection behind an indicator, with everything up to the next token line. */
  #inlineValue(parent: number, depth: number): YamlNode {
    const text = this.#text;
    const start = this.#at;
    const first = text.charCodeAt(start);
    let node: YamlNode;
    if (first === QUOTE || first === APOSTROPHE) node = this.#quoted(first);
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) node = this.#flow(depth);
    else if (first === PIPE || first === GREATER) return this.#blockScalar(parent, first);
    else {
      node = this.#plain();
      this.#restOfLine();
      this.#nextLine();
      // Further in than the parent: the scalar goes on, or the text is wrong.
      if (this.#column > parent) fail();
      return node;
    }
    this.#restOfLine();
    this.#nextLine();
    return node;
  }

  /** A one-line plain scalar in block context. */
  #plain(): ScalarNode {
    const text = this.#text;
    const end = this.#end;
    const start = this.#at;
    const first = text.charCodeAt(start);
    if (first < 128 && special[first] === 1) fail();
    if ((first === DASH || first === QUESTION || first === COLON) && this.#endsWord(start + 1)) fail();
    let at = start;
    let last = start;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === SPACE) {
        if (text.charCodeAt(at + 1) === HASH) break;
        continue;
      }
      if (code === LF || code === CR) break;
      if (code === COLON ? this.#endsWord(at + 1) : isOdd(code)) fail();
      last = at;
    }
    this.#at = at;
    return this.#plainNode(start, last + 1);
  }

  #plainNode(start: number, end: number): ScalarNode {
    this.#budget.node(start);
    const raw = this.#pool.slice(start, end);
    if (isPlainString(raw.charCodeAt(0))) return { type: 'scalar', start, end, value: raw, raw, quoted: false };
    const { value } = resolvePlain(raw);
    if (typeof value === 'number' && !Number.isFinite(value)) fail();
    return { type: 'scalar', start, end, value, raw, quoted: false };
  }

  /** A quoted scalar on one line. */
  #quoted(quote: number): ScalarNode {
    const text = this.#text;
    const start = this.#at;
    this.#budget.node(start);
    let plain = true;
    let at = start + 1;
    for (; ; at++) {
      if (at >= this.#end) fail();
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (quote === APOSTROPHE && text.charCodeAt(at + 1) === APOSTROPHE && at + 1 < this.#end) {
          plain = false;
          at++;
          continue;
        }
        break;
      }
      if (code === BACKSLASH && quote === QUOTE) {
        plain = false;
        at++;
      }
      if (isOdd(text.charCodeAt(at))) fail();
    }
    this.#at = at + 1;
    let raw = this.#pool.slice(start + 1, at);
    if (!plain) {
      if (quote === QUOTE && !safeEscapes.test(raw)) fail();
      raw = quotedText(text, start + 1, at, quote === QUOTE);
    }
    return { type: 'scalar', start, end: at + 1, value: raw, raw, quoted: true };
  }

  #blockScalar(parent: number, indicator: number): ScalarNode {
    const text = this.#text;
    const limit = this.#end;
    const start = this.#at;
    // As the whole document it may be indented by nothing at all.
    if (parent === -1) fail();
    this.#budget.node(start);
    let chomping: Chomping = 1;
    this.#at = start + 1;
    const modifier = text.charCodeAt(start + 1);
    if (modifier === DASH || modifier === 43) {
      chomping = modifier === DASH ? 2 : 3;
      this.#at++;
    }
    this.#restOfLine();
    const valueStart = this.#at;
    let indent = -1;
    let at = valueStart;
    while (at < limit) {
      const lineStart = at;
      while (at < limit && text.charCodeAt(at) === SPACE) at++;
      const column = at - lineStart;
      if (at >= limit) {
        if (column > 0) fail();
        break;
      }
      const code = text.charCodeAt(at);
      const isBlank = code === LF || (code === CR && text.charCodeAt(at + 1) === LF);
      if (!isBlank) {
        if (indent === -1) {
          if (column <= parent) fail();
          indent = column;
        } else if (column < indent) {
          at = lineStart;
          break;
        }
      } else if (indent === -1 && column > 0) fail();
      const newline = text.indexOf('\n', at);
      at = newline === -1 || newline >= limit ? limit : newline + 1;
    }
    if (indent === -1) fail();
    const valueEnd = at;
    if (oddInBlock.test(text.slice(valueStart, valueEnd))) fail();
    const raw = blockText(text, valueStart, valueEnd, indicator === GREATER, chomping, indent);
    let end = valueEnd;
    while (text.charCodeAt(end - 1) <= SPACE) end--;
    this.#at = valueEnd;
    this.#nextLine();
    if (this.#column > parent) fail();
    return { type: 'scalar', start, end, value: raw, raw, quoted: true };
  }

  // ---- flow collections: `#at` runs over lines, columns do not matter ---------------------------------------

  #skipFlowSpace(): number {
    const text = this.#text;
    const end = this.#end;
    let at = this.#at;
    for (;;) {
      if (at >= end) fail();
      const code = text.charCodeAt(at);
      if (code === SPACE || code === LF) at++;
      else if (code === CR && text.charCodeAt(at + 1) === LF) at += 2;
      else if (code === HASH) {
        if (text.charCodeAt(at - 1) > SPACE) fail();
        at = text.indexOf('\n', at);
        if (at === -1) fail();
      } else {
        this.#at = at;
        return code;
      }
    }
  }

  #flow(depth: number): YamlNode {
    const start = this.#at;
    this.#enter(start, depth);
    const isMapping = this.#text.charCodeAt(start) === OPEN_BRACE;
    this.#at++;
    return isMapping ? this.#flowMapping(start, depth) : this.#flowSequence(start, depth);
  }

  #flowSequence(start: number, depth: number): SequenceNode {
    const from = this.#items.top;
    for (;;) {
      let code = this.#skipFlowSpace();
      if (code === CLOSE_BRACKET) {
        this.#at++;
        return { type: 'sequence', start, end: this.#at, items: this.#items.take(from) };
      }
      this.#items.push(this.#flowValue(code, depth));
      code = this.#skipFlowSpace();
      if (code === COMMA) this.#at++;
      else if (code !== CLOSE_BRACKET) fail();
    }
  }

  #flowMapping(start: number, depth: number): MappingNode {
    const text = this.#text;
    const from = this.#entries.top;
    for (;;) {
      let code = this.#skipFlowSpace();
      if (code === CLOSE_BRACE) {
        this.#at++;
        return { type: 'mapping', start, end: this.#at, entries: this.#entries.take(from) };
      }
      let key: ScalarNode;
      const isQuoted = code === QUOTE || code === APOSTROPHE;
      if (isQuoted) key = this.#quoted(code);
      else {
        const keyStart = this.#at;
        const to = this.#flowPlainEnd();
        this.#budget.node(keyStart);
        key = this.#keyNode(keyStart, to, this.#pool.slice(keyStart, to));
      }
      let at = this.#at;
      while (text.charCodeAt(at) === SPACE) at++;
      this.#at = at;
      code = this.#skipFlowSpace();
      if (code === COLON) {
        // A colon on a later line belongs to no simple key.
        if (this.#at !== at) fail();
        const colonEnd = at + 1;
        if (!isQuoted && !this.#endsWord(colonEnd)) fail();
        this.#at = colonEnd;
        code = this.#skipFlowSpace();
        const value = code === COMMA || code === CLOSE_BRACE ? this.#empty(colonEnd) : this.#flowValue(code, depth);
        this.#entries.push({ key, value });
        code = this.#skipFlowSpace();
      } else this.#entries.push({ key, value: this.#empty(key.end) });
      if (code === COMMA) this.#at++;
      else if (code !== CLOSE_BRACE) fail();
    }
  }

  #flowValue(code: number, depth: number): YamlNode {
    if (code === OPEN_BRACE || code === OPEN_BRACKET) return this.#flow(depth + 1);
    if (code === QUOTE || code === APOSTROPHE) return this.#quoted(code);
    const start = this.#at;
    return this.#plainNode(start, this.#flowPlainEnd());
  }

  /** The end of a one-line plain scalar inside a flow collection; `#at` is moved behind it. */
  #flowPlainEnd(): number {
    const text = this.#text;
    const start = this.#at;
    const first = text.charCodeAt(start);
    if (first < 128 && special[first] === 1) fail();
    // `[- a]`, `[? a]`, `[: a]` and their like mean something else.
    if (first === DASH || first === COLON) {
      const second = text.charCodeAt(start + 1);
      if (this.#endsWord(start + 1) || (second < 128 && special[second] === 1)) fail();
    }
    let last = start;
    for (let at = start; ; at++) {
      if (at >= this.#end) fail();
      const code = text.charCodeAt(at);
      if (code === SPACE) {
        if (text.charCodeAt(at + 1) === HASH) {
          this.#at = at;
          return last + 1;
        }
        continue;
      }
      if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code === LF || code === CR) {
        this.#at = at;
        return last + 1;
      }
      if (code === COLON) {
        if (this.#endsWord(at + 1)) {
          this.#at = at;
          return last + 1;
        }
        const next = text.charCodeAt(at + 1);
        if (
          next === COMMA ||
          next === CLOSE_BRACE ||
          next === CLOSE_BRACKET ||
          next === OPEN_BRACE ||
          next === OPEN_BRACKET
        )
          fail();
      } else if (code === OPEN_BRACE || code === OPEN_BRACKET || code === QUESTION || isOdd(code)) fail();
      last = at;
    }
  }
}

/** Whether a text may be given to this parser: it skips comments unseen, so characters that count there are ruled out first. */
export function isEverydayText(text: string): boolean {
  return !text.includes('\0') && !/\r(?!\n)/.test(text);
}

export type EverydayResult = { readonly root: YamlNode | undefined } | undefined;

/**
 * Parses the one document at `text[start, end)` of a text that passed {@link isEverydayText}; `undefined` when it needs
 * the event parser.
 *
 * @throws DocumentProblem with `yaml-limit` when a limit is exceeded
 */
export function parseEverydayYaml(
  text: string,
  start: number,
  end: number,
  budget: YamlBudget,
  pool: TextPool,
): EverydayResult {
  const mark = budget.mark();
  try {
    return { root: new EverydayParser(text, start, end, budget, pool).parse() };
  } catch (error) {
    if (error !== giveUp) throw error;
    budget.rewind(mark);
    return undefined;
  }
}
