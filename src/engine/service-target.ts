/** From the text of a target to what has to be asked for it. */
import { formatIp } from '../base/inet-format.ts';
import type { Cluster } from '../model/cluster.ts';
import { type Parsed, type PortText, problem, readTargetText } from './endpoint-text.ts';
import { type EndpointOptions, type NamedFrontend, resolveText, serviceOfAddress } from './endpoint.ts';
import { routesOf, routesOfHost } from './service-routes.ts';
import { plainTarget } from './target-plain.ts';
import { routeNames, routeTarget } from './target-route.ts';
import { serviceTarget } from './target-service.ts';
import { type Target, frontendId } from './target.ts';

/**
 * The target of a connection, with or without a port.
 *
 * Problems: unknown names (with what was probably meant), a Service without that port or without backends, an
 * ExternalName Service, a port name that no container has.
 */
export function parseTarget(cluster: Cluster, text: string, options: EndpointOptions = {}): Parsed<Target> {
  const read = readTargetText(text);
  if (!read.ok) return read;
  const { end, port } = read.value;
  const service = serviceOfAddress(cluster, end);
  if (service !== undefined && end.type === 'address') {
    const note = `${formatIp(end.ip)} is an address of Service ${service.namespace}/${service.name}`;
    return frontendTarget(cluster, service, port, [note]);
  }
  const resolved = resolveText(cluster, end, options);
  if (!resolved.ok) {
    const host = end.type === 'name' && end.parts.length === 1 ? (end.parts[0] ?? '') : '';
    const rules = host.includes('.') ? routesOfHost(cluster, host) : [];
    return rules.length === 0
      ? resolved
      : routeTarget(cluster, host, rules, port, [`${host} is a host of ${routeNames(rules)}`]);
  }
  return 'endpoint' in resolved.value
    ? plainTarget(cluster, resolved.value, port)
    : frontendTarget(cluster, resolved.value, port, []);
}

function frontendTarget(
  cluster: Cluster,
  named: NamedFrontend,
  port: PortText | undefined,
  notes: readonly string[],
): Parsed<Target> {
  if (named.kind === 'Service') return serviceTarget(cluster, named, port, notes);
  const rules = routesOf(cluster, named);
  const id = frontendId(named);
  if (rules.length === 0) {
    return problem({
      code: 'no-backend',
      message: `${id} sends traffic to no Service`,
      help: 'give it a rule with a backend',
    });
  }
  return routeTarget(cluster, id, rules, port, notes);
}
