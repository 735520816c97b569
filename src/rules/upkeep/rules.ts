import type { Rule } from '../rule.ts';

export const upkeepRules: readonly Rule[] = [];
