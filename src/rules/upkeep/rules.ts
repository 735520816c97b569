import type { Rule } from '../rule.ts';
import { coveredListItem } from './covered-list-item.ts';
import { coveredPolicy } from './covered-policy.ts';
import { coveredRule } from './covered-rule.ts';
import { deadBaselineRule } from './dead-baseline-rule.ts';
import { missingOwnership } from './missing-ownership.ts';
import { oldPolicyApi } from './old-policy-api.ts';
import { reviewOverdue } from './review-overdue.ts';
import { ruleWithoutEffect } from './rule-without-effect.ts';
import { shadowedClusterRule } from './shadowed-cluster-rule.ts';

export const upkeepRules: readonly Rule[] = [
  coveredListItem,
  coveredPolicy,
  coveredRule,
  deadBaselineRule,
  missingOwnership,
  oldPolicyApi,
  reviewOverdue,
  ruleWithoutEffect,
  shadowedClusterRule,
];
