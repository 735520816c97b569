import type { Rule } from '../rule.ts';
import { dnsWithoutUdp } from './dns-without-udp.ts';

export const mistakeRules: readonly Rule[] = [dnsWithoutUdp];
