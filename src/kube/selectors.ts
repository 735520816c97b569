/** Label selectors at work: matching (S55-S60), canonical form, contradictions (S49), and kubectl's notation. */
import { assertNever } from '../base/assert.ts';
import type { Labels, LabelSelector, Requirement } from './objects.ts';
import { labelKeyProblems, labelValueProblems } from './syntax.ts';

/** `{}`: selects everything (S55). */
export const EVERYTHING: LabelSelector = { requirements: [], invalid: false, span: undefined };

/** Whether labels satisfy every requirement (S55). An invalid selector matches nothing (D11); who must fail closed asks first. */
export function matches(selector: LabelSelector, labels: Labels): boolean {
  return !selector.invalid && selector.requirements.every((requirement) => matchesRequirement(requirement, labels));
}

/** One requirement (S56, S57): byte-exact and case-sensitive (S58). */
export function matchesRequirement(requirement: Requirement, labels: Labels): boolean {
  const value = labels.get(requirement.key);
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return assertNever(requirement.operator);
  }
}

/** Values sorted and unique, so that requirements which mean the same are written the same. */
export function canonicalRequirement({ key, operator, values }: Requirement): Requirement {
  return { key, operator, values: [...new Set(values)].sort(compareText) };
}

/** A text that two selectors share exactly when their requirements are the same, in whatever order they stand. */
export function selectorKey(selector: LabelSelector): string {
  // Keys and valid values hold no control characters; an invalid value may, so every value is quoted.
  const parts = selector.requirements.map((requirement) => {
    const { key, operator, values } = canonicalRequirement(requirement);
    return `${JSON.stringify(key)} ${operator} ${JSON.stringify(values)}`;
  });
  return `${selector.invalid ? '!' : ''}${[...new Set(parts)].sort(compareText).join(';')}`;
}

/** Whether no set of labels can ever match, however legal the selector is (S49). */
export function isContradictory(selector: LabelSelector): boolean {
  return selector.invalid || contradicts(selector.requirements);
}

/** Whether no label set at all can satisfy the requirements together (S49). */
export function contradicts(requirements: readonly Requirement[]): boolean {
  const byKey = new Map<string, Requirement[]>();
  for (const requirement of requirements) {
    const same = byKey.get(requirement.key);
    if (same === undefined) byKey.set(requirement.key, [requirement]);
    else same.push(requirement);
  }
  return [...byKey.values()].some(isContradictoryForKey);
}

function isContradictoryForKey(requirements: readonly Requirement[]): boolean {
  const present = requirements.some(({ operator }) => operator === 'In' || operator === 'Exists');
  if (!present) return false;
  if (requirements.some(({ operator }) => operator === 'DoesNotExist')) return true;
  let allowed: Set<string> | undefined;
  for (const { operator, values } of requirements) {
    if (operator !== 'In') continue;
    const before = allowed;
    allowed = new Set(before === undefined ? values : values.filter((value) => before.has(value)));
  }
  if (allowed === undefined) return false;
  for (const { operator, values } of requirements) {
    if (operator === 'NotIn') for (const value of values) allowed.delete(value);
  }
  return allowed.size === 0;
}

/** kubectl's notation, as written: `app=web,tier in (a,b),!x`. Everything is `` (the empty string). */
export function formatSelector(selector: LabelSelector): string {
  return selector.requirements.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return assertNever(operator);
  }
}

export type SelectorParse =
  | { readonly ok: true; readonly selector: LabelSelector }
  | { readonly ok: false; readonly message: string; readonly at: number };

/**
 * A selector in the notation of `kubectl -l`: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by
 * commas. An empty text selects everything. `at` counts UTF-16 units from 0.
 */
