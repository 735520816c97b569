import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameJson, type JsonObject } from '../../../../src/lab/api/json.ts';
import { strategies } from '../../../../src/lab/api/kinds/strategies.ts';
import { builtInResources } from '../../../../src/lab/api/resources.ts';
import { StatusError } from '../../../../src/lab/api/status-error.ts';
import { tableOf } from '../../../../src/lab/api/tables/table-of.ts';
import { anyObject } from './any-object.ts';
import { KindCluster } from './kind-cluster.ts';

const kinds = [...strategies.keys()];

const selector = { matchLabels: { app: 'web' } };
const template = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'web', image: 'nginx', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '0.5' } } },
    ],
  },
};

/** `undefined` when it was refused with a Status. */
function refusable<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    return undefined;
  }
}

describe('whatever a client sends', () => {
  it('has a strategy for each kind that the lab serves with rules', () => {
    const served = new Set(builtInResources.map(({ kind }) => kind));
    expect(kinds.filter((kind) => !served.has(kind))).toEqual([]);
  });

  it.each(kinds)('%s is filled in, judged and printed, or refused, and never changed', (kind) => {
    const resource = builtInResources.find((each) => each.kind === kind);
    if (resource === undefined) throw new Error(kind);
    fc.assert(
      fc.property(
        anyObject(resource),
        anyObject(resource),
        fc.constantFrom('ipv4', 'dual'),
        (first, second, family) => {
          const cluster = new KindCluster(family);
          const before = refusable(() => cluster.create(frozen(first)));
          if (before !== undefined) {
            for (const cause of before.causes) expect(cause).toMatch(/: /);
            refusable(() => cluster.update(frozen(before.object), frozen(second)));
            strategies.get(kind)?.gracePeriodSeconds?.(before.object);
          }
          const nowMs = Date.parse('2026-01-02T00:00:00Z');
          const objects = [first, second, ...(before === undefined ? [] : [before.object])];
          const { rows } = tableOf({ resource, objects, includeObject: 'Metadata', nowMs });
          expect(rows).toHaveLength(objects.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each<[kind: string, fields: JsonObject]>([
    ['ConfigMap', { data: { a: '1' } }],
    ['ControllerRevision', { data: { a: 1 }, revision: 1 }],
    ['DaemonSet', { spec: { selector, template } }],
    ['Deployment', { spec: { selector, template } }],
    ['EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }],
    ['Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }],
    ['Event', { involvedObject: { namespace: 'shop' } }],
    ['Job', { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } }],
    ['Lease', { spec: { holderIdentity: 'a' } }],
    ['Namespace', {}],
    ['NetworkPolicy', { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } }],
    ['Node', { spec: { podCIDR: '10.244.0.0/22' } }],
    ['Pod', { spec: { ...template.spec, hostNetwork: true, volumes: [{ name: 'v' }] } }],
    ['ReplicaSet', { spec: { selector, template } }],
    ['Secret', { stringData: { a: 'b' } }],
    ['Service', { spec: { ports: [{ port: 80 }], ipFamilyPolicy: 'PreferDualStack' } }],
    ['Service', { spec: { clusterIP: 'None' } }],
    ['Service', { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] } }],
    ['Service', { spec: { type: 'ExternalName', externalName: 'example.com' } }],
    ['StatefulSet', { spec: { selector, template } }],
  ])('%s %j that is sent back as it came stays as it is', (kind, fields) => {
    const resource = builtInResources.find((each) => each.kind === kind);
    const apiVersion = resource?.group === '' ? 'v1' : `${resource?.group}/${resource?.version}`;
    const cluster = new KindCluster('dual');
    const stored = cluster.store({ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' }, ...fields });
    const again = cluster.update(stored, stored);
    expect(again.causes).toEqual([]);
    expect(sameJson(again.object, stored)).toBe(true);
  });
});

function frozen(object: JsonObject): JsonObject {
  for (const value of Object.values(object))
    if (typeof value === 'object' && value !== null) frozen(value as JsonObject);
  return Object.freeze(object);
}
