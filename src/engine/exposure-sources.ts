/** What policy lets into a pod from sources that are more than one place: the internet, a controller, nobody knows who. */
import type { Cidr, IpFamily } from '../base/inet.ts';
import { cidrContainsCidr } from '../base/inet.ts';
import { type IpRange, rangesToCidrs, subtractRanges } from '../base/inet-ranges.ts';
import { NO, YES } from '../base/tri.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPort } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { isContradictory } from '../kube/selectors.ts';
import { selectorMatchesPartly } from '../model/selector-match.ts';
import { INTERNET, familiesInUse } from './endpoint-internet.ts';
import type { Engine, ExternalAtom } from './engine.ts';
import { ALL_PORTS, NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';

/** What every one of the sources may open, and what at least one may. */
export interface SourceBounds {
  readonly every: PortBounds;
  readonly some: PortBounds;
}

/** Whether a port is open to the sources. `part`: to some of them certainly, to others certainly not. */
export type Openness = 'all' | 'none' | 'part' | 'unknown';

export function opennessAt(engine: Engine, { every, some }: SourceBounds, point: number): Openness {
  const { portSets } = engine;
  if (portSets.has(every.certain, point)) return 'all';
  if (!portSets.has(some.possible, point)) return 'none';
  return portSets.has(some.certain, point) && !portSets.has(every.possible, point) ? 'part' : 'unknown';
}

/** The same for whichever port is the most open one. */
export function opennessAnywhere({ every, some }: SourceBounds): Openness {
  if (every.certain !== NO_PORTS) return 'all';
  if (some.possible === NO_PORTS) return 'none';
  return some.certain !== NO_PORTS && every.possible === NO_PORTS ? 'part' : 'unknown';
}

/** Sources for one engine; answers are kept per class of the destination. */
export class ExposureSources {
  private readonly engine: Engine;
  private readonly usual: ReadonlySet<IpFamily>;
  private readonly publicBounds = new Map<string, SourceBounds>();
  private readonly outsideBounds = new Map<string, SourceBounds>();
  private readonly anyoneBounds = new Map<number, SourceBounds>();
  private readonly controllerBounds = new Map<readonly number[], Map<string, SourceBounds>>();
  private policiesOf: ReadonlyMap<string, readonly NetworkPolicyObject[]> | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
    this.usual = familiesInUse(engine.cluster);
  }

  /** Every public address of the families that the pod can have. */
  fromInternet(pod: number): SourceBounds {
    return this.fromAtoms(pod, this.publicBounds, (atom, families) => publicPart(atom.cidrs, families).length > 0);
  }

  /** Every address outside the cluster, private ones too: where a cloud's load balancer lives. */
  fromOutside(pod: number): SourceBounds {
    return this.fromAtoms(pod, this.outsideBounds, (atom, families) =>
      atom.cidrs.some(({ family }) => families.has(family)),
    );
  }

  /** The public addresses that may open the port. */
  openTo(pod: number, point: number): readonly Cidr[] {
    const { engine } = this;
    const classId = engine.classOfPod(pod);
    const families = this.familiesOf(pod);
    const open: IpRange[] = [];
    for (const atom of engine.externalAtoms()) {
      const inside = publicPart(atom.cidrs, families);
      if (inside.length > 0 && engine.portSets.has(engine.classPorts(atom.classId, classId).possible, point))
        open.push(...inside);
    }
    return rangesToCidrs(open);
  }

  /** All pods of a controller; `sources` is the same list for the same controller. */
  fromPods(sources: readonly number[], pod: number): SourceBounds {
    let known = this.controllerBounds.get(sources);
    if (known === undefined) this.controllerBounds.set(sources, (known = new Map<string, SourceBounds>()));
    // A host lets its own pods in whatever policy says, and a pod is no source of itself.
    const { pods } = this.engine.cluster;
    const key = `${this.engine.classOfPod(pod)} ${pods.nodeNames[pod] ?? ''} ${sources.includes(pod) ? pod : ''}`;
    let bounds = known.get(key);
    if (bounds === undefined) {
      const summary = new Summary(this.engine);
      for (const source of onePerClassAndNode(this.engine, sources)) {
        if (source !== pod) summary.add(this.engine.ports({ type: 'pod', pod: source }, { type: 'pod', pod }));
      }
      known.set(key, (bounds = summary.bounds()));
    }
    return bounds;
  }

  /**
   * A pod or host that the input does not have: `every` is what rules open to everybody, `some` what a rule opens to
   * somebody, whoever it is.
   */
  fromAnyone(pod: number): SourceBounds {
    const classId = this.engine.classOfPod(pod);
    let bounds = this.anyoneBounds.get(classId);
    if (bounds === undefined) this.anyoneBounds.set(classId, (bounds = this.anyone(pod, classId)));
    return bounds;
  }

  private fromAtoms(
    pod: number,
    cache: Map<string, SourceBounds>,
    counts: (atom: ExternalAtom, families: ReadonlySet<IpFamily>) => boolean,
  ): SourceBounds {
    const { engine } = this;
    const classId = engine.classOfPod(pod);
    const families = this.familiesOf(pod);
    const key = `${classId} ${[...families].join()}`;
    let bounds = cache.get(key);
    if (bounds === undefined) {
      const summary = new Summary(engine);
      for (const atom of engine.externalAtoms()) {
        if (counts(atom, families)) summary.add(engine.classPorts(atom.classId, classId));
      }
      cache.set(key, (bounds = summary.bounds()));
    }
    return bounds;
  }

  /** Addresses of another family than the pod's cannot reach it, and say nothing about policy. */
  private familiesOf(pod: number): ReadonlySet<IpFamily> {
    const ips = this.engine.cluster.pods.ips[pod] ?? [];
    return ips.length > 0 ? new Set(ips.map(({ family }) => family)) : this.usual;
  }

  private anyone(pod: number, classId: number): SourceBounds {
    const { engine } = this;
    const { cluster, portSets } = engine;
    if (cluster.pods.isHostNetwork(pod)) return { every: OPEN, some: OPEN };
    const isolated = engine.isolation(classId).ingress;
    const labels = cluster.pods.labels[pod] ?? new Map<string, string>();
    const unknown = cluster.pods.unknownLabels(pod);
    const isUnknown = (key: string): boolean => unknown.has(key);
    const tierDecides = cluster.clusterPolicies.some(
      ({ tier, ingress, subject }) =>
        ingress.length > 0 &&
        (tier === 'Admin' || isolated !== YES) &&
        (subject.podSelector.invalid || selectorMatchesPartly(subject.podSelector, labels, isUnknown) !== NO) &&
        subjectNamespaceMatches(cluster, pod, subject.namespaceSelector),
    );
    if (tierDecides) return { every: CLOSED, some: { certain: NO_PORTS, possible: ALL_PORTS } };
    if (isolated === NO) return { every: OPEN, some: OPEN };
    const namespace = cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1);
    let everybody = NO_PORTS;
    let somebody: PortSetId = isolated === YES ? NO_PORTS : ALL_PORTS;
    this.policiesOf ??= byNamespace(cluster.networkPolicies);
    for (const policy of this.policiesOf.get(namespace) ?? []) {
      if (!policy.isolates.ingress) continue;
      const selected = selectorMatchesPartly(policy.podSelector, labels, isUnknown);
      if (selected === NO) continue;
      for (const rule of policy.ingress) {
        const ports = this.portsOf(rule.ports, pod);
        if (selected === YES && letsInEverybody(rule, this.usual)) everybody = portSets.union(everybody, ports);
        if (letsInSomebody(rule)) somebody = portSets.union(somebody, ports);
      }
    }
    return {
      every: { certain: everybody, possible: everybody },
      some: { certain: everybody, possible: somebody },
    };
  }

  private portsOf(ports: readonly PolicyPort[], pod: number): PortSetId {
    const { portSets, cluster } = this.engine;
    if (ports.length === 0) return ALL_PORTS;
    let set = NO_PORTS;
    for (const { protocol, port, endPort } of ports) {
      if (port === undefined) set = portSets.union(set, portSets.protocol(protocol));
      else if (typeof port === 'number') set = portSets.union(set, portSets.range(protocol, port, endPort));
      else {
        for (const container of cluster.pods.ports[pod] ?? []) {
          if (container.name !== port || container.protocol !== protocol) continue;
          set = portSets.union(set, portSets.range(protocol, container.containerPort, container.containerPort));
        }
      }
    }
    return set;
  }
}

