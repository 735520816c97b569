import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { LabelSelector, Labels, Requirement } from '../kube/objects.ts';
import { contradicts, matchesRequirement } from '../kube/selectors.ts';

/** Whether a label selector selects an object of some of whose labels (`isUnknown(key)`) neither presence nor value is known (D14). */
export function selectorMatchesPartly(
  selector: LabelSelector,
  labels: Labels,
  isUnknown: (key: string) => boolean,
): Tri {
  if (selector.invalid) return NO;
  let open: Requirement[] | undefined;
  for (const requirement of selector.requirements) {
    if (isUnknown(requirement.key)) (open ??= []).push(requirement);
    else if (!matchesRequirement(requirement, labels)) return NO;
  }
  if (open === undefined) return YES;
  return contradicts(open) ? NO : MAYBE;
}
