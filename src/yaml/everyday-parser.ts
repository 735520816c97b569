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
import { EverydayFlow } from './everyday-flow.ts';
import { fail, giveUp, isOdd, special } from './everyday-scalars.ts';
import type { MappingNode, ScalarNode, SequenceNode, YamlNode } from './node.ts';
import { blockText } from './scalar-text.ts';
import type { Chomping } from './scalar-text.ts';
import type { TextPool } from './text-pool.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const DASH = 45;
const COLON = 58;
const GREATER = 62;
const QUESTION = 63;
const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const PIPE = 124;

const oddInBlock = /[^\n\r\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff]/;

class EverydayParser extends EverydayFlow {
  /** The column of `at`; -1 at the end of the text. */
  #column = 0;

  parse(): YamlNode | undefined {
    const text = this.text;
    if (text.startsWith('---', this.at)) {
      this.at += 3;
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
    const text = this.text;
    const end = this.end;
    let at = this.at;
    for (;;) {
      const lineStart = at;
      while (at < end && text.charCodeAt(at) === SPACE) at++;
      if (at >= end) {
        this.at = end;
        this.#column = -1;
        return;
      }
      let code = text.charCodeAt(at);
      if (code === HASH) {
        at = text.indexOf('\n', at);
        if (at === -1 || at >= end) {
          this.at = end;
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
      this.at = at;
      this.#column = at - lineStart;
      return;
    }
  }

  /** Behind a value: only blanks and a comment may follow; moves to the start of the next line. */
  #restOfLine(): void {
    const text = this.text;
    const end = this.end;
    let at = this.at;
    while (at < end && text.charCodeAt(at) === SPACE) at++;
    if (at < end) {
      const code = text.charCodeAt(at);
      if (code === HASH && text.charCodeAt(at - 1) === SPACE) {
        at = text.indexOf('\n', at);
        this.at = at === -1 || at >= end ? end : at + 1;
        return;
      }
      if (code === CR && text.charCodeAt(at + 1) === LF && at + 1 < end) at++;
      else if (code !== LF) fail();
      at++;
    }
    this.at = at;
  }

  /** Only blanks and a comment up to the end of the line. Leaves `at` at the token otherwise. */
  #lineIsOver(): boolean {
    const text = this.text;
    const end = this.end;
    let at = this.at;
    while (at < end && text.charCodeAt(at) === SPACE) at++;
    this.at = at;
    if (at >= end) return true;
    const code = text.charCodeAt(at);
    return code === LF || code === CR || code === HASH;
  }

  /** The node at `at`, in a block that belongs to a parent at column `parent`. Ends at the next token line. */
  #block(parent: number, depth: number): YamlNode {
    const text = this.text;
    const code = text.charCodeAt(this.at);
    if (code === DASH && this.endsWord(this.at + 1)) return this.#sequence(this.#column, depth);
    const key = this.#key();
    if (key !== undefined) return this.#mapping(key, this.#column, depth);
    return this.#inlineValue(parent, depth);
  }

  #sequence(column: number, depth: number): SequenceNode {
    const start = this.at;
    this.enter(start, depth);
    const from = this.items.top;
    let last = start;
    for (;;) {
      const dash = this.at;
      this.at = dash + 1;
      let item: YamlNode;
      if (this.#lineIsOver()) {
        this.#restOfLine();
        this.#nextLine();
        item = this.#column > column ? this.#block(column, depth + 1) : this.empty(dash + 1);
      } else {
        this.#column = column + this.at - dash;
        item = this.#block(column, depth + 1);
      }
      this.items.push(item);
      last = item.end;
      if (this.#column !== column || this.text.charCodeAt(this.at) !== DASH || !this.endsWord(this.at + 1)) {
        if (this.#column > column) fail();
        return { type: 'sequence', start, end: last, items: this.items.take(from) };
      }
    }
  }

