import type { AuditContext } from '../audit-context.ts';
import { coveredRules, type CoveredRule, type PlacedRule } from '../covered-rules.ts';
import { objectId, type Finding, type Fix } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { deleteItem } from '../yaml-edit.ts';
import { coveredPolicies } from './covered-policy.ts';

/** M34 (redundant part), catalogue NP202, NP203: policies add up (S74), so a rule inside another one does nothing. */
export const coveredRule = defineRule({
  name: 'covered-rule',
  severity: 'info',
  category: 'upkeep',
  summary: 'other rules for the same pods open everything that a rule opens',
  fixable: true,
  detectors: ['M34'],
  catalogue: ['NP202'],
  *check(context) {
    const whole = new Set(coveredPolicies(context).map(({ policy }) => policy));
    for (const covered of coveredRules(context)) {
      if (!whole.has(covered.policy)) yield findingOf(context, covered);
    }
  },
});

function findingOf(context: AuditContext, covered: CoveredRule): Finding {
  const { policy, direction, rule, by } = covered;
  const place = placeOf(policy, rule.path);
  const fix = removal(covered);
  return {
    message: `${rule.path} opens nothing that ${namesOf(covered, by)} ${by.length === 1 ? 'does' : 'do'} not open`,
    why: `Policies add up: what one ${direction} rule allows, a narrower one beside it cannot take away.`,
    help: 'remove it, or narrow the wider rule if that was meant to be replaced',
    ...(place === undefined ? {} : { place }),
    related: by.map((other) => {
      const span = placeOf(other.policy, other.rule.path);
      return { message: 'opens the same', ...(span === undefined ? {} : { span }) };
    }),
    object: objectId(policy),
    confidence: 'certain',
    pods: context.workloadIds(context.selections.subjects(policy).pods),
    ...(fix === undefined ? {} : { fix }),
  };
}

function namesOf(covered: CoveredRule, by: readonly PlacedRule[]): string {
  return by
    .map(({ policy, rule }) => (policy === covered.policy ? rule.path : `${objectId(policy)} ${rule.path}`))
    .join(' and ');
}

function removal({ policy, direction, index, rule }: CoveredRule): Fix | undefined {
  const rules = locate(policy, `spec.${direction}`);
  const edits = rules && deleteItem(rules, index);
  return edits && { description: `remove ${rule.path}`, edits, changesVerdicts: false };
}
