/** Gateway API: Gateways and the Services that HTTPRoutes expose. */
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { GatewayObject, HttpRouteObject, ObjectMeta, RouteBackend } from './objects.ts';

export const HTTP_ROUTE = shape('v1.HTTPRoute', 'apiVersion kind metadata spec status');
const ROUTE_SPEC = shape('v1.HTTPRouteSpec', 'parentRefs hostnames rules useDefaultGateways');
const PARENT = shape('v1.ParentReference', 'group kind namespace name sectionName port');
const RULE = shape('v1.HTTPRouteRule', 'name matches filters backendRefs timeouts retry sessionPersistence');
const MATCH = shape('v1.HTTPRouteMatch', 'path headers queryParams method');
const PATH_MATCH = shape('v1.HTTPPathMatch', 'type value');
const BACKEND = shape('v1.HTTPBackendRef', 'group kind name namespace port weight filters');

export const GATEWAY = shape('v1.Gateway', 'apiVersion kind metadata spec status');
const GATEWAY_SPEC = shape(
  'v1.GatewaySpec',
  'gatewayClassName listeners addresses infrastructure backendTLS tls allowedListeners defaultScope',
);
const LISTENER = shape('v1.Listener', 'name hostname port protocol tls allowedRoutes');

/** Backends other than Services, and those with weight 0, get no traffic that policy could see. */
export function decodeHttpRoute(object: Fields, meta: ObjectMeta): Pick<HttpRouteObject, 'parents' | 'backends'> {
  const spec = object.value('spec', ROUTE_SPEC);
  const host = spec
    .strings('hostnames')
    .map(({ value }) => value)
    .join(',');
  const parents = spec
    .objects('parentRefs', PARENT)
    .filter((parent) => (parent.string('kind') ?? 'Gateway') === 'Gateway')
    .map((parent) => ({ namespace: parent.string('namespace') ?? meta.namespace, name: parent.string('name') ?? '' }));
  const backends = spec.objects('rules', RULE).flatMap((rule) => decodeRule(rule, meta, host));
  return { parents, backends };
}

function decodeRule(rule: Fields, meta: ObjectMeta, host: string): readonly RouteBackend[] {
  const match = rule.objects('matches', MATCH)[0];
  const path = match?.object('path', PATH_MATCH)?.string('value') ?? '/';
  return rule.objects('backendRefs', BACKEND).flatMap((backend): RouteBackend[] => {
    const isService = (backend.string('kind') ?? 'Service') === 'Service' && (backend.string('group') ?? '') === '';
    if (!isService || backend.int32('weight') === 0) return [];
    return [
      {
        host,
        path,
        serviceNamespace: backend.string('namespace') ?? meta.namespace,
        serviceName: backend.string('name') ?? '',
        servicePort: backend.int32('port') ?? 0,
        span: backend.decoder.span(backend.at),
      },
    ];
  });
}

export function decodeGateway(object: Fields): Pick<GatewayObject, 'gatewayClassName' | 'listeners'> {
  const spec = object.value('spec', GATEWAY_SPEC);
  return {
    gatewayClassName: spec.string('gatewayClassName') ?? '',
    listeners: spec.objects('listeners', LISTENER).map((listener) => ({
      name: listener.string('name') ?? '',
      port: listener.int32('port') ?? 0,
      protocol: listener.string('protocol') ?? '',
      hostname: listener.string('hostname') ?? '',
    })),
  };
}
