/** Manifests brought into the kernel of a {@link Network}: every node of it enforces what concerns its pods. */
import { compilePlan } from '../../src/dataplane/compile-plan.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { diffPlans, installPlan } from '../../src/dataplane/transaction.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import { SpawnedNft } from '../../src/io/nft/spawned-nft.ts';
import { clusterOf } from '../dataplane/plan-cluster.ts';
import type { Manifest } from '../oracle/manifest.ts';
import type { Network } from './network.ts';

/** What is in force on one node. */
class EnforcingNode {
  readonly nft: SpawnedNft;
  private plan: Plan | undefined;
  private generation = 0;

  constructor(command: [string, ...string[]]) {
    this.nft = new SpawnedNft({ command });
  }

  /** From what is in force, or anew. */
  async enforce(compiled: Compiled, node: string, anew: boolean): Promise<void> {
    const previous = anew ? undefined : this.plan;
    const plan = compilePlan(compiled, node, { previous });
    const options = { generation: this.generation };
    const transaction = previous === undefined ? installPlan(plan, options) : diffPlans(previous, plan, options);
    await this.nft.apply(transaction);
    this.plan = plan;
    this.generation = transaction.generation;
  }
}

export class Enforced {
  private readonly nodes: readonly EnforcingNode[];

  constructor(network: Network) {
    this.nodes = network.nodes.map((node) => new EnforcingNode(node.enter('nft')));
  }

  /** Each of the named nodes enforces what it has to; by the change from what is in force, or anew. */
  async enforce(objects: readonly Manifest[], names: readonly string[], anew = false): Promise<Engine> {
    const cluster = clusterOf(objects);
    const compiled = new Compiled(cluster);
    // A node that the cluster does not have judges nobody.
    await Promise.all(this.nodes.map((node, index) => node.enforce(compiled, names[index] ?? 'nowhere', anew)));
    return createEngine(cluster);
  }
}
