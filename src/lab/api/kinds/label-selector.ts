/** Label selectors of kinds that pick their pods, and labels. */
import type { Requirement } from '../../../kube/objects.ts';
import { matchesRequirement } from '../../../kube/selectors.ts';
import { labelKeyProblems, labelValueProblems } from '../../../kube/syntax.ts';
import type { JsonObject } from '../json.ts';
import type { Causes } from './causes.ts';
import { objectsInPlace, listAt, sortedTextsAt, textAt, textsInPlace } from '../field-values.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

export function validateLabels(causes: Causes, labels: ReadonlyMap<string, string>, field: string): void {
  for (const [key, value] of labels) {
    causes.invalidFor(field, key, labelKeyProblems(key));
    causes.invalidFor(field, value, labelValueProblems(value));
  }
}

export function validateLabelSelector(causes: Causes, selector: JsonObject, field: string): void {
  validateLabels(causes, sortedTextsAt(selector, 'matchLabels'), `${field}.matchLabels`);
  objectsInPlace(selector, 'matchExpressions').forEach((expression, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    const operator = OPERATORS.find((known) => known === textAt(expression, 'operator'));
    const count = listAt(expression, 'values').length;
    if (operator === undefined)
      causes.invalid(`${at}.operator`, textAt(expression, 'operator'), 'not a valid selector operator');
    else if ((operator === 'In' || operator === 'NotIn') && count === 0)
      causes.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    else if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0)
      causes.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    const key = textAt(expression, 'key');
    causes.invalidFor(`${at}.key`, key, labelKeyProblems(key));
    textsInPlace(expression, 'values').forEach((value, valueIndex) => {
      causes.invalidFor(`${at}.values[${valueIndex}]`, value, labelValueProblems(value));
    });
  });
}

export function isEmptySelector(selector: JsonObject): boolean {
  return sortedTextsAt(selector, 'matchLabels').size + listAt(selector, 'matchExpressions').length === 0;
}

export function selectorMatches(selector: JsonObject, labels: ReadonlyMap<string, string>): boolean {
  return requirementsOf(selector).every((requirement) => matchesRequirement(requirement, labels));
}

function requirementsOf(selector: JsonObject): readonly Requirement[] {
  const equalities = [...sortedTextsAt(selector, 'matchLabels')].map(([key, value]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const expressions = objectsInPlace(selector, 'matchExpressions').flatMap((expression): readonly Requirement[] => {
    const operator = OPERATORS.find((known) => known === textAt(expression, 'operator'));
    if (operator === undefined) return [];
    return [{ key: textAt(expression, 'key'), operator, values: textsInPlace(expression, 'values') }];
  });
  return [...equalities, ...expressions];
}