function byNamespace(policies: readonly NetworkPolicyObject[]): ReadonlyMap<string, readonly NetworkPolicyObject[]> {
  const groups = new Map<string, NetworkPolicyObject[]>();
  for (const policy of policies) {
    const group = groups.get(policy.meta.namespace);
    if (group === undefined) groups.set(policy.meta.namespace, [policy]);
    else group.push(policy);
  }
  return groups;
}

const OPEN: PortBounds = { certain: ALL_PORTS, possible: ALL_PORTS };
const CLOSED: PortBounds = { certain: NO_PORTS, possible: NO_PORTS };

function subjectNamespaceMatches(
  cluster: Cluster,
  pod: number,
  selector: Parameters<typeof selectorMatchesPartly>[0],
): boolean {
  const namespace = cluster.namespaces[cluster.pods.namespaceOf[pod] ?? -1];
  if (namespace === undefined || selector.invalid) return true;
  return (
    selectorMatchesPartly(selector, namespace.labels, (key) => !namespace.labelsKnown && !namespace.labels.has(key)) !==
    NO
  );
}

/** No peers, or an `ipBlock` without exceptions over all of every family in use. */
function letsInEverybody({ peers }: NetworkPolicyRule, families: ReadonlySet<IpFamily>): boolean {
  if (peers.length === 0) return true;
  return [...families].every((family) =>
    peers.some(
      (peer) =>
        peer.type === 'ipBlock' && peer.cidr?.family === family && peer.cidr.prefix === 0 && peer.except.length === 0,
    ),
  );
}

