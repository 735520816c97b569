/**
 * What Ingresses, HTTPRoutes and Services of type LoadBalancer and NodePort lead to, and whether policy lets the
 * outside in.
 */
import { assertNever } from '../base/assert.ts';
import { formatCidr } from '../base/inet-format.ts';
import type { ServiceObject } from '../kube/objects.ts';
import type { ViewItem } from './connectivity-views.ts';
import type { NamedFrontend } from './endpoint.ts';
import type { Engine } from './engine.ts';
import { type Controller, Controllers } from './exposure-controllers.ts';
import { Doors, facesOutside } from './exposure-doors.ts';
import { type Finding, OPEN, combine } from './exposure-finding.ts';
import { ExposureSources, notIn, opennessAnywhere, opennessAt } from './exposure-sources.ts';
import { NO_PORTS, type PortSetId, portPoint } from './port-sets.ts';
import type { Exposure } from './results.ts';
import { type ServiceBackend, ServiceBackends } from './service-backends.ts';
import { type RouteRule, rulesOfHttpRoute, rulesOfIngress } from './service-routes.ts';
import { backendPort, frontendId } from './service-target.ts';

/** An exposure and the item of the map it leads to; -1 when it leads to none. */
export interface ItemExposure {
  readonly item: number;
  readonly exposure: Exposure;
}

/** Ranges named in one reason. */
const MAX_RANGES = 5;

/** Sorted by what exposes (Services, Ingresses and routes by namespace and name), then by what is exposed. */
export function exposures(engine: Engine, items: readonly ViewItem[]): readonly ItemExposure[] {
  return new ExposureSurvey(engine, items).all();
}

interface Group {
  readonly item: number;
  readonly finding: Finding;
  readonly ports: PortSetId;
}

export class ExposureSurvey {
  private readonly engine: Engine;
  private readonly items: readonly ViewItem[];
  private readonly itemOfPod: Int32Array;
  private readonly backends: ServiceBackends;
  readonly controllers: Controllers;
  private readonly sources: ExposureSources;
  readonly doors: Doors;
  private readonly reached = new Map<Controller, Finding>();

  constructor(engine: Engine, items: readonly ViewItem[]) {
    this.engine = engine;
    this.items = items;
    this.itemOfPod = new Int32Array(engine.cluster.pods.length).fill(-1);
    items.forEach(({ pods }, index) => {
      for (const pod of pods) this.itemOfPod[pod] = index;
    });
    this.backends = new ServiceBackends(engine.cluster);
    this.doors = new Doors(engine.cluster, this.backends);
    this.controllers = new Controllers(engine.cluster);
    this.sources = new ExposureSources(engine);
  }

  all(): readonly ItemExposure[] {
    const { services, ingresses, httpRoutes } = this.engine.cluster;
    return [
      ...services.filter(facesOutside).map((service) => this.ofService(service)),
      ...ingresses.map((ingress) =>
        this.ofRoute(rulesOfIngress(ingress), [this.controllers.ofIngress(ingress.ingressClassName)]),
      ),
      ...httpRoutes.map((route) => this.ofRoute(rulesOfHttpRoute(route), this.controllers.ofHttpRoute(route.parents))),
    ]
      .flat()
      .toSorted((a, b) => compare(sortKey(a.exposure.via), sortKey(b.exposure.via)) || a.item - b.item);
  }

  /** What one controller may open to a pod, and whether the outside reaches the controller at all. */
  throughController(controller: Controller, pod: number, point: number): Finding {
    const first = this.reach(controller);
    if (first.openness === 'none' || first.openness === 'part') return first;
    const second = this.fromController(controller, pod, point);
    return second.openness === 'all' && first.openness === 'unknown' ? first : second;
  }

  /** The same for all pods of a workload or Service. */
  throughControllerToAll(controller: Controller, pods: readonly number[], point: number): Finding {
    const byClass = new Map(pods.map((pod) => [this.engine.classOfPod(pod), pod]));
    return combine(
      [...byClass.values()].map((pod) => this.throughController(controller, pod, point)),
      'pods',
    );
  }

