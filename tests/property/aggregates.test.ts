/**
 * Ends that stand for several: a workload for its pods, a range for its addresses. `allowed` needs all of them, one
 * denied is enough for `denied`.
 */
import { expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { ConnectionQuery, Endpoint } from '../../src/engine/query.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { type End, Oracle, type Query } from '../oracle/oracle.ts';
import { endpointOf, engineAddress } from './agreement.ts';
import { askedPorts, endName, endsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { engineOf } from './under-test.ts';

type At = Pick<Query, 'protocol' | 'port'>;

/** Undefined when the two have no family in common. */
function allowed(oracle: Oracle, from: End, to: End, at: At): boolean | undefined {
  const shared = ([4, 6] as const).filter((family) =>
    [from, to].every((end) => oracle.addresses(end, family).length > 0),
  );
  return shared.length === 0
    ? undefined
    : shared.some((family) => oracle.evaluate({ from, to, ...at, family }).allowed);
}

/** Of all single pairs; those that are impossible, or a pod with itself, count only when there are no others. */
function aggregate(oracle: Oracle, from: readonly End[], to: readonly End[], at: At): 'allowed' | 'denied' {
  const pairs = from.flatMap((a) =>
    to.map((b) => ({ self: endName(a) === endName(b), allowed: allowed(oracle, a, b, at) })),
  );
  const proper = pairs.filter((pair) => !pair.self && pair.allowed !== undefined);
  const counted = proper.length > 0 ? proper : pairs;
  return counted.every((pair) => pair.allowed === true) ? 'allowed' : 'denied';
}

function differences(
  engine: Engine,
  oracle: Oracle,
  ends: { from: Endpoint; to: Endpoint },
  members: { from: readonly End[]; to: readonly End[] },
  label: string,
): string[] {
  return askedPorts.flatMap((at) => {
    const query: ConnectionQuery = { ...ends, ...at };
    const wanted = aggregate(oracle, members.from, members.to, at);
    const got = [engine.verdict(query), engine.explain(query).verdict];
    return got.every((verdict) => verdict === wanted)
      ? []
      : [`${label} ${at.protocol}/${at.port}: ${got.join(', explained ')}, oracle ${wanted}`];
  });
}

/** Puts pods of one namespace under one owner, whatever their labels and nodes. */
function owned(random: Random, objects: readonly Manifest[]): { objects: Manifest[]; groups: Map<string, End[]> } {
  const groups = new Map<string, End[]>();
  const result = objects.map((object) => {
    if (object.kind !== 'Pod' || random.chance(0.4)) return object;
    const namespace = object.metadata.namespace ?? 'default';
    const name = `s${random.int(0, 1)}`;
    const id = `${namespace}/StatefulSet/${name}`;
    if (!['Succeeded', 'Failed'].includes(object.status?.phase ?? '')) {
      groups.set(id, [...(groups.get(id) ?? []), { pod: `${namespace}/${object.metadata.name}` }]);
    }
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid: 'u', controller: true }];
    return { ...object, metadata: { ...object.metadata, ownerReferences } };
  });
  return { objects: result, groups };
}

test('workloads', () => {
  const wrong: string[] = [];
  for (let seed = 4000; seed < 4025; seed++) {
    const { objects, groups } = owned(new Random(seed), randomCluster(seed));
    const [engine, oracle] = [engineOf(objects), new Oracle(objects)];
    const sides = [
      ...[...groups].map(([id, members]) => {
        const workload = engine.cluster.workloadById(id);
        if (workload === undefined) throw new Error(`seed ${seed}: no ${id}`);
        return { name: id, members, endpoint: { type: 'workload', workload: workload.index } as const };
      }),
      ...endsOf(objects).map((end) => ({ name: endName(end), members: [end], endpoint: endpointOf(engine, end) })),
    ];
    for (const from of sides) {
      for (const to of sides) {
        if (from.endpoint.type !== 'workload' && to.endpoint.type !== 'workload') continue;
        const label = `seed ${seed}: ${from.name} -> ${to.name}`;
        wrong.push(
          ...differences(
            engine,
            oracle,
            { from: from.endpoint, to: to.endpoint },
            { from: from.members, to: to.members },
            label,
          ),
        );
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});

/** Ranges without pods and nodes, each with an address of every stretch that the random policies tell apart. */
const ranges = [
  {
    first: '203.0.113.0',
    last: '203.0.113.255',
    prefix: 24,
    members: ['203.0.113.0', '203.0.113.6', '203.0.113.7', '203.0.113.8', '203.0.113.255'],
  },
  { first: '11.0.0.0', last: '11.255.255.255', prefix: 8, members: ['11.0.0.1'] },
  { first: '128.0.0.0', last: '191.255.255.255', prefix: 2, members: ['128.0.0.0', '191.255.255.255'] },
] as const;

test('ranges', () => {
  const wrong: string[] = [];
  for (let seed = 4100; seed < 4130; seed++) {
    const objects = randomCluster(seed);
    const [engine, oracle] = [engineOf(objects), new Oracle(objects)];
    for (const { first, last, prefix, members } of ranges) {
      const [low, high] = [engineAddress(first), engineAddress(last)];
      if (low.family !== 4 || high.family !== 4) throw new Error('IPv4 ranges only');
      const range: Endpoint = {
        type: 'range',
        label: first,
        cidrs: [{ family: 4, prefix, first: low.value, last: high.value }],
      };
      const outside = members.map((ip) => ({ ip }));
      for (const end of endsOf(objects).filter((each) => 'pod' in each)) {
        const pod = endpointOf(engine, end);
        wrong.push(
          ...differences(
            engine,
            oracle,
            { from: range, to: pod },
            { from: outside, to: [end] },
            `seed ${seed}: ${first} -> ${endName(end)}`,
          ),
          ...differences(
            engine,
            oracle,
            { from: pod, to: range },
            { from: [end], to: outside },
            `seed ${seed}: ${endName(end)} -> ${first}`,
          ),
        );
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});
