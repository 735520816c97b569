/** Metamorphic properties: the same cluster written differently has the same verdicts. */
import { expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { type End, Oracle } from '../oracle/oracle.ts';
import { endpointOf } from './agreement.ts';
import { askedPorts, endName, pairsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { type Rewrite, rewrites } from './rewrites.ts';
import { engineOf } from './under-test.ts';

const written = (objects: readonly Manifest[]): Manifest[] => JSON.parse(JSON.stringify(objects)) as Manifest[];

/** The oracle's verdicts before and after; the oracle has to survive every rewriting itself. */
function oracleChanges(rewrite: Rewrite, seed: number): string[] {
  const before = randomCluster(seed);
  const after = written(rewrite.apply(new Random(seed), before));
  const [old, now] = [new Oracle(before), new Oracle(after)];
  const changes: string[] = [];
  for (const { from, to } of pairsOf(before)) {
    const moved = { from: rewrite.moved?.(from) ?? from, to: rewrite.moved?.(to) ?? to };
    for (const at of askedPorts.slice(0, 8)) {
      for (const family of [4, 6] as const) {
        if (old.evaluate({ from, to, ...at, family }).allowed === now.evaluate({ ...moved, ...at, family }).allowed)
          continue;
        changes.push(`seed ${seed}: ${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port} IPv${family}`);
      }
    }
  }
  return changes;
}

/** What the engine says of a pair: all ports at once, per family. */
function said(engine: Engine, from: End, to: End): string {
  const { certain, possible, uniform, families } = engine.ports(endpointOf(engine, from), endpointOf(engine, to));
  const bounds = [certain, possible, families?.IPv4?.certain, families?.IPv6?.certain];
  return JSON.stringify([uniform, bounds.map((set) => (set === undefined ? 'none' : engine.portsValue(set)))]);
}

function engineChanges(rewrite: Rewrite, seed: number): string[] {
  const before = randomCluster(seed);
  const [old, now] = [engineOf(before), engineOf(written(rewrite.apply(new Random(seed), before)))];
  const changes: string[] = [];
  for (const { from, to } of pairsOf(before)) {
    const wanted = said(old, from, to);
    const got = said(now, rewrite.moved?.(from) ?? from, rewrite.moved?.(to) ?? to);
    if (got !== wanted) changes.push(`seed ${seed}: ${endName(from)} -> ${endName(to)}: ${got}, before ${wanted}`);
  }
  return changes;
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, index) => 1000 + index);

test.each(rewrites)('oracle: $name', (rewrite) => {
  expect(seeds(5).flatMap((seed) => oracleChanges(rewrite, seed))).toEqual([]);
});

test.each(rewrites)('engine: $name', (rewrite) => {
  expect(seeds(25).flatMap((seed) => engineChanges(rewrite, seed))).toEqual([]);
});

test('a Deployment without pods stands for its replicas', () => {
  const changes: string[] = [];
  for (const seed of seeds(25)) {
    // Replicas have no address and no node in the input, so the pods that they replace must not have them either.
    const before = randomCluster(seed).map((object) =>
      object.kind === 'Pod' && !isHostNetwork(object) ? withoutPlace(object) : object,
    );
    const pods = before.filter((object) => object.kind === 'Pod' && !isHostNetwork(object) && !isOver(object));
    const replaced = pods[0];
    if (replaced === undefined) continue;
    const after = before.map((object) => (object === replaced ? deploymentOf(replaced) : object));
    const [old, now] = [engineOf(before), engineOf(written(after))];
    const workload = now.cluster.workloadById(
      `${replaced.metadata.namespace ?? 'default'}/Deployment/${replaced.metadata.name}`,
    );
    if (workload === undefined) throw new Error(`seed ${seed}: no workload`);
    const name = `${replaced.metadata.namespace ?? 'default'}/${replaced.metadata.name}`;
    for (const { from, to } of pairsOf(before)) {
      if (endName(from) === endName(to) || ![endName(from), endName(to)].includes(name)) continue;
      const end = (each: End) =>
        endName(each) === name ? ({ type: 'workload', workload: workload.index } as const) : endpointOf(now, each);
      for (const at of askedPorts) {
        const wanted = old.verdict({ from: endpointOf(old, from), to: endpointOf(old, to), ...at });
        const got = now.verdict({ from: end(from), to: end(to), ...at });
        if (got !== wanted)
          changes.push(
            `seed ${seed}: ${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port}: ${got}, as a pod ${wanted}`,
          );
      }
    }
  }
  expect(changes).toEqual([]);
});

const podSpec = (pod: Manifest): RawPodSpec => pod.spec ?? {};
const isHostNetwork = (pod: Manifest): boolean => podSpec(pod).hostNetwork === true;
const isOver = (pod: Manifest): boolean => ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');

function withoutPlace(pod: Manifest): Manifest {
  return { ...pod, spec: { ...podSpec(pod), nodeName: null }, status: { phase: pod.status?.phase ?? null } };
}

function deploymentOf(pod: Manifest): Manifest {
  const { labels, ...metadata } = pod.metadata;
  const template = { metadata: { labels: { ...labels, app: 'replica' } }, spec: pod.spec };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: metadata.name, namespace: metadata.namespace },
    spec: { replicas: 1, selector: { matchLabels: { app: 'replica' } }, template },
  };
}
