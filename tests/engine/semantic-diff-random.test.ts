/** The difference of random clusters, held against the oracle connection by connection. */
import { expect, test } from 'vitest';
import { connectivityDiff } from '../../src/engine/semantic-diff.ts';
import type { ConnectionChange, ConnectivityDiff } from '../../src/engine/semantic-diff-results.ts';
import type { PortsValue } from '../../src/engine/results.ts';
import { inCidr, parseAddress } from '../oracle/addresses.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { type End, Oracle, type Query } from '../oracle/oracle.ts';
import { editedCluster } from '../property/edited-cluster.ts';
import { complete, forget } from '../property/missing-facts.ts';
import { minimise } from '../property/minimise.ts';
import { askedPorts, endName, endsOf, isComplete } from '../property/queries.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';
import { Random } from '../property/random.ts';
import { engineOf } from '../property/under-test.ts';

type At = Pick<Query, 'protocol' | 'port'>;

function has(ports: PortsValue | 'none', at: At): boolean {
  if (ports === 'none') return false;
  if (ports === 'any') return true;
  return ports.some(
    ({ protocol, ranges }) =>
      protocol === at.protocol &&
      (protocol === 'other' || ranges.some(([low, high]) => low <= at.port && at.port <= high)),
  );
}

function allowed(oracle: Oracle, from: End, to: End, at: At): boolean {
  return ([4, 6] as const).some(
    (family) =>
      [from, to].every((end) => oracle.addresses(end, family).length > 0) &&
      oracle.evaluate({ from, to, ...at, family }).allowed,
  );
}

/** An address peer may hold both families; with an end that lacks the family there is nothing to say. */
function connected(oracle: Oracle, from: End, to: End): boolean {
  return ([4, 6] as const).some((family) => [from, to].every((end) => oracle.addresses(end, family).length > 0));
}

/** Which peer of the diff an end belongs to; `undefined` when nothing about it changed. */
function peerOf(diff: ConnectivityDiff, end: End, ownerOf: (pod: string) => string): string | undefined {
  if ('pod' in end) return ownerOf(end.pod);
  if ('node' in end) {
    return diff.peers.find((peer) => peer.type === 'nodes' && peer.names.includes(end.node))?.id;
  }
  const holding = diff.peers.filter(
    (peer) => peer.type === 'external' && peer.cidrs.some((cidr) => inCidr(parseAddress(end.ip), cidr)),
  );
  if (holding.length > 1) throw new Error(`${end.ip} is in ${holding.length} external peers`);
  return holding[0]?.id;
}

function podOwner(objects: readonly Manifest[]): (pod: string) => string {
  const owners = new Map<string, string>();
  for (const { kind, metadata } of objects) {
    if (kind !== 'Pod') continue;
    const namespace = metadata.namespace ?? 'default';
    const { ownerReferences } = metadata as { ownerReferences?: readonly { kind: string; name: string }[] };
    const owner = ownerReferences?.[0];
    const id = owner === undefined ? `${namespace}/Pod/${metadata.name}` : `${namespace}/${owner.kind}/${owner.name}`;
    owners.set(`${namespace}/${metadata.name}`, id);
  }
  return (pod) => owners.get(pod) ?? '';
}

/** Workloads that gained or lost pods: those are compared with the pods that stayed. */
function scaledWorkloads(before: readonly Manifest[], after: readonly Manifest[]): ReadonlySet<string> {
  const [a, b] = [before, after].map((objects) => {
    const ownerOf = podOwner(objects);
    return new Map(endsOf(objects).flatMap((end) => ('pod' in end ? [[end.pod, ownerOf(end.pod)] as const] : [])));
  });
  const scaled = new Set<string>();
  for (const [pod, owner] of a ?? []) if (b?.has(pod) !== true) scaled.add(owner);
  for (const [pod, owner] of b ?? []) if (a?.has(pod) !== true) scaled.add(owner);
  return scaled;
}

interface Held {
  readonly wrong: string[];
  compared: number;
  differing: number;
}

