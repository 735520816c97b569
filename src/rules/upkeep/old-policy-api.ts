import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** Catalogue NP012 (S140): two kinds became one. */
export const oldPolicyApi = defineRule({
  name: 'old-policy-api',
  severity: 'info',
  category: 'upkeep',
  summary: 'an AdminNetworkPolicy or BaselineAdminNetworkPolicy, whose successor is ClusterNetworkPolicy',
  fixable: false,
  detectors: [],
  catalogue: ['NP012'],
  *check(context) {
    for (const policy of context.cluster.clusterPolicies) {
      if (policy.kind === 'ClusterNetworkPolicy') continue;
      const place = placeOf(policy, 'kind');
      yield {
        message: `${policy.kind} is v1alpha1 and has a successor, ClusterNetworkPolicy`,
        why: 'The newest release of the API has ClusterNetworkPolicy in place of both old kinds, which are no longer developed.',
        help: `write it as ClusterNetworkPolicy with \`tier: ${policy.tier}\`, \`action: Accept\` for Allow, and \`protocols\` for ports, once the plugin knows it`,
        ...(place === undefined ? {} : { place }),
        object: objectId(policy),
        confidence: 'certain',
      };
    }
  },
});
