/**
 * What Ingresses, HTTPRoutes and Services of type LoadBalancer and NodePort lead to, and whether policy lets the
 * outside in.
 */
import type { ServiceObject } from '../kube/objects.ts';
import type { ViewItem } from './connectivity-views.ts';
import type { NamedFrontend } from './endpoint.ts';
import type { Engine } from './engine.ts';
import type { Controller } from './exposure-controllers.ts';
import { facesOutside } from './exposure-doors.ts';
import { type Finding, combine } from './exposure-finding.ts';
import { WaysIn } from './exposure-ways.ts';
import { NO_PORTS, type PortSetId, portPoint } from './port-sets.ts';
import type { Exposure } from './results.ts';
import { type ServiceBackend, ServiceBackends } from './service-backends.ts';
import { type RouteRule, rulesOfHttpRoute, rulesOfIngress } from './service-routes.ts';
import { frontendId } from './target.ts';
import { backendPort } from './target-route.ts';

/** An exposure and the item of the map it leads to; -1 when it leads to none. */
export interface ItemExposure {
  readonly item: number;
  readonly exposure: Exposure;
}

/**
 * Sorted by what exposes (Services, Ingresses and routes by namespace and name), then by what is exposed. Only of the
 * items that `wanted` flags, when given; what leads nowhere is then left out.
 */
export function exposures(engine: Engine, items: readonly ViewItem[], wanted?: Uint8Array): readonly ItemExposure[] {
  return new ExposureSurvey(engine, items, wanted).all();
}

interface Group {
  readonly item: number;
  readonly finding: Finding;
  readonly ports: PortSetId;
}

class ExposureSurvey {
  private readonly engine: Engine;
  private readonly items: readonly ViewItem[];
  private readonly wanted: Uint8Array | undefined;
  private readonly itemOfPod: Int32Array;
  private readonly backends: ServiceBackends;
  private readonly ways: WaysIn;

  constructor(engine: Engine, items: readonly ViewItem[], wanted: Uint8Array | undefined) {
    this.engine = engine;
    this.items = items;
    this.wanted = wanted;
    this.itemOfPod = new Int32Array(engine.cluster.pods.length).fill(-1);
    items.forEach(({ pods }, index) => {
      for (const pod of pods) this.itemOfPod[pod] = index;
    });
    this.backends = new ServiceBackends(engine.cluster);
    this.ways = new WaysIn(engine, this.backends);
  }

  all(): readonly ItemExposure[] {
    const { services, ingresses, httpRoutes } = this.engine.cluster;
    return [
      ...services.filter(facesOutside).map((service) => this.ofService(service)),
      ...ingresses.map((ingress) =>
        this.ofRoute(rulesOfIngress(ingress), [this.ways.controllers.ofIngress(ingress.ingressClassName)]),
      ),
      ...httpRoutes.map((route) =>
        this.ofRoute(rulesOfHttpRoute(route), this.ways.controllers.ofHttpRoute(route.parents)),
      ),
    ]
      .flat()
      .filter(({ item }) => item >= 0 || this.wanted === undefined)
      .toSorted((a, b) => compare(sortKey(a.exposure.via), sortKey(b.exposure.via)) || a.item - b.item);
  }

  private ofService(service: ServiceObject): readonly ItemExposure[] {
    const via = frontendId({ kind: 'Service', namespace: service.meta.namespace, name: service.meta.name });
    const ends = service.ports.flatMap((port) => this.backends.of(service, port, true).backends);
    if (ends.length === 0) return [deadEnd(via, via, `${via} has no backends in the input`)];
    return this.grouped(via, ends, (pod, point) =>
      this.ways.fromInternet(pod, point, service.externalTrafficPolicy === 'Cluster'),
    );
  }