export function parseSelector(text: string): SelectorParse {
  const tokens = tokenize(text);
  const requirements: Requirement[] = [];
  let at = 0;
  const peek = (): Token => tokens[at] ?? { type: 'end', text: '', at: text.length };
  const next = (): Token => {
    const token = peek();
    at++;
    return token;
  };
  if (peek().type === 'end') return { ok: true, selector: { requirements, invalid: false, span: undefined } };
  for (;;) {
    const problem = parseRequirement(peek, next, requirements);
    if (problem !== undefined) return { ok: false, ...problem };
    const separator = next();
    if (separator.type === 'end') return { ok: true, selector: { requirements, invalid: false, span: undefined } };
    if (separator.type !== ',')
      return { ok: false, message: `found '${separator.text}', expected: ',' or the end`, at: separator.at };
  }
}

interface Token {
  readonly type: 'word' | '!' | '=' | '==' | '!=' | '(' | ')' | ',' | 'end';
  readonly text: string;
  readonly at: number;
}

interface Problem {
  readonly message: string;
  readonly at: number;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text.charAt(at);
    if (c === ' ' || c === '\t' || c === '\n' || c === '\r') {
      at++;
      continue;
    }
    const pair = text.slice(at, at + 2);
    if (pair === '==' || pair === '!=') tokens.push({ type: pair, text: pair, at });
    else if (c === '=' || c === '!' || c === '(' || c === ')' || c === ',') tokens.push({ type: c, text: c, at });
    else {
      let end = at + 1;
      while (end < text.length && !' \t\n\r=!(),'.includes(text.charAt(end))) end++;
      tokens.push({ type: 'word', text: text.slice(at, end), at });
    }
    at += tokens[tokens.length - 1]?.text.length ?? 1;
  }
  return tokens;
}

function parseRequirement(peek: () => Token, next: () => Token, into: Requirement[]): Problem | undefined {
  const negated = peek().type === '!';
  if (negated) next();
  const keyToken = next();
  if (keyToken.type !== 'word') return { message: `found '${keyToken.text}', expected: a label key`, at: keyToken.at };
  const key = keyToken.text;
  const keyProblem = labelKeyProblems(key)[0];
  if (keyProblem !== undefined)
    return { message: `key: Invalid value: ${JSON.stringify(key)}: ${keyProblem}`, at: keyToken.at };
  const after = peek();
  if (negated || after.type === ',' || after.type === 'end') {
    into.push({ key, operator: negated ? 'DoesNotExist' : 'Exists', values: [] });
    return undefined;
  }
  const operator = next();
  if (operator.type === '=' || operator.type === '==' || operator.type === '!=') {
    const value = peek().type === 'word' ? next() : undefined;
    const problem = valueProblem(value);
    if (problem !== undefined) return problem;
    into.push({ key, operator: operator.type === '!=' ? 'NotIn' : 'In', values: [value?.text ?? ''] });
    return undefined;
  }
  if (operator.text !== 'in' && operator.text !== 'notin') {
    return { message: `found '${operator.text}', expected: '=', '!=', '==', 'in', 'notin'`, at: operator.at };
  }
  const values: string[] = [];
  const open = next();
  if (open.type !== '(') return { message: `found '${open.text}', expected: '('`, at: open.at };
  for (;;) {
    const value = peek().type === 'word' ? next() : undefined;
    const problem = valueProblem(value);
    if (problem !== undefined) return problem;
    values.push(value?.text ?? '');
    const separator = next();
    if (separator.type === ')') break;
    if (separator.type !== ',') return { message: `found '${separator.text}', expected: ',' or ')'`, at: separator.at };
  }
  into.push({ key, operator: operator.text === 'in' ? 'In' : 'NotIn', values: [...new Set(values)] });
  return undefined;
}

function valueProblem(token: Token | undefined): Problem | undefined {
  if (token === undefined) return undefined;
  const problem = labelValueProblems(token.text)[0];
  return problem === undefined
    ? undefined
    : { message: `values: Invalid value: ${JSON.stringify(token.text)}: ${problem}`, at: token.at };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
