/** Patterns of schemas as trees: characters, classes, groups, alternatives, repetitions and anchors, and nothing else. */

/** The pattern has something that is not read here. */
export class UnreadablePattern extends Error {}

export type PatternNode =
  | { readonly type: 'one'; readonly fits: (code: number) => boolean }
  | { readonly type: 'begin' | 'end' }
  | { readonly type: 'sequence' | 'choice'; readonly nodes: readonly PatternNode[] }
  | { readonly type: 'repeat'; readonly node: PatternNode; readonly least: number; readonly most: number };

const deepestGroup = 20;

/** Throws {@link UnreadablePattern}. */
export function readPatternSyntax(source: string): PatternNode {
  return new PatternReader(source).read();
}

class PatternReader {
  private readonly characters: readonly string[];
  private at = 0;

  constructor(source: string) {
    this.characters = Array.from(source);
  }

  read(): PatternNode {
    const node = this.choice(0);
    if (this.at < this.characters.length) throw new UnreadablePattern();
    return node;
  }

  private choice(depth: number): PatternNode {
    if (depth > deepestGroup) throw new UnreadablePattern();
    const nodes = [this.sequence(depth)];
    while (this.take('|')) nodes.push(this.sequence(depth));
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { type: 'choice', nodes };
  }

  private sequence(depth: number): PatternNode {
    const nodes: PatternNode[] = [];
    for (;;) {
      const next = this.characters[this.at];
      if (next === undefined || next === '|' || next === ')') return { type: 'sequence', nodes };
      nodes.push(this.repeated(this.atom(next, depth)));
    }
  }

  private repeated(node: PatternNode): PatternNode {
    const bounds = this.bounds();
    if (bounds === undefined) return node;
    // Whether few or many are tried first does not change what matches.
    this.take('?');
    if (this.bounds() !== undefined) throw new UnreadablePattern();
    return { type: 'repeat', node, ...bounds };
  }

  private bounds(): { readonly least: number; readonly most: number } | undefined {
    if (this.take('*')) return { least: 0, most: Infinity };
    if (this.take('+')) return { least: 1, most: Infinity };
    if (this.take('?')) return { least: 0, most: 1 };
    const counted = /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(this.characters.slice(this.at, this.at + 12).join(''));
    if (counted === null) return undefined;
    this.at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === undefined ? Infinity : Number(counted[3]);
    if (most < least) throw new UnreadablePattern();
    return { least, most };
  }

  private atom(next: string, depth: number): PatternNode {
    this.at += 1;
    switch (next) {
      case '^':
        return { type: 'begin' };
      case '$':
        return { type: 'end' };
      case '.':
        return { type: 'one', fits: (code) => code !== 10 };
      case '[':
        return { type: 'one', fits: this.members() };
      case '\\':
        return this.escaped();
      case '(':
        return this.group(depth);
      case '*':
      case '+':
      case '?':
        throw new UnreadablePattern();
      default:
        return exactly(next);
    }
  }

  private group(depth: number): PatternNode {
    if (this.take('?') && !this.take(':')) throw new UnreadablePattern();
    const node = this.choice(depth + 1);
    if (!this.take(')')) throw new UnreadablePattern();
    return node;
  }

  private escaped(): PatternNode {
    const next = this.next();
    const known = classes.get(next);
    if (known !== undefined) return { type: 'one', fits: known };
    if (next === 'A') return { type: 'begin' };
    if (next === 'z') return { type: 'end' };
    return exactly(this.literal(next));
  }

  /** What an escape stands for that is no class. */
  private literal(next: string): string {
    const control = controls.get(next);
    if (control !== undefined) return control;
    if (/^[\dA-Za-z]$/.test(next)) throw new UnreadablePattern();
    return next;
  }

  private members(): (code: number) => boolean {
    const isNegated = this.take('^');
    const tests: ((code: number) => boolean)[] = [];
    for (let isFirst = true; isFirst || !this.take(']'); isFirst = false) {
      const start = this.next();
      if (start === '[' && this.characters[this.at] === ':') throw new UnreadablePattern();
      const known = start === '\\' ? classes.get(this.characters[this.at] ?? '') : undefined;
      if (known !== undefined) {
        this.at += 1;
        tests.push(known);
        continue;
      }
      const low = codeOf(start === '\\' ? this.literal(this.next()) : start);
      const isRange = this.characters[this.at] === '-' && this.characters[this.at + 1] !== ']';
      let high = low;
      if (isRange) {
        this.at += 1;
        const end = this.next();
        high = codeOf(end === '\\' ? this.literal(this.next()) : end);
      }
      if (high < low) throw new UnreadablePattern();
      tests.push((code) => code >= low && code <= high);
    }
    return (code) => tests.some((fits) => fits(code)) !== isNegated;
  }

  private next(): string {
    const next = this.characters[this.at];
    if (next === undefined) throw new UnreadablePattern();
    this.at += 1;
    return next;
  }

  private take(character: string): boolean {
    if (this.characters[this.at] !== character) return false;
    this.at += 1;
    return true;
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function exactly(character: string): PatternNode {
  const wanted = codeOf(character);
  return { type: 'one', fits: (code) => code === wanted };
}

const isDigit = (code: number) => code >= 48 && code <= 57;
const isWord = (code: number) =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const isSpace = (code: number) => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;

const classes: ReadonlyMap<string, (code: number) => boolean> = new Map([
  ['d', isDigit],
  ['w', isWord],
  ['s', isSpace],
  ['D', (code: number) => !isDigit(code)],
  ['W', (code: number) => !isWord(code)],
  ['S', (code: number) => !isSpace(code)],
]);
const controls: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['f', '\f'],
  ['v', '\v'],
]);
