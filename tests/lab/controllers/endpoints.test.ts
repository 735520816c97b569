import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { isReady } from '../../../src/lab/controllers/pod-state.ts';
import { isGoing, labelsOf, nameOf, objectAt, objectsAt, textAt, textsAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment, template } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

const service = (name: string, spec: JsonObject = {}): JsonObject =>
  cluster.create('services', {
    metadata: { name, labels: { of: name } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }], ...spec },
  });
const pod = (name: string, spec: JsonObject = {}, labels: JsonObject = { app: 'web' }): JsonObject =>
  cluster.create('pods', { ...template(labels, 'nginx', spec), metadata: { name, labels } });
const slices = (name = 'web') => cluster.list('endpointslices', 'demo', `kubernetes.io/service-name=${name}`);
const endpoints = (name = 'web') => slices(name).flatMap((slice) => objectsAt(slice, 'endpoints'));
const addresses = (name = 'web') => endpoints(name).flatMap((each) => textsAt(each, 'addresses'));
const ports = (name = 'web') => slices(name).map((slice) => objectsAt(slice, 'ports'));
const subsets = (name = 'web') => objectsAt(cluster.get('endpoints', name), 'subsets');
const ipOf = (name: string) => textAt(cluster.get('pods', name), 'status', 'podIP');

test('a Service of one pod: slice and Endpoints', async () => {
  service('web');
  pod('a');
  await cluster.settle();
  const a = cluster.get('pods', 'a');
  const targetRef = { kind: 'Pod', namespace: 'demo', name: 'a', uid: textAt(a, 'metadata', 'uid') };
  const nodeName = textAt(a, 'spec', 'nodeName');
  const [slice = {}] = slices();
  expect(nameOf(slice)).toMatch(/^web-[a-z0-9]{5}$/);
  expect(Object.fromEntries(labelsOf(slice))).toEqual({
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    'kubernetes.io/service-name': 'web',
    of: 'web',
  });
  expect(objectsAt(slice, 'metadata', 'ownerReferences')).toMatchObject([
    { kind: 'Service', name: 'web', controller: true },
  ]);
  expect(slice).toMatchObject({
    addressType: 'IPv4',
    endpoints: [
      { addresses: [ipOf('a')], conditions: { ready: true, serving: true, terminating: false }, nodeName, targetRef },
    ],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  });
  expect(subsets()).toEqual([
    { addresses: [{ ip: ipOf('a'), nodeName, targetRef }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  ]);
  expect(await cluster.settle()).toBe(0);
});

test('without pods there is an empty slice, and Endpoints without subsets', async () => {
  service('web');
  await cluster.settle();
  expect(slices()).toHaveLength(1);
  expect([endpoints(), subsets()]).toEqual([[], []]);
});

describe('pods come, change and go', () => {
  beforeEach(async () => {
    service('web');
    pod('a');
    pod('b');
    pod('other', {}, { app: 'other' });
    await cluster.settle();
  });

  test('only those that are selected', () => {
    expect(new Set(addresses())).toEqual(new Set([ipOf('a'), ipOf('b')]));
  });

  test('one that is not ready stays, as that', async () => {
    cluster.setPod(cluster.get('pods', 'a'), {}, false);
    await cluster.settle();
    const [a] = endpoints().filter((each) => textAt(each, 'targetRef', 'name') === 'a');
    expect(objectAt(a ?? {}, 'conditions')).toEqual({ ready: false, serving: false, terminating: false });
    expect(subsets()).toMatchObject([{ addresses: [{ ip: ipOf('b') }], notReadyAddresses: [{ ip: ipOf('a') }] }]);
  });

  test('one that ends serves, but is not ready; in Endpoints it is no more', async () => {
    cluster.deaf = true;
    cluster.delete('pods', 'a');
    await cluster.settle();
    const [a] = endpoints().filter((each) => textAt(each, 'targetRef', 'name') === 'a');
    expect(objectAt(a ?? {}, 'conditions')).toEqual({ ready: false, serving: true, terminating: true });
    expect(subsets()).toMatchObject([{ addresses: [{ ip: ipOf('b') }] }]);
    cluster.deaf = false;
    await cluster.settle();
    expect(addresses()).toEqual([ipOf('b')]);
  });

  test('one that is over is none', async () => {
    cluster.setPod(cluster.get('pods', 'a'), { phase: 'Succeeded' }, false);
    await cluster.settle();
    expect(addresses()).toEqual([ipOf('b')]);
  });

  test('labels move pods in and out', async () => {
    cluster.patch('pods', 'a', { metadata: { labels: { app: 'x' } } });
    cluster.patch('pods', 'other', { metadata: { labels: { app: 'web' } } });
    await cluster.settle();
    expect(new Set(addresses())).toEqual(new Set([ipOf('b'), ipOf('other')]));
  });

  test('the selector of the Service does, too', async () => {
    cluster.patch('services', 'web', { spec: { selector: { app: 'other' } } });
    await cluster.settle();
    expect(addresses()).toEqual([ipOf('other')]);
    expect(subsets()).toMatchObject([{ addresses: [{ ip: ipOf('other') }] }]);
  });

  test('with its Service all goes', async () => {
    cluster.delete('services', 'web');
    await cluster.settle();
    expect(slices()).toEqual([]);
    expect(cluster.names('endpoints')).toEqual([]);
  });

  test('what is deleted by hand is written again', async () => {
    for (const name of cluster.names('endpointslices')) cluster.delete('endpointslices', name);
    cluster.delete('endpoints', 'web');
    await cluster.settle();
    expect(addresses()).toHaveLength(2);
    expect(subsets()).toHaveLength(1);
  });
});

test('a restart of controllers writes nothing', async () => {
  service('web');
  pod('a');
  await cluster.settle();
  cluster.restart();
  expect(await cluster.settle()).toBe(0);
});

describe('ports', () => {
  const withPort = (name: string, containerPort: number) => ({
    containers: [{ name: 'main', image: 'nginx', ports: [{ name, containerPort }] }],
  });

  test('a named target port is that of each pod: a slice for each answer', async () => {
    service('web', { ports: [{ name: 'http', port: 80, targetPort: 'web' }] });
    pod('a', withPort('web', 8080));
    pod('b', withPort('web', 9090));
    pod('c', withPort('web', 8080));
    pod('d');
    await cluster.settle();
    const found = slices().map((slice) => [
      objectsAt(slice, 'ports').map((port) => port['port']),
      objectsAt(slice, 'endpoints').map((each) => textAt(each, 'targetRef', 'name')),
    ]);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        [[8080], ['a', 'c']],
        [[9090], ['b']],
        [[], ['d']],
      ]),
    );
    // The one that has no such port is in no Endpoints.
    expect(subsets().map((each) => objectsAt(each, 'addresses').map((a) => textAt(a, 'targetRef', 'name')))).toEqual([
      ['a', 'c'],
      ['b'],
    ]);
    expect(await cluster.settle()).toBe(0);
  });

  test('several, by number, with protocols', async () => {
    service('web', {
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 },
        { name: 'dns-tcp', port: 53, appProtocol: 'dns' },
      ],
    });
    pod('a');
    await cluster.settle();
    expect(ports()).toEqual([
      [
        { name: 'dns', port: 5353, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', appProtocol: 'dns' },
      ],
    ]);
  });

  test('the only one may be without a name', async () => {
    service('web', { ports: [{ port: 80, targetPort: 8080 }] });
    pod('a');
    await cluster.settle();
    expect(ports()).toEqual([[{ name: '', port: 8080, protocol: 'TCP' }]]);
    expect(subsets()).toMatchObject([{ ports: [{ port: 8080, protocol: 'TCP' }] }]);
    expect(objectsAt(subsets()[0] ?? {}, 'ports')[0]).not.toHaveProperty('name');
  });

  test('a change of the Service changes its slice, not the name', async () => {
    service('web');
    pod('a');
    await cluster.settle();
    cluster.patch('services', 'web', { spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] } });
    await cluster.settle();
    expect(ports()).toEqual([[{ name: 'http', port: 8080, protocol: 'TCP' }]]);
  });
});

