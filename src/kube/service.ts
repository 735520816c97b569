/** Services: selector, ports and the addresses under which they are reached. */
import type { IpAddress } from '../base/inet.ts';
import type { Fields, Located } from './fields.ts';
import { shape } from './shape.ts';
import type { LabelPool } from './label-pool.ts';
import { mapSelector } from './label-selector.ts';
import type { Labels, ServiceObject, ServicePort } from './objects.ts';
import { formatPath } from './path.ts';
import { decodeProtocol, readAddress } from './pod.ts';
import { dnsLabelProblems, portNameProblems, portNumberProblems } from './syntax.ts';

const SPEC = shape(
  'v1.ServiceSpec',
  'ports selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution',
  { hints: { port: 'ports', matchLabels: 'selector' } },
);
const PORT = shape('v1.ServicePort', 'name protocol appProtocol port targetPort nodePort', {
  hints: { containerPort: 'targetPort' },
});
const STATUS = shape('v1.ServiceStatus', 'loadBalancer', { open: true });
const LOAD_BALANCER = shape('v1.LoadBalancerStatus', 'ingress', { open: true });
const LOAD_BALANCER_INGRESS = shape('v1.LoadBalancerIngress', 'ip', { open: true });

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] as const;

export type ServiceParts = Omit<ServiceObject, 'kind' | 'apiVersion' | 'meta' | 'span'>;

/** Reads `spec` and the load balancer's addresses in `status`. */
export function decodeService(object: Fields, pool: LabelPool): ServiceParts {
  const spec = object.value('spec', SPEC);
  const type = decodeType(spec);
  const selector = decodeSelector(spec, pool);
  const clusterIpTexts = clusterIpsOf(spec);
  const headless = clusterIpTexts.some(({ value }) => value === 'None');
  const externalName = spec.string('externalName') ?? '';
  const portFields = spec.objects('ports', PORT);
  if (type === 'ExternalName') {
    if (externalName === '')
      spec.decoder.fieldError({ type: 'required', path: spec.pathOf('externalName'), at: spec.place('externalName') });
  } else if (portFields.length === 0 && !headless && spec.listLength('ports') === 0) {
    spec.decoder.refused({ type: 'required', path: spec.pathOf('ports'), at: spec.place('ports') });
  }
  return {
    type,
    selector,
    ports: decodePorts(portFields),
    clusterIps: clusterIpTexts.flatMap(({ value }) =>
      value === '' || value === 'None' ? [] : readAddress(spec, 'clusterIP', value),
    ),
    headless,
    externalIps: spec.strings('externalIPs').flatMap(({ value }) => readAddress(spec, 'externalIPs', value)),
    loadBalancerIps: loadBalancerIpsOf(object, spec),
    externalTrafficPolicy: spec.string('externalTrafficPolicy') === 'Local' ? 'Local' : 'Cluster',
    externalName,
  };
}

function decodeType(spec: Fields): ServiceObject['type'] {
  const written = spec.string('type', 'v1.ServiceType') ?? '';
  const type = written === '' ? 'ClusterIP' : TYPES.find((known) => known === written);
  if (type !== undefined) return type;
  const detail = `supported values: ${TYPES.map((known) => `"${known}"`).join(', ')}`;
  spec.decoder.fieldError({
    type: 'unsupported',
    path: spec.pathOf('type'),
    at: spec.place('type'),
    value: written,
    detail,
  });
  return 'ClusterIP';
}

function decodeSelector(spec: Fields, pool: LabelPool): Labels | undefined {
  const selector = mapSelector(spec, 'selector');
  if (selector === undefined) return undefined;
  if (selector.requirements.length === 0) return pool.empty;
  return new Map(selector.requirements.map(({ key, values }) => [key, values[0] ?? '']));
}

function clusterIpsOf(spec: Fields): readonly Located<string>[] {
  const list = spec.strings('clusterIPs');
  if (list.length > 0) return list;
  const value = spec.string('clusterIP') ?? '';
  return value === '' ? [] : [{ value, node: spec.place('clusterIP') }];
}

function loadBalancerIpsOf(object: Fields, spec: Fields): readonly IpAddress[] {
  const ingress =
    object.object('status', STATUS)?.object('loadBalancer', LOAD_BALANCER)?.objects('ingress', LOAD_BALANCER_INGRESS) ??
    [];
  const assigned = ingress.flatMap((point) => {
    const ip = point.string('ip') ?? '';
    return ip === '' ? [] : readAddress(point, 'ip', ip);
  });
  const wanted = spec.string('loadBalancerIP') ?? '';
  if (assigned.length > 0 || wanted === '') return assigned;
  return readAddress(spec, 'loadBalancerIP', wanted);
}

function decodePorts(items: readonly Fields[]): readonly ServicePort[] {
  const names = new Set<string>();
  const taken = new Set<string>();
  return items.map((fields) => {
    const { decoder } = fields;
    const name = fields.string('name') ?? '';
    if (name === '') {
      if (items.length > 1)
        decoder.refused({
          type: 'required',
          path: fields.pathOf('name'),
          at: fields.place('name'),
          help: 'the API server wants a name for each of several ports',
        });
    } else {
      decoder.invalid(fields.pathOf('name'), fields.place('name'), name, dnsLabelProblems(name));
      if (names.has(name))
        decoder.fieldError({ type: 'duplicate', path: fields.pathOf('name'), at: fields.place('name'), value: name });
      names.add(name);
    }
    const port = fields.int32('port') ?? 0;
    decoder.invalid(fields.pathOf('port'), fields.place('port'), port, portNumberProblems(port));
    const protocol = decodeProtocol(fields);
    const targetPort = decodeTargetPort(fields) ?? port;
    const nodePort = fields.int32('nodePort') ?? 0;
    if (taken.has(`${protocol} ${port}`)) {
      const message = `${formatPath(fields.path)}: Duplicate value: {"port":${port},"protocol":"${protocol}"}`;
      decoder.warn(
        'duplicate-service-port',
        fields.at,
        message,
        'the API server refuses two ports with the same number and protocol',
      );
    }
    taken.add(`${protocol} ${port}`);
    return { name, protocol, port, targetPort, nodePort };
  });
}

function decodeTargetPort(fields: Fields): number | string | undefined {
  const targetPort = fields.intOrString('targetPort');
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return undefined;
  const problems = typeof targetPort === 'number' ? portNumberProblems(targetPort) : portNameProblems(targetPort);
  const help =
    typeof targetPort === 'string' && /^\d+$/.test(targetPort)
      ? `a quoted port is a name: write ${targetPort} without quotes`
      : undefined;
  fields.decoder.invalid(fields.pathOf('targetPort'), fields.place('targetPort'), targetPort, problems, help);
  return targetPort;
}
