import type { Rule } from '../rule.ts';
import { blockedBackend } from './blocked-backend.ts';
import { declaredNeedDenied } from './declared-need-denied.ts';

export const needRules: readonly Rule[] = [blockedBackend, declaredNeedDenied];
