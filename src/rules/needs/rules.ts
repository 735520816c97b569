import type { Rule } from '../rule.ts';
import { declaredNeedDenied } from './declared-need-denied.ts';

export const needRules: readonly Rule[] = [declaredNeedDenied];
