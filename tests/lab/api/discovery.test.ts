import { describe, expect, test } from 'vitest';
import {
  aggregatedContentType,
  aggregatedDiscovery,
  coreVersions,
  groupDocument,
  groupList,
  resourceList,
} from '../../../src/lab/api/discovery.ts';
import { builtInResources } from '../../../src/lab/api/resources.ts';

describe('discovery', () => {
  test('aggregated: the core group is under /api, all others under /apis', () => {
    const core = aggregatedDiscovery(builtInResources, 'api');
    expect(aggregatedContentType).toMatch(/;as=APIGroupDiscoveryList$/);
    expect(core).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      items: [{ metadata: {}, versions: [{ version: 'v1', freshness: 'Current' }] }],
    });
    expect(JSON.stringify(core)).toContain(
      '{"resource":"namespaces","responseKind":{"group":"","version":"v1","kind":"Namespace"},"scope":"Cluster"',
    );
    expect(JSON.stringify(core)).not.toContain('networkpolicies');
    const named = aggregatedDiscovery(builtInResources, 'apis')['items'];
    expect(named).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          metadata: { name: 'policy.networking.k8s.io' },
          versions: [
            expect.objectContaining({ version: 'v1alpha2' }) as unknown,
            expect.objectContaining({ version: 'v1alpha1' }) as unknown,
          ],
        }),
      ]),
    );
  });

  test('a subresource of another group says so, in both forms', () => {
    const scale = { subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } };
    expect(JSON.stringify(aggregatedDiscovery(builtInResources, 'apis'))).toContain(JSON.stringify(scale).slice(1, -1));
    expect(resourceList(builtInResources, 'apps', 'v1')?.['resources']).toContainEqual({
      name: 'deployments/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
  });

  test('older documents', () => {
    expect(coreVersions).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect(groupList(builtInResources)['groups']).toContainEqual({
      name: 'apps',
      versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    });
    expect(groupDocument(builtInResources, 'apps')).toMatchObject({ kind: 'APIGroup', name: 'apps' });
    expect(groupDocument(builtInResources, 'nope')).toBeUndefined();
    expect(resourceList(builtInResources, '', 'v1')).toMatchObject({ groupVersion: 'v1' });
    expect(resourceList(builtInResources, 'apps', 'v2')).toBeUndefined();
  });
});
