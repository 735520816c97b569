/** From manifests to a plan, by the doors that the agent uses. */
import { compilePlan, type PlanOptions } from '../../src/dataplane/compile-plan.ts';
import { separateNodeAddresses } from '../../src/dataplane/node-addresses.ts';
import { nodePart } from '../../src/dataplane/node-peers.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster, type Cluster, type ClusterOptions } from '../../src/model/cluster.ts';
import { parseAddress } from '../oracle/addresses.ts';
import type { Manifest } from '../oracle/manifest.ts';

export function clusterOf(objects: readonly Manifest[], options: ClusterOptions = {}): Cluster {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { objects: kube } = readManifests([{ name: 'cluster.json', text }]);
  return buildCluster(separateNodeAddresses(kube), options);
}

export function planOf(
  objects: readonly Manifest[],
  node: string,
  options: PlanOptions & { readonly cluster?: ClusterOptions } = {},
): Plan {
  return compilePlan(new Compiled(clusterOf(objects, options.cluster)), node, options);
}

/** Every node with one address per family, as packets see them. */
export function separateNodes(objects: readonly Manifest[]): Manifest[] {
  return objects.flatMap((object) => {
    if (object.kind !== 'Node') return [object];
    const addresses = (object.status?.addresses ?? []).filter(({ address }) => parseAddress(address) !== undefined);
    const families = [4, 6].map((family) =>
      addresses.filter(({ address }) => parseAddress(address)?.family === family),
    );
    const count = Math.max(1, ...families.map((list) => list.length));
    return Array.from({ length: count }, (_, index) => ({
      ...object,
      metadata: { ...object.metadata, name: nodePart(object.metadata.name, index) },
      status: { addresses: families.flatMap((list) => list.slice(index, index + 1)) },
    }));
  });
}
