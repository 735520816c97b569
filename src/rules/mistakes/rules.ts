import type { Rule } from '../rule.ts';
import { dnsWithoutUdp } from './dns-without-udp.ts';
import { ignoredRules } from './ignored-rules.ts';
import { impliedIngressIsolation } from './implied-ingress-isolation.ts';
import { peersSplitByDash } from './peers-split-by-dash.ts';
import { ruleSplitByDash } from './rule-split-by-dash.ts';

export const mistakeRules: readonly Rule[] = [
  dnsWithoutUdp,
  ignoredRules,
  impliedIngressIsolation,
  peersSplitByDash,
  ruleSplitByDash,
];
