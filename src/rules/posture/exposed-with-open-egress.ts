import { Controllers } from '../../engine/exposure-controllers.ts';
import { facesOutside } from '../../engine/exposure-doors.ts';
import { WaysIn } from '../../engine/exposure-ways.ts';
import { INTERNET } from '../../engine/endpoint-internet.ts';
import { ALL_PORTS, NO_PORTS, portPoint } from '../../engine/port-sets.ts';
import { type RouteRule, rulesOfHttpRoute, rulesOfIngress } from '../../engine/service-routes.ts';
import { frontendId } from '../../engine/target.ts';
import { backendPort } from '../../engine/target-route.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { podBackends, serviceBackends, type PodBackend } from '../outside-reach.ts';
import { defineRule } from '../rule.ts';

/** With more kinds of pods only the first step is counted. */
const MAX_KINDS_FOR_ALL_STEPS = 400;

/** Catalogue NP310: what an attacker who gets in from outside could reach from there, by verdict. */
export const exposedWithOpenEgress = defineRule({
  name: 'exposed-with-open-egress',
  severity: 'info',
  category: 'posture',
  summary: 'a workload is open to the internet, and may itself connect to everything on the internet',
  fixable: false,
  detectors: [],
  catalogue: ['NP310'],
  controls: { nsa: ['least-privilege'], kubescape: ['C-0256'] },
  *check(context) {
    const { cluster, engine } = context;
    for (const [index, { pod, via }] of exposedWorkloads(context)) {
      const workload = cluster.workloads[index];
      const internet = { type: 'range', cidrs: INTERNET, label: 'internet' } as const;
      const { certain, uniform } = engine.ports({ type: 'pod', pod }, internet);
      if (workload === undefined || certain !== ALL_PORTS || !uniform) continue;
      const { next, all } = radius(context, pod);
      const place = workload.object?.span;
      yield {
        message: `${workload.id} is open to the internet through ${via}, and may connect to every address there and to ${next} other workload${next === 1 ? '' : 's'}`,
        why: `Whoever takes it over can fetch tools and carry data out at will${all === undefined ? '' : `, and reaches ${all} of ${cluster.workloads.length - 1} other workloads step by step`}.`,
        help: 'isolate it for egress, and allow what it needs',
        ...(place === undefined ? {} : { place }),
        object: workload.id,
        confidence: context.absence,
        witness: context.witness({ from: { type: 'pod', pod }, to: internet, protocol: 'TCP', port: 443 }, 'allowed'),
        pods: [workload.id],
        key: 'exposed',
      };
    }
  },
});

/** The workloads that policy and a Service, Ingress or route open to every public address; the first way in of each. */
function exposedWorkloads(context: AuditContext): ReadonlyMap<number, { readonly pod: number; readonly via: string }> {
  const { cluster, engine } = context;
  const ways = new WaysIn(engine, serviceBackends(context));
  const controllers = new Controllers(cluster);
  const found = new Map<number, { pod: number; via: string }>();
  const add = (
    backends: readonly PodBackend[] | undefined,
    via: string,
    isOpen: (each: PodBackend) => boolean,
  ): void => {
    for (const backend of backends ?? []) {
      const workload = cluster.pods.workloadOf[backend.pod] ?? -1;
      if (!found.has(workload) && isOpen(backend)) found.set(workload, { pod: backend.pod, via });
    }
  };
  for (const service of cluster.services) {
    if (!facesOutside(service)) continue;
    for (const port of service.ports) {
      add(
        podBackends(context, service, port),
        objectId(service),
        (each) => ways.fromInternet(each.pod, portPoint(each.protocol, each.port), false).openness === 'all',
      );
    }
  }
  const addRules = (rules: readonly RouteRule[], through: readonly ReturnType<Controllers['ofIngress']>[]): void => {
    for (const rule of rules) {
      const resolved = backendPort(cluster, rule);
      if (!resolved.ok) continue;
      add(podBackends(context, resolved.value.service, resolved.value.servicePort), frontendId(rule.frontend), (each) =>
        through.some(
          (controller) =>
            ways.throughController(controller, each.pod, portPoint(each.protocol, each.port)).openness === 'all',
        ),
      );
    }
  };
  for (const ingress of cluster.ingresses) {
    addRules(rulesOfIngress(ingress), [controllers.ofIngress(ingress.ingressClassName)]);
  }
  for (const route of cluster.httpRoutes) addRules(rulesOfHttpRoute(route), controllers.ofHttpRoute(route.parents));
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** How many other workloads are open to the pod in one step, and in all. */
function radius(context: AuditContext, start: number): { readonly next: number; readonly all: number | undefined } {
  const { cluster, engine } = context;
  const kinds = engine.podClassCount;
  const first = engine.classOfPod(start);
  const step = (from: number): readonly number[] =>
    Array.from({ length: kinds }, (_, index) => index).filter((to) => engine.classPorts(from, to).certain !== NO_PORTS);
  const others = (classes: Iterable<number>): number => {
    const workloads = new Set<number>();
    for (const classId of classes) {
      for (const pod of engine.podsOfClass(classId)) workloads.add(cluster.pods.workloadOf[pod] ?? -1);
    }
    workloads.delete(cluster.pods.workloadOf[start] ?? -1);
    return workloads.size;
  };
  const next = step(first);
  if (kinds > MAX_KINDS_FOR_ALL_STEPS) return { next: others(next), all: undefined };
  const reached = new Set(next);
  // A set also visits what is added on the way.
  for (const classId of reached) for (const to of step(classId)) reached.add(to);
  return { next: others(next), all: others(reached) };
}
