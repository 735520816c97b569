/** The plan that follows the cluster, against the one that is made anew. */
import { describe, expect, it } from 'vitest';
import { compilePlan, rangeLookup } from '../../src/dataplane/compile-plan.ts';
import { separateNodeAddresses } from '../../src/dataplane/node-addresses.ts';
import { NodePlanner } from '../../src/dataplane/node-planner.ts';
import { FULL_OBSERVATION } from '../../src/dataplane/observation.ts';
import { ALL_PORTS, NO_PORTS } from '../../src/dataplane/open-ports.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { separateModes } from '../../src/dataplane/policy-mode.ts';
import { tightens } from '../../src/dataplane/tightening.ts';
import { diffPlans, installPlan } from '../../src/dataplane/transaction.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import type { KubeObject, KubeObjects } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { formatCidr, formatIp } from '../../src/base/inet-format.ts';
import { parseIp } from '../../src/base/inet-parse.ts';
import type { IpAddress } from '../../src/base/inet.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { largeCluster, outsideAddresses, randomCluster } from '../property/random-cluster.ts';
import { Random } from '../property/random.ts';
import { FakeTable } from './fake-table.ts';
import { node, questions } from './questions.ts';

function objectsOf(manifests: readonly Manifest[]): KubeObjects {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
  return readManifests([{ name: 'cluster.json', text }]).objects;
}

function listed({ namespaces, nodes, pods, networkPolicies, clusterPolicies }: KubeObjects): KubeObject[] {
  return [...namespaces, ...nodes, ...pods, ...networkPolicies, ...clusterPolicies];
}

const none = { workloads: [], services: [], endpoints: [], ingresses: [], httpRoutes: [], gateways: [] };

function ofKind<K extends KubeObject['kind']>(objects: readonly KubeObject[], ...kinds: K[]) {
  return [...objects].filter((object): object is Extract<KubeObject, { kind: K }> => kinds.includes(object.kind as K));
}

/** All at once. */
function planAnew(objects: readonly KubeObject[]): Plan {
  const { enforced, staged } = separateModes(
    separateNodeAddresses({
      ...none,
      namespaces: ofKind(objects, 'Namespace'),
      nodes: ofKind(objects, 'Node'),
      pods: ofKind(objects, 'Pod'),
      networkPolicies: ofKind(objects, 'NetworkPolicy'),
      clusterPolicies: ofKind(objects, 'ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'),
    }),
  );
  return compilePlan(new Compiled(buildCluster(enforced)), node, {
    staged: staged && new Compiled(buildCluster(staged)),
    observation: FULL_OBSERVATION,
  });
}

function addressOf(text: string): IpAddress {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(text);
  return parsed.ip;
}

/** Everything that a plan says about who may reach whom, line by line, without the numbers that it uses for it. */
function meaning(plan: Plan, asked: readonly string[]): string[] {
  const ofRange = rangeLookup(plan.ranges);
  const lines: string[] = [];
  const towards = (name: string, what: string, said: (identity: number) => string): void => {
    for (const text of asked) {
      const value = said(plan.peers.get(text)?.identity ?? ofRange(addressOf(text)));
      if (value !== '') lines.push(`${name}: ${what} ${text}: ${value}`);
    }
  };
  const judging = new Set<string>();
  for (const { name, direction, policies, closedToNode, open, openedBy } of plan.policySets) {
    // One that nobody is left to be denied by may stay until a plan is compiled again.
    const isVoid = asked.every((text) => {
      return open.get(plan.peers.get(text)?.identity ?? ofRange(addressOf(text)))?.key === ALL_PORTS.key;
    });
    if (isVoid && !closedToNode) continue;
    judging.add(name);
    lines.push(`${name}: ${direction} by ${policies.join(' ')}${closedToNode ? ', closed to the node' : ''}`);
    towards(name, 'open to', (id) => (open.get(id) ?? NO_PORTS).key);
    towards(name, 'by policy to', (id) => (openedBy.get(id) ?? []).map((by) => `${by.policy} ${by.ports.key}`).join());
  }
  for (const { name, direction, policies, wouldDeny } of plan.shadowSets) {
    lines.push(`${name}: ${direction} shadow of ${policies.join(' ')}`);
    towards(name, 'would deny', (id) => (wouldDeny.get(id) ?? NO_PORTS).key);
  }
  for (const { pod, address, ingress, egress, shadow } of plan.localPods) {
    const judges = [ingress, egress].filter((name) => name !== undefined && judging.has(name));
    lines.push(`${pod} ${formatIp(address)}: ${[...judges, shadow.ingress, shadow.egress].join(' ')}`);
  }
  lines.push(...plan.closedRanges.map((cidr) => `closed: ${formatCidr(cidr)}`));
  return lines.sort();
}

/** Lines that only one of them has. */
function differences(a: readonly string[], b: readonly string[]): string[] {
  const [inA, inB] = [new Set(a), new Set(b)];
  return [
    ...a.filter((line) => !inB.has(line)).map((line) => `+ ${line}`),
    ...b.filter((line) => !inA.has(line)).map((line) => `- ${line}`),
  ];
}

