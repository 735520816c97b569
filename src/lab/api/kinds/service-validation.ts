/** What the API server refuses in Services, in its order. */
import { parseCidr, parseIp } from '../../../base/inet-parse.ts';
import {
  dnsLabelProblems,
  labelKeyProblems,
  portNameProblems,
  portNumberProblems,
  subdomainProblems,
} from '../../../kube/syntax.ts';
import { get, type JsonObject } from '../json.ts';
import type { StatusCause } from '../status-error.ts';
import { validateIp, validateOrdinaryIp } from './addresses-validation.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import { validateOneOf } from './choice-validation.ts';
import { isGiven, numberAt, objectAt, objectsInPlace, sortedTextsAt, textAt, textsInPlace } from '../field-values.ts';
import { validateLabels } from './label-selector.ts';
import {
  validateAllocation,
  validateClusterIps,
  validateFamilies,
  validateSameAddresses,
} from './service-address-validation.ts';
import { isAddressed, isHeadless, isReachedFromOutside, needsHealthCheck, stickyTimeout } from './service-defaults.ts';
import type { ClusterView } from './strategy.ts';

/** The server looks at addresses before all else, and says nothing more when they cannot be had. */
export function validateService(service: JsonObject, cluster: ClusterView): readonly StatusCause[] {
  const spec = objectAt(service, 'spec');
  const steps: readonly ((causes: Causes) => void)[] = [
    (causes) => validateClusterIps(causes, spec),
    (causes) => validateFamilies(causes, spec, cluster),
    (causes) => validateAllocation(causes, service, cluster),
    (causes) => validateAll(causes, spec),
  ];
  for (const step of steps) {
    const causes = new Causes();
    step(causes);
    if (causes.all.length > 0) return causes.all;
  }
  return [];
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_STICKY_SECONDS = 86_400;

/** What is wrong with it whatever else there is in the cluster. */
function validateAll(causes: Causes, spec: JsonObject): void {
  const type = textAt(spec, 'type');
  const ports = objectsInPlace(spec, 'ports');
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') causes.required('spec.ports');
  if (type === 'ExternalName') validateExternalName(causes, spec);
  else if (type !== 'ClusterIP' && isHeadless(spec))
    causes.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
  validatePorts(causes, ports);
  validateLabels(causes, sortedTextsAt(spec, 'selector'), 'spec.selector');
  validateAffinity(causes, spec);
  validateClusterIps(causes, spec);
  textsInPlace(spec, 'externalIPs').forEach((address, index) => validateExternalIp(causes, address, index));
  validateOneOf(causes, spec, 'type', TYPES, 'spec');
  validateNodePorts(causes, type, ports);
  validateDuplicatePorts(causes, ports);
  validateBalancer(causes, spec, type);
  validateTraffic(causes, spec);
}

function validateExternalName(causes: Causes, spec: JsonObject): void {
  for (const name of ['clusterIPs', 'ipFamilies'])
    if (textsInPlace(spec, name).length > 0)
      causes.forbidden(`spec.${name}`, 'may not be set for ExternalName services');
  if (isGiven(spec, 'ipFamilyPolicy'))
    causes.forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services');
  const name = textAt(spec, 'externalName').replace(/\.$/, '');
  if (name === '') causes.required('spec.externalName');
  else causes.invalidFor('spec.externalName', name, subdomainProblems(name));
}

function validatePorts(causes: Causes, ports: readonly JsonObject[]): void {
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    const name = textAt(port, 'name');
    if (name !== '') {
      causes.invalidFor(`${at}.name`, name, dnsLabelProblems(name));
      if (names.has(name)) causes.duplicate(`${at}.name`, name);
      names.add(name);
    } else if (ports.length > 1) causes.required(`${at}.name`);
    const number = numberAt(port, 'port') ?? 0;
    causes.invalidFor(`${at}.port`, number, portNumberProblems(number));
    validateOneOf(causes, port, 'protocol', PROTOCOLS, at);
    const target = get(port, 'targetPort') ?? 0;
    if (typeof target === 'number') causes.invalidFor(`${at}.targetPort`, target, portNumberProblems(target));
    else if (typeof target === 'string') causes.invalidFor(`${at}.targetPort`, target, portNameProblems(target));
    const application = get(port, 'appProtocol');
    if (typeof application === 'string')
      causes.invalidFor(`${at}.appProtocol`, application, labelKeyProblems(application));
  });
}

function validateAffinity(causes: Causes, spec: JsonObject): void {
  validateOneOf(causes, spec, 'sessionAffinity', ['ClientIP', 'None'], 'spec');
  const { config, clientIp, seconds } = stickyTimeout(spec);
  const field = 'spec.sessionAffinityConfig';
  switch (textAt(spec, 'sessionAffinity')) {
    case 'ClientIP':
      if (config === undefined) causes.required(field, 'when session affinity type is ClientIP');
      else if (clientIp === undefined) causes.required(`${field}.clientIP`, 'when session affinity type is ClientIP');
      else if (seconds === undefined)
        causes.required(`${field}.clientIP.timeoutSeconds`, 'when session affinity type is ClientIP');
      else if (seconds <= 0 || seconds > MAX_STICKY_SECONDS)
        causes.invalid(
          `${field}.clientIP.timeoutSeconds`,
          seconds,
          `must be greater than 0 and less than ${MAX_STICKY_SECONDS}`,
        );
      break;
    case 'None':
      if (config !== undefined) causes.forbidden(field, 'must not be set when session affinity is None');
      break;
    default:
  }
}

