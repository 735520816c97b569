/** Ingresses, HTTPRoutes and Gateways as what they have in common: rules that send requests to a Service. */
import { assertNever } from '../base/assert.ts';
import type { IngressObject, HttpRouteObject, RouteBackend } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import type { NamedFrontend } from './endpoint.ts';

export interface RouteRule {
  /** The Ingress or HTTPRoute that has the rule. */
  readonly frontend: NamedFrontend;
  readonly backend: RouteBackend;
}

export function rulesOfIngress({ meta, backends }: IngressObject): readonly RouteRule[] {
  const frontend: NamedFrontend = { kind: 'Ingress', namespace: meta.namespace, name: meta.name };
  return backends.map((backend) => ({ frontend, backend }));
}

export function rulesOfHttpRoute({ meta, backends }: HttpRouteObject): readonly RouteRule[] {
  const frontend: NamedFrontend = { kind: 'HTTPRoute', namespace: meta.namespace, name: meta.name };
  return backends.map((backend) => ({ frontend, backend }));
}

/** The rules of one Ingress or HTTPRoute, or of every HTTPRoute attached to a Gateway. */
export function routesOf(cluster: Cluster, { kind, namespace, name }: NamedFrontend): readonly RouteRule[] {
  switch (kind) {
    case 'Ingress':
      return cluster.ingresses
        .filter(({ meta }) => meta.namespace === namespace && meta.name === name)
        .flatMap(rulesOfIngress);
    case 'HTTPRoute':
      return cluster.httpRoutes
        .filter(({ meta }) => meta.namespace === namespace && meta.name === name)
        .flatMap(rulesOfHttpRoute);
    case 'Gateway':
      return cluster.httpRoutes
        .filter(({ parents }) => parents.some((parent) => parent.namespace === namespace && parent.name === name))
        .flatMap(rulesOfHttpRoute);
    case 'Service':
      return [];
    default:
      return assertNever(kind);
  }
}

/** The rules that serve a host name: those that name it, else wildcard hosts, never the catch-all ones. */
export function routesOfHost(cluster: Cluster, host: string): readonly RouteRule[] {
  const wanted = host.toLowerCase();
  const rules = [...cluster.ingresses.flatMap(rulesOfIngress), ...cluster.httpRoutes.flatMap(rulesOfHttpRoute)];
  const exact = rules.filter((rule) => hostsOf(rule).includes(wanted));
  if (exact.length > 0) return exact;
  return rules.filter((rule) => hostsOf(rule).some((pattern) => wildcardCovers(pattern, wanted, rule.frontend.kind)));
}

/** An HTTPRoute has one list of hosts for all its rules, joined by commas. */
function hostsOf({ backend }: RouteRule): readonly string[] {
  return backend.host.toLowerCase().split(',');
}

/** `*.shop.example` covers one label in an Ingress, any number of labels in an HTTPRoute. */
function wildcardCovers(pattern: string, host: string, kind: NamedFrontend['kind']): boolean {
  if (!pattern.startsWith('*.') || !host.endsWith(pattern.slice(1))) return false;
  const left = host.slice(0, host.length - pattern.length + 1);
  return left !== '' && (kind === 'HTTPRoute' || !left.includes('.'));
}
