/** Label selectors on raw manifests (semantics S47, S55-S58). */
import type { Manifest, RawSelector } from './manifest.ts';

/** S55-S57. An absent selector where the API has a value, not a pointer, selects everything (S5). */
export function selects(selector: RawSelector | null | undefined, labels: Manifest['metadata']['labels']): boolean {
  const have = new Map(Object.entries(labels ?? {}));
  return (
    Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => have.get(key) === value) &&
    (selector?.matchExpressions ?? []).every(({ key, operator, values }) => {
      const value = have.get(key);
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const listed = value !== undefined && (values ?? []).includes(value);
      return operator === 'In' ? listed : !listed;
    })
  );
}

/** S47 */
const legalKey = (key: string): boolean =>
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/.test(
    key,
  );
const legalValue = (value: string): boolean =>
  value === '' || /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/.test(value);

/** Whether a selector that no schema checked can be understood at all (S159). */
export function isLegal(selector: RawSelector | null | undefined): boolean {
  return (
    Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => legalKey(key) && legalValue(value)) &&
    (selector?.matchExpressions ?? []).every(
      ({ key, operator, values }) =>
        legalKey(key) &&
        (values ?? []).every(legalValue) &&
        (['In', 'NotIn'].includes(operator)
          ? (values ?? []).length > 0
          : ['Exists', 'DoesNotExist'].includes(operator) && (values ?? []).length === 0),
    )
  );
}
