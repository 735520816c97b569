/** The simple JSONPath of printer columns: fields, positions, `[*]` and `[?(@.type=="Ready")]`. */
import { get, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';

export type JsonPath = readonly Step[];

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'all' }
  /** Items in which the path leads to that value. */
  | { readonly type: 'filter'; readonly path: JsonPath; readonly value: string; readonly equal: boolean };

const MAX_LENGTH = 1000;

/** `undefined` for what is none. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const steps: Step[] = [];
  let rest = inner.startsWith('$') ? inner.slice(1) : inner;
  if (!rest.startsWith('.') && !rest.startsWith('[')) return undefined;
  while (rest !== '') {
    const found = rest.startsWith('[') ? bracketStep(rest) : fieldStep(rest);
    if (found === undefined) return undefined;
    if (found.step !== undefined) steps.push(found.step);
    rest = found.rest;
  }
  return steps;
}

interface Parsed {
  /** `undefined` for a dot before a bracket. */
  readonly step: Step | undefined;
  readonly rest: string;
}

/** `.name`, in which a backslash takes the meaning of the next character. */
function fieldStep(text: string): Parsed | undefined {
  if (!text.startsWith('.')) return undefined;
  let name = '';
  let at = 1;
  for (; at < text.length && text[at] !== '.' && text[at] !== '['; at += 1) {
    if (text[at] === '\\') at += 1;
    name += text[at] ?? '';
  }
  const rest = text.slice(at);
  if (name === '') return rest.startsWith('[') ? { step: undefined, rest } : undefined;
  return { step: name === '*' ? { type: 'all' } : { type: 'field', name }, rest };
}

const COMPARISON = /^\?\(@(?<path>\.[^=!<>"']+?) ?(?<operator>==|!=) ?(?<value>"[^"]*"|'[^']*'|[^"')]+)\)$/;

function bracketStep(text: string): Parsed | undefined {
  const end = closingBracket(text);
  if (end < 0) return undefined;
  const inner = text.slice(1, end).trim();
  const rest = text.slice(end + 1);
  if (inner === '*') return { step: { type: 'all' }, rest };
  if (/^-?\d{1,9}$/.test(inner)) return { step: { type: 'index', index: Number(inner) }, rest };
  if (isQuoted(inner)) return { step: { type: 'field', name: inner.slice(1, -1) }, rest };
  const { path = '', operator, value = '' } = COMPARISON.exec(inner)?.groups ?? {};
  const steps = path === '' ? undefined : parseJsonPath(path.trim());
  if (steps === undefined) return undefined;
  const compared = isQuoted(value) ? value.slice(1, -1) : value.trim();
  return { step: { type: 'filter', path: steps, value: compared, equal: operator === '==' }, rest };
}

function isQuoted(text: string): boolean {
  const quote = text[0];
  return text.length >= 2 && (quote === '"' || quote === "'") && text.endsWith(quote);
}

/** Brackets in quotes close nothing. */
function closingBracket(text: string): number {
  let quote = '';
  for (let at = 1; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === ']') return at;
  }
  return -1;
}

/** The first value that the path leads to. */
export function firstAt(object: JsonObject, path: JsonPath): JsonValue | undefined {
  for (const value of valuesAt(object, path, 0)) return value;
  return undefined;
}

function* valuesAt(value: JsonValue, path: JsonPath, from: number): Generator<JsonValue> {
  const step = path[from];
  if (step === undefined) yield value;
  else for (const next of children(value, step)) yield* valuesAt(next, path, from + 1);
}

function children(value: JsonValue, step: Step): readonly JsonValue[] {
  switch (step.type) {
    case 'field': {
      const found = isObject(value) ? get(value, step.name) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const found = isList(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'all':
      if (isList(value)) return value;
      return isObject(value) ? Object.values(value).filter((item) => item !== undefined) : [];
    case 'filter':
      return (isList(value) ? value : []).filter((item) => {
        const found = isObject(item) ? firstAt(item, step.path) : undefined;
        return found !== undefined && (scalarText(found) === step.value) === step.equal;
      });
  }
}

function scalarText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
