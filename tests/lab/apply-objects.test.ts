import { describe, expect, test } from 'vitest';
import { strategies } from '../../src/lab/api/kinds/strategies.ts';
import { RestService } from '../../src/lab/api/rest/rest-service.ts';
import { systemContext } from '../../src/lab/api/rest/rest.ts';
import { seedSystem } from '../../src/lab/api/rest/system-seeds.ts';
import { ObjectStore } from '../../src/lab/api/store/object-store.ts';
import { applyObjects } from '../../src/lab/apply-objects.ts';
import { labManifests } from '../../src/lab/manifests.ts';
import { type IpFamily, labNetworks } from '../../src/lab/networks.ts';
import { notReady } from '../../src/lab/readiness.ts';
import { createSystemObjects } from '../../src/lab/system-objects.ts';
import { FakeClock } from '../io/kubernetes/fake-clock.ts';

function setUp(family: IpFamily = 'dual') {
  let uids = 0;
  const store = new ObjectStore({ now: () => new Date(0), newUid: () => `uid-${++uids}` });
  const networks = labNetworks(2, family);
  const rest = new RestService({ store, networks, clock: new FakeClock(), random: () => 0.5, strategies });
  seedSystem(rest);
  const apply = (text: string) => applyObjects(rest, labManifests([{ name: 'a.yaml', text }]).objects);
  return { store, networks, rest, apply };
}

const pod = (name: string, namespace = 'shop') =>
  `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, namespace: ${namespace}}, spec: {containers: [{name: c, image: nginx}]}}\n`;

describe('applying manifests', () => {
  test('makes what others need first, and the namespaces that nobody wrote down', () => {
    const { apply, store } = setUp();
    const { applied, refused, changes } = apply(
      `${pod('a')}---\n${pod('b', 'other')}---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}\n`,
    );
    expect(refused).toEqual([]);
    expect(applied.map(({ name, action, place }) => `${name} ${action} ${place}`)).toEqual([
      'namespaces/shop created a.yaml:5',
      'shop/pods/a created a.yaml:1',
      'other/pods/b created a.yaml:3',
    ]);
    expect(changes.map(({ resource }) => resource.plural)).toEqual(['namespaces', 'pods', 'namespaces', 'pods']);
    expect(store.find({ group: '', plural: 'namespaces', namespace: '', name: 'other' })).toBeDefined();
  });

  test('a second time changes nothing', () => {
    const { apply, store } = setUp();
    apply(pod('a'));
    const before = store.resourceVersion;
    const again = apply(pod('a'));
    expect(again.applied.map(({ action }) => action)).toEqual(['unchanged']);
    expect(again.changes).toEqual([]);
    expect(store.resourceVersion).toBe(before);
    expect(apply(pod('a').replace('name: a,', 'name: a, labels: {v: "2"},')).applied[0]?.action).toBe('configured');
  });

  test('what the API server refuses is told with its place, and the rest is applied', () => {
    const { apply } = setUp();
    const { applied, refused } = apply(
      `${pod('a')}---\n${pod('B')}---\n{apiVersion: example.com/v1, kind: Thing, metadata: {name: x}}\n---\n${pod('c').replace('containers', 'containerz')}`,
    );
    expect(applied.map(({ name }) => name)).toEqual(['shop/pods/a']);
    expect(refused.map(({ place }) => place)).toEqual(['a.yaml:3', 'a.yaml:5', 'a.yaml:7']);
    expect(refused[0]?.message).toContain('Pod "B" is invalid: metadata.name: Invalid value: "B"');
    expect(refused[1]?.message).toContain('no matches for kind "Thing" in version "example.com/v1"');
    expect(refused[2]?.message).toContain('containerz');
  });
});

describe('what is there from the start', () => {
  test.each(['ipv4', 'ipv6', 'dual'] as const)('the API and DNS at their addresses, %s', (family) => {
    const { rest, store, networks } = setUp(family);
    createSystemObjects(rest, networks);
    const services = store.list({ group: '', plural: 'services' }).items.map(({ spec }) => spec);
    expect(services).toMatchObject([{ clusterIPs: networks.apiService }, { clusterIPs: networks.dnsService }]);
    expect(store.list({ group: 'discovery.k8s.io', plural: 'endpointslices' }).items).toHaveLength(
      networks.families.length,
    );
  });
});

describe('what is waited for', () => {
  test('pods that do not run, with the reason, and workloads without their replicas', () => {
    const { apply, store, rest } = setUp();
    apply(
      `${pod('a')}---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 2, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: nginx}]}}}}\n`,
    );
    expect(notReady(store)).toEqual(['shop/Deployment/web: not looked at yet', 'shop/Pod/a: Pending']);
    const [resource, deployments] = [rest.find('', 'v1', 'pods'), rest.find('apps', 'v1', 'deployments')];
    if (resource === undefined || deployments === undefined) throw new Error('no pods');
    const status = (value: object): void => {
      rest.patch(
        { resource, namespace: 'shop', name: 'a', subresource: 'status' },
        { type: 'merge', body: { status: value } as never },
        systemContext('kubelet'),
      );
    };
    status({
      containerStatuses: [
        {
          name: 'c',
          image: '',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
        },
      ],
    });
    rest.patch(
      { resource: deployments, namespace: 'shop', name: 'web', subresource: 'status' },
      {
        type: 'merge',
        body: { status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 } },
      },
      systemContext('deployment-controller'),
    );
    expect(notReady(store)).toEqual([
      'shop/Deployment/web: 1 of 2 replicas are ready',
      'shop/Pod/a: ErrImagePull: no such image',
    ]);
    status({ conditions: [{ type: 'Ready', status: 'True' }] });
    rest.patch(
      { resource: deployments, namespace: 'shop', name: 'web', subresource: 'status' },
      { type: 'merge', body: { status: { replicas: 2, updatedReplicas: 2, availableReplicas: 2 } } },
      systemContext('deployment-controller'),
    );
    expect(notReady(store)).toEqual([]);
  });
});
