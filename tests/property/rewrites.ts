/** Ways to write the same cluster differently: every verdict must stay (metamorphic properties). */
import type { Manifest, RawClusterSpec, RawPolicySpec } from '../oracle/manifest.ts';
import type { End } from '../oracle/oracle.ts';
import type { Random } from './random.ts';

export interface Rewrite {
  readonly name: string;
  readonly apply: (random: Random, objects: readonly Manifest[]) => Manifest[];
  /** Where an end of the old cluster is in the new one. */
  readonly moved?: (end: End) => End;
}

const specOf = (policy: Manifest): RawPolicySpec => policy.spec ?? {};
const isPolicy = (object: Manifest): boolean => object.kind === 'NetworkPolicy';
const isClusterPolicy = (object: Manifest): boolean => object.kind.endsWith('NetworkPolicy') && !isPolicy(object);

/** What the server makes of absent policyTypes (S16), written out, so that rules can move freely. */
function typesOf(spec: RawPolicySpec): string[] {
  const given = spec.policyTypes ?? [];
  if (given.length > 0) return [...given];
  return (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function mapJson(value: unknown, change: (key: string, value: unknown) => [string, unknown]): unknown {
  if (Array.isArray(value)) return value.map((item) => mapJson(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      const [newKey, newChild] = change(key, child);
      return [newKey, newChild === child ? mapJson(child, change) : newChild];
    }),
  );
}

function shuffledList<T>(random: Random, list: readonly T[] | null | undefined): T[] | null | undefined {
  return list ? random.shuffled(list) : list;
}

const reorder: Rewrite = {
  name: 'objects, rules, peers and ports in another order',
  apply: (random, objects) =>
    random.shuffled(objects).map((object) => {
      if (isPolicy(object) && object.spec) {
        const spec = specOf(object);
        const rules = (list: RawPolicySpec['ingress']) =>
          shuffledList(random, list)?.map((rule) =>
            rule
              ? {
                  ports: shuffledList(random, rule.ports),
                  to: shuffledList(random, rule.to),
                  from: shuffledList(random, rule.from),
                }
              : rule,
          );
        return {
          ...object,
          spec: {
            egress: rules(spec.egress),
            ingress: rules(spec.ingress),
            policyTypes: shuffledList(random, spec.policyTypes),
            podSelector: spec.podSelector,
          },
        };
      }
      if (isClusterPolicy(object)) {
        // The order of rules means something here; that of peers and ports does not.
        const spec = object.spec as RawClusterSpec;
        const rules = (list: RawClusterSpec['ingress']) =>
          list?.map((rule) => ({
            ...rule,
            from: shuffledList(random, rule.from),
            to: shuffledList(random, rule.to),
            protocols: shuffledList(random, rule.protocols),
            ports: shuffledList(random, rule.ports),
          }));
        return { ...object, spec: { ...spec, ingress: rules(spec.ingress), egress: rules(spec.egress) } };
      }
      return object;
    }),
};

const keyNames = new Map([
  ['a', 'zz.io/A'],
  ['b', 'a'],
  ['constructor', 'b'],
  ['k8s.io/c', 'toString'],
  ['nobody', 'anybody'],
]);
const valueNames = new Map([
  ['x', 'y'],
  ['y', ''],
  ['', 'X-1'],
]);

const renameLabels: Rewrite = {
  name: 'label keys and values renamed',
  apply: (_random, objects) => {
    const key = (text: string) => keyNames.get(text) ?? text;
    const value = (text: string) => valueNames.get(text) ?? text;
    const labels = (map: unknown) =>
      Object.fromEntries(
        Object.entries((map ?? {}) as Record<string, string>).map(([k, v]) =>
          keyNames.has(k) ? [key(k), value(v)] : [k, v],
        ),
      );
    return objects.map((object) => ({
      ...(mapJson({ spec: object.spec }, (name, child) => {
        if (name === 'matchLabels' && child) return [name, labels(child)];
        if (name === 'matchExpressions' && Array.isArray(child)) {
          return [
            name,
            (child as { key: string; operator: string; values?: string[] | null }[]).map((each) =>
              keyNames.has(each.key)
                ? { ...each, key: key(each.key), ...(each.values ? { values: each.values.map(value) } : {}) }
                : each,
            ),
          ];
        }
        return [name, child];
      }) as { spec: unknown }),
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { ...object.metadata, labels: labels(object.metadata.labels) },
      ...(object.status === undefined ? {} : { status: object.status }),
    }));
  },
};

const namespaceNames = new Map([
  ['default', 'zebra'],
  ['n1', 'default'],
  ['n2', 'a-1'],
  ['n3', 'n1'],
]);
const movedNamespace = (name: string): string => namespaceNames.get(name) ?? name;

const renameNamespaces: Rewrite = {
  name: 'namespaces renamed',
  apply: (_random, objects) =>
    objects.map((object) => {
      const named = mapJson(object.spec, (name, child) => {
        if (name === 'kubernetes.io/metadata.name') return [name, movedNamespace(String(child))];
        if (name === 'matchExpressions' && Array.isArray(child)) {
          return [
            name,
            (child as { key: string; values?: string[] | null }[]).map((each) =>
              each.key === 'kubernetes.io/metadata.name' && each.values
                ? { ...each, values: each.values.map(movedNamespace) }
                : { ...each },
            ),
          ];
        }
        return [name, child];
      });
      const { metadata } = object;
      const moved =
        object.kind === 'Namespace'
          ? { ...metadata, name: movedNamespace(metadata.name) }
          : ['Pod', 'NetworkPolicy'].includes(object.kind)
            ? { ...metadata, namespace: movedNamespace(metadata.namespace ?? 'default') }
            : metadata;
      return { ...object, metadata: moved, ...(object.spec === undefined ? {} : { spec: named }) };
    }),
  moved: (end) => {
    if (!('pod' in end)) return end;
    const [namespace = '', name = ''] = end.pod.split('/');
    return { pod: `${movedNamespace(namespace)}/${name}` };
  },
};

const split: Rewrite = {
  name: 'every rule a policy of its own',
  apply: (_random, objects) =>
    objects.flatMap((object) => {
      if (!isPolicy(object)) return [object];
      const spec = specOf(object);
      const policyTypes = typesOf(spec);
      const part = (suffix: string, rules: Partial<RawPolicySpec>): Manifest => ({
        ...object,
        metadata: { ...object.metadata, name: `${object.metadata.name}-${suffix}` },
        spec: { podSelector: spec.podSelector, policyTypes, ...rules },
      });
      return [
        part('isolation', {}),
        ...(spec.ingress ?? []).map((rule, i) => part(`in${i}`, { ingress: [rule] })),
        ...(spec.egress ?? []).map((rule, i) => part(`out${i}`, { egress: [rule] })),
      ];
    }),
};

const merge: Rewrite = {
  name: 'policies of one selector and one set of types merged',
  apply: (_random, objects) => {
    const merged = new Map<string, Manifest>();
    const others = objects.filter((object) => !isPolicy(object));
    for (const object of objects.filter(isPolicy)) {
      const spec = specOf(object);
      const types = typesOf(spec);
      // One policy a direction: policies of different types can then meet too.
      for (const direction of ['ingress', 'egress'] as const) {
        const type = direction === 'ingress' ? 'Ingress' : 'Egress';
        if (!types.includes(type)) continue;
        const group = JSON.stringify([object.metadata.namespace ?? 'default', spec.podSelector ?? {}, direction]);
        const before = merged.get(group);
        const rules = [...(before === undefined ? [] : (specOf(before)[direction] ?? [])), ...(spec[direction] ?? [])];
        const name = before?.metadata.name ?? `merged-${merged.size}`;
        merged.set(group, {
          ...object,
          metadata: { ...object.metadata, name },
          spec: { podSelector: spec.podSelector, policyTypes: [type], [direction]: rules },
        });
      }
    }
    return [...others, ...merged.values()];
  },
};

const duplicate: Rewrite = {
  name: 'policies given twice',
  apply: (_random, objects) => [
    ...objects,
    ...objects
      .filter(isPolicy)
      .map((object) => ({ ...object, metadata: { ...object.metadata, name: `again-${object.metadata.name}` } })),
    // Behind all others of its tier, the copy of a cluster policy has nothing left to decide. Only one copy: copies
    // of several would change places among themselves.
    ...objects
      .filter(({ kind }) => kind === 'ClusterNetworkPolicy')
      .slice(0, 1)
      .map((object) => ({
        ...object,
        metadata: { name: 'zz-again' },
        spec: { ...(object.spec as RawClusterSpec), priority: 1000 },
      })),
  ],
};

const explicitDefaults: Rewrite = {
  name: 'defaults written out',
  apply: (_random, objects) =>
    objects.map((object) => {
      if (!isPolicy(object)) return object;
      const spec = specOf(object);
      const rules = (list: RawPolicySpec['ingress']) =>
        (list ?? []).map((rule) => ({
          ...rule,
          ports: (rule?.ports ?? []).map((port) => ({ ...port, protocol: port?.protocol ?? 'TCP' })),
        }));
      return {
        ...object,
        metadata: { ...object.metadata, namespace: object.metadata.namespace ?? 'default' },
        spec: {
          podSelector: spec.podSelector ?? {},
          policyTypes: typesOf(spec),
          ingress: rules(spec.ingress),
          egress: rules(spec.egress),
        },
      };
    }),
};

const owned: Rewrite = {
  name: 'pods become replicas of a Deployment',
  apply: (_random, objects) => {
    const owner = (kind: string, name: string) => [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }];
    return objects.flatMap((object) => {
      if (object.kind !== 'Pod') return [object];
      const { namespace } = object.metadata;
      const name = 'all';
      const template = {
        metadata: { labels: { app: 'all' } },
        spec: { containers: [{ name: 'main', image: 'image' }] },
      };
      const workload = (kind: string, metadata: Record<string, unknown>): Manifest => ({
        apiVersion: 'apps/v1',
        kind,
        metadata: { ...metadata, name: String(metadata['name']), ...(namespace ? { namespace } : {}) },
        spec: { replicas: 3, selector: { matchLabels: { app: 'all' } }, template },
      });
      const first =
        objects.find(
          (other) => other.kind === 'Pod' && (other.metadata.namespace ?? 'default') === (namespace ?? 'default'),
        ) === object;
      return [
        { ...object, metadata: { ...object.metadata, ownerReferences: owner('ReplicaSet', `${name}-1`) } },
        ...(first
          ? [
              workload('Deployment', { name }),
              workload('ReplicaSet', { name: `${name}-1`, ownerReferences: owner('Deployment', name) }),
            ]
          : []),
      ];
    });
  },
};

export const rewrites: readonly Rewrite[] = [
  reorder,
  renameLabels,
  renameNamespaces,
  split,
  merge,
  duplicate,
  explicitDefaults,
  owned,
];
