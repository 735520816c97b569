/** Taking facts away from a complete cluster, and making up others in their place (D14). */
import { parseAddress } from '../oracle/addresses.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { randomLabels } from './random-cluster.ts';
import type { Random } from './random.ts';

const isPod = (object: Manifest): boolean => object.kind === 'Pod';
const specOf = (pod: Manifest): RawPodSpec => pod.spec ?? {};
const namespaceOf = (object: Manifest): string => object.metadata.namespace ?? 'default';

function ipsOf(pod: Manifest): string[] {
  return pod.status?.podIPs?.map(({ ip }) => ip) ?? (pod.status?.podIP ? [pod.status.podIP] : []);
}

function without<T extends object>(value: T | null | undefined, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => !keys.includes(key))) as Partial<T>;
}

/** Leaves out Namespace objects, addresses and nodes of pods. */
export function forget(random: Random, objects: readonly Manifest[]): Manifest[] {
  return objects.flatMap((object) => {
    if (object.kind === 'Namespace' && random.chance(0.4)) return [];
    if (!isPod(object)) return [object];
    let pod = object;
    // The address of a host-network pod is its node's.
    if (specOf(pod).hostNetwork !== true && random.chance(0.35)) {
      pod = { ...pod, status: without(pod.status, ['podIP', 'podIPs']) };
    }
    if (specOf(pod).hostNetwork !== true && random.chance(0.25)) {
      pod = { ...pod, spec: without(specOf(pod), ['nodeName']) };
    }
    return [pod];
  });
}

/** Whether pods have a family: when every pod that is known has it, all have; when none has it, none has. */
function familyRule(objects: readonly Manifest[], family: 4 | 6): boolean | undefined {
  const known = objects.filter(
    (object) =>
      isPod(object) &&
      specOf(object).hostNetwork !== true &&
      !['Succeeded', 'Failed'].includes(object.status?.phase ?? '') &&
      ipsOf(object).length > 0,
  );
  const having = known.filter((pod) => ipsOf(pod).some((ip) => parseAddress(ip)?.family === family));
  if (known.length === 0) return undefined;
  if (having.length === known.length) return true;
  return having.length === 0 ? false : undefined;
}

/** The label that selectors ask for and that no cluster has at first. */
function nobody(random: Random): Record<string, string> {
  return random.chance(0.3) ? { nobody: random.pick(['x', 'y', '']) } : {};
}

/** One of the clusters that the incomplete one may be. */
export function complete(random: Random, incomplete: readonly Manifest[]): Manifest[] {
  const rules = { 4: familyRule(incomplete, 4), 6: familyRule(incomplete, 6) };
  const nodes = incomplete.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
  const declared = new Set(incomplete.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
  const implied = new Set(
    incomplete.filter((object) => isPod(object) || object.kind === 'NetworkPolicy').map(namespaceOf),
  );
  const namespaces: Manifest[] = [...implied]
    .filter((name) => !declared.has(name))
    .map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...randomLabels(random), ...nobody(random) } },
    }));
  let next = 0;
  const objects = incomplete.map((object) => {
    if (!isPod(object)) return object;
    let pod = object;
    if (ipsOf(pod).length === 0 && specOf(pod).hostNetwork !== true) {
      next++;
      // Addresses that the blocks of the policies tell apart, and some that they do not.
      const v4 = random.pick([
        `10.0.${random.int(0, 3)}.${random.int(0, 7)}`,
        `10.${random.int(0, 255)}.1.${next}`,
        `198.18.0.${next}`,
        `203.0.113.${random.int(6, 8)}`,
      ]);
      const v6 = random.pick([
        `fd00::${random.int(0, 3)}:${random.int(0, 7)}`,
        `2001:db8:7::${next}`,
        `2001:db8:1::${next}`,
        `2a00::${next}`,
      ]);
      const has4 = rules[4] ?? (rules[6] === false || random.chance(0.6));
      const has6 = rules[6] ?? (!has4 || random.chance(0.6));
      const ips = [...(has4 ? [v4] : []), ...(has6 ? [v6] : [])];
      pod = { ...pod, status: { ...pod.status, podIPs: ips.map((ip) => ({ ip })) } };
    }
    if (!specOf(pod).nodeName)
      pod = { ...pod, spec: { ...specOf(pod), nodeName: random.pick([...nodes, 'elsewhere']) } };
    return pod;
  });
  return [...namespaces, ...objects];
}
