/** Cluster addresses of Services, their families, and node ports. */
import { get, type JsonObject } from '../json.ts';
import { validateIp } from './addresses-validation.ts';
import type { Causes } from './causes.ts';
import { numberAt, objectAt, objectsInPlace, sortedTextsAt, textAt, textsInPlace } from '../field-values.ts';
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
import { isAddressed, isHeadless } from './service-defaults.ts';
import type { ClusterView } from './strategy.ts';

const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const FAMILIES = ['IPv4', 'IPv6'];

/** Addresses, families and policy, each for itself and with the others. */
export function validateClusterIps(causes: Causes, spec: JsonObject): void {
  if (textAt(spec, 'type') === 'ExternalName') return;
  const field = 'spec.clusterIPs';
  const addresses = textsInPlace(spec, 'clusterIPs');
  const families = textsInPlace(spec, 'ipFamilies');
  const address = textAt(spec, 'clusterIP');
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
export function validateFamilies(causes: Causes, spec: JsonObject, { networks }: ClusterView): void {
  if (!isAddressed(spec)) return;
  const families = textsInPlace(spec, 'ipFamilies');
  const policy = textAt(spec, 'ipFamilyPolicy');
  const known: readonly string[] = familyNames(networks);
  const isFree = isHeadless(spec) && sortedTextsAt(spec, 'selector').size === 0;
  if (policy === 'SingleStack') {
    const problem = (what: string) => `must be RequireDualStack or PreferDualStack when multiple ${what} are specified`;
    if (textsInPlace(spec, 'clusterIPs').length > 1)
      causes.invalid('spec.ipFamilyPolicy', policy, problem('clusterIPs'));
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

/** Addresses and ports that it asks for and cannot have. */
export function validateAllocation(causes: Causes, service: JsonObject, cluster: ClusterView): void {
  const spec = objectAt(service, 'spec');
  const taken = takenByOthers(cluster, service);
  const addresses = isAddressed(spec) ? textsInPlace(spec, 'clusterIPs') : [];
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
  const own = objectsInPlace(spec, 'ports').map((port, index) => ({
    field: `spec.ports[${index}].nodePort`,
    port: numberAt(port, 'nodePort') ?? 0,
  }));
  const health = { field: 'spec.healthCheckNodePort', port: numberAt(spec, 'healthCheckNodePort') ?? 0 };
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

/** They stay once they are set; the second one may come and go. */
export function validateSameAddresses(
  causes: Causes,
  spec: JsonObject,
  old: JsonObject,
  name: string,
  one: string,
): void {
  const now = textsInPlace(spec, name);
  const then = textsInPlace(old, name);
  const field = `spec.${name}`;
  if (then.length > 0 && now.length === 0) causes.invalid(`${field}[0]`, now, `primary ${one} can not be unset`);
  now.forEach((value, index) => {
    if (then[index] !== undefined && then[index] !== value)
      causes.invalid(`${field}[${index}]`, now, 'may not change once set');
  });
  if (then.length > now.length && now.length === 1 && textAt(spec, 'ipFamilyPolicy') !== 'SingleStack')
    causes.invalid(
      'spec.ipFamilyPolicy',
      get(spec, 'ipFamilyPolicy'),
      `must be set to 'SingleStack' when releasing the secondary ${one}`,
    );
}
