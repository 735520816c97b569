/** Whether a label selector selects an object (S55-S58), also when some of its labels are unknown (D14). */
import { assertNever } from '../base/assert.ts';
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { LabelSelector, Labels, Requirement } from '../kube/objects.ts';

/** Nothing is unknown. An invalid selector selects nothing (D11); cluster policies look at `invalid` first (S159). */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  if (selector.invalid) return false;
  for (const requirement of selector.requirements) {
    if (!requirementMatches(requirement, labels)) return false;
  }
  return true;
}

export function requirementMatches(requirement: Requirement, labels: Labels): boolean {
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

/** The same where `isUnknown(key)` says of which labels neither presence nor value is known. */
export function selectorMatchesPartly(
  selector: LabelSelector,
  labels: Labels,
  isUnknown: (key: string) => boolean,
): Tri {
  if (selector.invalid) return NO;
  let open: Requirement[] | undefined;
  for (const requirement of selector.requirements) {
    if (isUnknown(requirement.key)) (open ??= []).push(requirement);
    else if (!requirementMatches(requirement, labels)) return NO;
  }
  if (open === undefined) return YES;
  return contradicts(open) ? NO : MAYBE;
}

/** Whether no label set at all can satisfy the requirements: some key has none of its possibilities left (S49). */
export function contradicts(requirements: readonly Requirement[]): boolean {
  if (requirements.length < 2) return requirements.some((r) => r.operator === 'In' && r.values.length === 0);
  const byKey = new Map<string, Requirement[]>();
  for (const requirement of requirements) {
    const same = byKey.get(requirement.key);
    if (same === undefined) byKey.set(requirement.key, [requirement]);
    else same.push(requirement);
  }
  for (const same of byKey.values()) {
    if (!satisfiable(same)) return true;
  }
  return false;
}

/** All requirements are about one key: try it absent, with each value that is named, and with one that is not. */
function satisfiable(requirements: readonly Requirement[]): boolean {
  const key = requirements[0]?.key ?? '';
  if (requirements.every((r) => requirementMatches(r, new Map()))) return true;
  // A value outside every list satisfies what `Exists` and `NotIn` ask.
  if (requirements.every((r) => r.operator === 'Exists' || r.operator === 'NotIn')) return true;
  const narrowest = requirements
    .filter((r) => r.operator === 'In')
    .reduce<Requirement | undefined>(
      (a, b) => (a !== undefined && a.values.length <= b.values.length ? a : b),
      undefined,
    );
  if (narrowest === undefined) return false;
  return narrowest.values.some((value) => {
    const labels = new Map([[key, value]]);
    return requirements.every((r) => requirementMatches(r, labels));
  });
}
