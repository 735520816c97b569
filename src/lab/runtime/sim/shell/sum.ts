import { ShellError } from './syntax.ts';

type Operator = (left: number, right: number) => number;

/** From the loosest to the tightest. */
const LEVELS: readonly ReadonlyMap<string, Operator>[] = [
  new Map<string, Operator>([
    ['==', (a, b) => Number(a === b)],
    ['!=', (a, b) => Number(a !== b)],
    ['<=', (a, b) => Number(a <= b)],
    ['>=', (a, b) => Number(a >= b)],
    ['<', (a, b) => Number(a < b)],
    ['>', (a, b) => Number(a > b)],
  ]),
  new Map<string, Operator>([
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
  ]),
  new Map<string, Operator>([
    ['*', (a, b) => a * b],
    ['/', (a, b) => Math.trunc(a / b)],
    ['%', (a, b) => a % b],
  ]),
];
const MAX_DEPTH = 50;

/** `$((…))`: whole numbers, variables, the usual operators. Throws `ShellError`. */
export function sum(text: string, variable: (name: string) => string): number {
  const tokens = text.match(/[0-9]+|\$?[A-Za-z_][A-Za-z0-9_]*|[=!<>]=|[-+*/%<>()]|\S/g) ?? [];
  let at = 0;
  const fail = (): ShellError => new ShellError(2, `arithmetic syntax error: ${text.slice(0, 80)}`);
  const atom = (depth: number): number => {
    const token = tokens[at];
    at += 1;
    if (token === undefined || depth > MAX_DEPTH) throw fail();
    if (token === '-') return -atom(depth + 1);
    if (token === '(') {
      const value = level(0, depth + 1);
      if (tokens[at] !== ')') throw fail();
      at += 1;
      return value;
    }
    if (/^[0-9]+$/.test(token)) return Number(token);
    if (!/^\$?[A-Za-z_]/.test(token)) throw fail();
    const value = Number(variable(token.replace('$', '')) || 0);
    return Number.isFinite(value) ? Math.trunc(value) : 0;
  };
  const level = (index: number, depth: number): number => {
    const operators = LEVELS[index];
    if (operators === undefined) return atom(depth);
    let value = level(index + 1, depth);
    for (
      let operator = operators.get(tokens[at] ?? '');
      operator !== undefined;
      operator = operators.get(tokens[at] ?? '')
    ) {
      at += 1;
      value = operator(value, level(index + 1, depth));
      if (!Number.isFinite(value)) throw new ShellError(2, 'divide by zero');
    }
    return value;
  };
  const value = level(0, 0);
  if (at < tokens.length) throw fail();
  return value;
}
