/** A second version of a random cluster: some objects edited, some gone, some new. */
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { randomCluster, randomLabels } from './random-cluster.ts';
import type { Random } from './random.ts';

const policyKinds = ['NetworkPolicy', 'ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'];

function relabelled(random: Random, object: Manifest): Manifest {
  return { ...object, metadata: { ...object.metadata, labels: randomLabels(random) ?? {} } };
}

/** The same number of addresses of the same families, but others. */
function readdressed(random: Random, pod: Manifest): Manifest {
  const other = (ip: string): string =>
    ip.includes(':')
      ? `2001:db8:1::${random.int(300, 400).toString(16)}`
      : `10.0.${random.int(0, 2)}.${random.int(210, 250)}`;
  const { podIPs, podIP } = pod.status ?? {};
  const ips = (podIPs ?? (podIP ? [{ ip: podIP }] : [])).map(({ ip }) => ({ ip: other(ip) }));
  return { ...pod, status: { ...pod.status, podIP: ips[0]?.ip, podIPs: ips } };
}

export interface Edited {
  readonly objects: Manifest[];
  /** How many objects were changed, removed or added. */
  readonly edits: number;
}

export function editedCluster(random: Random, objects: readonly Manifest[], chance: number): Edited {
  const donors = randomCluster(random.int(1, 1_000_000));
  const namespaces = new Set(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
  const nodes = objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
  let edits = 0;
  const result = objects.flatMap((object): Manifest[] => {
    const { kind } = object;
    if (!random.chance(chance)) return [object];
    edits++;
    if (policyKinds.includes(kind)) {
      const donor = donors.filter((candidate) => candidate.kind === kind);
      if (donor.length === 0 || random.chance(0.4)) return [];
      return [{ ...object, spec: random.pick(donor).spec }];
    }
    if (kind === 'Namespace' || kind === 'Node') return [relabelled(random, object)];
    if (kind !== 'Pod') return [object];
    const spec = (object.spec ?? {}) as RawPodSpec;
    const onHost = spec.hostNetwork === true;
    return random.weighted<Manifest[]>([
      [4, () => [relabelled(random, object)]],
      [1, () => []],
      [2, () => [onHost ? object : { ...object, spec: { ...spec, nodeName: random.pick(nodes) } }]],
      [2, () => [onHost ? object : readdressed(random, object)]],
      [
        2,
        () => {
          const donor = donors.find((candidate) => candidate.kind === 'Pod');
          return [
            { ...object, spec: { ...spec, containers: (donor?.spec as RawPodSpec | undefined)?.containers ?? [] } },
          ];
        },
      ],
    ]);
  });
  donors.forEach((donor, index) => {
    if (!policyKinds.includes(donor.kind) || donor.kind === 'BaselineAdminNetworkPolicy') return;
    if (donor.kind === 'NetworkPolicy' && !namespaces.has(donor.metadata.namespace ?? 'default')) return;
    if (!random.chance(chance)) return;
    edits++;
    result.push({ ...donor, metadata: { ...donor.metadata, name: `new-${index}` } });
  });
  return { objects: random.shuffled(result), edits };
}