  private ofService(service: ServiceObject): readonly ItemExposure[] {
    const via = frontendId({ kind: 'Service', namespace: service.meta.namespace, name: service.meta.name });
    const ends = service.ports.flatMap((port) => this.backends.of(service, port, true).backends);
    if (ends.length === 0) return [deadEnd(via, via, `${via} has no backends in the input`)];
    return this.grouped(via, ends, (pod, point) =>
      this.fromInternet(pod, point, service.externalTrafficPolicy === 'Cluster'),
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
    const through = [...new Set(controllers.flatMap((controller) => this.workloadsOf(controller)))];
    const judged = (pod: number, point: number): Finding =>
      combine(
        controllers.map((c) => this.throughController(c, pod, point)),
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

  private fromInternet(pod: number, point: number, mayBeRewritten: boolean): Finding {
    const openness = opennessAt(this.engine, this.sources.fromInternet(pod), point);
    const why: string[] = [];
    if (openness === 'none') why.push('policy lets no public address in');
    if (openness === 'part') why.push(this.rangesIn(pod, point));
    if (openness === 'unknown') why.push('the input does not tell whether policy lets public addresses in');
    if (openness !== 'all' && mayBeRewritten) {
      why.push(
        "externalTrafficPolicy is Cluster, so some network plugins see the address of a node instead of the client's and may decide otherwise",
      );
    }
    return { openness, why };
  }

  private rangesIn(pod: number, point: number): string {
    const open = this.sources.openTo(pod, point);
    const closed = notIn(open);
    const list = (cidrs: readonly Parameters<typeof formatCidr>[0][]): string => {
      const named = cidrs.slice(0, MAX_RANGES).map(formatCidr).join(', ');
      return cidrs.length > MAX_RANGES ? `${named} and ${cidrs.length - MAX_RANGES} more ranges` : named;
    };
    return closed.length > 0 && closed.length < open.length
      ? `policy keeps out ${list(closed)}`
      : `of the public addresses, policy lets in only ${list(open)}`;
  }

  /** Whether the outside gets to the controller itself. */
  private reach(controller: Controller): Finding {
    if (controller.type !== 'pods') return OPEN;
    let finding = this.reached.get(controller);
    if (finding === undefined) {
      finding = this.computeReach(controller.name, controller.pods);
      this.reached.set(controller, finding);
    }
    return finding;
  }

  private computeReach(name: string, pods: readonly number[]): Finding {
    const findings = pods.map((pod): Finding => {
      const doors = this.doors.of(pod);
      const bounds = this.sources.fromInternet(pod);
      // Without a Service that leads to it the outside comes by a port of the host: any will do.
      if (doors === undefined) {
        return { openness: opennessAnywhere(bounds), why: [] };
      }
      return combine(
        doors.map(({ protocol, port }) => ({
          openness: opennessAt(this.engine, bounds, portPoint(protocol, port)),
          why: [],
        })),
        'some',
      );
    });
    const { openness } = combine(findings, 'pods');
    switch (openness) {
      case 'all':
        return OPEN;
      case 'none':
        return { openness, why: [`policy lets no public address in to ${name}, which stands in front`] };
      case 'part':
        return { openness, why: [`policy lets only some public addresses in to ${name}, which stands in front`] };
      case 'unknown':
        return {
          openness,
          why: [`the input does not tell whether policy lets the outside in to ${name}, which stands in front`],
        };
      default:
        return assertNever(openness);
    }
  }

  private fromController(controller: Controller, pod: number, point: number): Finding {
    switch (controller.type) {
      case 'pods': {
        const openness = opennessAt(this.engine, this.sources.fromPods(controller.pods, pod), point);
        if (openness === 'all') return OPEN;
        const who = this.workloadsOf(controller).join(', ');
        const why =
          openness === 'none'
            ? `policy does not let ${controller.name} in (${who})`
            : openness === 'part'
              ? `policy lets only some pods of ${controller.name} in (${who})`
              : `the input does not tell whether policy lets ${controller.name} in (${who})`;
        return { openness, why: [why] };
      }
      case 'outside': {
        const openness = opennessAt(this.engine, this.sources.fromOutside(pod), point);
        if (openness === 'all') return OPEN;
        if (openness === 'none')
          return { openness, why: [`policy lets in no address outside the cluster, so ${controller.name} neither`] };
        return {
          openness: 'unknown',
          why: [`policy lets in only some addresses, and those of ${controller.name} are not part of the input`],
        };
      }
      case 'unknown': {
        const openness = opennessAt(this.engine, this.sources.fromAnyone(pod), point);
        if (openness === 'all') return OPEN;
        if (openness === 'none')
          return { openness, why: [`policy lets nobody in on this port, so ${controller.name} neither`] };
        return {
          openness: 'unknown',
          why: [`policy lets in only certain sources, and ${controller.name} is not part of the input`],
        };
      }
      default:
        return assertNever(controller);
    }
  }

  private workloadsOf(controller: Controller): readonly string[] {
    if (controller.type !== 'pods') return [];
    const { pods, workloads } = this.engine.cluster;
    return [...new Set(controller.pods.map((pod) => workloads[pods.workloadOf[pod] ?? -1]?.id ?? ''))];
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
