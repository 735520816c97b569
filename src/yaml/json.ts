/** A JSON text as positioned nodes, several times faster than the YAML way and strict about the grammar. */
import { invariant } from '../base/assert.ts';
import { YamlBudget } from './budget.ts';
import { ChildStack } from './child-stack.ts';
import type { MappingEntry, ScalarNode, YamlNode } from './node.ts';
import { DocumentProblem, depthProblem, shown } from './problem.ts';
import { DEFAULT_YAML_LIMITS } from './limits.ts';
import { TextPool } from './text-pool.ts';

const QUOTE = 34;
const BACKSLASH = 92;

const escapes = new Map<number, string>([
  [34, '"'],
  [92, '\\'],
  [47, '/'],
  [98, '\b'],
  [102, '\f'],
  [110, '\n'],
  [114, '\r'],
  [116, '\t'],
]);

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;

/** Reads the values of a JSON stream one after the other. */
export class JsonParser {
  readonly #text: string;
  #end: number;
  readonly #budget: YamlBudget;
  readonly #pool: TextPool;
  readonly #entries = new ChildStack<MappingEntry>();
  readonly #items = new ChildStack<YamlNode>();
  #at: number;

  constructor(text: string, start: number, end: number, budget: YamlBudget, pool: TextPool) {
    this.#pool = pool;
    this.#text = text;
    this.#at = start;
    this.#end = end;
    this.#budget = budget;
  }

  /** Goes on with another part of the text. */
  moveTo(start: number, end: number): void {
    this.#at = start;
    this.#end = end;
  }

