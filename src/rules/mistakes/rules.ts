import type { Rule } from '../rule.ts';
import { contradictorySelector } from './contradictory-selector.ts';
import { dnsWithoutTcp } from './dns-without-tcp.ts';
import { dnsWithoutUdp } from './dns-without-udp.ts';
import { egressWithoutDns } from './egress-without-dns.ts';
import { ignoredRules } from './ignored-rules.ts';
import { impliedIngressIsolation } from './implied-ingress-isolation.ts';
import { namedPortUnresolved } from './named-port-unresolved.ts';
import { peerSelectsNothing } from './peer-selects-nothing.ts';
import { peersSplitByDash } from './peers-split-by-dash.ts';
import { ruleSplitByDash } from './rule-split-by-dash.ts';
import { selectsNoPod } from './selects-no-pod.ts';

export const mistakeRules: readonly Rule[] = [
  contradictorySelector,
  dnsWithoutTcp,
  dnsWithoutUdp,
  egressWithoutDns,
  ignoredRules,
  impliedIngressIsolation,
  namedPortUnresolved,
  peerSelectsNothing,
  peersSplitByDash,
  ruleSplitByDash,
  selectsNoPod,
];
