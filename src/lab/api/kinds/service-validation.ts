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
import { validateOneOf } from './container-validation.ts';
import { isGiven, numberOf, objectOf, objectsOf, textMapOf, textOf, textsOf } from './field-values.ts';
import { validateLabels } from './label-selector.ts';
import {
  canonicalIp,
  familyNames,
  familyOf,
  FIRST_NODE_PORT,
  isInRange,
  LAST_NODE_PORT,
  serviceCidr,
  takenByOthers,
} from './service-addresses.ts';
import { isAddressed, isHeadless, isReachedFromOutside, needsHealthCheck, stickyTimeout } from './service-defaults.ts';
import type { ClusterView } from './strategy.ts';

/** The server looks at addresses before all else, and says nothing more when they cannot be had. */
export function validateService(service: JsonObject, cluster: ClusterView): readonly StatusCause[] {
  const spec = objectOf(service, 'spec');
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
  const type = textOf(spec, 'type');
  const ports = objectsOf(spec, 'ports');
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') causes.required('spec.ports');
  if (type === 'ExternalName') validateExternalName(causes, spec);
  else if (type !== 'ClusterIP' && isHeadless(spec))
    causes.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
  validatePorts(causes, ports);
  validateLabels(causes, textMapOf(spec, 'selector'), 'spec.selector');
  validateAffinity(causes, spec);
  validateClusterIps(causes, spec);
  textsOf(spec, 'externalIPs').forEach((address, index) => validateExternalIp(causes, address, index));
  validateOneOf(causes, spec, 'type', TYPES, 'spec');
  validateNodePorts(causes, type, ports);
  validateDuplicatePorts(causes, ports);
  validateBalancer(causes, spec, type);
  validateTraffic(causes, spec);
}

function validateExternalName(causes: Causes, spec: JsonObject): void {
  for (const name of ['clusterIPs', 'ipFamilies'])
    if (textsOf(spec, name).length > 0) causes.forbidden(`spec.${name}`, 'may not be set for ExternalName services');
  if (isGiven(spec, 'ipFamilyPolicy'))
    causes.forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services');
  const name = textOf(spec, 'externalName').replace(/\.$/, '');
  if (name === '') causes.required('spec.externalName');
  else causes.invalidFor('spec.externalName', name, subdomainProblems(name));
}

