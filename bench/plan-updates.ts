/**
 * What an event costs from the object to the operations for the kernel, nft not included: the plan of one node follows
 * a cluster in which pods come and go and policies change, against the plan that is made anew each time.
 */
import { compilePlan } from '../src/dataplane/compile-plan.ts';
import { separateNodeAddresses } from '../src/dataplane/node-addresses.ts';
import { NodePlanner, type ObjectKey } from '../src/dataplane/node-planner.ts';
import { FULL_OBSERVATION } from '../src/dataplane/observation.ts';
import type { Plan } from '../src/dataplane/plan.ts';
import { diffPlans } from '../src/dataplane/transaction.ts';
import { Compiled } from '../src/engine/compiled.ts';
import type { KubeObject, KubeObjects, NetworkPolicyObject, PodObject } from '../src/kube/objects.ts';
import { readManifests } from '../src/kube/read.ts';
import { buildCluster } from '../src/model/cluster.ts';
import { heapMegabytes, median, percentile, timed } from './measure.ts';
import { Random } from './random.ts';
import { createScenario, scenarioJson } from './scenario.ts';

export interface UpdateSize {
  readonly pods: number;
  readonly policies: number;
  /** Pods of the node, spread over the workloads of the whole cluster: the hard case, as hardly two are judged alike. */
  readonly local: number;
  readonly rounds: number;
}

const node = 'node-7';

export function benchPlanUpdates({ pods, policies, local, rounds }: UpdateSize, say: (line: string) => void): void {
  const text = scenarioJson(createScenario({ pods, policies, shape: 'usual', seed: 1 })).toString();
  const { objects } = readManifests([{ name: 'scenario.json', text }]);
  const random = new Random(3);
  const nodes = Math.ceil(pods / local);
  const everybody = objects.pods.map((pod) => onNode(pod, `node-${random.below(nodes)}`));
  const before = heapMegabytes();
  const world = new World(objects, everybody);
  const memory = heapMegabytes() - before;
  const ours = everybody.filter(({ pod }) => pod.nodeName === node);
  const near = nearPolicies(objects.networkPolicies, ours);

  for (let round = 0; round < rounds; round++) {
    const other = random.pick(everybody);
    if (other.pod.nodeName !== node) world.restart('pod elsewhere', other);
    world.restart('pod of the node', random.pick(ours));
    const policy = random.pick(near);
    world.step('policy in a namespace of the node', [withoutFirstRule(policy)], []);
    world.step('policy in a namespace of the node', [policy], []);
  }
  const anew = median(Array.from({ length: 3 }, () => timed(() => world.planAnew()).ms));

  say(`\n## Plan of a node with ${ours.length} pods: ${pods} pods, ${policies} policies, counters and hits on`);
  say(
    `policy sets ${world.plan.policySets.length}, peer addresses ${world.plan.peers.size}; the planner holds ${memory.toFixed(0)} MB beside the objects; objects to first plan ${world.firstMs.toFixed(0)} ms`,
  );
  say(`everything anew (baseline)           ${anew.toFixed(1)} ms`);
  for (const [what, times] of world.times) {
    const p50 = percentile(times, 0.5);
    say(
      `${what.padEnd(36)} p50 ${p50.toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms   p50 is ${(p50 / anew).toFixed(4)}x of anew`,
    );
  }
}

class World {
  readonly planner = new NodePlanner({ node, observation: FULL_OBSERVATION });
  readonly times = new Map<string, number[]>();
  /** From the objects to the first plan. */
  readonly firstMs: number;
  plan: Plan;
  private readonly objects: KubeObjects;
  private readonly pods: readonly PodObject[];
  private generation = 1;

  constructor(objects: KubeObjects, pods: readonly PodObject[]) {
    this.objects = objects;
    this.pods = pods;
    const { namespaces, nodes, networkPolicies, clusterPolicies } = objects;
    const { ms, value } = timed(() => {
      this.planner.reset([...namespaces, ...nodes, ...networkPolicies, ...clusterPolicies, ...pods]);
      return this.planner.plan();
    });
    this.firstMs = ms;
    this.plan = value;
  }

  restart(what: string, pod: PodObject): void {
    this.step(`${what} goes`, [], [pod]);
    this.step(`${what} comes`, [pod], []);
  }

  step(what: string, upserted: readonly KubeObject[], deleted: readonly KubeObject[]): void {
    const { ms } = timed(() => {
      this.planner.change({ upserted, deleted: deleted.map(keyOf) });
      const next = this.planner.plan();
      this.generation = diffPlans(this.plan, next, { generation: this.generation }).generation;
      this.plan = next;
    });
    const times = this.times.get(what);
    if (times === undefined) this.times.set(what, [ms]);
    else times.push(ms);
  }

  planAnew(): number {
    const cluster = buildCluster(separateNodeAddresses({ ...this.objects, pods: this.pods }));
    const plan = compilePlan(new Compiled(cluster), node, { previous: this.plan, observation: FULL_OBSERVATION });
    return diffPlans(this.plan, plan, { generation: this.generation }).generation;
  }
}

function onNode(pod: PodObject, nodeName: string): PodObject {
  return { ...pod, pod: { ...pod.pod, nodeName } };
}

function keyOf({ kind, meta: { namespace, name } }: KubeObject): ObjectKey {
  return { kind, namespace, name };
}

function nearPolicies(policies: readonly NetworkPolicyObject[], pods: readonly PodObject[]): NetworkPolicyObject[] {
  const namespaces = new Set(pods.map(({ meta }) => meta.namespace));
  return policies.filter(({ meta }) => namespaces.has(meta.namespace));
}

function withoutFirstRule(policy: NetworkPolicyObject): NetworkPolicyObject {
  return { ...policy, ingress: policy.ingress.slice(1), egress: policy.egress.slice(1) };
}
