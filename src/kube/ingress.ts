/** `networking.k8s.io/v1` Ingress: which Services it exposes. */
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { IngressObject, ObjectMeta, RouteBackend } from './objects.ts';
import { dnsLabelProblems, portNameProblems, portNumberProblems } from './syntax.ts';

export const INGRESS = shape('v1.Ingress', 'apiVersion kind metadata spec status');
const SPEC = shape('v1.IngressSpec', 'ingressClassName defaultBackend tls rules', {
  hints: { backend: 'defaultBackend' },
});
const RULE = shape('v1.IngressRule', 'host http');
const HTTP = shape('v1.HTTPIngressRuleValue', 'paths');
const PATH = shape('v1.HTTPIngressPath', 'path pathType backend');
const BACKEND = shape('v1.IngressBackend', 'service resource', {
  hints: { serviceName: 'service', servicePort: 'service' },
});
const SERVICE = shape('v1.IngressServiceBackend', 'name port');
const PORT = shape('v1.ServiceBackendPort', 'name number');

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

export function decodeIngress(object: Fields, meta: ObjectMeta): Pick<IngressObject, 'ingressClassName' | 'backends'> {
  const spec = object.value('spec', SPEC);
  const backends: RouteBackend[] = [];
  const byDefault = spec.object('defaultBackend', BACKEND);
  if (byDefault === undefined && spec.listLength('rules') === 0) {
    const detail = 'either `defaultBackend` or `rules` must be specified';
    spec.decoder.fieldError({ type: 'invalid', path: spec.path, at: spec.at, value: [], detail });
  }
  if (byDefault !== undefined) backends.push(...decodeBackend(byDefault, meta, '', '/'));
  for (const rule of spec.objects('rules', RULE)) backends.push(...decodeRule(rule, meta));
  return {
    ingressClassName: spec.string('ingressClassName') ?? meta.annotations.get(CLASS_ANNOTATION) ?? '',
    backends,
  };
}

function decodeRule(rule: Fields, meta: ObjectMeta): readonly RouteBackend[] {
  const host = rule.string('host') ?? '';
  const http = rule.object('http', HTTP);
  if (http === undefined) return [];
  if (http.listLength('paths') === 0)
    http.decoder.fieldError({ type: 'required', path: http.pathOf('paths'), at: http.place('paths') });
  return http.objects('paths', PATH).flatMap((fields) => decodePath(fields, meta, host));
}

function decodePath(fields: Fields, meta: ObjectMeta, host: string): readonly RouteBackend[] {
  const { decoder } = fields;
  const pathType = fields.string('pathType', 'v1.PathType');
  const path = fields.string('path') ?? '';
  if (pathType === undefined) {
    decoder.refused({
      type: 'required',
      path: fields.pathOf('pathType'),
      at: fields.place('pathType'),
      detail: 'pathType must be specified',
    });
  } else if (!PATH_TYPES.includes(pathType)) {
    const detail = 'supported values: "Exact", "ImplementationSpecific", "Prefix"';
    decoder.refused({
      type: 'unsupported',
      path: fields.pathOf('pathType'),
      at: fields.place('pathType'),
      value: pathType,
      detail,
    });
  } else if (!path.startsWith('/') && (pathType !== 'ImplementationSpecific' || path !== '')) {
    const detail = 'must be an absolute path';
    decoder.refused({ type: 'invalid', path: fields.pathOf('path'), at: fields.place('path'), value: path, detail });
  }
  return decodeBackend(fields.value('backend', BACKEND), meta, host, path === '' ? '/' : path);
}

function decodeBackend(fields: Fields, meta: ObjectMeta, host: string, path: string): readonly RouteBackend[] {
  const { decoder } = fields;
  const service = fields.object('service', SERVICE);
  const hasResource = fields.node('resource') !== undefined;
  const invalid = (detail: string): void =>
    decoder.fieldError({ type: 'invalid', path: fields.path, at: fields.at, value: '', detail });
  if (hasResource && service !== undefined) invalid('cannot set both resource and service backends');
  if (!hasResource && service === undefined) invalid('resource or service backend is required');
  if (service === undefined || hasResource) return [];
  const serviceName = service.string('name') ?? '';
  if (serviceName === '')
    decoder.fieldError({ type: 'required', path: service.pathOf('name'), at: service.place('name') });
  else decoder.invalid(service.pathOf('name'), service.place('name'), serviceName, dnsLabelProblems(serviceName));
  const port = service.value('port', PORT);
  const name = port.string('name') ?? '';
  const number = port.int32('number') ?? 0;
  if (name !== '' && number !== 0) invalid('cannot set both port name & port number');
  else if (name !== '') decoder.invalid(port.pathOf('name'), port.place('name'), name, portNameProblems(name));
  else if (number !== 0)
    decoder.invalid(port.pathOf('number'), port.place('number'), number, portNumberProblems(number));
  else
    decoder.fieldError({
      type: 'required',
      path: fields.path,
      at: fields.at,
      detail: 'port name or number is required',
    });
  const servicePort = name === '' ? number : name;
  return [{ host, path, serviceNamespace: meta.namespace, serviceName, servicePort, span: decoder.span(fields.at) }];
}
