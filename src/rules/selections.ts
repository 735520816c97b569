/** Which pods and namespaces a selector means, as far as the input tells (S55-S61, D14). */
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { LabelSelector, Labels, NetworkPolicyObject, PolicyPeer } from '../kube/objects.ts';
import { EVERYTHING, selectorKey } from '../kube/selectors.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ClusterNamespace } from '../model/entities.ts';
import { NAMESPACE_NAME_LABEL } from '../model/namespaces.ts';
import { selectorMatchesPartly } from '../model/selector-match.ts';

/** Pods by index, ascending. */
export interface SelectedPods {
  /** Selected for certain, on the pod network. */
  readonly pods: readonly number[];
  /** Perhaps selected: a label that decides is not in the input. On the pod network. */
  readonly maybe: readonly number[];
  /** Labels match (perhaps), but the pods are on the host network, which no policy selects (D2). */
  readonly hostNetwork: readonly number[];
}

export interface SelectedNamespaces {
  readonly namespaces: readonly number[];
  /** The input has no Namespace object, so its labels are unknown. */
  readonly maybe: readonly number[];
}

/** Pods of one namespace that no selector tells apart. */
interface LabelGroup {
  readonly labels: Labels;
  readonly unknownLabels: ReadonlySet<string>;
  readonly hostNetwork: boolean;
  readonly pods: number[];
}

/** Answers are remembered: rules ask the same again and again. */
export class Selections {
  readonly #cluster: Cluster;
  #groups: readonly (readonly LabelGroup[])[] | undefined;
  readonly #pods = new Map<string, SelectedPods>();
  readonly #namespaces = new Map<string, SelectedNamespaces>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The pods that a policy applies to. */
  subjects(policy: NetworkPolicyObject): SelectedPods {
    return this.pods({ namespace: policy.meta.namespace, podSelector: policy.podSelector });
  }

  /** The pods that a selector peer of a policy in `policyNamespace` means; nobody for an `ipBlock`. */
  peer(peer: PolicyPeer, policyNamespace: string): SelectedPods {
    if (peer.type === 'ipBlock') return { pods: [], maybe: [], hostNetwork: [] };
    const { namespaceSelector, podSelector } = peer;
    return namespaceSelector === undefined
      ? this.pods({ namespace: policyNamespace, podSelector })
      : this.pods({ namespaceSelector, podSelector });
  }

  /** Pods by label, in one namespace by name, in the namespaces that a selector means, or everywhere. */
  pods(where: {
    readonly namespace?: string;
    readonly namespaceSelector?: LabelSelector | undefined;
    readonly podSelector: LabelSelector | undefined;
  }): SelectedPods {
    const podSelector = where.podSelector ?? EVERYTHING;
    const scope =
      where.namespace !== undefined
        ? `=${where.namespace}`
        : where.namespaceSelector === undefined
          ? '*'
          : `?${selectorKey(where.namespaceSelector)}`;
    const key = `${scope}\n${selectorKey(podSelector)}`;
    let known = this.#pods.get(key);
    if (known === undefined) {
      known = this.#select(this.#scope(where), podSelector);
      this.#pods.set(key, known);
    }
    return known;
  }

  /** Only namespaces that the input names; the name label is always known. */
  namespaces(selector: LabelSelector): SelectedNamespaces {
    const key = selectorKey(selector);
    let known = this.#namespaces.get(key);
    if (known === undefined) {
      const certain: number[] = [];
      const maybe: number[] = [];
      for (const namespace of this.#cluster.namespaces) {
        const match = namespaceMatch(selector, namespace);
        if (match === YES) certain.push(namespace.index);
        else if (match === MAYBE) maybe.push(namespace.index);
      }
      known = { namespaces: certain, maybe };
      this.#namespaces.set(key, known);
    }
    return known;
  }

  #scope(where: {
    readonly namespace?: string;
    readonly namespaceSelector?: LabelSelector | undefined;
  }): SelectedNamespaces {
    if (where.namespace !== undefined) {
      const index = this.#cluster.namespaceNamed(where.namespace)?.index;
      return { namespaces: index === undefined ? [] : [index], maybe: [] };
    }
    return this.namespaces(where.namespaceSelector ?? EVERYTHING);
  }

  #select(scope: SelectedNamespaces, selector: LabelSelector): SelectedPods {
    const pods: number[] = [];
    const maybe: number[] = [];
    const hostNetwork: number[] = [];
    this.#groups ??= groupPods(this.#cluster);
    for (const [list, isCertain] of [
      [scope.namespaces, true],
      [scope.maybe, false],
    ] as const) {
      for (const namespace of list) {
        for (const group of this.#groups[namespace] ?? []) {
          const match = selectorMatchesPartly(selector, group.labels, (label) => group.unknownLabels.has(label));
          if (match === NO) continue;
          const into = group.hostNetwork ? hostNetwork : match === YES && isCertain ? pods : maybe;
          for (const pod of group.pods) into.push(pod);
        }
      }
    }
    for (const list of [pods, maybe, hostNetwork]) list.sort((a, b) => a - b);
    return { pods, maybe, hostNetwork };
  }
}

function namespaceMatch(selector: LabelSelector, namespace: ClusterNamespace): Tri {
  return selectorMatchesPartly(
    selector,
    namespace.labels,
    (label) => !namespace.labelsKnown && label !== NAMESPACE_NAME_LABEL,
  );
}

function groupPods({ namespaces, pods }: Cluster): readonly (readonly LabelGroup[])[] {
  const groups: LabelGroup[][] = namespaces.map(() => []);
  const byLabels = namespaces.map(() => new Map<string, LabelGroup>());
  // Equal label sets are mostly one object; only new ones are worth a text.
  const keys = new Map<Labels, string>();
  for (let pod = 0; pod < pods.length; pod++) {
    const namespace = pods.namespaceOf[pod] ?? -1;
    const labels = pods.labels[pod] ?? new Map<string, string>();
    let labelsKey = keys.get(labels);
    if (labelsKey === undefined) keys.set(labels, (labelsKey = JSON.stringify([...labels].sort(compareEntries))));
    const unknownLabels = pods.unknownLabels(pod);
    const hostNetwork = pods.isHostNetwork(pod);
    const key = `${hostNetwork ? 'h' : 'p'}${[...unknownLabels].join(' ')}\n${labelsKey}`;
    const group = byLabels[namespace]?.get(key);
    if (group !== undefined) group.pods.push(pod);
    else {
      const fresh: LabelGroup = { labels, unknownLabels, hostNetwork, pods: [pod] };
      byLabels[namespace]?.set(key, fresh);
      groups[namespace]?.push(fresh);
    }
  }
  return groups;
}

function compareEntries([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
