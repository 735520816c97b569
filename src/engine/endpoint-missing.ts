/** Names that the cluster does not have, with those that were probably meant. */
import type { Cluster } from '../model/cluster.ts';
import { nearestNames } from './endpoint-suggestions.ts';
import { type Parsed, problem } from './endpoint-text.ts';

export function noNamespace(
  cluster: Cluster,
  namespace: string,
  kindText: string | undefined,
  name: string,
): Parsed<never> {
  const middle = kindText === undefined ? '' : `${kindText}/`;
  const near = nearestNames(
    namespace,
    cluster.namespaces.map((n) => n.name),
  ).map((n) => `${n}/${middle}${name}`);
  const elsewhere = cluster.workloads
    .filter((workload) => workload.name === name)
    .slice(0, 3)
    .map(({ id }) => id);
  const message = `the input has no namespace ${quote(namespace)}`;
  return problem({ code: 'not-found', message, ...help([...near, ...elsewhere].slice(0, 3)) });
}

export function nothingNamed(
  cluster: Cluster,
  namespace: string,
  kind: string | undefined,
  name: string,
): Parsed<never> {
  const message = `no ${kind ?? 'workload or pod'} ${quote(name)} in namespace ${quote(namespace)}`;
  const over = cluster.ended.find((object) => object.namespace === namespace && object.name === name);
  if (over !== undefined && (kind === undefined || kind === over.kind)) {
    const detail = `${over.kind} ${namespace}/${name} is over: ${over.why}`;
    return problem({ code: 'not-found', message: detail, help: 'ended pods can neither send nor receive' });
  }
  const index = cluster.namespaceNamed(namespace)?.index;
  const sameHere: string[] = [];
  const sameElsewhere: string[] = [];
  const here: string[] = [];
  for (const workload of cluster.workloads) {
    if (workload.name === name) (workload.namespace === index ? sameHere : sameElsewhere).push(workload.id);
    else if (workload.namespace === index) here.push(workload.name);
  }
  if (cluster.serviceNamed(namespace, name) !== undefined) sameHere.push(`${namespace}/svc/${name}`);
  const near = nearestNames(name, here).map((other) => `${namespace}/${other}`);
  return problem({ code: 'not-found', message, ...help([...sameHere, ...near, ...sameElsewhere].slice(0, 3)) });
}

export function help(suggestions: readonly string[]): { readonly help?: string } {
  return suggestions.length === 0 ? {} : { help: `did you mean ${suggestions.join(' or ')}?` };
}

export function quote(text: string): string {
  return JSON.stringify(text);
}
