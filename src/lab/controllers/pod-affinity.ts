/** Required affinity and anti-affinity between pods: which nodes it leaves to a pod. */
import { matches } from '../../kube/selectors.ts';
import type { JsonObject } from '../api/json.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { readSelector } from './label-selection.ts';
import { isOver } from './pod-state.ts';
import { labelsOf, nameOf, namespaceOf, objectsAt, textAt, textsAt, valueAt } from '../api/field-values.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

export interface Neighbourhood {
  readonly nodes: readonly JsonObject[];
  readonly namespaces: readonly JsonObject[];
  readonly index: ClusterIndex;
}

/** What other pods say against a node, in the scheduler's words; `undefined` when nothing. */
export type Objection = (node: JsonObject) => string | undefined;

/** Asked once a pod, then for each node. */
export function neighbourObjections(pod: JsonObject, hood: Neighbourhood): Objection {
  const affinity = termsOf(pod, 'podAffinity').map((term) => ({ term, domains: domainsOf(term, pod, hood) }));
  const anti = termsOf(pod, 'podAntiAffinity').map((term) => ({ term, domains: domainsOf(term, pod, hood) }));
  // The first pod of a group that wants to be with its own kind has nobody to join.
  const isFirst =
    affinity.every(({ domains }) => domains.size === 0) && affinity.every(({ term }) => speaksOf(term, pod, pod, hood));
  const shunned = shunnedDomains(pod, hood);
  return (node) => {
    const labels = labelsOf(node);
    const isIn = (domains: ReadonlySet<string>, term: JsonObject): boolean => {
      const domain = labels.get(textAt(term, 'topologyKey'));
      return domain !== undefined && domains.has(domain);
    };
    if (!isFirst && !affinity.every(({ term, domains }) => isIn(domains, term)))
      return "node(s) didn't match pod affinity rules";
    if (anti.some(({ term, domains }) => isIn(domains, term))) return "node(s) didn't match pod anti-affinity rules";
    if (shunned.some(([key, domain]) => labels.get(key) === domain))
      return "node(s) didn't satisfy existing pods anti-affinity rules";
    return undefined;
  };
}

function termsOf(pod: JsonObject, kind: 'podAffinity' | 'podAntiAffinity'): readonly JsonObject[] {
  return objectsAt(pod, 'spec', 'affinity', kind, REQUIRED);
}

/** Where pods run that the term speaks of: values of its topology key. */
function domainsOf(
  term: JsonObject,
  owner: JsonObject,
  { nodes, namespaces, index }: Neighbourhood,
): ReadonlySet<string> {
  const named = textsAt(term, 'namespaces');
  const selector = valueAt(term, 'namespaceSelector');
  const selected =
    selector === undefined
      ? []
      : namespaces.filter((each) => matches(readSelector(selector), labelsOf(each))).map(nameOf);
  const own = named.length === 0 && selector === undefined ? [namespaceOf(owner)] : [];
  const byName = new Map(nodes.map((node) => [nameOf(node), node]));
  const domains = new Set<string>();
  for (const namespace of new Set([...own, ...named, ...selected]))
    for (const pod of index.podsSelected(namespace, readSelector(valueAt(term, 'labelSelector')))) {
      const node = byName.get(textAt(pod, 'spec', 'nodeName'));
      const domain = node === undefined ? undefined : labelsOf(node).get(textAt(term, 'topologyKey'));
      if (domain !== undefined && !isOver(pod)) domains.add(domain);
    }
  return domains;
}

/** Key and value of the domains in which a pod runs that does not want this one near. */
function shunnedDomains(pod: JsonObject, hood: Neighbourhood): readonly (readonly [key: string, domain: string])[] {
  const byName = new Map(hood.nodes.map((node) => [nameOf(node), node]));
  return hood.index.antiAffinePods().flatMap((each) => {
    const node = byName.get(textAt(each, 'spec', 'nodeName'));
    if (node === undefined || isOver(each)) return [];
    return termsOf(each, 'podAntiAffinity').flatMap((term) => {
      const key = textAt(term, 'topologyKey');
      const domain = labelsOf(node).get(key);
      return domain !== undefined && speaksOf(term, each, pod, hood) ? [[key, domain] as const] : [];
    });
  });
}

/** Whether the term of `owner` speaks of the pod. */
function speaksOf(term: JsonObject, owner: JsonObject, pod: JsonObject, { namespaces }: Neighbourhood): boolean {
  const named = textsAt(term, 'namespaces');
  const selector = valueAt(term, 'namespaceSelector');
  const namespace = namespaceOf(pod);
  const home = namespaces.find((each) => nameOf(each) === namespace);
  const isOwn = named.length === 0 && selector === undefined && namespace === namespaceOf(owner);
  const isSelected = selector !== undefined && matches(readSelector(selector), labelsOf(home ?? {}));
  const selects = matches(readSelector(valueAt(term, 'labelSelector')), labelsOf(pod));
  return selects && (isOwn || named.includes(namespace) || isSelected);
}
