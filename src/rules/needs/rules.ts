import type { Rule } from '../rule.ts';

export const needRules: readonly Rule[] = [];
