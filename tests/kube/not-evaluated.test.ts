import { describe, expect, test } from 'vitest';
import { notEvaluated } from '../../src/kube/not-evaluated.ts';
import { warningsOf } from './reading.ts';

describe('kinds that are skipped and yet decide over connections', () => {
  test.each([
    ['cilium.io/v2', 'CiliumNetworkPolicy'],
    ['cilium.io/v2', 'CiliumClusterwideNetworkPolicy'],
    ['crd.projectcalico.org/v1', 'NetworkPolicy'],
    ['crd.projectcalico.org/v1', 'GlobalNetworkPolicy'],
    ['projectcalico.org/v3', 'NetworkPolicy'],
    ['crd.antrea.io/v1beta1', 'ClusterNetworkPolicy'],
    ['k8s.ovn.org/v1', 'EgressFirewall'],
    ['security.istio.io/v1', 'AuthorizationPolicy'],
  ])('%s %s: a policy of somebody else', (apiVersion, kind) => {
    expect(notEvaluated([{ apiVersion, kind, count: 2 }]).map(({ severity, message }) => [severity, message])).toEqual([
      ['warning', `not evaluated: 2 ${kind} (${apiVersion})`],
    ]);
  });

  test.each([
    ['apps.openshift.io/v1', 'DeploymentConfig'],
    ['argoproj.io/v1alpha1', 'Rollout'],
    ['serving.knative.dev/v1', 'Service'],
  ])('%s %s: pods that are not in the answer', (apiVersion, kind) => {
    expect(notEvaluated([{ apiVersion, kind, count: 1 }])[0]?.message).toMatch(/^not read: 1 .* pods are missing/);
  });

  test.each([
    ['route.openshift.io/v1', 'Route'],
    ['gateway.networking.k8s.io/v1', 'GRPCRoute'],
    ['networking.istio.io/v1', 'VirtualService'],
    ['traefik.io/v1alpha1', 'IngressRoute'],
  ])('%s %s: an exposure that is not in the answer', (apiVersion, kind) => {
    expect(notEvaluated([{ apiVersion, kind, count: 3 }])).toEqual([
      {
        severity: 'warning',
        code: 'not-evaluated',
        message: `not read: 3 ${kind} (${apiVersion}); what it exposes is missing from the answer`,
      },
    ]);
  });

  test.each([
    ['v1', 'ConfigMap'],
    ['projectcalico.org/v3', 'StagedNetworkPolicy'],
    ['networking.istio.io/v1', 'Gateway'],
    ['constructor/v1', 'NetworkPolicy'],
    ['', 'NetworkPolicy'],
    ['/v1', 'toString'],
  ])('%s %s is nothing of the kind', (apiVersion, kind) => {
    expect(notEvaluated([{ apiVersion, kind, count: 1 }])).toEqual([]);
  });
});

test('the reader says so before anything else', () => {
  const text = [
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, label: x}',
    'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}',
    'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: b}',
  ].join('\n---\n');
  expect(warningsOf(text)).toEqual([
    '- not evaluated: 2 CiliumNetworkPolicy (cilium.io/v2)',
    '3:21 unknown field "metadata.label"',
  ]);
});
