/** From the ends of an intent to what they stand for in a cluster, or why they stand for nothing. */
import { assertNever } from '../base/assert.ts';
import { formatCidr } from '../base/inet-format.ts';
import { cidrOfIp } from '../base/inet.ts';
import { normaliseRanges, subtractCidrs } from '../base/inet-ranges.ts';
import { NO, YES } from '../base/tri.ts';
import { INTERNET } from '../engine/endpoint-internet.ts';
import { help as didYouMean, quote } from '../engine/endpoint-missing.ts';
import { nearestNames } from '../engine/endpoint-suggestions.ts';
import { type ResolvedEndpoint, resolveText, serviceOfAddress } from '../engine/endpoint.ts';
import type { Endpoint } from '../engine/query.ts';
import { formatSelector } from '../kube/selectors.ts';
import { selectorMatchesPartly } from '../model/selector-match.ts';
import type { Labels, LabelSelector } from '../kube/objects.ts';
import { emptySet, type EndSet, isEmptySet, type Universe, unionOf } from './end-set.ts';
import type { EndExpression } from './intent.ts';
import { nearestLabels } from './nearest-labels.ts';

/** Why an end stands for nothing. */
export interface EndProblem {
  /** `nothing`: there is no such thing in the input. `unusable`: it can be no such end of a connection. */
  readonly type: 'nothing' | 'unusable';
  readonly message: string;
  readonly help?: string;
}

export type ResolvedEnd = { readonly set: EndSet } | { readonly problem: EndProblem };

export class EndResolver {
  readonly universe: Universe;
  /** Where names without a namespace live. */
  readonly #namespace: string;

  constructor(universe: Universe, namespace: string) {
    this.universe = universe;
    this.#namespace = namespace;
  }

  get namespace(): string {
    return this.#namespace;
  }

  resolve(end: EndExpression): ResolvedEnd {
    const { cluster, everything } = this.universe;
    switch (end.type) {
      case 'word':
        return this.#word(end.word);
      case 'text':
        return this.#text(end);
      case 'namespace':
        return this.#namespaces(end.names);
      case 'pods':
        return this.#pods(end);
      case 'nodes':
        return this.#nodes(end.selector);
      case 'network':
        return { set: { ...emptySet(cluster), outside: subtractCidrs(end.cidr, end.except) } };
      case 'not': {
        const sets: EndSet[] = [];
        for (const part of end.of) {
          const resolved = this.resolve(part);
          if ('problem' in resolved) return resolved;
          sets.push(resolved.set);
        }
        const set = this.universe.complement(unionOf(cluster, sets));
        if (!isEmptySet(set)) return { set };
        return nothing(
          `nothing is left of everything ${everything.pods.length === 0 ? '(the input has no pods)' : ''}`.trim(),
        );
      }
      default:
        return assertNever(end);
    }
  }

