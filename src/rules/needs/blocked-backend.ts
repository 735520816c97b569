import { assertNever } from '../../base/assert.ts';
import { type Controller, Controllers } from '../../engine/exposure-controllers.ts';
import { facesOutside } from '../../engine/exposure-doors.ts';
import { opennessAt } from '../../engine/exposure-sources.ts';
import { portPoint } from '../../engine/port-sets.ts';
import { type RouteRule, rulesOfHttpRoute, rulesOfIngress } from '../../engine/service-routes.ts';
import { frontendId } from '../../engine/target.ts';
import { backendPort } from '../../engine/target-route.ts';
import type { ServiceObject, ServicePort } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { exposureSources, isClosedToOutside, onePerKind, podBackends, type PodBackend } from '../outside-reach.ts';
import { defineRule } from '../rule.ts';

/**
 * M31, M42, catalogue NP403: what is meant to be reached from outside, shut by policy for whoever would come: for a
 * Service every address outside the pod network, for an Ingress or route its controller. Only where all backends are
 * shut, by verdict.
 */
export const blockedBackend = defineRule({
  name: 'blocked-backend',
  severity: 'error',
  category: 'needs',
  summary: 'an Ingress, an HTTPRoute, or a Service for the outside leads to pods that policy closes to it',
  fixable: false,
  detectors: ['M31', 'M42'],
  catalogue: ['NP403'],
  *check(context) {
    const { cluster } = context;
    const controllers = new Controllers(cluster);
    for (const service of cluster.services) {
      if (facesOutside(service)) yield* ofService(context, service);
    }
    for (const ingress of cluster.ingresses) {
      yield* ofRoute(context, rulesOfIngress(ingress), [controllers.ofIngress(ingress.ingressClassName)]);
    }
    for (const route of cluster.httpRoutes) {
      yield* ofRoute(context, rulesOfHttpRoute(route), controllers.ofHttpRoute(route.parents));
    }
  },
});

function* ofService(context: AuditContext, service: ServiceObject): Iterable<Finding> {
  for (const port of service.ports) {
    const backends = podBackends(context, service, port);
    if (backends === undefined || !onePerKind(context, backends).every((each) => isClosedToOutside(context, each)))
      continue;
    const place = placeOf(service, 'spec', 'type');
    yield {
      message: `${objectId(service)} ${service.type === 'ClusterIP' ? 'has externalIPs' : `is of type ${service.type}`}, but policy lets no address outside the cluster in to port ${numbers(backends)} of its pods`,
      why: 'Clients from outside come with an address of their own or of a node. No rule with an ipBlock, or without peers, lets them in.',
      help: 'allow ingress from the addresses that may come, or make the Service a plain ClusterIP if nobody should',
      ...(place === undefined ? {} : { place }),
      object: objectId(service),
      severity: 'warning',
      // Some plugins see the address of the pod's own node instead of the client's (S93, S100).
      confidence: service.externalTrafficPolicy === 'Cluster' ? 'implementation-defined' : context.absence,
      pods: context.workloadIds(backends.map(({ pod }) => pod)),
      key: `${port.protocol} ${port.port}`,
    };
  }
}

function* ofRoute(
  context: AuditContext,
  rules: readonly RouteRule[],
  controllers: readonly Controller[],
): Iterable<Finding> {
  const told = new Set<string>();
  for (const rule of rules) {
    const resolved = backendPort(context.cluster, rule);
    if (!resolved.ok) continue;
    const { service, servicePort } = resolved.value;
    const key = `${objectId(service)} ${servicePort.port}`;
    if (told.has(key)) continue;
    told.add(key);
    const finding = shutTo(context, rule, service, servicePort, controllers);
    if (finding !== undefined) yield { ...finding, key };
  }
}

function shutTo(
  context: AuditContext,
  rule: RouteRule,
  service: ServiceObject,
  servicePort: ServicePort,
  controllers: readonly Controller[],
): Finding | undefined {
  const backends = podBackends(context, service, servicePort);
  const [first] = backends ?? [];
  const [controller] = controllers;
  if (backends === undefined || first === undefined || controller === undefined) return undefined;
  const kinds = onePerKind(context, backends);
  if (!controllers.every((each) => kinds.every((backend) => isShut(context, each, backend)))) return undefined;
  const via = frontendId(rule.frontend);
  const from = controller.type === 'pods' ? controller.pods.find((pod) => pod !== first.pod) : undefined;
  const port = numbers(backends);
  return {
    message: `${via} leads to ${objectId(service)}, but ${whom(controller)} port ${port} of its pods`,
    why: `The controller opens a connection of its own to the pods behind the Service, on their port (${port}), and policy judges that one.`,
    help: `allow ingress from the controller's pods on port ${port}`,
    ...(rule.backend.span === undefined ? {} : { place: rule.backend.span }),
    object: via,
    confidence: context.absence,
    ...(from === undefined
      ? {}
      : {
          witness: context.witness(
            {
              from: { type: 'pod', pod: from },
              to: { type: 'pod', pod: first.pod },
              protocol: first.protocol,
              port: first.port,
            },
            'denied',
          ),
        }),
    pods: context.workloadIds(backends.map(({ pod }) => pod)),
  };
}

function isShut(context: AuditContext, controller: Controller, backend: PodBackend): boolean {
  const { engine } = context;
  switch (controller.type) {
    case 'pods': {
      const bounds = exposureSources(context).fromPods(controller.pods, backend.pod);
      return opennessAt(engine, bounds, portPoint(backend.protocol, backend.port)) === 'none';
    }
    case 'outside':
      return isClosedToOutside(context, backend);
    case 'unknown': {
      const bounds = exposureSources(context).fromAnyone(backend.pod);
      return opennessAt(engine, bounds, portPoint(backend.protocol, backend.port)) === 'none';
    }
    default:
      return assertNever(controller);
  }
}

function whom(controller: Controller): string {
  switch (controller.type) {
    case 'pods':
      return `policy does not let ${controller.name} in to`;
    case 'outside':
      return `policy lets no address outside the cluster, so ${controller.name} neither, in to`;
    case 'unknown':
      return 'policy lets nobody in to';
    default:
      return assertNever(controller);
  }
}

function numbers(backends: readonly PodBackend[]): string {
  return [...new Set(backends.map(({ port }) => port))].sort((a, b) => a - b).join(', ');
}
