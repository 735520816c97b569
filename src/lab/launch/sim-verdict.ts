/** The engine of the product on the objects of a lab, as they are when it is asked. */
import { parseIp } from '../../base/inet-parse.ts';
import { separateModes } from '../../dataplane/policy-mode.ts';
import { createEngine, type Engine } from '../../engine/engine.ts';
import type { Endpoint } from '../../engine/query.ts';
import { objectProjection } from '../../io/kubernetes/object-projection.ts';
import type { KubeResource } from '../../io/kubernetes/resource.ts';
import { enforcedKinds } from '../../io/kubernetes/watched-kinds.ts';
import { groupObjects } from '../../kube/collection.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { buildCluster } from '../../model/cluster.ts';
import type { JsonObject } from '../api/json.ts';
import { type ObjectStore, resourceKey } from '../api/store/object-store.ts';
import type { SimEnd, SimVerdict } from '../runtime/sim/sim-network.ts';

/** What cannot be known is denied, as an agent would. */
export function simVerdict(store: ObjectStore): SimVerdict {
  const kinds = enforcedKinds.map((resource): DecodedKind => {
    const decode = objectProjection({ resource });
    // A stored object has no members without a value.
    return { resource, decode: (object) => decode(object as Parameters<typeof decode>[0]) };
  });
  const relevant = new Set(enforcedKinds.map((resource) => resourceKey(resource)));
  let engine: Engine | undefined;
  store.subscribe(({ resource }) => {
    if (relevant.has(resource)) engine = undefined;
  });
  return ({ source, destination, protocol, port }) => {
    engine ??= engineOf(kinds, store);
    const [from, to] = [endOf(engine, source), endOf(engine, destination)];
    if (from === undefined || to === undefined) return { allowed: false };
    return { allowed: engine.verdict({ from, to, protocol, port }) === 'allowed' };
  };
}

interface DecodedKind {
  readonly resource: KubeResource;
  readonly decode: (object: JsonObject) => KubeObject | undefined;
}

function engineOf(kinds: readonly DecodedKind[], store: ObjectStore): Engine {
  const objects = kinds.flatMap(({ resource, decode }) =>
    store.list(resource).items.flatMap((object) => decode(object) ?? []),
  );
  return createEngine(buildCluster(separateModes(groupObjects(objects)).enforced));
}

function endOf({ cluster }: Engine, { address, pod }: SimEnd): Endpoint | undefined {
  const index = pod === undefined ? undefined : cluster.podNamed(pod.namespace, pod.name);
  if (index !== undefined) return { type: 'pod', pod: index };
  const ip = parseIp(address)?.ip;
  if (ip === undefined) return undefined;
  const owner = cluster.ownerOfAddress(ip);
  return owner ?? { type: 'address', ip };
}