  private ofRoute(rules: readonly RouteRule[], controllers: readonly Controller[]): readonly ItemExposure[] {
    const [first] = rules;
    if (first === undefined) return [];
    const via = frontendId(first.frontend);
    const found: ItemExposure[] = [];
    const ends = new Map<string, ServiceBackend>();
    for (const rule of rules) {
      const resolved = backendPort(this.engine.cluster, rule);
      const service: NamedFrontend = {
        kind: 'Service',
        namespace: rule.backend.serviceNamespace,
        name: rule.backend.serviceName,
      };
      if (!resolved.ok) {
        found.push(deadEnd(via, frontendId(service), resolved.problem.message));
        continue;
      }
      const { backends } = this.backends.of(resolved.value.service, resolved.value.servicePort, true);
      if (backends.length === 0)
        found.push(deadEnd(via, frontendId(service), `${frontendId(service)} has no backends in the input`));
      for (const end of backends)
        if (end.end.type === 'pod') ends.set(`${end.end.pod} ${end.port} ${end.protocol}`, end);
    }
    const through = [...new Set(controllers.flatMap((controller) => this.ways.workloadsOf(controller)))];
    const judged = (pod: number, point: number): Finding =>
      combine(
        controllers.map((c) => this.ways.throughController(c, pod, point)),
        'some',
      );
    return [...this.grouped(via, [...ends.values()], judged, through), ...unique(found)];
  }

  /** One exposure for all ports of an item that have the same answer. */
  private grouped(
    via: string,
    ends: readonly ServiceBackend[],
    judge: (pod: number, point: number) => Finding,
    through: readonly string[] = [],
  ): readonly ItemExposure[] {
    const { portSets } = this.engine;
    const byPort = new Map<string, { item: number; set: PortSetId; findings: Map<number, Finding> }>();
    for (const { end, protocol, port, certain } of ends) {
      if (end.type !== 'pod') continue;
      const item = this.itemOfPod[end.pod] ?? -1;
      if (this.wanted !== undefined && this.wanted[item] !== 1) continue;
      const key = `${item} ${protocol} ${port}`;
      let entry = byPort.get(key);
      if (entry === undefined)
        byPort.set(key, (entry = { item, set: portSets.range(protocol, port, port), findings: new Map() }));
      const classId = this.engine.classOfPod(end.pod);
      if (entry.findings.has(classId)) continue;
      const finding = judge(end.pod, portPoint(protocol, port));
      entry.findings.set(classId, certain ? finding : UNCERTAIN_BACKEND);
    }
    const groups = new Map<string, Group>();
    for (const { item, set, findings } of byPort.values()) {
      const finding = combine([...findings.values()], 'pods');
      const key = JSON.stringify([item, finding.openness, finding.why]);
      const ports = portSets.union(groups.get(key)?.ports ?? NO_PORTS, set);
      groups.set(key, { item, finding, ports });
    }
    return [...groups.values()].map(({ item, finding, ports }) => ({
      item,
      exposure: {
        via,
        to: this.items[item]?.id ?? '',
        ...(through.length > 0 ? { through } : {}),
        ports: this.engine.portsValue(ports),
        allowed: finding.openness === 'all',
        ...(finding.openness === 'unknown' ? { certain: false as const } : {}),
        ...(finding.why.length > 0 ? { why: finding.why } : {}),
      },
    }));
  }
}

const UNCERTAIN_BACKEND: Finding = {
  openness: 'unknown',
  why: ['the Service selects by a label that only the controller of the pods sets'],
};

function deadEnd(via: string, to: string, why: string): ItemExposure {
  return { item: -1, exposure: { via, to, ports: [], allowed: false, why: [why] } };
}

function unique(found: readonly ItemExposure[]): readonly ItemExposure[] {
  return [...new Map(found.map((entry) => [JSON.stringify(entry.exposure), entry])).values()];
}

/** `namespace/Kind/name` by namespace, name, kind. */
function sortKey(id: string): readonly [string, string, string] {
  const [namespace = '', kind = '', name = ''] = id.split('/');
  return [namespace, name, kind];
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) {
    const [x = '', y = ''] = [a[i], b[i]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
