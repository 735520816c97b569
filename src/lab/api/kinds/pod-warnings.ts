/** What the API server warns of in pods and templates: legal, and hardly meant. */
import { get, type JsonObject } from '../json.ts';
import { isGiven, numberAt, objectAt, objectsInPlace, sortedTextsAt, textAt } from '../field-values.ts';
import { parseQuantity } from './quantity.ts';

const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
]);

const NO_MATCH = 'a null labelSelector results in matching no pod';

/** `path` is that of the spec. */
export function podSpecWarnings(spec: JsonObject, path: string): readonly string[] {
  const lists = ['initContainers', 'containers'];
  const containers = lists.flatMap((list) =>
    objectsInPlace(spec, list).map((container, index) => ({ container, at: `${path}.${list}[${index}]` })),
  );
  const seconds = numberAt(spec, 'terminationGracePeriodSeconds') ?? 0;
  return [
    ...placementWarnings(spec, path),
    ...repeated(objectsInPlace(spec, 'hostAliases'), 'ip', `${path}.hostAliases`),
    ...repeated(objectsInPlace(spec, 'imagePullSecrets'), 'name', `${path}.imagePullSecrets`),
    ...objectsInPlace(spec, 'imagePullSecrets').flatMap((secret, index) =>
      textAt(secret, 'name') === '' ? [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
    ...containers.flatMap(({ container, at }) => [...fractions(container, at), ...hiddenVariables(container, at)]),
    ...portWarnings(containers),
    ...(seconds < 0
      ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec, path),
  ];
}

function placementWarnings(spec: JsonObject, path: string): readonly string[] {
  const warnings: string[] = [];
  for (const key of sortedTextsAt(spec, 'nodeSelector').keys()) {
    const message = deprecatedNodeLabels.get(key);
    if (message !== undefined) warnings.push(`${path}.nodeSelector[${key}]: ${message}`);
  }
  objectsInPlace(spec, 'topologySpreadConstraints').forEach((constraint, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`;
    const key = textAt(constraint, 'topologyKey');
    const message = deprecatedNodeLabels.get(key);
    if (message !== undefined) warnings.push(`${at}.topologyKey: ${key} is ${message}`);
    if (!isGiven(constraint, 'labelSelector')) warnings.push(`${at}.labelSelector: ${NO_MATCH}`);
  });
  return warnings;
}

function affinityWarnings(spec: JsonObject, path: string): readonly string[] {
  const affinity = objectAt(spec, 'affinity');
  return ['podAffinity', 'podAntiAffinity'].flatMap((name) => {
    const part = objectAt(affinity, name);
    const at = `${path}.affinity.${name}`;
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
    return [
      ...objectsInPlace(part, required).flatMap((term, index) =>
        isGiven(term, 'labelSelector') ? [] : [`${at}.${required}[${index}].labelSelector: ${NO_MATCH}`],
      ),
      ...objectsInPlace(part, preferred).flatMap((weighted, index) =>
        isGiven(objectAt(weighted, 'podAffinityTerm'), 'labelSelector')
          ? []
          : [`${at}.${preferred}[${index}].podAffinityTerm.labelSelector: ${NO_MATCH}`],
      ),
    ];
  });
}

function repeated(items: readonly JsonObject[], name: string, path: string): readonly string[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const value = textAt(item, name);
    const isKnown = seen.has(value);
    seen.add(value);
    return isKnown ? [`${path}[${index}].${name}: duplicate ${name} ${JSON.stringify(value)}`] : [];
  });
}

const NANO = 10n ** 9n;

/** Nobody has half a byte. */
function fractions(container: JsonObject, path: string): readonly string[] {
  const resources = objectAt(container, 'resources');
  return ['memory', 'ephemeral-storage'].flatMap((name) =>
    ['limits', 'requests'].flatMap((side) => {
      const value = get(objectAt(resources, side), name);
      const quantity = parseQuantity(value);
      if (quantity === undefined || quantity.nanos % NANO === 0n) return [];
      const at = `${path}.resources.${side}[${name}]`;
      return [`${at}: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`];
    }),
  );
}

/** One that builds on the value before is meant so. */
function hiddenVariables(container: JsonObject, path: string): readonly string[] {
  const seen = new Set<string>();
  return objectsInPlace(container, 'env').flatMap((variable, index) => {
    const name = textAt(variable, 'name');
    const value = textAt(variable, 'value');
    const isKnown = seen.has(name);
    seen.add(name);
    const reference = `$(${name})`;
    const buildsOn = !isGiven(variable, 'valueFrom') && value !== reference && value.includes(reference);
    if (!isKnown || buildsOn) return [];
    return [
      `${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    ];
  });
}

interface PlacedPort {
  readonly at: string;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Pairs are compared only so far: more say nothing new. */
const MAX_COMPARED = 20;

function portWarnings(
  containers: readonly { readonly container: JsonObject; readonly at: string }[],
): readonly string[] {
  const warnings: string[] = [];
  const known = new Map<string, PlacedPort[]>();
  for (const { container, at } of containers)
    for (const [index, port] of objectsInPlace(container, 'ports').entries()) {
      const placed = {
        at: `${at}.ports[${index}]`,
        hostIp: textAt(port, 'hostIP'),
        hostPort: numberAt(port, 'hostPort') ?? 0,
      };
      const key = `${numberAt(port, 'containerPort') ?? 0}/${textAt(port, 'protocol')}`;
      const others = known.get(key) ?? [];
      for (const other of others) warnings.push(...conflictWarnings(placed, other));
      if (others.length < MAX_COMPARED) known.set(key, [...others, placed]);
    }
  return warnings;
}

function conflictWarnings(port: PlacedPort, other: PlacedPort): readonly string[] {
  if (port.hostIp === other.hostIp && port.hostPort === other.hostPort)
    return [`${port.at}: duplicate port definition with ${other.at}`];
  if (port.hostPort === 0 || other.hostPort === 0) return [`${port.at}: overlapping port definition with ${other.at}`];
  const isHalfNamed = (port.hostIp === '') !== (other.hostIp === '');
  if (port.hostPort !== other.hostPort || !isHalfNamed) return [];
  return [`${port.at}: dangerously ambiguous port definition with ${other.at}`];
}
