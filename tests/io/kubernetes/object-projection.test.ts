import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/base/diagnostic.ts';
import type { JsonObject } from '../../../src/io/kubernetes/api-object.ts';
import { JsonFields, withIdentity } from '../../../src/io/kubernetes/json-fields.ts';
import { objectProjection, projectedFields } from '../../../src/io/kubernetes/object-projection.ts';
import { apiVersionOf, type KubeResource, listPath } from '../../../src/io/kubernetes/resource.ts';
import { enforcedKinds, watchedKinds } from '../../../src/io/kubernetes/watched-kinds.ts';
import { KINDS } from '../../../src/kube/kinds.ts';
import type { KubeObject, PodObject } from '../../../src/kube/objects.ts';
import { readManifests } from '../../../src/kube/read.ts';
import { pods } from './pods.ts';

function resource(kind: string): KubeResource {
  const found = watchedKinds.find((known) => known.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not watched`);
  return found;
}

describe('the table of kinds', () => {
  test('has every kind that is read, in its preferred version and scope; Endpoints come as slices', () => {
    const watched = watchedKinds.map(
      ({ kind, namespaced, ...rest }) => `${apiVersionOf({ kind, namespaced, ...rest })} ${kind} ${namespaced}`,
    );
    const read = KINDS.filter(({ kind }) => kind !== 'Endpoints').map(
      ({ kind, apiVersions, namespaced }) => `${apiVersions[0]} ${kind} ${namespaced}`,
    );
    expect(watched.toSorted()).toEqual(read.toSorted());
  });

  test('knows where each is served', () => {
    expect(enforcedKinds.map((kind) => listPath(kind))).toEqual([
      '/api/v1/namespaces',
      '/api/v1/nodes',
      '/api/v1/pods',
      '/apis/networking.k8s.io/v1/networkpolicies',
      '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies',
      '/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies',
      '/apis/policy.networking.k8s.io/v1alpha1/baselineadminnetworkpolicies',
    ]);
    expect(listPath(resource('Pod'), 'shop')).toBe('/api/v1/namespaces/shop/pods');
    expect(listPath(resource('Node'), 'shop')).toBe('/api/v1/nodes');
  });
});

const richPod: JsonObject = {
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '7',
    labels: { app: 'web', constructor: 'x' },
    annotations: { 'sallyport.dev/mode': 'audit', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'o', controller: true }],
    managedFields: [{ manager: 'x' }],
    deletionTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    nodeName: 'node-1',
    serviceAccountName: 'web',
    containers: [
      { name: 'main', image: 'x', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] },
      { name: 'other', somethingNew: {} },
    ],
    initContainers: [
      { name: 'side', restartPolicy: 'Always', ports: [{ containerPort: 9 }] },
      { name: 'once', ports: [{ containerPort: 10 }] },
    ],
    volumes: [{ name: 'v' }],
    newerThanUs: true,
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
    hostIP: '192.0.2.1',
    conditions: [{ type: 'Ready' }],
  },
};

/** Without places, with maps as lists. */
function comparable(object: KubeObject | undefined): unknown {
  return JSON.parse(
    JSON.stringify(object, (key, value: unknown) =>
      key === 'span'
        ? undefined
        : value instanceof Map
          ? [...value]
          : typeof value === 'bigint'
            ? String(value)
            : value,
    ),
  );
}

describe('a live object', () => {
  test('becomes what the same text in a file becomes, but for foreign annotations', () => {
    const manifest = { apiVersion: 'v1', kind: 'Pod', ...richPod };
    const [fromFile] = readManifests([{ name: 'x', text: JSON.stringify(manifest) }]).objects.pods;
    const live = objectProjection({ resource: pods })(richPod);
    const annotations = [['sallyport.dev/mode', 'audit']];
    expect(comparable(live)).toEqual({
      ...(comparable(fromFile) as object),
      meta: { ...(comparable(fromFile) as { meta: object }).meta, annotations },
    });
  });

  test.each([
    ['Namespace', { metadata: { name: 'shop', labels: { a: 'b' } } }],
    [
      'Node',
      {
        metadata: { name: 'n' },
        spec: { podCIDRs: ['10.0.0.0/24'] },
        status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
      },
    ],
    [
      'NetworkPolicy',
      {
        metadata: { name: 'p', namespace: 'shop' },
        spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
      },
    ],
    [
      'Service',
      {
        metadata: { name: 's', namespace: 'shop' },
        spec: { selector: { a: 'b' }, ports: [{ port: 80 }], clusterIP: '10.1.0.1' },
      },
    ],
    [
      'EndpointSlice',
      {
        metadata: { name: 'e', namespace: 'shop', labels: { 'kubernetes.io/service-name': 's' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'] }],
        ports: [{ port: 80 }],
      },
    ],
    [
      'Deployment',
      {
        metadata: { name: 'd', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
    ],
    [
      'AdminNetworkPolicy',
      {
        metadata: { name: 'a' },
        spec: { priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] },
      },
    ],
  ] satisfies readonly (readonly [string, JsonObject])[])('%s as in a file', (kind, object) => {
    const served = resource(kind);
    const text = JSON.stringify({ apiVersion: apiVersionOf(served), kind, ...object });
    const { objects } = readManifests([{ name: 'x', text }]);
    const fromFile = Object.values(objects as unknown as Record<string, readonly KubeObject[]>).flat();
    expect(fromFile).toHaveLength(1);
    expect(comparable(objectProjection({ resource: served })(object))).toEqual(comparable(fromFile[0]));
  });

  test.each(['Pod', 'Node'])('%s is the same with only the fields that are read', (kind) => {
    const served = resource(kind);
    const fields = projectedFields(served);
    const object: JsonObject =
      kind === 'Pod'
        ? richPod
        : {
            metadata: { name: 'n', labels: { a: 'b' }, annotations: { 'sallyport.dev/x': 'y' } },
            spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'], taints: [] },
            status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }], images: [] },
          };
    const kept = new JsonFields(withIdentity(fields ?? {})).keep(Buffer.from(JSON.stringify(object)))?.toString() ?? '';
    expect(kept.length).toBeLessThan(JSON.stringify(object).length);
    const project = objectProjection({ resource: served });
    expect(comparable(project(JSON.parse(kept) as JsonObject))).toEqual(comparable(project(object)));
  });

  test('that today`s validation refuses still counts, and somebody is told (D11)', () => {
    const told: Diagnostic[] = [];
    const project = objectProjection({
      resource: resource('NetworkPolicy'),
      onDiagnostics: (found) => told.push(...found),
    });
    const policy = project({
      metadata: { name: 'p', namespace: 'shop' },
      spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'nonsense' } }] }] },
    });
    expect(policy).toMatchObject({ kind: 'NetworkPolicy', isolates: { ingress: true, egress: false } });
    expect(told.map(({ severity, object }) => `${severity} ${object}`)).toEqual(['warning NetworkPolicy shop/p']);
  });

  test('that is beyond decoding is nothing', () => {
    const told: Diagnostic[] = [];
    const project = objectProjection({
      resource: resource('NetworkPolicy'),
      onDiagnostics: (found) => told.push(...found),
    });
    expect(project({ metadata: { name: 'p', namespace: 'shop' }, spec: { podSelector: 7 } })).toBeUndefined();
    expect(told.map(({ severity }) => severity)).toEqual(['error']);
  });

  test('keeps the annotations that it is told to keep', () => {
    const project = objectProjection({ resource: pods, keepsAnnotation: (key) => key.startsWith('kubectl') });
    expect([...(project(richPod)?.meta.annotations.keys() ?? [])]).toEqual([
      'kubectl.kubernetes.io/last-applied-configuration',
    ]);
  });

  test('shares with others what is equal', () => {
    const project = objectProjection({ resource: pods });
    const [a, b] = [1, 2].map(() => project(JSON.parse(JSON.stringify(richPod)) as JsonObject) as PodObject);
    expect(a).toEqual(b);
    expect(a?.meta.labels).toBe(b?.meta.labels);
    expect(a?.pod.ports).toBe(b?.pod.ports);
    expect(a?.meta.owner).toBe(b?.meta.owner);
    expect(a?.hostIps).toBe(b?.hostIps);
    expect(a?.ips).not.toBe(b?.ips);
  });
});