  #word(word: 'internet' | 'outside' | 'cluster' | 'anywhere'): ResolvedEnd {
    const { cluster, everything } = this.universe;
    switch (word) {
      case 'anywhere':
        return { set: everything };
      case 'outside':
        return { set: { ...emptySet(cluster), outside: everything.outside } };
      case 'internet': {
        const families = new Set(everything.outside.map(({ family }) => family));
        return { set: { ...emptySet(cluster), outside: INTERNET.filter(({ family }) => families.has(family)) } };
      }
      case 'cluster':
        if (everything.pods.length === 0) return nothing('the input has no pods');
        return { set: { ...emptySet(cluster), pods: everything.pods } };
      default:
        return assertNever(word);
    }
  }

  #text(end: EndExpression & { readonly type: 'text' }): ResolvedEnd {
    const { cluster } = this.universe;
    const service = serviceOfAddress(cluster, end.read);
    if (service !== undefined) {
      const message = `${end.text} is the address of Service ${service.namespace}/${service.name}, which opens no connections`;
      return { problem: { type: 'unusable', message, help: 'name the workload behind it' } };
    }
    const resolved = resolveText(cluster, end.read, { namespace: this.#namespace });
    if (!resolved.ok) {
      const { code, message, help } = resolved.problem;
      const type = code === 'not-found' ? 'nothing' : 'unusable';
      return { problem: { type, message, ...(help === undefined ? {} : { help }) } };
    }
    const { value } = resolved;
    if ('endpoint' in value) return { set: this.ofEndpoint(value) };
    const message = `${value.kind} ${value.namespace}/${value.name} opens no connections itself`;
    const help = value.kind === 'Service' ? 'name the workload behind it' : 'name the pods of its controller';
    return { problem: { type: 'unusable', message, help } };
  }

  ofEndpoint({ endpoint }: Pick<ResolvedEndpoint, 'endpoint'>): EndSet {
    return setOfEndpoint(this.universe, endpoint);
  }

  #namespaces(names: readonly string[]): ResolvedEnd {
    const { cluster } = this.universe;
    const set = emptySet(cluster);
    for (const name of names) {
      const found = cluster.namespaceNamed(name);
      if (found === undefined) return this.#noNamespace(name);
      cluster.pods.namespaceOf.forEach((namespace, pod) => {
        if (namespace === found.index) set.pods[pod] = YES;
      });
    }
    if (!isEmptySet(set)) return { set };
    return nothing(`namespace ${names.map(quote).join(', ')} has no pods`);
  }

  #noNamespace(name: string): ResolvedEnd {
    const near = nearestNames(
      name,
      this.universe.cluster.namespaces.map((namespace) => namespace.name),
    );
    return nothing(`the input has no namespace ${quote(name)}`, didYouMean(near).help);
  }

  #pods({ namespaces, namespaceSelector, podSelector }: EndExpression & { readonly type: 'pods' }): ResolvedEnd {
    const { cluster } = this.universe;
    const { pods } = cluster;
    for (const name of namespaces ?? []) if (cluster.namespaceNamed(name) === undefined) return this.#noNamespace(name);
    const inNamespace = Uint8Array.from(cluster.namespaces, ({ name, labels, labelsKnown }) => {
      if (namespaces !== undefined) return namespaces.includes(name) ? YES : NO;
      if (namespaceSelector === undefined) return YES;
      // Of a namespace that the input only implies, the name is all that is known (D14).
      return selectorMatchesPartly(namespaceSelector, labels, (key) => !labelsKnown && !labels.has(key));
    });
    if (namespaceSelector !== undefined && inNamespace.every((tri) => tri === NO)) {
      const labels = cluster.namespaces.map((namespace) => namespace.labels);
      return this.#noMatch('no namespace', namespaceSelector, labels);
    }
    const set = emptySet(cluster);
    const unknownOf = (pod: number) => {
      const unknown = pods.unknownLabels(pod);
      return (key: string): boolean => unknown.has(key);
    };
    for (let pod = 0; pod < pods.length; pod++) {
      const within = inNamespace[pods.namespaceOf[pod] ?? -1] ?? NO;
      if (within === NO) continue;
      const selected =
        podSelector === undefined
          ? YES
          : selectorMatchesPartly(podSelector, pods.labels[pod] ?? noLabels, unknownOf(pod));
      set.pods[pod] = within & selected;
    }
    if (!isEmptySet(set)) return { set };
    if (podSelector === undefined) return nothing('the namespaces that are selected have no pods');
    const candidates = pods.labels.filter((_, pod) => (inNamespace[pods.namespaceOf[pod] ?? -1] ?? NO) !== NO);
    const where = namespaces === undefined ? '' : ` of namespace ${namespaces.map(quote).join(', ')}`;
    return this.#noMatch(`no pod${where}`, podSelector, candidates, pods.labels);
  }

  #nodes(selector: LabelSelector): ResolvedEnd {
    const { cluster } = this.universe;
    const set = emptySet(cluster);
    cluster.nodes.forEach(({ labels }, node) => {
      if (selectorMatchesPartly(selector, labels, () => false) === YES) set.nodes[node] = 1;
    });
    if (!isEmptySet(set)) return { set };
    if (cluster.nodes.length === 0) return nothing('the input has no nodes');
    return this.#noMatch(
      'no node',
      selector,
      cluster.nodes.map(({ labels }) => labels),
    );
  }

  #noMatch(
    what: string,
    selector: LabelSelector,
    candidates: readonly Labels[],
    elsewhere: readonly Labels[] = [],
  ): ResolvedEnd {
    const near = nearestLabels(selector, candidates) ?? nearestLabels(selector, elsewhere);
    return nothing(`${what} has ${formatSelector(selector) || 'any labels'}`, near && `did you mean ${near}?`);
  }
}

const noLabels: Labels = new Map();

export function setOfEndpoint({ cluster }: Universe, endpoint: Endpoint): EndSet {
  const set = emptySet(cluster);
  switch (endpoint.type) {
    case 'pod':
      set.pods[endpoint.pod] = YES;
      return set;
    case 'workload':
      for (const pod of cluster.workloads[endpoint.workload]?.pods ?? []) set.pods[pod] = YES;
      return set;
    case 'node':
      set.nodes[endpoint.node] = 1;
      return set;
    case 'address':
      return { ...set, outside: [cidrOfIp(endpoint.ip)] };
    case 'range':
      return { ...set, outside: normaliseRanges(endpoint.cidrs) };
    default:
      return assertNever(endpoint);
  }
}

function nothing(message: string, help?: string): ResolvedEnd {
  return { problem: { type: 'nothing', message, ...(help === undefined ? {} : { help }) } };
}

/** As it is written, or in the words of what it selects: for messages. */
export function endText(end: EndExpression): string {
  switch (end.type) {
    case 'word':
      return end.word;
    case 'text':
      return end.text;
    case 'namespace':
      return `namespace ${end.names.join(', ')}`;
    case 'pods': {
      const where =
        end.namespaces !== undefined
          ? ` in ${end.namespaces.join(', ')}`
          : end.namespaceSelector === undefined
            ? ''
            : ` in namespaces with ${formatSelector(end.namespaceSelector)}`;
      return `pods${end.podSelector === undefined ? '' : ` with ${formatSelector(end.podSelector)}`}${where}`;
    }
    case 'nodes':
      return `nodes with ${formatSelector(end.selector)}`;
    case 'network':
      return `${formatCidr(end.cidr)}${end.except.length === 0 ? '' : ` except ${end.except.map(formatCidr).join(', ')}`}`;
    case 'not':
      return `not ${end.of.map(endText).join(', ')}`;
    default:
      return assertNever(end);
  }
}
