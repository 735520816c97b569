/** Every rule, by name. Each group lists its own, one import line a rule. */
import { mistakeRules } from './mistakes/rules.ts';
import { needRules } from './needs/rules.ts';
import { postureRules } from './posture/rules.ts';
import type { Rule } from './rule.ts';
import { upkeepRules } from './upkeep/rules.ts';

/** Sorted by name. */
export const allRules: readonly Rule[] = [...mistakeRules, ...needRules, ...postureRules, ...upkeepRules].sort((a, b) =>
  a.name < b.name ? -1 : 1,
);
