import { describe, expect, test } from 'vitest';
import { separateModes } from '../../src/dataplane/policy-mode.ts';
import { readManifests } from '../../src/kube/read.ts';

const mode = (value: string | undefined) =>
  value === undefined ? {} : { annotations: { 'sallyport.dev/mode': value } };

function separated(ofNamespace: string | undefined, ofPolicy: string | undefined, ofCluster?: string) {
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', ...mode(ofNamespace) } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p', namespace: 'shop', ...mode(ofPolicy) },
      spec: { podSelector: {} },
    },
    {
      apiVersion: 'policy.networking.k8s.io/v1alpha1',
      kind: 'AdminNetworkPolicy',
      metadata: { name: 'a', ...mode(ofCluster) },
      spec: { priority: 1, subject: { namespaces: {} } },
    },
  ];
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return separateModes(readManifests([{ name: 'x', text }]).objects);
}

describe('sallyport.dev/mode', () => {
  test.each([
    [undefined, undefined, 'enforced'],
    [undefined, 'audit', 'audited'],
    ['audit', undefined, 'audited'],
    ['audit', 'enforce', 'enforced'],
    ['enforce', 'audit', 'audited'],
    ['enforce', undefined, 'enforced'],
    ['audit', 'Audit', 'enforced'],
    ['AUDIT', undefined, 'enforced'],
    ['', 'audit', 'audited'],
  ])('namespace %j, policy %j: %s', (ofNamespace, ofPolicy, expected) => {
    const { enforced, staged } = separated(ofNamespace, ofPolicy);
    expect(enforced.networkPolicies).toHaveLength(expected === 'enforced' ? 1 : 0);
    expect(staged?.networkPolicies.length).toBe(expected === 'enforced' ? undefined : 1);
    // The mode of a namespace is none of a cluster policy's business.
    expect(enforced.clusterPolicies).toHaveLength(1);
  });

  test('of a cluster policy', () => {
    const { enforced, staged } = separated(undefined, undefined, 'audit');
    expect(enforced.clusterPolicies).toEqual([]);
    expect(staged?.clusterPolicies).toHaveLength(1);
    expect(staged?.networkPolicies).toHaveLength(1);
  });

  test('values that mean nothing are told', () => {
    expect(separated('dry-run', 'off', '').remarks).toEqual([
      { object: 'Namespace/shop', value: 'dry-run' },
      { object: 'shop/NetworkPolicy/p', value: 'off' },
      { object: 'AdminNetworkPolicy/a', value: '' },
    ]);
    expect(separated('audit', 'enforce').remarks).toEqual([]);
  });
});
