import type { Rule } from '../rule.ts';
import { blockedBackend } from './blocked-backend.ts';
import { declaredNeedDenied } from './declared-need-denied.ts';
import { webhookBlocked } from './webhook-blocked.ts';

export const needRules: readonly Rule[] = [blockedBackend, declaredNeedDenied, webhookBlocked];
