/** Selectors of objects, and which of many selectors may match labels. */
import { matches } from '../../kube/selectors.ts';
import type { Labels, LabelSelector, Requirement } from '../../kube/objects.ts';
import { isObject, type JsonValue } from '../api/json.ts';
import { objectsAt, textAt, textMapAt, textsAt } from '../api/field-values.ts';

/** A `LabelSelector` field. One that cannot be read matches nothing; so does one that is absent. */
export function readSelector(value: JsonValue | undefined): LabelSelector {
  const invalid: LabelSelector = { requirements: [], invalid: true, span: undefined };
  if (!isObject(value)) return invalid;
  const requirements: Requirement[] = mapRequirements(textMapAt(value, 'matchLabels'));
  for (const expression of objectsAt(value, 'matchExpressions')) {
    const operator = textAt(expression, 'operator');
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist')
      return invalid;
    requirements.push({ key: textAt(expression, 'key'), operator, values: textsAt(expression, 'values') });
  }
  return { requirements, invalid: false, span: undefined };
}

/** A plain map of labels, as Services have it. */
export function mapSelector(labels: ReadonlyMap<string, string>): LabelSelector {
  return { requirements: mapRequirements(labels), invalid: labels.size === 0, span: undefined };
}

function mapRequirements(labels: ReadonlyMap<string, string>): Requirement[] {
  return [...labels].map(([key, value]) => ({ key, operator: 'In', values: [value] }));
}

/**
 * A label that whatever the selector matches has, as `key=value`; the shortest way to few candidates. `undefined` when it
 * names none.
 */
export function requiredLabel(selector: LabelSelector): string | undefined {
  const required = selector.requirements.find(({ operator, values }) => operator === 'In' && values.length === 1);
  return required === undefined ? undefined : labelText(required.key, required.values[0] ?? '');
}

/** Keys hold no `=`. */
export function labelText(key: string, value: string): string {
  return `${key}=${value}`;
}

/** Selectors by what they need, so that the labels of an object find them without trying all. */
export class SelectorIndex {
  private readonly selectors = new Map<string, LabelSelector>();
  private readonly byLabel = new Map<string, Set<string>>();

  get size(): number {
    return this.selectors.size;
  }

  /** Replaces that of the id. */
  set(id: string, selector: LabelSelector): void {
    this.delete(id);
    this.selectors.set(id, selector);
    const label = requiredLabel(selector) ?? '';
    const ids = this.byLabel.get(label) ?? new Set();
    this.byLabel.set(label, ids.add(id));
  }

  delete(id: string): void {
    const selector = this.selectors.get(id);
    if (selector === undefined) return;
    this.selectors.delete(id);
    const label = requiredLabel(selector) ?? '';
    const ids = this.byLabel.get(label);
    ids?.delete(id);
    if (ids?.size === 0) this.byLabel.delete(label);
  }

  /** The ids of the selectors that match. */
  matching(labels: Labels): readonly string[] {
    const found: string[] = [];
    const tryAll = (label: string): void => {
      for (const id of this.byLabel.get(label) ?? []) {
        const selector = this.selectors.get(id);
        if (selector !== undefined && matches(selector, labels)) found.push(id);
      }
    };
    tryAll('');
    for (const [key, value] of labels) tryAll(labelText(key, value));
    return found;
  }
}
