/** Flow collections of the everyday parser: they run over lines, and columns do not matter. See `everyday-parser.ts`. */
import { EverydayScalars, fail, isOdd, special } from './everyday-scalars.ts';
import type { MappingNode, ScalarNode, SequenceNode, YamlNode } from './node.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const COMMA = 44;
const DASH = 45;
const COLON = 58;
const QUESTION = 63;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

export class EverydayFlow extends EverydayScalars {
  #skipFlowSpace(): number {
    const text = this.text;
    const end = this.end;
    let at = this.at;
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
        this.at = at;
        return code;
      }
    }
  }

  protected flow(depth: number): YamlNode {
    const start = this.at;
    this.enter(start, depth);
    const isMapping = this.text.charCodeAt(start) === OPEN_BRACE;
    this.at++;
    return isMapping ? this.#flowMapping(start, depth) : this.#flowSequence(start, depth);
  }

  #flowSequence(start: number, depth: number): SequenceNode {
    const from = this.items.top;
    for (;;) {
      let code = this.#skipFlowSpace();
      if (code === CLOSE_BRACKET) {
        this.at++;
        return { type: 'sequence', start, end: this.at, items: this.items.take(from) };
      }
      this.items.push(this.#flowValue(code, depth));
      code = this.#skipFlowSpace();
      if (code === COMMA) this.at++;
      else if (code !== CLOSE_BRACKET) fail();
    }
  }

  #flowMapping(start: number, depth: number): MappingNode {
    const text = this.text;
    const from = this.entries.top;
    for (;;) {
      let code = this.#skipFlowSpace();
      if (code === CLOSE_BRACE) {
        this.at++;
        return { type: 'mapping', start, end: this.at, entries: this.entries.take(from) };
      }
      let key: ScalarNode;
      const isQuoted = code === QUOTE || code === APOSTROPHE;
      if (isQuoted) key = this.quoted(code);
      else {
        const keyStart = this.at;
        const to = this.#flowPlainEnd();
        this.budget.node(keyStart);
        key = this.keyNode(keyStart, to, this.pool.slice(keyStart, to));
      }
      let at = this.at;
      while (text.charCodeAt(at) === SPACE) at++;
      this.at = at;
      code = this.#skipFlowSpace();
      if (code === COLON) {
        // A colon on a later line belongs to no simple key.
        if (this.at !== at) fail();
        const colonEnd = at + 1;
        if (!isQuoted && !this.endsWord(colonEnd)) fail();
        this.at = colonEnd;
        code = this.#skipFlowSpace();
        const value = code === COMMA || code === CLOSE_BRACE ? this.empty(colonEnd) : this.#flowValue(code, depth);
        this.entries.push({ key, value });
        code = this.#skipFlowSpace();
      } else this.entries.push({ key, value: this.empty(key.end) });
      if (code === COMMA) this.at++;
      else if (code !== CLOSE_BRACE) fail();
    }
  }

  #flowValue(code: number, depth: number): YamlNode {
    if (code === OPEN_BRACE || code === OPEN_BRACKET) return this.flow(depth + 1);
    if (code === QUOTE || code === APOSTROPHE) return this.quoted(code);
    const start = this.at;
    return this.plainNode(start, this.#flowPlainEnd());
  }

  /** The end of a one-line plain scalar inside a flow collection; `at` is moved behind it. */
  #flowPlainEnd(): number {
    const text = this.text;
    const start = this.at;
    const first = text.charCodeAt(start);
    if (first < 128 && special[first] === 1) fail();
    // `[- a]`, `[? a]`, `[: a]` and their like mean something else.
    if (first === DASH || first === COLON) {
      const second = text.charCodeAt(start + 1);
      if (this.endsWord(start + 1) || (second < 128 && special[second] === 1)) fail();
    }
    let last = start;
    for (let at = start; ; at++) {
      if (at >= this.end) fail();
      const code = text.charCodeAt(at);
      if (code === SPACE) {
        if (text.charCodeAt(at + 1) === HASH) {
          this.at = at;
          return last + 1;
        }
        continue;
      }
      if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code === LF || code === CR) {
        this.at = at;
        return last + 1;
      }
      if (code === COLON) {
        if (this.endsWord(at + 1)) {
          this.at = at;
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
