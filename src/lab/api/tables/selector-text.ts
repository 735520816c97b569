/** Labels and selectors as kubectl prints them. */
import { get, type JsonObject } from '../json.ts';
import { objectsInPlace, sortedTextsAt, textAt, textsInPlace } from '../field-values.ts';

/** `app=web,tier=back`; `<none>` when there are none. */
export function labelsText(labels: ReadonlyMap<string, string>): string {
  return [...labels].map(([key, value]) => `${key}=${value}`).join(',') || '<none>';
}

/** Of a LabelSelector, sorted by key: `app=web,tier in (a,b),!x`. `<none>` selects everything or nothing. */
export function selectorText(selector: JsonObject): string {
  const equal = [...sortedTextsAt(selector, 'matchLabels')].map(([key, value]) => ({ key, text: `${key}=${value}` }));
  const expressions = objectsInPlace(selector, 'matchExpressions').map((expression) => {
    const key = textAt(expression, 'key');
    return { key, text: expressionText(key, expression) };
  });
  const parts = [...equal, ...expressions];
  if (parts.some(({ text }) => text === undefined)) return '<error>';
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return parts.map(({ text }) => text).join(',') || '<none>';
}

function expressionText(key: string, expression: JsonObject): string | undefined {
  const values = `(${[...new Set(textsInPlace(expression, 'values'))].sort(compareText).join(',')})`;
  switch (get(expression, 'operator')) {
    case 'In':
      return `${key} in ${values}`;
    case 'NotIn':
      return `${key} notin ${values}`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return undefined;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
