import type { Rule } from '../rule.ts';
import { apiServerUnreachable } from './api-server-unreachable.ts';
import { blockedBackend } from './blocked-backend.ts';
import { declaredNeedDenied } from './declared-need-denied.ts';
import { webhookBlocked } from './webhook-blocked.ts';

export const needRules: readonly Rule[] = [apiServerUnreachable, blockedBackend, declaredNeedDenied, webhookBlocked];
