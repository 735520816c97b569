/** The map of random clusters, held against the oracle pair by pair. */
import { expect, test } from 'vitest';
import { connectivityMap } from '../../src/engine/connectivity.ts';
import type { Connection, ConnectivityMap, PortsValue } from '../../src/engine/results.ts';
import { inCidr, parseAddress } from '../oracle/addresses.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { type End, Oracle, type Query } from '../oracle/oracle.ts';
import { askedPorts, endName, pairsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { engineOf } from './under-test.ts';

type At = Pick<Query, 'protocol' | 'port'>;

function has(ports: PortsValue | 'none' | undefined, at: At): boolean {
  if (ports === undefined || ports === 'none') return false;
  if (ports === 'any') return true;
  return ports.some(
    ({ protocol, ranges }) =>
      protocol === at.protocol &&
      (protocol === 'other' || ranges.some(([low, high]) => low <= at.port && at.port <= high)),
  );
}

/** Some pods become replicas of one ReplicaSet, whatever their labels: owners say nothing about policy. */
function withOwners(objects: readonly Manifest[], seed: number): Manifest[] {
  const random = new Random(seed);
  return objects.map((object) => {
    if (object.kind !== 'Pod' || random.chance(0.4)) return object;
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `r${random.int(0, 1)}`, uid: 'u', controller: true },
    ];
    return { ...object, metadata: { ...object.metadata, ownerReferences } };
  });
}

function ownerOf(objects: readonly Manifest[], pod: string): string {
  const [namespace = '', name = ''] = pod.split('/');
  const object = objects.find(
    ({ kind, metadata }) => kind === 'Pod' && metadata.name === name && (metadata.namespace ?? 'default') === namespace,
  );
  const { ownerReferences } = (object?.metadata ?? {}) as {
    ownerReferences?: readonly { kind: string; name: string }[];
  };
  const owner = ownerReferences?.[0];
  return owner === undefined ? `${namespace}/Pod/${name}` : `${namespace}/${owner.kind}/${owner.name}`;
}

/** The peer that an end belongs to; nodes are none. */
function peerOf(map: ConnectivityMap, end: End, idOfPod: (pod: string) => string): string | undefined {
  if ('node' in end) return undefined;
  if ('pod' in end) return idOfPod(end.pod);
  const holding = map.peers.filter(
    (peer) => peer.type === 'external' && peer.cidrs.some((cidr) => inCidr(parseAddress(end.ip), cidr)),
  );
  if (holding.length !== 1) throw new Error(`${end.ip} is in ${holding.length} external peers`);
  return holding[0]?.id;
}

/** Which of the two families may connect; a family that the pair does not share is left out. */
function truth(oracle: Oracle, from: End, to: End, at: At): Map<4 | 6, boolean> {
  const shared = ([4, 6] as const).filter((family) =>
    [from, to].every((end) => oracle.addresses(end, family).length > 0),
  );
  return new Map(shared.map((family) => [family, oracle.evaluate({ from, to, ...at, family }).allowed]));
}

function byPairs(map: ConnectivityMap): Map<string, Connection> {
  return new Map(map.connections.map((connection) => [`${connection.from} > ${connection.to}`, connection]));
}