/** What is open to everybody is open to each, and everything named exists. */
function checkWhole(plan: Plan): void {
  const names = new Set([...plan.policySets, ...plan.shadowSets].map(({ name }) => name));
  for (const { ingress, egress, shadow } of plan.localPods) {
    for (const name of [ingress, egress, shadow.ingress, shadow.egress]) {
      if (name !== undefined) expect(names).toContain(name);
    }
  }
}

/** A plan that shares nothing with any other. */
function unshared(plan: Plan): Plan {
  return {
    ...plan,
    policySets: plan.policySets.map((set) => ({ ...set })),
    shadowSets: plan.shadowSets.map((set) => ({ ...set })),
    localPods: plan.localPods.map((pod) => ({ ...pod })),
    ranges: plan.ranges.map((range) => ({ ...range })),
    peers: new Map(plan.peers),
  };
}

function contentOf(table: FakeTable): unknown {
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return structuredClone([
    sorted(table.sets).map(([name, { elements }]) => [name, sorted(elements)]),
    sorted(table.chains),
  ]);
}

const keyOf = ({ kind, meta }: KubeObject): string => `${kind} ${meta.namespace} ${meta.name}`;

const isLarge = (seed: number): boolean => seed % 8 === 0;

/** Objects of several clusters, whose names and addresses collide: some of them are there at any time. */
function poolOf(seed: number): KubeObject[] {
  const make = isLarge(seed) ? largeCluster : randomCluster;
  return [0, 1, 2].flatMap((at) => listed(objectsOf(make(seed * 3 + at))));
}

describe('a plan that follows the cluster', () => {
  it.each(Array.from({ length: 16 }, (_, index) => [index + 1]))('says what one made anew says (seed %i)', (seed) => {
    const pool = poolOf(seed);
    const random = new Random(seed);
    const planner = new NodePlanner({ node, observation: FULL_OBSERVATION });
    const present = new Map<string, KubeObject>();
    const table = new FakeTable();
    let before: Plan | undefined;
    let generation = 0;
    for (let step = 0; step < (isLarge(seed) ? 15 : 50); step++) {
      const upserted: KubeObject[] = [];
      const deleted: KubeObject[] = [];
      const count = step === 0 ? pool.length / 2 : random.chance(0.8) ? 1 : 4;
      for (let i = 0; i < count; i++) {
        const object = random.pick(pool);
        const there = present.get(keyOf(object));
        if (there !== undefined && random.chance(0.5)) {
          present.delete(keyOf(object));
          deleted.push(there);
          planner.change({ upserted: [], deleted: [{ kind: there.kind, ...namesOf(there) }] });
        } else {
          present.set(keyOf(object), object);
          upserted.push(object);
          planner.change({ upserted: [object], deleted: [] });
        }
      }
      if (random.chance(0.2)) continue;
      const plan = planner.plan();
      const anew = planAnew([...present.values()]);
      const asked = [
        ...new Set([...outsideAddresses, ...plan.peers.keys(), ...anew.peers.keys(), ...addressesIn(present.values())]),
      ];
      checkWhole(plan);
      expect(differences(meaning(plan, asked), meaning(anew, asked)), `seed ${seed}, step ${step}`).toEqual([]);
      const transaction = before === undefined ? installPlan(plan) : diffPlans(before, plan, { generation });
      if (before !== undefined) {
        expect(transaction.generation !== generation, `seed ${seed}, step ${step}`).toBe(
          tightens(unshared(before), unshared(plan)),
        );
        expect(planner.plan()).toBe(plan);
      }
      table.apply(transaction);
      ({ generation } = transaction);
      const fresh = new FakeTable();
      fresh.apply(installPlan(plan, { generation: generation - 1 }));
      expect(contentOf(table), `seed ${seed}, step ${step}`).toEqual(contentOf(fresh));
      before = plan;
    }
  });

  it('every packet gets the verdict of the oracle, whatever there was before', () => {
    const planner = new NodePlanner({ node, observation: FULL_OBSERVATION });
    const table = new FakeTable();
    let before: Plan | undefined;
    let generation = 0;
    let asked = 0;
    for (let seed = 500; seed < 525; seed++) {
      const cluster = randomCluster(seed);
      // One by one, each with a plan of its own, or all at once.
      const objects = listed(objectsOf(cluster));
      const apply = (): void => {
        const plan = planner.plan();
        const transaction = before === undefined ? installPlan(plan) : diffPlans(before, plan, { generation });
        table.apply(transaction);
        ({ generation } = transaction);
        before = plan;
      };
      if (seed % 2 === 0) {
        for (const object of objects) {
          planner.change({ upserted: [object], deleted: [] });
          apply();
        }
      }
      planner.reset(objects);
      apply();
      for (const { label, packet, allowed } of questions(cluster, false)) {
        asked++;
        expect(table.judge(packet).verdict, `seed ${seed}: ${label}`).toBe(allowed ? 'accept' : 'drop');
      }
    }
    expect(asked).toBeGreaterThan(9_000);
  });
});

function namesOf({ meta: { namespace, name } }: KubeObject) {
  return { namespace, name };
}

function* addressesIn(objects: Iterable<KubeObject>): Generator<string> {
  for (const object of objects) {
    if (object.kind === 'Pod') for (const ip of object.ips) yield formatIp(ip);
    else if (object.kind === 'Node') for (const ip of object.addresses) yield formatIp(ip);
  }
}
