import type { Rule } from '../rule.ts';
import { adminAcceptOverrides } from './admin-accept-overrides.ts';
import { exposedWithOpenEgress } from './exposed-with-open-egress.ts';
import { hostNetworkWorkload } from './host-network-workload.ts';
import { labelTrustedAnywhere } from './label-trusted-anywhere.ts';
import { metadataServiceReachable } from './metadata-service-reachable.ts';
import { namespaceWithoutDefaultDeny } from './namespace-without-default-deny.ts';
import { openEgress } from './open-egress.ts';
import { openIngress } from './open-ingress.ts';
import { sensitivePortOpen } from './sensitive-port-open.ts';

export const postureRules: readonly Rule[] = [
  adminAcceptOverrides,
  exposedWithOpenEgress,
  hostNetworkWorkload,
  labelTrustedAnywhere,
  metadataServiceReachable,
  namespaceWithoutDefaultDeny,
  openEgress,
  openIngress,
  sensitivePortOpen,
];