describe('kinds of Services', () => {
  test('headless: labelled so, with host names of pods that ask for one', async () => {
    service('web', { clusterIP: 'None', ports: [] });
    pod('a', { hostname: 'first', subdomain: 'web' });
    await cluster.settle();
    const [slice = {}] = slices();
    expect(labelsOf(slice).get('service.kubernetes.io/headless')).toBe('');
    expect(endpoints()).toMatchObject([{ hostname: 'first' }]);
    expect(subsets()).toMatchObject([{ addresses: [{ hostname: 'first' }] }]);
  });

  test('publishNotReadyAddresses: all pods are ready', async () => {
    cluster.behaviour = () => 'running';
    service('web', { publishNotReadyAddresses: true });
    pod('a');
    await cluster.settle();
    expect(isReady(cluster.get('pods', 'a'))).toBe(false);
    expect(objectAt(endpoints()[0] ?? {}, 'conditions')).toEqual({ ready: true, serving: false, terminating: false });
    expect(subsets()).toMatchObject([{ addresses: [{ ip: ipOf('a') }] }]);
  });

  test('ExternalName: nothing', async () => {
    service('web', { type: 'ExternalName', externalName: 'example.com', selector: {} });
    await cluster.settle();
    expect(slices()).toEqual([]);
    expect(cluster.names('endpoints')).toEqual([]);
  });

  test('a Service that becomes ExternalName loses its slices', async () => {
    service('web');
    pod('a');
    await cluster.settle();
    cluster.patch('services', 'web', {
      spec: { type: 'ExternalName', externalName: 'example.com', clusterIP: '', clusterIPs: null },
    });
    await cluster.settle();
    expect(slices()).toEqual([]);
  });
});