function letsInSomebody({ peers }: NetworkPolicyRule): boolean {
  if (peers.length === 0) return true;
  return peers.some((peer) => {
    if (peer.type === 'ipBlock') return peer.cidr !== undefined;
    return [peer.podSelector, peer.namespaceSelector].every(
      (selector) => selector === undefined || !isContradictory(selector),
    );
  });
}

class Summary {
  private readonly engine: Engine;
  private bound: SourceBounds | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  add({ certain, possible }: PortBounds): void {
    const { portSets } = this.engine;
    if (this.bound === undefined) {
      this.bound = { every: { certain, possible }, some: { certain, possible } };
      return;
    }
    const { every, some } = this.bound;
    this.bound = {
      every: {
        certain: portSets.intersect(every.certain, certain),
        possible: portSets.intersect(every.possible, possible),
      },
      some: { certain: portSets.union(some.certain, certain), possible: portSets.union(some.possible, possible) },
    };
  }

  bounds(): SourceBounds {
    return this.bound ?? { every: CLOSED, some: CLOSED };
  }
}

/** Pods of one class on one node are all alike. */
function onePerClassAndNode(engine: Engine, pods: readonly number[]): readonly number[] {
  const seen = new Map<string, number>();
  for (const pod of pods) {
    const node = engine.cluster.pods.isHostNetwork(pod) ? (engine.cluster.pods.nodeNames[pod] ?? '') : '';
    const key = `${engine.classOfPod(pod)} ${node}`;
    if (!seen.has(key)) seen.set(key, pod);
  }
  return [...seen.values()];
}

function publicPart(cidrs: readonly Cidr[], families: ReadonlySet<IpFamily>): readonly Cidr[] {
  const parts: Cidr[] = [];
  for (const cidr of cidrs) {
    if (!families.has(cidr.family)) continue;
    for (const block of INTERNET) {
      // Networks overlap only by one holding the other.
      if (cidrContainsCidr(block, cidr)) parts.push(cidr);
      else if (cidrContainsCidr(cidr, block)) parts.push(block);
    }
  }
  return parts;
}

/** What is left of the internet, for messages that are shorter by naming who is kept out. */
export function notIn(open: readonly Cidr[]): readonly Cidr[] {
  const families = new Set(open.map(({ family }) => family));
  return rangesToCidrs(
    subtractRanges(
      INTERNET.filter(({ family }) => families.has(family)),
      open,
    ),
  );
}
