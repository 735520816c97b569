/**
 * Patterns of schemas, matched in time that is linear in the text, as in the real server. JavaScript's own expressions
 * go back and forth, so that a pattern of a stranger could stop the lab.
 */

export interface TextPattern {
  readonly source: string;
  /** Whether the pattern is found in the text; `true` without looking for texts that would take too long. */
  readonly matches: (text: string) => boolean;
}

type Instruction =
  | { readonly op: 'one'; readonly fits: (code: number) => boolean }
  | { readonly op: 'split'; readonly first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'begin' | 'end' | 'found' };

const longestPattern = 1000;
const deepestGroup = 20;
const mostInstructions = 4000;
/** Instructions times characters. */
const mostSteps = 20_000_000;

/** `undefined` for patterns with more than characters, classes, groups, alternatives, repetitions and anchors. */
export function readPattern(source: string): TextPattern | undefined {
  if (source.length > longestPattern) return undefined;
  const reader = new PatternReader(source);
  try {
    const node = reader.read();
    const program: Instruction[] = [];
    emit(node, program);
    program.push({ op: 'found' });
    return { source, matches: (text) => run(program, text) };
  } catch (error) {
    if (error instanceof UnreadablePattern) return undefined;
    throw error;
  }
}

class UnreadablePattern extends Error {}

type Node =
  | { readonly type: 'one'; readonly fits: (code: number) => boolean }
  | { readonly type: 'begin' | 'end' }
  | { readonly type: 'sequence' | 'choice'; readonly nodes: readonly Node[] }
  | { readonly type: 'repeat'; readonly node: Node; readonly least: number; readonly most: number };

class PatternReader {
  private readonly characters: readonly string[];
  private at = 0;

  constructor(source: string) {
    this.characters = Array.from(source);
  }

  read(): Node {
    const node = this.choice(0);
    if (this.at < this.characters.length) throw new UnreadablePattern();
    return node;
  }

  private choice(depth: number): Node {
    if (depth > deepestGroup) throw new UnreadablePattern();
    const nodes = [this.sequence(depth)];
    while (this.take('|')) nodes.push(this.sequence(depth));
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { type: 'choice', nodes };
  }

  private sequence(depth: number): Node {
    const nodes: Node[] = [];
    for (;;) {
      const next = this.characters[this.at];
      if (next === undefined || next === '|' || next === ')') return { type: 'sequence', nodes };
      nodes.push(this.repeated(this.atom(next, depth)));
    }
  }

  private repeated(node: Node): Node {
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

  private atom(next: string, depth: number): Node {
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

  private group(depth: number): Node {
    if (this.take('?') && !this.take(':')) throw new UnreadablePattern();
    const node = this.choice(depth + 1);
    if (!this.take(')')) throw new UnreadablePattern();
    return node;
  }

  private escaped(): Node {
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

function exactly(character: string): Node {
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

function emit(node: Node, program: Instruction[]): void {
  if (program.length > mostInstructions) throw new UnreadablePattern();
  switch (node.type) {
    case 'one':
      program.push({ op: 'one', fits: node.fits });
      return;
    case 'begin':
    case 'end':
      program.push({ op: node.type });
      return;
    case 'sequence':
      for (const inner of node.nodes) emit(inner, program);
      return;
    case 'choice':
      emitChoice(node.nodes, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
      return;
  }
}

function emitChoice(nodes: readonly Node[], program: Instruction[]): void {
  const ends: { to: number }[] = [];
  for (const [index, inner] of nodes.entries()) {
    if (index === nodes.length - 1) {
      emit(inner, program);
      break;
    }
    const split = { op: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    emit(inner, program);
    const jump = { op: 'jump' as const, to: 0 };
    program.push(jump);
    ends.push(jump);
    split.second = program.length;
  }
  for (const jump of ends) jump.to = program.length;
}

function emitRepeat(node: Node & { type: 'repeat' }, program: Instruction[]): void {
  for (let i = 0; i < node.least; i += 1) {
    const before = program.length;
    emit(node.node, program);
    // Nothing, a thousand times, is nothing.
    if (program.length === before) break;
  }
  if (node.most === Infinity) {
    const start = program.length;
    const split = { op: 'split' as const, first: start + 1, second: 0 };
    program.push(split);
    emit(node.node, program);
    program.push({ op: 'jump', to: start });
    split.second = program.length;
    return;
  }
  const splits: { second: number }[] = [];
  for (let i = node.least; i < node.most; i += 1) {
    const split = { op: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    splits.push(split);
    emit(node.node, program);
  }
  for (const split of splits) split.second = program.length;
}

/** All ways at once: the set of instructions that may come next, character by character. */
function run(program: readonly Instruction[], text: string): boolean {
  if (program.length * (text.length + 1) > mostSteps) return true;
  const characters = Array.from(text);
  let current = new Set<number>();
  for (const [index, character] of [...characters, undefined].entries()) {
    // It may begin anywhere.
    if (follow(program, 0, placeAt(index, characters.length), current)) return true;
    if (character === undefined) return false;
    const code = codeOf(character);
    const after = placeAt(index + 1, characters.length);
    const next = new Set<number>();
    for (const at of current) {
      const instruction = program[at];
      if (instruction?.op === 'one' && instruction.fits(code) && follow(program, at + 1, after, next)) return true;
    }
    current = next;
  }
  return false;
}

interface Place {
  readonly isBegin: boolean;
  readonly isEnd: boolean;
}

function placeAt(index: number, length: number): Place {
  return { isBegin: index === 0, isEnd: index === length };
}

/** Adds what can be reached without a character; whether that is the end. */
function follow(
  program: readonly Instruction[],
  start: number,
  { isBegin, isEnd }: Place,
  reached: Set<number>,
): boolean {
  const open = [start];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const instruction = program[index];
    switch (instruction?.op) {
      case 'found':
        return true;
      case 'split':
        open.push(instruction.second, instruction.first);
        break;
      case 'jump':
        open.push(instruction.to);
        break;
      case 'begin':
        if (isBegin) open.push(index + 1);
        break;
      case 'end':
        if (isEnd) open.push(index + 1);
        break;
      default:
        break;
    }
  }
  return false;
}