  #mapping(firstKey: ScalarNode, column: number, depth: number): MappingNode {
    const { start } = firstKey;
    this.enter(start, depth);
    const from = this.entries.top;
    let key: ScalarNode | undefined = firstKey;
    for (;;) {
      // #key() stopped behind the colon.
      const colonEnd = this.at;
      let value: YamlNode;
      if (this.#lineIsOver()) {
        this.#restOfLine();
        this.#nextLine();
        if (this.#column > column) value = this.#block(column, depth + 1);
        else if (this.#column === column && this.text.charCodeAt(this.at) === DASH && this.endsWord(this.at + 1))
          value = this.#sequence(column, depth + 1);
        else value = this.empty(colonEnd);
      } else value = this.#inlineValue(column, depth + 1);
      this.entries.push({ key, value });
      if (this.#column !== column) {
        if (this.#column > column) fail();
        return { type: 'mapping', start, end: value.end, entries: this.entries.take(from) };
      }
      key = this.#key();
      if (key === undefined) fail();
    }
  }

  /** The key of a block mapping when one starts at `at`; `at` is then behind its colon. */
  #key(): ScalarNode | undefined {
    const text = this.text;
    const end = this.end;
    const start = this.at;
    const first = text.charCodeAt(start);
    if (first === QUOTE || first === APOSTROPHE) {
      const key = this.quoted(first);
      let at = this.at;
      while (at < end && text.charCodeAt(at) === SPACE) at++;
      if (text.charCodeAt(at) !== COLON || at >= end) {
        // A value after all: read it again as one.
        this.at = start;
        this.budget.rewind(this.budget.mark() - 1);
        return undefined;
      }
      if (!this.endsWord(at + 1)) fail();
      this.at = at + 1;
      return key;
    }
    if (first < 128 ? special[first] === 1 : isOdd(first)) return undefined;
    if ((first === DASH || first === QUESTION || first === COLON) && this.endsWord(start + 1)) fail();
    let last = start;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === COLON) {
        if (this.endsWord(at + 1)) {
          this.at = at + 1;
          this.budget.node(start);
          return this.keyNode(start, last + 1, this.pool.slice(start, last + 1));
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

  /** A scalar or flow collection behind an indicator, with everything up to the next token line. */
  #inlineValue(parent: number, depth: number): YamlNode {
    const text = this.text;
    const start = this.at;
    const first = text.charCodeAt(start);
    let node: YamlNode;
    if (first === QUOTE || first === APOSTROPHE) node = this.quoted(first);
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) node = this.flow(depth);
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
    const text = this.text;
    const end = this.end;
    const start = this.at;
    const first = text.charCodeAt(start);
    if (first < 128 && special[first] === 1) fail();
    if ((first === DASH || first === QUESTION || first === COLON) && this.endsWord(start + 1)) fail();
    let at = start;
    let last = start;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === SPACE) {
        if (text.charCodeAt(at + 1) === HASH) break;
        continue;
      }
      if (code === LF || code === CR) break;
      if (code === COLON ? this.endsWord(at + 1) : isOdd(code)) fail();
      last = at;
    }
    this.at = at;
    return this.plainNode(start, last + 1);
  }

  #blockScalar(parent: number, indicator: number): ScalarNode {
    const text = this.text;
    const limit = this.end;
    const start = this.at;
    // As the whole document it may be indented by nothing at all.
    if (parent === -1) fail();
    this.budget.node(start);
    let chomping: Chomping = 1;
    this.at = start + 1;
    const modifier = text.charCodeAt(start + 1);
    if (modifier === DASH || modifier === 43) {
      chomping = modifier === DASH ? 2 : 3;
      this.at++;
    }
    this.#restOfLine();
    const valueStart = this.at;
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
    this.at = valueEnd;
    this.#nextLine();
    if (this.#column > parent) fail();
    return { type: 'scalar', start, end, value: raw, raw, quoted: true };
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
