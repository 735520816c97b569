import type { YAMLException } from 'js-yaml';
import type { YamlBudget } from './budget.ts';
import { DocumentProblem, depthProblem } from './problem.ts';
import { templateNear } from './template.ts';

/** What to do about the parser's more common complaints. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/tab characters/, 'indent with spaces; YAML does not allow tabs there'],
  [/bad indentation of a mapping entry/, 'check the indentation of this line, and quote a value that contains ": "'],
  [/bad indentation of a sequence entry/, 'align the "- " with the other entries of its list'],
  [/missed comma/, 'separate the entries of [ ] and { } with commas'],
  [/unexpected end of the (?:stream|document) within a flow collection/, 'close the bracket'],
  [/unexpected end of the (?:stream|document) within a (?:single|double) quoted/, 'close the quote'],
  [
    /expected ':' after a mapping key|multiline key/,
    'every line of a mapping needs "key: value"; indent the continuation of a value',
  ],
  [/unknown escape sequence/, 'double the backslash, or use single quotes'],
  [/deficient indentation/, 'indent the continuation lines of this value further than its key'],
  [
    /end of the stream or a document separator is expected/,
    'check the indentation of this line; documents are separated by a line "---"',
  ],
];

/** A parser exception as the problem of its document. */
export function syntaxProblem(
  error: YAMLException,
  source: string,
  start: number,
  end: number,
  budget: YamlBudget,
): DocumentProblem {
  const at = Math.min(start + (error.mark?.position ?? 0), end);
  const reason = error.reason;
  if (reason.startsWith('nesting exceeded')) return depthProblem(at, budget.limits);
  const leftover = templateNear(source, at, start, end);
  if (leftover !== undefined) return new DocumentProblem('template-leftover', '', leftover.start, leftover.end);
  const code = source.charCodeAt(at);
  const width = at < end && code !== 10 && code !== 13 ? 1 : 0;
  const help = advice.find(([pattern]) => pattern.test(reason))?.[1];
  return new DocumentProblem('yaml-syntax', reason, at, at + width, help);
}