/** Both sides are complete, so every difference is certain. */
function hold(before: readonly Manifest[], after: readonly Manifest[], limitPairs = Infinity): Held {
  const diff = connectivityDiff(engineOf(before), engineOf(after));
  const [old, now] = [new Oracle(before), new Oracle(after)];
  const held: Held = { wrong: [], compared: 0, differing: 0 };
  const entries = new Map(diff.changes.map((change) => [`${change.from} > ${change.to}`, change]));
  if (entries.size !== diff.changes.length) held.wrong.push('the same pair twice');
  const known = new Set(endsOf(after).map(endName));
  const ends = endsOf(before).filter((end) => known.has(endName(end)));
  const ownerOf = podOwner(after);
  const seen = new Map<ConnectionChange, { opened: Set<number>; closed: Set<number> }>();
  let pairs = 0;
  let opens = false;
  let closes = false;
  for (const from of ends) {
    for (const to of ends) {
      if (!('pod' in from || 'pod' in to) || endName(from) === endName(to)) continue;
      if (!connected(old, from, to) && !connected(now, from, to)) continue;
      if (++pairs > limitPairs) break;
      const [source, target] = [peerOf(diff, from, ownerOf), peerOf(diff, to, ownerOf)];
      const entry = source === undefined || target === undefined ? undefined : entries.get(`${source} > ${target}`);
      if (entry?.certain === false) held.wrong.push(`${entry.from} > ${entry.to} is not certain`);
      askedPorts.forEach((at, index) => {
        held.compared++;
        const was = allowed(old, from, to, at);
        const is = allowed(now, from, to, at);
        if (was !== is) held.differing++;
        if (was && !is) closes = true;
        if (is && !was) opens = true;
        const said = { opened: has(entry?.opened ?? 'none', at), closed: has(entry?.closed ?? 'none', at) };
        const label = `${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port}`;
        // An entry with `all` speaks for each pair; one with `some` for at least one.
        if (is && !was && !said.opened) held.wrong.push(`${label}: opened, and nothing said`);
        if (was && !is && !said.closed) held.wrong.push(`${label}: closed, and nothing said`);
        if (entry === undefined) return;
        if (was && !has(entry.before, at)) held.wrong.push(`${label}: allowed before, and not said`);
        if (is && !has(entry.after, at)) held.wrong.push(`${label}: allowed after, and not said`);
        if (entry.replicas === 'all' && said.opened && !(is && !was)) held.wrong.push(`${label}: not opened`);
        if (entry.replicas === 'all' && said.closed && !(was && !is)) held.wrong.push(`${label}: not closed`);
        let marks = seen.get(entry);
        if (marks === undefined) seen.set(entry, (marks = { opened: new Set(), closed: new Set() }));
        if (is && !was) marks.opened.add(index);
        if (was && !is) marks.closed.add(index);
      });
    }
  }
  if (pairs <= limitPairs) {
    const scaled = scaledWorkloads(before, after);
    for (const [entry, marks] of seen) {
      if (scaled.has(entry.from) || scaled.has(entry.to)) continue;
      askedPorts.forEach((at, index) => {
        const label = `${entry.from} > ${entry.to} ${at.protocol}/${at.port}`;
        if (has(entry.opened, at) && !marks.opened.has(index)) held.wrong.push(`${label}: opened for nobody`);
        if (has(entry.closed, at) && !marks.closed.has(index)) held.wrong.push(`${label}: closed for nobody`);
      });
    }
  }
  if (opens && ['equivalent', 'tighter'].includes(diff.relation)) held.wrong.push(`opened, but ${diff.relation}`);
  if (closes && ['equivalent', 'looser'].includes(diff.relation)) held.wrong.push(`closed, but ${diff.relation}`);
  for (const change of diff.changes) {
    if (change.causes.length === 0) held.wrong.push(`${change.from} > ${change.to}: no cause`);
  }
  if (!diff.certain) held.wrong.push('not certain, although nothing is missing');
  return held;
}

function describe(seed: number, before: readonly Manifest[], after: readonly Manifest[]): string {
  const fails = (a: readonly Manifest[], b: readonly Manifest[]): string[] => {
    // Shrinking takes anything away.
    if (![a, b].every((side) => Array.isArray(side)) || !isComplete(a) || !isComplete(b)) return [];
    const [was, is] = [podOwner(a), podOwner(b)];
    const moved = endsOf(a).some((end) => 'pod' in end && is(end.pod) !== '' && was(end.pod) !== is(end.pod));
    const owners = [...a, ...b].flatMap(({ metadata }) =>
      Object.entries(metadata).filter(([key]) => key === 'ownerReferences'),
    );
    if (moved || owners.some(([, list]) => !/"kind":"StatefulSet","name":"s[01]"/.test(JSON.stringify(list))))
      return [];
    try {
      return hold(a, b).wrong;
    } catch {
      // Shrinking makes input that the oracle or the decoder refuses.
      return [];
    }
  };
  const both = { before: [...before], after: [...after] };
  const small = minimise(both, (candidate) => fails(candidate.before, candidate.after).length > 0, 2_000);
  return [
    `seed ${seed}`,
    ...fails(small.before, small.after).slice(0, 5),
    ...small.before.map((object) => `- ${JSON.stringify(object)}`),
    ...small.after.map((object) => `+ ${JSON.stringify(object)}`),
  ].join('\n');
}

/** Some pods become replicas of one StatefulSet, whatever their labels. */
function owned(random: Random, objects: readonly Manifest[]): Manifest[] {
  return objects.map((object) => {
    if (object.kind !== 'Pod' || random.chance(0.5)) return object;
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'StatefulSet', name: `s${random.int(0, 1)}`, uid: 'u', controller: true },
    ];
    return { ...object, metadata: { ...object.metadata, ownerReferences } };
  });
}