function validateExternalIp(causes: Causes, address: string, index: number): void {
  const field = `spec.externalIPs[${index}]`;
  if (parseIp(address) === undefined) validateIp(causes, address, field);
  else validateOrdinaryIp(causes, address, field);
}

function validateNodePorts(causes: Causes, type: string, ports: readonly JsonObject[]): void {
  const taken = new Set<string>();
  ports.forEach((port, index) => {
    const nodePort = numberAt(port, 'nodePort') ?? 0;
    if (nodePort !== 0 && type === 'ClusterIP')
      causes.forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'");
  });
  ports.forEach((port, index) => {
    const nodePort = numberAt(port, 'nodePort') ?? 0;
    if (nodePort === 0) return;
    const key = `${textAt(port, 'protocol')}/${nodePort}`;
    if (taken.has(key)) causes.duplicate(`spec.ports[${index}].nodePort`, nodePort);
    taken.add(key);
  });
}

function validateDuplicatePorts(causes: Causes, ports: readonly JsonObject[]): void {
  const taken = new Set<string>();
  ports.forEach((port, index) => {
    const number = numberAt(port, 'port') ?? 0;
    const protocol = textAt(port, 'protocol');
    const key = `${protocol}/${number}`;
    if (taken.has(key)) causes.duplicate(`spec.ports[${index}]`, { port: number, protocol });
    taken.add(key);
  });
}

function validateBalancer(causes: Causes, spec: JsonObject, type: string): void {
  const isBalancer = type === 'LoadBalancer';
  const ranges = textsInPlace(spec, 'loadBalancerSourceRanges');
  const field = 'spec.LoadBalancerSourceRanges';
  if (ranges.length > 0 && !isBalancer) causes.forbidden(field, "may only be used when `type` is 'LoadBalancer'");
  ranges.forEach((range, index) => {
    if (parseCidr(range.trim()) === undefined)
      causes.invalid(
        `${field}[${index}]`,
        range.trim(),
        'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      );
  });
  if (isGiven(spec, 'allocateLoadBalancerNodePorts') && !isBalancer)
    causes.forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'");
  if (!isGiven(spec, 'loadBalancerClass')) return;
  const name = textAt(spec, 'loadBalancerClass');
  if (!isBalancer) causes.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'");
  else causes.invalidFor('spec.loadBalancerClass', name, labelKeyProblems(name));
}

function validateTraffic(causes: Causes, spec: JsonObject): void {
  const external = textAt(spec, 'externalTrafficPolicy');
  if (isReachedFromOutside(spec)) validateOneOf(causes, spec, 'externalTrafficPolicy', ['Cluster', 'Local'], 'spec');
  else if (external !== '')
    causes.invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services');
  const healthPort = numberAt(spec, 'healthCheckNodePort') ?? 0;
  if (needsHealthCheck(spec)) {
    if (healthPort === 0) causes.required('spec.healthCheckNodePort');
    else causes.invalidFor('spec.healthCheckNodePort', healthPort, portNumberProblems(healthPort));
  } else if (healthPort !== 0)
    causes.invalid(
      'spec.healthCheckNodePort',
      healthPort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  const internal = textAt(spec, 'internalTrafficPolicy');
  if (internal === '' && isAddressed(spec)) causes.required('spec.internalTrafficPolicy');
  else if (internal !== '' && !['Cluster', 'Local'].includes(internal))
    causes.unsupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']);
  const distribution = textAt(spec, 'trafficDistribution');
  if (distribution !== '' && distribution !== 'PreferClose')
    causes.unsupported('spec.trafficDistribution', distribution, ['PreferClose']);
}

/** Addresses and families stay once they are set; a second one may come and go. */
export function validateServiceUpdate(causes: Causes, next: JsonObject, before: JsonObject): void {
  const [spec, old] = [objectAt(next, 'spec'), objectAt(before, 'spec')];
  if (textAt(spec, 'type') !== 'ExternalName' && textAt(old, 'type') !== 'ExternalName') {
    const heads = [spec, old].filter(isHeadless).length;
    if (heads < 2) validateSameAddresses(causes, spec, old, 'clusterIPs', 'clusterIP');
    if (heads === 0) validateSameAddresses(causes, spec, old, 'ipFamilies', 'ipFamily');
  }
  const isBalancer = (each: JsonObject) => textAt(each, 'type') === 'LoadBalancer';
  if (isBalancer(spec) && isBalancer(old) && textAt(spec, 'loadBalancerClass') !== textAt(old, 'loadBalancerClass'))
    causes.invalid('spec.loadBalancerClass', textAt(spec, 'loadBalancerClass'), 'may not change once set');
  if (needsHealthCheck(spec) && needsHealthCheck(old)) {
    if (numberAt(spec, 'healthCheckNodePort') !== numberAt(old, 'healthCheckNodePort'))
      causes.forbidden('spec.healthCheckNodePort', IMMUTABLE);
  }
}
