/** An Ingress, route or host as a target: what its controller connects to. */
import type { ServiceObject, ServicePort } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { type Parsed, type PortText, found, problem } from './endpoint-text.ts';
import { ServiceBackends } from './service-backends.ts';
import type { RouteRule } from './service-routes.ts';
import { legsOf, portKey } from './target-legs.ts';
import { type Target, type TargetHop, type TargetLeg, frontendId } from './target.ts';

/** An Ingress or route: the legs are what its controller connects to. */
export function routeTarget(
  cluster: Cluster,
  label: string,
  rules: readonly RouteRule[],
  port: PortText | undefined,
  notes: readonly string[],
): Parsed<Target> {
  if (port?.type === 'portless') {
    return problem({ code: 'no-port', message: `${label} carries HTTP only`, help: 'ask for the workload behind it' });
  }
  const backends = new ServiceBackends(cluster);
  const legs = new Map<string, TargetLeg>();
  const said = [...notes];
  if (port !== undefined)
    said.push(`the port of ${label} is that of its controller; behind it the backends' own ports count`);
  for (const rule of rules) {
    const resolved = backendPort(cluster, rule);
    if (!resolved.ok) {
      said.push(resolved.problem.message);
      continue;
    }
    const { service, servicePort } = resolved.value;
    for (const leg of legsOf(cluster, backends.of(service, servicePort, true).backends))
      legs.set(`${leg.label} ${portKey(leg.port)}`, leg);
  }
  if (legs.size === 0)
    return problem({
      code: 'no-backend',
      message: `${label} reaches no pod: ${said.at(-1) ?? 'its Services have no backends'}`,
    });
  const via = new Map<string, TargetHop>();
  for (const { frontend } of rules) {
    const id = frontendId(frontend);
    via.set(id, { id, kind: frontend.kind, works: 'proxy' });
  }
  return found({ label, legs: [...legs.values()], via: [...via.values()], everyPort: false, notes: said });
}

/** The Service and port that a rule names. */
export function backendPort(
  cluster: Cluster,
  { backend, frontend }: RouteRule,
): Parsed<{ readonly service: ServiceObject; readonly servicePort: ServicePort }> {
  const service = cluster.serviceNamed(backend.serviceNamespace, backend.serviceName);
  const name = `${backend.serviceNamespace}/Service/${backend.serviceName}`;
  if (service === undefined) {
    return problem({
      code: 'not-found',
      message: `${frontendId(frontend)} names ${name}, which the input does not have`,
    });
  }
  const servicePort = service.ports.find((p) =>
    typeof backend.servicePort === 'number' ? p.port === backend.servicePort : p.name === backend.servicePort,
  );
  if (servicePort === undefined) {
    return problem({
      code: 'no-port',
      message: `${frontendId(frontend)} names port ${backend.servicePort} of ${name}, which it does not have`,
    });
  }
  return found({ service, servicePort });
}

export function routeNames(rules: readonly RouteRule[]): string {
  return [...new Set(rules.map(({ frontend }) => frontendId(frontend)))].join(', ');
}
