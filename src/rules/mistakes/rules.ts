import type { Rule } from '../rule.ts';
import { clientAddressBehindSnat } from './client-address-behind-snat.ts';
import { clusterAddressInRange } from './cluster-address-in-range.ts';
import { clusterDenyLeavesOutside } from './cluster-deny-leaves-outside.ts';
import { clusterDenyWithoutDns } from './cluster-deny-without-dns.ts';
import { contradictorySelector } from './contradictory-selector.ts';
import { denyThatAllows } from './deny-that-allows.ts';
import { dnsWithoutTcp } from './dns-without-tcp.ts';
import { dnsWithoutUdp } from './dns-without-udp.ts';
import { egressWithoutDns } from './egress-without-dns.ts';
import { emptyPeerList } from './empty-peer-list.ts';
import { equalPriorityOverlap } from './equal-priority-overlap.ts';
import { ignoredRules } from './ignored-rules.ts';
import { impliedIngressIsolation } from './implied-ingress-isolation.ts';
import { internetIncludesCluster } from './internet-includes-cluster.ts';
import { namedPortUnresolved } from './named-port-unresolved.ts';
import { namespaceOmitted } from './namespace-omitted.ts';
import { nodeLocalDns } from './node-local-dns.ts';
import { notInAdmitsUnlabelled } from './not-in-admits-unlabelled.ts';
import { oneIpFamily } from './one-ip-family.ts';
import { oneSidedAllow } from './one-sided-allow.ts';
import { peerSelectsNothing } from './peer-selects-nothing.ts';
import { peersSplitByDash } from './peers-split-by-dash.ts';
import { reopenedException } from './reopened-exception.ts';
import { ruleForReplies } from './rule-for-replies.ts';
import { ruleSplitByDash } from './rule-split-by-dash.ts';
import { selectsNoPod } from './selects-no-pod.ts';
import { servicePortInsteadOfPodPort } from './service-port-instead-of-pod-port.ts';
import { unstableLabel } from './unstable-label.ts';

export const mistakeRules: readonly Rule[] = [
  clientAddressBehindSnat,
  clusterAddressInRange,
  clusterDenyLeavesOutside,
  clusterDenyWithoutDns,
  contradictorySelector,
  denyThatAllows,
  dnsWithoutTcp,
  dnsWithoutUdp,
  egressWithoutDns,
  emptyPeerList,
  equalPriorityOverlap,
  ignoredRules,
  impliedIngressIsolation,
  internetIncludesCluster,
  namedPortUnresolved,
  namespaceOmitted,
  nodeLocalDns,
  notInAdmitsUnlabelled,
  oneIpFamily,
  oneSidedAllow,
  peerSelectsNothing,
  peersSplitByDash,
  reopenedException,
  ruleForReplies,
  ruleSplitByDash,
  selectsNoPod,
  servicePortInsteadOfPodPort,
  unstableLabel,
];
