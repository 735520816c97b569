/**
 * Manifests brought into the kernel of a {@link Network}: every node of it enforces what concerns its pods, by the parts
 * of the agent that do so.
 */
import { Enforcer } from '../../src/agent/enforcer.ts';
import { DEFAULT_FIELD } from '../../src/dataplane/generation.ts';
import { NodePlanner } from '../../src/dataplane/node-planner.ts';
import { FULL_OBSERVATION, type Observation } from '../../src/dataplane/observation.ts';
import { DEFAULT_TABLE } from '../../src/dataplane/transaction.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { systemClock } from '../../src/io/kubernetes/clock.ts';
import { KernelNft } from '../../src/io/nft/kernel-nft.ts';
import { SpawnedNftTable } from '../../src/io/nft/spawned-nft-table.ts';
import type { KubeObject, KubeObjects } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { clusterOf } from '../dataplane/plan-cluster.ts';
import type { Manifest } from '../oracle/manifest.ts';
import type { Network } from './network.ts';

function enforcedObjects(manifests: readonly Manifest[]): KubeObject[] {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
  const { objects }: { readonly objects: KubeObjects } = readManifests([{ name: 'cluster.json', text }]);
  const { namespaces, nodes, pods, networkPolicies, clusterPolicies } = objects;
  return [...namespaces, ...nodes, ...pods, ...networkPolicies, ...clusterPolicies];
}

/** What is in force on one node. */
class EnforcingNode {
  readonly driver: KernelNft;
  private readonly command: [string, ...string[]];
  private readonly observation: Observation;
  private node = '';
  private planner: NodePlanner | undefined;
  private enforcer: Enforcer | undefined;

  constructor(command: [string, ...string[]], observation: Observation) {
    this.command = command;
    this.driver = new KernelNft({ command });
    this.observation = observation;
  }

  /** From what is in force, or as an agent that has just been started. */
  async enforce(objects: readonly KubeObject[], node: string, anew: boolean): Promise<void> {
    const { command, driver, observation } = this;
    if (anew || this.node !== node) this.planner = undefined;
    if (anew) this.enforcer = undefined;
    this.node = node;
    this.planner ??= new NodePlanner({ node, observation });
    this.enforcer ??= new Enforcer({
      driver,
      tables: new SpawnedNftTable({ command }),
      table: DEFAULT_TABLE,
      field: DEFAULT_FIELD,
      clock: systemClock,
      random: () => 0.5,
      observe: () => undefined,
    });
    this.planner.reset(objects);
    await this.enforcer.apply(this.planner.plan());
    const [refused] = this.enforcer.quarantined();
    if (refused !== undefined) throw new Error(`the kernel refuses ${refused.policySet}: ${refused.reason}`);
  }
}

export class Enforced {
  private readonly nodes: readonly EnforcingNode[];

  constructor(network: Network) {
    // What is counted and logged changes no verdict, so it differs from node to node.
    const observations: readonly Observation[] = [FULL_OBSERVATION, {}, { counters: true }];
    this.nodes = network.nodes.map(
      (node, index) => new EnforcingNode(node.enter('nft'), observations[index % observations.length] ?? {}),
    );
    network.beforeClose(async () => {
      await Promise.all(this.nodes.map(({ driver }) => driver.close()));
    });
  }

  /**
   * Each of the named nodes enforces what it has to; by the change from what is in force, or anew.
   *
   * @returns what decides about the connections, without policies in audit mode
   */
  async enforce(objects: readonly Manifest[], names: readonly string[], anew = false): Promise<Engine> {
    const kube = enforcedObjects(objects);
    // A node that the cluster does not have judges nobody.
    await Promise.all(this.nodes.map((node, index) => node.enforce(kube, names[index] ?? 'nowhere', anew)));
    return createEngine(clusterOf(inForce(objects)));
  }
}

const modeAnnotation = 'sallyport.dev/mode';

/** Without the policies that only look on. */
export function inForce(objects: readonly Manifest[]): Manifest[] {
  return objects.filter(({ metadata }) => metadata.annotations?.[modeAnnotation] !== 'audit');
}

/** As a policy that only looks on. */
export function inAuditMode(policy: Manifest): Manifest {
  return { ...policy, metadata: { ...policy.metadata, annotations: { [modeAnnotation]: 'audit' } } };
}