describe('Endpoints by hand', () => {
  const write = (list: readonly JsonObject[], labels: JsonObject = {}) =>
    cluster.create('endpoints', { metadata: { name: 'db', labels }, subsets: list });

  beforeEach(async () => {
    cluster.create('services', { metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }] } });
    await cluster.settle();
  });

  test('are mirrored into slices, one for each subset and family', async () => {
    write(
      [
        {
          addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }],
          notReadyAddresses: [{ ip: '192.0.2.2', hostname: 'two' }],
          ports: [{ port: 5432 }],
        },
      ],
      { keep: 'me' },
    );
    await cluster.settle();
    expect(
      slices('db')
        .map((slice) => textAt(slice, 'addressType'))
        .sort(),
    ).toEqual(['IPv4', 'IPv6']);
    const [v4 = {}] = slices('db').filter((slice) => textAt(slice, 'addressType') === 'IPv4');
    expect(Object.fromEntries(labelsOf(v4))).toEqual({
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      'kubernetes.io/service-name': 'db',
      keep: 'me',
    });
    expect(objectsAt(v4, 'endpoints')).toEqual([
      { addresses: ['192.0.2.1'], conditions: { ready: true } },
      { addresses: ['192.0.2.2'], conditions: { ready: false }, hostname: 'two' },
    ]);
    expect(objectsAt(v4, 'ports')).toEqual([{ name: '', port: 5432, protocol: 'TCP' }]);
    expect(await cluster.settle()).toBe(0);
  });

  test('follow their changes and their end', async () => {
    write([
      { addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }] },
      { addresses: [{ ip: '192.0.2.2' }], ports: [{ port: 2 }] },
    ]);
    await cluster.settle();
    expect(slices('db')).toHaveLength(2);
    cluster.patch('endpoints', 'db', { subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ port: 1 }] }] });
    await cluster.settle();
    expect(addresses('db')).toEqual(['192.0.2.9']);
    cluster.delete('endpoints', 'db');
    await cluster.settle();
    expect(slices('db')).toEqual([]);
  });

  test.each<[string, () => void]>([
    [
      'the label says no',
      () => write([{ addresses: [{ ip: '192.0.2.1' }] }], { 'endpointslice.kubernetes.io/skip-mirror': 'true' }),
    ],
    [
      'there is no Service',
      () => cluster.create('endpoints', { metadata: { name: 'no' }, subsets: [{ addresses: [{ ip: '192.0.2.1' }] }] }),
    ],
  ])('stay alone where %s', async (_, make) => {
    make();
    await cluster.settle();
    expect(cluster.names('endpointslices')).toEqual([]);
  });

  test('a Service that begins to select takes over', async () => {
    write([{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }] }]);
    await cluster.settle();
    cluster.patch('services', 'db', { spec: { selector: { app: 'web' } } });
    pod('a');
    await cluster.settle();
    expect(addresses('db')).toEqual([ipOf('a')]);
    expect(subsets('db')).toMatchObject([{ addresses: [{ ip: ipOf('a') }] }]);
    expect(await cluster.settle()).toBe(0);
  });
});

test('250 pods: a hundred a slice, each pod in one; a change of one pod changes one slice; none need but one', async () => {
  service('web');
  cluster.create('deployments', deployment('web', 250));
  await cluster.settle();
  const sizes = slices().map((slice) => objectsAt(slice, 'endpoints').length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(250);
  expect(Math.max(...sizes)).toBe(100);
  expect(new Set(addresses()).size).toBe(250);
  expect(objectsAt(subsets()[0] ?? {}, 'addresses')).toHaveLength(250);

  const before = new Map(slices().map((slice) => [nameOf(slice), textAt(slice, 'metadata', 'resourceVersion')]));
  const [first = {}] = cluster.list('pods').filter((each) => !isGoing(each));
  cluster.setPod(first, {}, false);
  await cluster.settle();
  const changed = slices().filter(
    (slice) => before.get(nameOf(slice)) !== textAt(slice, 'metadata', 'resourceVersion'),
  );
  expect(changed).toHaveLength(1);

  cluster.scale('deployments', 'web', 0);
  await cluster.settle();
  expect([slices().length, addresses()]).toEqual([1, []]);
});

test('dual stack: a slice a family', async () => {
  cluster.behaviour = () => 'stuck';
  service('web');
  const made = cluster.get('services', 'web');
  // As it would be where nodes have both: the strategies of this lab know IPv4 alone.
  cluster.rest.store.update(
    { group: '', plural: 'services', namespace: 'demo', name: 'web' },
    { ...made, spec: { ...objectAt(made, 'spec'), ipFamilies: ['IPv6', 'IPv4'] } },
  );
  pod('a');
  await cluster.settle();
  cluster.setPod(
    cluster.get('pods', 'a'),
    { phase: 'Running', podIP: '10.244.0.9', podIPs: [{ ip: '10.244.0.9' }, { ip: 'fd00::9' }] },
    true,
  );
  await cluster.settle();
  expect(
    slices()
      .map(
        (slice) =>
          `${textAt(slice, 'addressType')} ${objectsAt(slice, 'endpoints')
            .flatMap((each) => textsAt(each, 'addresses'))
            .join()}`,
      )
      .sort(),
  ).toEqual(['IPv4 10.244.0.9', 'IPv6 fd00::9']);
  // The one of the first family.
  expect(subsets()).toMatchObject([{ addresses: [{ ip: 'fd00::9' }] }]);
});