test('by pod: every connection, its ports and its families', () => {
  const wrong: string[] = [];
  for (let seed = 3000; seed < 3020; seed++) {
    const objects = randomCluster(seed);
    const oracle = new Oracle(objects);
    const map = connectivityMap(engineOf(objects), { by: 'pod' });
    const connections = byPairs(map);
    for (const { from, to } of pairsOf(objects)) {
      const [source, target] = [from, to].map((end) => peerOf(map, end, (pod) => ownerOf([], pod)));
      if (source === undefined || target === undefined || source === target) continue;
      const connection = connections.get(`${source} > ${target}`);
      for (const at of askedPorts) {
        const allowed = truth(oracle, from, to, at);
        if (allowed.size === 0) continue;
        const external = 'ip' in from || 'ip' in to;
        for (const [family, expected] of allowed) {
          // Pods with one family in common need no `families`; an external peer may hold both.
          const said = connection?.families === undefined ? connection?.ports : connection.families[`IPv${family}`];
          const wanted =
            external || connection?.families !== undefined ? expected : [...allowed.values()].some(Boolean);
          if (has(said, at) === wanted && connection?.certain === undefined) continue;
          wrong.push(
            `seed ${seed}: ${source} > ${target} ${at.protocol}/${at.port} IPv${family}: ${JSON.stringify(connection)}, oracle ${wanted}`,
          );
        }
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});

test('by workload: the union over pairs of replicas, all or some, and the pairs that differ', () => {
  const wrong: string[] = [];
  for (let seed = 3100; seed < 3120; seed++) {
    const objects = withOwners(randomCluster(seed), seed);
    const oracle = new Oracle(objects);
    const map = connectivityMap(engineOf(objects), { self: true });
    const connections = byPairs(map);
    for (const at of askedPorts) {
      const groups = new Map<string, { names: string; allowed: boolean }[]>();
      for (const { from, to } of pairsOf(objects)) {
        const [source, target] = [from, to].map((end) => peerOf(map, end, (pod) => ownerOf(objects, pod)));
        if (source === undefined || target === undefined || endName(from) === endName(to)) continue;
        if ('ip' in from || 'ip' in to) continue;
        const key = `${source} > ${target}`;
        const answers = truth(oracle, from, to, at);
        const group = groups.get(key) ?? [];
        groups.set(key, [
          ...group,
          { names: `${endName(from)} > ${endName(to)}`, allowed: [...answers.values()].some(Boolean) },
        ]);
      }
      for (const [key, pairs] of groups) {
        const connection = connections.get(key);
        const some = pairs.some(({ allowed }) => allowed);
        const all = pairs.every(({ allowed }) => allowed);
        const report = (what: string) =>
          wrong.push(
            `seed ${seed}: ${key} ${at.protocol}/${at.port}: ${what}: ${JSON.stringify(connection)}, oracle ${JSON.stringify(pairs)}`,
          );
        if (has(connection?.ports, at) !== some) report('ports');
        if (some && !all && connection?.replicas !== 'some') report('replicas');
        if (connection?.certain !== undefined) report('certain');
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});

test('views of one map: denied is the rest, a port is a slice, an end is a selection, a namespace a union', () => {
  const wrong: string[] = [];
  for (let seed = 3200; seed < 3215; seed++) {
    const objects = randomCluster(seed);
    const oracle = new Oracle(objects);
    const engine = engineOf(objects);
    const all = byPairs(connectivityMap(engine, { by: 'pod' }));
    const denied = byPairs(connectivityMap(engine, { by: 'pod', denied: true }));
    const sliced = byPairs(connectivityMap(engine, { by: 'pod', port: { protocol: 'TCP', port: 80 } }));
    const namespaces = byPairs(connectivityMap(engine, { by: 'namespace' }));
    const unions = new Map<string, boolean>();
    for (const { from, to } of pairsOf(objects)) {
      if (!('pod' in from && 'pod' in to) || from.pod === to.pod) continue;
      const key = `${ownerOf([], from.pod)} > ${ownerOf([], to.pod)}`;
      if (truth(oracle, from, to, { protocol: 'TCP', port: 80 }).size === 0) continue;
      for (const at of askedPorts) {
        const allowed = [...truth(oracle, from, to, at).values()].some(Boolean);
        if (has(denied.get(key)?.ports, at) === allowed)
          wrong.push(`seed ${seed}: denied ${key} ${at.protocol}/${at.port}`);
        const inSlice = at.protocol === 'TCP' && at.port === 80 && allowed;
        if (has(sliced.get(key)?.ports, at) !== inSlice)
          wrong.push(`seed ${seed}: TCP 80 ${key} ${at.protocol}/${at.port}`);
        const namespace = `namespace/${from.pod.split('/')[0] ?? ''} > namespace/${to.pod.split('/')[0] ?? ''} ${at.protocol}/${at.port}`;
        unions.set(namespace, (unions.get(namespace) ?? false) || allowed);
      }
    }
    for (const [name, allowed] of unions) {
      const [from = '', , to = '', port = ''] = name.split(' ');
      const at = { protocol: port.split('/')[0] as At['protocol'], port: Number(port.split('/')[1]) };
      if (has(namespaces.get(`${from} > ${to}`)?.ports, at) !== allowed)
        wrong.push(`seed ${seed}: namespaces ${name}: oracle ${allowed}`);
    }
    const pod = engine.cluster.pods.length > 0 ? engine.cluster.podLabel(0) : undefined;
    if (pod === undefined) continue;
    const id = ownerOf([], pod);
    const fromOne = byPairs(connectivityMap(engine, { by: 'pod', from: [{ type: 'pod', pod: 0 }] }));
    const wanted = [...all.values()].filter(({ from }) => from === id);
    const named = (list: Iterable<Connection>) =>
      [...list]
        .map(({ from, to, ports }) => JSON.stringify([from, to.replace(/^external:.*/, 'external'), ports]))
        .toSorted();
    if (named(fromOne.values()).join() !== named(wanted).join())
      wrong.push(`seed ${seed}: from ${id}: ${named(fromOne.values()).join()} instead of ${named(wanted).join()}`);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});
