/** Scalars on one line and the state that the parts of the everyday parser share. See `everyday-parser.ts`. */
import type { YamlBudget } from './budget.ts';
import { ChildStack } from './child-stack.ts';
import type { MappingEntry, ScalarNode, YamlNode } from './node.ts';
import { depthProblem } from './problem.ts';
import { isPlainString, keyText, resolvePlain } from './scalar.ts';
import { quotedText } from './scalar-text.ts';
import type { TextPool } from './text-pool.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;

/** Thrown (one shared object, no stack) to give the document to the event parser. */
export const giveUp = { name: 'give up' } as const;

export function fail(): never {
  // oxlint-disable-next-line typescript/only-throw-error -- control flow inside one parser, never an error
  throw giveUp;
}

/** First characters that a plain scalar cannot have or that need the event parser. */
export const special = new Uint8Array(128);
for (const char of '\t!&*%@`|>,[]{}#"\'') special[char.charCodeAt(0)] = 1;

/** Control characters, line separators of other kinds, surrogates and byte order marks: let the strict parser judge. */
export function isOdd(code: number): boolean {
  return code < SPACE || (code >= 127 && (code < 160 || code === 0x2028 || code === 0x2029 || code >= 0xd800));
}

const safeEscape = /(?:[0abtnvfre "/\\N_LP]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})/y;

/** Whether every escape is one that all parsers read alike. One expression for all of it would need a stack as long as the text. */
function hasSafeEscapes(raw: string): boolean {
  for (let at = raw.indexOf('\\'); at !== -1; at = raw.indexOf('\\', safeEscape.lastIndex)) {
    safeEscape.lastIndex = at + 1;
    if (!safeEscape.test(raw)) return false;
  }
  return true;
}

export class EverydayScalars {
  protected readonly text: string;
  protected readonly end: number;
  protected readonly budget: YamlBudget;
  protected readonly pool: TextPool;
  protected readonly entries = new ChildStack<MappingEntry>();
  protected readonly items = new ChildStack<YamlNode>();
  /** At the token to be read next, on its line. */
  protected at: number;

  constructor(text: string, start: number, end: number, budget: YamlBudget, pool: TextPool) {
    this.pool = pool;
    this.text = text;
    this.at = start;
    this.end = end;
    this.budget = budget;
  }

  protected endsWord(at: number): boolean {
    if (at >= this.end) return true;
    const code = this.text.charCodeAt(at);
    return code === SPACE || code === LF || code === CR;
  }

  protected enter(at: number, depth: number): void {
    this.budget.node(at);
    if (depth >= this.budget.limits.maxDepth) throw depthProblem(at, this.budget.limits);
  }

  protected empty(at: number): ScalarNode {
    this.budget.node(at);
    return { type: 'scalar', start: at, end: at, value: null, raw: '', quoted: false };
  }

  protected keyNode(start: number, end: number, raw: string): ScalarNode {
    let value = raw;
    if (!isPlainString(raw.charCodeAt(0))) {
      const resolved = resolvePlain(raw);
      if (resolved.tag === 'merge') fail();
      value = keyText(resolved, raw) ?? fail();
    }
    return { type: 'scalar', start, end, value, raw, quoted: false };
  }

  protected plainNode(start: number, end: number): ScalarNode {
    this.budget.node(start);
    const raw = this.pool.slice(start, end);
    if (isPlainString(raw.charCodeAt(0))) return { type: 'scalar', start, end, value: raw, raw, quoted: false };
    const { value } = resolvePlain(raw);
    if (typeof value === 'number' && !Number.isFinite(value)) fail();
    return { type: 'scalar', start, end, value, raw, quoted: false };
  }

  /** A quoted scalar on one line. */
  protected quoted(quote: number): ScalarNode {
    const text = this.text;
    const start = this.at;
    this.budget.node(start);
    let plain = true;
    let at = start + 1;
    for (; ; at++) {
      if (at >= this.end) fail();
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (quote === APOSTROPHE && text.charCodeAt(at + 1) === APOSTROPHE && at + 1 < this.end) {
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
    this.at = at + 1;
    let raw = this.pool.slice(start + 1, at);
    if (!plain) {
      if (quote === QUOTE && !hasSafeEscapes(raw)) fail();
      raw = quotedText(text, start + 1, at, quote === QUOTE);
    }
    return { type: 'scalar', start, end: at + 1, value: raw, raw, quoted: true };
  }
}
