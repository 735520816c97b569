import type { Rule } from '../rule.ts';

export const postureRules: readonly Rule[] = [];