  /**
   * The next value; `undefined` at the end.
   *
   * @throws DocumentProblem when the text is not JSON or exceeds a limit
   */
  read(): YamlNode | undefined {
    this.#skipSpace();
    if (this.#at >= this.#end) return undefined;
    return this.#value(0);
  }

  #fail(message: string, at: number, help?: string): never {
    const start = Math.min(at, this.#end);
    throw new DocumentProblem('yaml-syntax', message, start, Math.min(start + 1, this.#end), help, 'JSON');
  }

  #unexpected(at: number, wanted: string): never {
    if (at >= this.#end)
      this.#fail('unexpected end of JSON input', this.#end, 'the text was cut off, or a bracket is not closed');
    this.#fail(
      `invalid character ${JSON.stringify(String.fromCodePoint(this.#text.codePointAt(at) ?? 0))} ${wanted}`,
      at,
    );
  }

  #skipSpace(): void {
    const text = this.#text;
    let at = this.#at;
    for (; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
    }
    this.#at = at;
  }

  #value(depth: number): YamlNode {
    const start = this.#at;
    const code = start < this.#end ? this.#text.charCodeAt(start) : 0;
    switch (code) {
      case QUOTE:
        return this.#string();
      case 123:
        return this.#object(start, depth + 1);
      case 91:
        return this.#array(start, depth + 1);
      case 116:
        return this.#word('true', true);
      case 102:
        return this.#word('false', false);
      case 110:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word(word: string, value: boolean | null): ScalarNode {
    const start = this.#at;
    if (!this.#text.startsWith(word, start) || start + word.length > this.#end)
      this.#unexpected(start, 'looking for beginning of value');
    this.#at = start + word.length;
    this.#budget.node(start);
    return { type: 'scalar', start, end: this.#at, value, raw: word, quoted: false };
  }

  #number(): ScalarNode {
    const start = this.#at;
    const text = this.#text;
    // Small non-negative integers are nearly all numbers in manifests.
    let at = start;
    let value = 0;
    while (at < this.#end && at - start < 10) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const next = at < this.#end ? text.charCodeAt(at) : 44;
    const isShort =
      at > start &&
      (next === 44 || next === 125 || next === 93 || next <= 32) &&
      (at - start === 1 || text.charCodeAt(start) !== 48);
    let raw: string;
    if (isShort) raw = this.#pool.slice(start, at);
    else {
      number.lastIndex = start;
      const match = number.exec(text);
      if (match === null || start + match[0].length > this.#end)
        this.#unexpected(start, 'looking for beginning of value');
      raw = match[0];
      value = Number(raw);
    }
    this.#at = start + raw.length;
    this.#budget.node(start);
    if (!Number.isFinite(value))
      throw new DocumentProblem(
        'yaml-syntax',
        `the number ${shown(raw)} is too large`,
        start,
        this.#at,
        undefined,
        'JSON',
      );
    return { type: 'scalar', start, end: this.#at, value, raw, quoted: false };
  }

  #string(): ScalarNode {
    const text = this.#text;
    const start = this.#at;
    const end = this.#end;
    this.#budget.node(start);
    for (let at = start + 1; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        const value = this.#pool.slice(start + 1, at);
        this.#at = at + 1;
        return { type: 'scalar', start, end: at + 1, value, raw: value, quoted: true };
      }
      if (code === BACKSLASH) return this.#escapedString(start, at);
      if (code < 32) this.#unexpected(at, 'in string literal');
    }
    this.#at = end;
    return this.#unexpected(end, 'in string literal');
  }

  #escapedString(start: number, firstEscape: number): ScalarNode {
    const text = this.#text;
    const end = this.#end;
    const parts: string[] = [];
    let chunk = start + 1;
    let at = firstEscape;
    while (at < end) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        parts.push(text.slice(chunk, at));
        const value = parts.join('');
        this.#at = at + 1;
        return { type: 'scalar', start, end: at + 1, value, raw: value, quoted: true };
      }
      if (code < 32) this.#unexpected(at, 'in string literal');
      if (code !== BACKSLASH) {
        at++;
        continue;
      }
      parts.push(text.slice(chunk, at));
      const escaped = at + 1 < end ? text.charCodeAt(at + 1) : 0;
      const simple = escapes.get(escaped);
      if (simple !== undefined) {
        parts.push(simple);
        at += 2;
      } else if (escaped === 117) {
        const digits = text.slice(at + 2, Math.min(at + 6, end));
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#unexpected(at + 2, 'in \\u hexadecimal character escape');
        parts.push(String.fromCharCode(Number.parseInt(digits, 16)));
        at += 6;
      } else this.#unexpected(at + 1, 'in string escape code');
      chunk = at;
    }
    return this.#unexpected(end, 'in string literal');
  }

  #enter(start: number, depth: number): void {
    this.#budget.node(start);
    if (depth > this.#budget.limits.maxDepth) throw depthProblem(start, this.#budget.limits);
    this.#at = start + 1;
    this.#skipSpace();
  }

  #object(start: number, depth: number): YamlNode {
    this.#enter(start, depth);
    const text = this.#text;
    const from = this.#entries.top;
    if (this.#at < this.#end && text.charCodeAt(this.#at) === 125) {
      this.#at++;
      return { type: 'mapping', start, end: this.#at, entries: [] };
    }
    for (;;) {
      if (this.#at >= this.#end || text.charCodeAt(this.#at) !== QUOTE)
        this.#unexpected(this.#at, 'looking for beginning of object key string');
      const key = this.#string();
      this.#skipSpace();
      if (this.#at >= this.#end || text.charCodeAt(this.#at) !== 58) this.#unexpected(this.#at, 'after object key');
      this.#at++;
      this.#skipSpace();
      this.#entries.push({ key, value: this.#value(depth) });
      this.#skipSpace();
      const code = this.#at < this.#end ? text.charCodeAt(this.#at) : 0;
      if (code === 125) {
        this.#at++;
        return { type: 'mapping', start, end: this.#at, entries: this.#entries.take(from) };
      }
      if (code !== 44) this.#unexpected(this.#at, 'after object key:value pair');
      this.#at++;
      this.#skipSpace();
    }
  }

  #array(start: number, depth: number): YamlNode {
    this.#enter(start, depth);
    const text = this.#text;
    const from = this.#items.top;
    if (this.#at < this.#end && text.charCodeAt(this.#at) === 93) {
      this.#at++;
      return { type: 'sequence', start, end: this.#at, items: [] };
    }
    for (;;) {
      this.#items.push(this.#value(depth));
      this.#skipSpace();
      const code = this.#at < this.#end ? text.charCodeAt(this.#at) : 0;
      if (code === 93) {
        this.#at++;
        return { type: 'sequence', start, end: this.#at, items: this.#items.take(from) };
      }
      if (code !== 44) this.#unexpected(this.#at, 'after array element');
      this.#at++;
      this.#skipSpace();
    }
  }
}

/** Reads single values out of a text that is known to be JSON where they stand, as `JsonScanner` found them. */
export class JsonValues {
  readonly #parser: JsonParser;

  constructor(text: string) {
    const budget = new YamlBudget({ ...DEFAULT_YAML_LIMITS, maxNodes: Number.POSITIVE_INFINITY });
    this.#parser = new JsonParser(text, 0, 0, budget, new TextPool(text));
  }

  at(start: number, end: number): YamlNode {
    this.#parser.moveTo(start, end);
    const value = this.#parser.read();
    invariant(value !== undefined, 'a JSON value was expected where the scanner found one');
    return value;
  }
}
