/**
 * Patterns of schemas, matched in time that is linear in the text, as in the real server. JavaScript's own expressions
 * go back and forth, so that a pattern of a stranger could stop the lab.
 */
import { type PatternNode, readPatternSyntax, UnreadablePattern } from './pattern-syntax.ts';

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
const mostInstructions = 4000;
/** Instructions times characters. */
const mostSteps = 20_000_000;

/** `undefined` for patterns with more than characters, classes, groups, alternatives, repetitions and anchors. */
export function readPattern(source: string): TextPattern | undefined {
  if (source.length > longestPattern) return undefined;
  try {
    const node = readPatternSyntax(source);
    const program: Instruction[] = [];
    emit(node, program);
    program.push({ op: 'found' });
    return { source, matches: (text) => run(program, text) };
  } catch (error) {
    if (error instanceof UnreadablePattern) return undefined;
    throw error;
  }
}

function emit(node: PatternNode, program: Instruction[]): void {
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

function emitChoice(nodes: readonly PatternNode[], program: Instruction[]): void {
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

function emitRepeat(node: PatternNode & { type: 'repeat' }, program: Instruction[]): void {
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
    const code = character.codePointAt(0) ?? 0;
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
