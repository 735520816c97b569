/** NetworkPolicies, and the cluster-wide policies. */
import { type JsonObject, withFields } from '../json.ts';
import { cidrWarnings } from './address-warnings.ts';
import { decodedProblems } from './decoded-causes.ts';
import { listAt, givenObjectAt, objectAt, objectsInPlace, textAt, textsInPlace } from '../field-values.ts';
import type { Strategy } from './strategy.ts';

export const networkPolicyStrategy: Strategy = {
  prepareCreate: withPolicyTypes,
  prepareUpdate: withPolicyTypes,
  validate: (policy) => decodedProblems(policy).causes,
  warnings: (policy) => {
    const spec = objectAt(policy, 'spec');
    return [...blockWarnings(spec, 'ingress', 'from'), ...blockWarnings(spec, 'egress', 'to')];
  },
};

/** The schemas of these are checked here like the built-in kinds. */
export const clusterPolicyStrategy: Strategy = {
  validate: (policy) => decodedProblems(policy).causes,
  warnings: (policy) => decodedProblems(policy).warnings,
};

/** Ingress always, Egress with rules for it, when the policy does not say itself. */
function withPolicyTypes(policy: JsonObject): JsonObject {
  const spec = objectAt(policy, 'spec');
  if (listAt(spec, 'policyTypes').length > 0) return policy;
  const policyTypes = listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  return withFields(policy, { spec: withFields(spec, { policyTypes }) });
}

function blockWarnings(spec: JsonObject, direction: 'egress' | 'ingress', peers: 'from' | 'to'): readonly string[] {
  return objectsInPlace(spec, direction).flatMap((rule, index) =>
    objectsInPlace(rule, peers).flatMap((peer, peerIndex) => {
      const block = givenObjectAt(peer, 'ipBlock');
      if (block === undefined) return [];
      const at = `spec.${direction}[${index}].${peers}[${peerIndex}].ipBlock`;
      return [
        ...cidrWarnings(`${at}.cidr`, textAt(block, 'cidr')),
        ...textsInPlace(block, 'except').flatMap((hole, holeIndex) => cidrWarnings(`${at}.except[${holeIndex}]`, hole)),
      ];
    }),
  );
}
