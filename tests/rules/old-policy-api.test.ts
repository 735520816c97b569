import { oldPolicyApi } from '../../src/rules/upkeep/old-policy-api.ts';
import { clusterPolicy } from '../engine/cluster-fixture.ts';
import { testRule } from './rule-tester.ts';

testRule(oldPolicyApi, {
  valid: [
    {
      name: 'a ClusterNetworkPolicy',
      yaml: clusterPolicy('deny', '{ tier: Admin, priority: 1, subject: { namespaces: {} } }'),
    },
  ],
  invalid: [
    {
      name: 'both old kinds',
      yaml: `
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: { name: first }
spec: { priority: 1, subject: { namespaces: {} } }
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: { name: default }
spec: { subject: { namespaces: {} } }
`,
      findings: [
        {
          message: /^AdminNetworkPolicy is v1alpha1/,
          at: 'kind: AdminNetworkPolicy',
          object: 'AdminNetworkPolicy/first',
        },
        { message: /^BaselineAdminNetworkPolicy is v1alpha1/, line: 8 },
      ],
      fixed: null,
    },
  ],
});