function validatePorts(causes: Causes, ports: readonly JsonObject[]): void {
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    const name = textOf(port, 'name');
    if (name !== '') {
      causes.invalidFor(`${at}.name`, name, dnsLabelProblems(name));
      if (names.has(name)) causes.duplicate(`${at}.name`, name);
      names.add(name);
    } else if (ports.length > 1) causes.required(`${at}.name`);
    const number = numberOf(port, 'port') ?? 0;
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
  switch (textOf(spec, 'sessionAffinity')) {
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

const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const FAMILIES = ['IPv4', 'IPv6'];

/** Addresses, families and policy, each for itself and with the others. */
function validateClusterIps(causes: Causes, spec: JsonObject): void {
  if (textOf(spec, 'type') === 'ExternalName') return;
  const field = 'spec.clusterIPs';
  const addresses = textsOf(spec, 'clusterIPs');
  const families = textsOf(spec, 'ipFamilies');
  const address = textOf(spec, 'clusterIP');
  const [first] = addresses;
  if (address === '' && first !== undefined)
    causes.invalid(field, addresses, 'must be empty when `clusterIP` is not specified');
  else if (address !== '' && first === undefined) causes.required(field);
  else if (address !== '' && first !== address) causes.invalid(field, addresses, 'first value must match `clusterIP`');
  families.forEach((family, index) => {
    if (!FAMILIES.includes(family)) causes.unsupported(`spec.ipFamilies[${index}]`, family, FAMILIES);
    if (families.indexOf(family) < index) causes.duplicate(`spec.ipFamilies[${index}]`, family);
  });
  const policy = get(spec, 'ipFamilyPolicy');
  if (typeof policy === 'string' && !policies.includes(policy))
    causes.unsupported('spec.ipFamilyPolicy', policy, policies);
  const isMisplaced = first === 'None' && addresses.length > 1;
  if (isMisplaced) causes.invalid(field, addresses, "'None' must be the first and only value");
  addresses.forEach((each, index) => {
    if (index > 0 || each !== 'None') validateIp(causes, each, `${field}[${index}]`);
  });
  if (addresses.length > 2) causes.invalid(field, addresses, 'may only hold up to 2 values');
  if (isMisplaced || isHeadless(spec) || addresses.some((each) => familyOf(each) === undefined)) return;
  if (addresses.length > 1 && new Set(addresses.map(familyOf)).size !== addresses.length)
    causes.invalid(field, addresses, 'may specify no more than one IP for each IP family');
  addresses.forEach((each, index) => {
    const family = families[index] ?? '';
    if (FAMILIES.includes(family) && familyOf(each) !== family)
      causes.invalid(
        `${field}[${index}]`,
        each,
        `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
      );
  });
}

/** Families that the cluster has none of, and policies that do not go with them. */
function validateFamilies(causes: Causes, spec: JsonObject, { networks }: ClusterView): void {
  if (!isAddressed(spec)) return;
  const families = textsOf(spec, 'ipFamilies');
  const policy = textOf(spec, 'ipFamilyPolicy');
  const known: readonly string[] = familyNames(networks);
  const isFree = isHeadless(spec) && textMapOf(spec, 'selector').size === 0;
  if (policy === 'SingleStack') {
    const problem = (what: string) => `must be RequireDualStack or PreferDualStack when multiple ${what} are specified`;
    if (textsOf(spec, 'clusterIPs').length > 1) causes.invalid('spec.ipFamilyPolicy', policy, problem('clusterIPs'));
    if (families.length > 1) causes.invalid('spec.ipFamilyPolicy', policy, problem('ipFamilies'));
  }
  // A headless Service without selector may have endpoints of any family.
  if (isFree) return;
  if (policy === 'RequireDualStack' && known.length < 2)
    causes.invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services');
  families.forEach((family, index) => {
    if (!known.includes(family)) causes.invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster');
  });
}

function validateExternalIp(causes: Causes, address: string, index: number): void {
  const field = `spec.externalIPs[${index}]`;
  if (parseIp(address) === undefined) validateIp(causes, address, field);
  else validateOrdinaryIp(causes, address, field);
}

function validateNodePorts(causes: Causes, type: string, ports: readonly JsonObject[]): void {
  const taken = new Set<string>();
  ports.forEach((port, index) => {
    const nodePort = numberOf(port, 'nodePort') ?? 0;
    if (nodePort !== 0 && type === 'ClusterIP')
      causes.forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'");
  });
  ports.forEach((port, index) => {
    const nodePort = numberOf(port, 'nodePort') ?? 0;
    if (nodePort === 0) return;
    const key = `${textOf(port, 'protocol')}/${nodePort}`;
    if (taken.has(key)) causes.duplicate(`spec.ports[${index}].nodePort`, nodePort);
    taken.add(key);
  });
}

function validateDuplicatePorts(causes: Causes, ports: readonly JsonObject[]): void {
  const taken = new Set<string>();
  ports.forEach((port, index) => {
    const number = numberOf(port, 'port') ?? 0;
    const protocol = textOf(port, 'protocol');
    const key = `${protocol}/${number}`;
    if (taken.has(key)) causes.duplicate(`spec.ports[${index}]`, { port: number, protocol });
    taken.add(key);
  });
}

function validateBalancer(causes: Causes, spec: JsonObject, type: string): void {
  const isBalancer = type === 'LoadBalancer';
  const ranges = textsOf(spec, 'loadBalancerSourceRanges');
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
  const name = textOf(spec, 'loadBalancerClass');
  if (!isBalancer) causes.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'");
  else causes.invalidFor('spec.loadBalancerClass', name, labelKeyProblems(name));
}

function validateTraffic(causes: Causes, spec: JsonObject): void {
  const external = textOf(spec, 'externalTrafficPolicy');
  if (isReachedFromOutside(spec)) validateOneOf(causes, spec, 'externalTrafficPolicy', ['Cluster', 'Local'], 'spec');
  else if (external !== '')
    causes.invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services');
  const healthPort = numberOf(spec, 'healthCheckNodePort') ?? 0;
  if (needsHealthCheck(spec)) {
    if (healthPort === 0) causes.required('spec.healthCheckNodePort');
    else causes.invalidFor('spec.healthCheckNodePort', healthPort, portNumberProblems(healthPort));
  } else if (healthPort !== 0)
    causes.invalid(
      'spec.healthCheckNodePort',
      healthPort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  const internal = textOf(spec, 'internalTrafficPolicy');
  if (internal === '' && isAddressed(spec)) causes.required('spec.internalTrafficPolicy');
  else if (internal !== '' && !['Cluster', 'Local'].includes(internal))
    causes.unsupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']);
  const distribution = textOf(spec, 'trafficDistribution');
  if (distribution !== '' && distribution !== 'PreferClose')
    causes.unsupported('spec.trafficDistribution', distribution, ['PreferClose']);
}

/** Addresses and ports that it asks for and cannot have. */
function validateAllocation(causes: Causes, service: JsonObject, cluster: ClusterView): void {
  const spec = objectOf(service, 'spec');
  const taken = takenByOthers(cluster, service);
  const addresses = isAddressed(spec) ? textsOf(spec, 'clusterIPs') : [];
  for (const address of addresses) {
    const family = familyOf(address);
    if (family === undefined) continue;
    const cidr = serviceCidr(cluster.networks, family);
    const failed = `failed to allocate IP ${address}:`;
    // A family that the cluster does not have is refused in other words.
    if (cidr === undefined) continue;
    if (!isInRange(cidr, address))
      causes.invalid(
        'spec.clusterIPs',
        addresses,
        `${failed} the provided IP (${address}) is not in the valid range. The range of valid IPs is ${cidr}`,
      );
    else if (taken.addresses.has(canonicalIp(address)))
      causes.invalid('spec.clusterIPs', addresses, `${failed} provided IP is already allocated`);
  }
  const own = objectsOf(spec, 'ports').map((port, index) => ({
    field: `spec.ports[${index}].nodePort`,
    port: numberOf(port, 'nodePort') ?? 0,
  }));
  const health = { field: 'spec.healthCheckNodePort', port: numberOf(spec, 'healthCheckNodePort') ?? 0 };
  for (const { field, port } of [...own, health]) {
    if (port === 0) continue;
    if (port < FIRST_NODE_PORT || port > LAST_NODE_PORT)
      causes.invalid(
        field,
        port,
        `provided port is not in the valid range. The range of valid ports is ${FIRST_NODE_PORT}-${LAST_NODE_PORT}`,
      );
    else if (taken.nodePorts.has(port)) causes.invalid(field, port, 'provided port is already allocated');
  }
}

/** Addresses and families stay once they are set; a second one may come and go. */
export function validateServiceUpdate(causes: Causes, next: JsonObject, before: JsonObject): void {
  const [spec, old] = [objectOf(next, 'spec'), objectOf(before, 'spec')];
  if (textOf(spec, 'type') !== 'ExternalName' && textOf(old, 'type') !== 'ExternalName') {
    const heads = [spec, old].filter(isHeadless).length;
    if (heads < 2) validateSameAddresses(causes, spec, old, 'clusterIPs', 'clusterIP');
    if (heads === 0) validateSameAddresses(causes, spec, old, 'ipFamilies', 'ipFamily');
  }
  const isBalancer = (each: JsonObject) => textOf(each, 'type') === 'LoadBalancer';
  if (isBalancer(spec) && isBalancer(old) && textOf(spec, 'loadBalancerClass') !== textOf(old, 'loadBalancerClass'))
    causes.invalid('spec.loadBalancerClass', textOf(spec, 'loadBalancerClass'), 'may not change once set');
  if (needsHealthCheck(spec) && needsHealthCheck(old)) {
    if (numberOf(spec, 'healthCheckNodePort') !== numberOf(old, 'healthCheckNodePort'))
      causes.forbidden('spec.healthCheckNodePort', IMMUTABLE);
  }
}

function validateSameAddresses(causes: Causes, spec: JsonObject, old: JsonObject, name: string, one: string): void {
  const now = textsOf(spec, name);
  const then = textsOf(old, name);
  const field = `spec.${name}`;
  if (then.length > 0 && now.length === 0) causes.invalid(`${field}[0]`, now, `primary ${one} can not be unset`);
  now.forEach((value, index) => {
    if (then[index] !== undefined && then[index] !== value)
      causes.invalid(`${field}[${index}]`, now, 'may not change once set');
  });
  if (then.length > now.length && now.length === 1 && textOf(spec, 'ipFamilyPolicy') !== 'SingleStack')
    causes.invalid(
      'spec.ipFamilyPolicy',
      get(spec, 'ipFamilyPolicy'),
      `must be set to 'SingleStack' when releasing the secondary ${one}`,
    );
}
