/** What the API server warns of in pods and templates: legal, and hardly meant. */
import type { JsonObject } from '../json.ts';
import { numberOf, objectsOf, textMapOf, textOf } from './field-values.ts';

const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'use "topology.kubernetes.io/zone" instead'],
]);

export function podSpecWarnings(spec: JsonObject, path: string): readonly string[] {
  const warnings: string[] = [];
  for (const key of textMapOf(spec, 'nodeSelector').keys()) {
    const instead = deprecatedNodeLabels.get(key);
    if (instead !== undefined) warnings.push(`${path}.nodeSelector[${key}]: deprecated since v1.14; ${instead}`);
  }
  const seconds = numberOf(spec, 'terminationGracePeriodSeconds') ?? 0;
  if (seconds < 0)
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  for (const list of ['initContainers', 'containers'])
    objectsOf(spec, list).forEach((container, index) => {
      warnings.push(...duplicateNames(container, `${path}.${list}[${index}]`));
    });
  return warnings;
}

function duplicateNames(container: JsonObject, path: string): readonly string[] {
  const warnings: string[] = [];
  const names = new Set<string>();
  objectsOf(container, 'env').forEach((variable, index) => {
    const name = textOf(variable, 'name');
    if (names.has(name))
      warnings.push(
        `${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`,
      );
    names.add(name);
  });
  const ports = new Map<string, number>();
  objectsOf(container, 'ports').forEach((port, index) => {
    const number = numberOf(port, 'containerPort') ?? 0;
    const key = `${number}/${textOf(port, 'protocol')}/${textOf(port, 'hostIP')}/${numberOf(port, 'hostPort') ?? 0}`;
    const first = ports.get(key);
    if (first === undefined) ports.set(key, index);
    else warnings.push(`${path}.ports[${index}]: duplicate port definition with ${path}.ports[${first}]`);
  });
  return warnings;
}