test.each([0.08, 0.25, 0.7])('edits with chance %d: every opened and closed connection, and no other', (chance) => {
  let compared = 0;
  let differing = 0;
  for (let seed = 8000; seed < 8060; seed++) {
    const random = new Random(seed);
    const before = owned(random, randomCluster(seed));
    const after = editedCluster(random, before, chance).objects;
    const held = hold(before, after);
    compared += held.compared;
    differing += held.differing;
    if (held.wrong.length > 0) expect.fail(describe(seed, before, after));
  }
  expect(compared).toBeGreaterThan(20_000);
  expect(differing).toBeGreaterThan(500);
});

test('another cluster altogether', () => {
  for (let seed = 8100; seed < 8130; seed++) {
    const before = randomCluster(seed);
    // The same pods and namespaces, all policies of another cluster.
    const policies = randomCluster(seed + 1).filter(({ kind }) => kind.endsWith('Policy'));
    const names = new Set(before.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
    const after = [
      ...before.filter(({ kind }) => !kind.endsWith('Policy')),
      ...policies.filter(
        ({ kind, metadata }) => kind !== 'NetworkPolicy' || names.has(metadata.namespace ?? 'default'),
      ),
    ];
    const held = hold(before, after);
    if (held.wrong.length > 0) expect.fail(describe(seed, before, after));
  }
});

test('large clusters, where whole rows are compared', () => {
  for (let seed = 8200; seed < 8204; seed++) {
    const random = new Random(seed);
    const before = largeCluster(seed);
    const after = editedCluster(random, before, seed % 2 === 0 ? 0.02 : 0.4).objects;
    const held = hold(before, after, 400);
    expect(held.wrong.slice(0, 5), `seed ${seed}`).toEqual([]);
  }
});

test('a cluster with itself, whatever the order and the files', () => {
  for (let seed = 8300; seed < 8340; seed++) {
    const objects = randomCluster(seed);
    const diff = connectivityDiff(engineOf(objects), engineOf(new Random(seed).shuffled(objects)));
    expect(diff, `seed ${seed}`).toMatchObject({
      relation: 'equivalent',
      certain: true,
      changes: [],
      isolation: [],
      edits: [],
    });
  }
});

test('the reverse difference opens what the difference closes', () => {
  for (let seed = 8400; seed < 8420; seed++) {
    const random = new Random(seed);
    const objects = randomCluster(seed);
    const after = editedCluster(random, objects, 0.3).objects;
    const [a, b] = [engineOf(objects), engineOf(after)];
    const [there, back] = [connectivityDiff(a, b), connectivityDiff(b, a)];
    const inOrder = (changes: readonly unknown[][]): string[] =>
      changes.map((change) => JSON.stringify(change)).toSorted();
    expect(
      inOrder(there.changes.map(({ from, to, opened, closed }) => [from, to, opened, closed])),
      `seed ${seed}`,
    ).toEqual(inOrder(back.changes.map(({ from, to, opened, closed }) => [from, to, closed, opened])));
  }
});

test('facts missing: whatever they are, no difference goes untold, and what is told for certain is true', () => {
  let told = 0;
  let uncertain = 0;
  const wrong: string[] = [];
  for (let seed = 8600; seed < 8680; seed++) {
    const random = new Random(seed);
    const before = forget(random, randomCluster(seed));
    const isPolicy = ({ kind }: Manifest): boolean => kind.endsWith('Policy');
    const facts = before.filter((object) => !isPolicy(object));
    // The facts are the same on both sides, known or not.
    const policies = editedCluster(random, before, 0.4).objects.filter(isPolicy);
    const diff = connectivityDiff(engineOf(before), engineOf([...facts, ...policies]));
    const entries = new Map(diff.changes.map((change) => [`${change.from} > ${change.to}`, change]));
    for (let round = 0; round < 3; round++) {
      const world = complete(random, before).filter((object) => !isPolicy(object));
      const [old, now] = [new Oracle([...world, ...before.filter(isPolicy)]), new Oracle([...world, ...policies])];
      const pods = endsOf(world).flatMap((end) => ('pod' in end ? [end] : []));
      for (const from of pods) {
        for (const to of pods) {
          if (from.pod === to.pod || !connected(now, from, to)) continue;
          const [source, target] = [from, to].map(({ pod }) => pod.replace('/', '/Pod/'));
          const entry = entries.get(`${source} > ${target}`);
          for (const at of askedPorts) {
            const [was, is] = [allowed(old, from, to, at), allowed(now, from, to, at)];
            const said = { opened: has(entry?.opened ?? 'none', at), closed: has(entry?.closed ?? 'none', at) };
            const label = `seed ${seed}.${round}: ${from.pod} -> ${to.pod} ${at.protocol}/${at.port}`;
            if (is && !was && !said.opened) wrong.push(`${label}: opened, and nothing said`);
            if (was && !is && !said.closed) wrong.push(`${label}: closed, and nothing said`);
            if (entry === undefined) continue;
            told++;
            if (entry.certain === false) uncertain++;
            else if (said.opened !== (is && !was) || said.closed !== (was && !is)) wrong.push(`${label}: not so`);
          }
        }
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(told).toBeGreaterThan(5_000);
  expect(uncertain).toBeGreaterThan(1_000);
});
