/** What the API server fills into Services, and what falls away with a change of type. */
import { get, isList, sameJson, type JsonObject, type JsonValue, withFields } from '../json.ts';
import {
  isGiven,
  numberAt,
  givenObjectAt,
  objectAt,
  objectsInPlace,
  textAt,
  textsInPlace,
  withMissing,
} from '../field-values.ts';
import {
  familyNames,
  familyOf,
  type FamilyName,
  freeAddress,
  freeNodePort,
  nodePortsOf,
  type TakenByServices,
  takenByOthers,
} from './service-addresses.ts';
import type { ClusterView } from './strategy.ts';

const addressedTypes = ['ClusterIP', 'LoadBalancer', 'NodePort'];
const STICKY_SECONDS = 10_800;

/** It has addresses in the cluster, or is headless. */
export function isAddressed(spec: JsonObject): boolean {
  return addressedTypes.includes(textAt(spec, 'type'));
}

export function isHeadless(spec: JsonObject): boolean {
  return textsInPlace(spec, 'clusterIPs')[0] === 'None' || textAt(spec, 'clusterIP') === 'None';
}

export function needsNodePorts(spec: JsonObject): boolean {
  const type = textAt(spec, 'type');
  return type === 'NodePort' || (type === 'LoadBalancer' && get(spec, 'allocateLoadBalancerNodePorts') !== false);
}

export function isReachedFromOutside(spec: JsonObject): boolean {
  const type = textAt(spec, 'type');
  if (type === 'LoadBalancer' || type === 'NodePort') return true;
  return type === 'ClusterIP' && textsInPlace(spec, 'externalIPs').length > 0;
}

export function needsHealthCheck(spec: JsonObject): boolean {
  return textAt(spec, 'type') === 'LoadBalancer' && textAt(spec, 'externalTrafficPolicy') === 'Local';
}

/** A new Service with all its addresses and ports. Throws 422 when there are none left. */
export function completedService(service: JsonObject, cluster: ClusterView): JsonObject {
  const spec = withFamilies(withClusterIps(withConstants(objectAt(service, 'spec'))), cluster);
  return withFields(service, { spec: allocated(spec, service, cluster) });
}

/** The same for what replaces it: what was given to it stays unless the client says otherwise. */
export function completedUpdate(next: JsonObject, before: JsonObject, cluster: ClusterView): JsonObject {
  const old = objectAt(before, 'spec');
  const kept = keptFrom(old, withConstants(objectAt(next, 'spec')));
  const fitting = withoutOtherTypes(old, kept);
  const spec = withFamilies(downgraded(old, withClusterIps(fitting, old)), cluster);
  return withFields(next, { spec: allocated(spec, next, cluster) });
}

/** Defaults that follow from other fields alone. */
function withConstants(spec: JsonObject): JsonObject {
  const ports = get(spec, 'ports');
  const type = textAt(spec, 'type');
  const affinity = textAt(spec, 'sessionAffinity');
  return withFields(spec, {
    ...(isList(ports) ? { ports: objectsInPlace(spec, 'ports').map(withTargetPort) } : {}),
    ...(affinity === 'None' ? { sessionAffinityConfig: undefined } : {}),
    ...(affinity === 'ClientIP' ? { sessionAffinityConfig: withTimeout(objectAt(spec, 'sessionAffinityConfig')) } : {}),
    ...(isReachedFromOutside(spec) && textAt(spec, 'externalTrafficPolicy') === ''
      ? { externalTrafficPolicy: 'Cluster' }
      : {}),
    ...(type === 'LoadBalancer' && !isGiven(spec, 'allocateLoadBalancerNodePorts')
      ? { allocateLoadBalancerNodePorts: true }
      : {}),
    // The constant of the type table; a name has no traffic.
    ...(type === 'ExternalName' && get(spec, 'internalTrafficPolicy') === 'Cluster'
      ? { internalTrafficPolicy: undefined }
      : {}),
  });
}

function withTargetPort(port: JsonObject): JsonObject {
  const target = get(port, 'targetPort');
  const isMissing = target === undefined || target === null || target === 0 || target === '';
  return isMissing ? withFields(port, { targetPort: get(port, 'port') }) : port;
}

function withTimeout(config: JsonObject): JsonObject {
  const clientIP = withMissing(objectAt(config, 'clientIP'), { timeoutSeconds: STICKY_SECONDS });
  return withFields(config, { clientIP });
}

/** The two fields for the same thing: who writes one of them means both. */
function withClusterIps(spec: JsonObject, old?: JsonObject): JsonObject {
  const address = textAt(spec, 'clusterIP');
  const addresses = textsInPlace(spec, 'clusterIPs');
  if (old === undefined)
    return address !== '' && addresses.length === 0 ? withFields(spec, { clusterIPs: [address] }) : spec;
  const isSameList = sameJson(addresses, textsInPlace(old, 'clusterIPs'));
  const before = textAt(old, 'clusterIP');
  if (address === '' && before !== '' && isSameList) return withFields(spec, { clusterIPs: undefined });
  if (address !== '' && before !== address && isSameList) return withFields(spec, { clusterIPs: [address] });
  return spec;
}

/** What the cluster gave to it, where the client leaves it out. */
function keptFrom(old: JsonObject, spec: JsonObject): JsonObject {
  const kept = new Map<string, JsonValue | undefined>();
  if (isAddressed(old) && isAddressed(spec)) {
    const before = textAt(old, 'clusterIP');
    const address = textAt(spec, 'clusterIP') || before;
    kept.set('clusterIP', address === '' ? undefined : address);
    if (textsInPlace(spec, 'clusterIPs').length === 0 && address === before)
      kept.set('clusterIPs', get(old, 'clusterIPs'));
    for (const name of ['ipFamilies', 'ipFamilyPolicy']) if (!isGiven(spec, name)) kept.set(name, get(old, name));
  }
  if (needsNodePorts(old) && needsNodePorts(spec)) kept.set('ports', portsWithNodePorts(old, spec));
  if (needsHealthCheck(old) && needsHealthCheck(spec) && (numberAt(spec, 'healthCheckNodePort') ?? 0) === 0)
    kept.set('healthCheckNodePort', get(old, 'healthCheckNodePort'));
  return withFields(spec, Object.fromEntries(kept));
}

function portsWithNodePorts(old: JsonObject, spec: JsonObject): readonly JsonObject[] {
  const key = (port: JsonObject) => `${numberAt(port, 'port') ?? 0}/${textAt(port, 'protocol')}`;
  const known = new Map(objectsInPlace(old, 'ports').map((port) => [key(port), numberAt(port, 'nodePort') ?? 0]));
  const given = new Set(nodePortsOf(spec));
  return objectsInPlace(spec, 'ports').map((port) => {
    const before = known.get(key(port)) ?? 0;
    const isFree = (numberAt(port, 'nodePort') ?? 0) === 0 && before !== 0 && !given.has(before);
    return isFree ? withFields(port, { nodePort: before }) : port;
  });
}

/** Fields that belong to the type before go, unless the client changed them: then it means them. */
function withoutOtherTypes(old: JsonObject, spec: JsonObject): JsonObject {
  const gone = new Map<string, JsonValue | undefined>();
  const drop = (...names: readonly string[]) => {
    for (const name of names) if (sameJson(get(spec, name), get(old, name))) gone.set(name, undefined);
  };
  if (isAddressed(old) && !isAddressed(spec)) drop('clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy');
  if (needsNodePorts(old) && !needsNodePorts(spec) && sameJson(nodePortsOf(old), nodePortsOf(spec)))
    gone.set(
      'ports',
      objectsInPlace(spec, 'ports').map((port) => withFields(port, { nodePort: undefined })),
    );
  if (needsHealthCheck(old) && !needsHealthCheck(spec)) drop('healthCheckNodePort');
  if (textAt(spec, 'type') !== 'LoadBalancer') drop('allocateLoadBalancerNodePorts', 'loadBalancerClass');
  if (isReachedFromOutside(old) && !isReachedFromOutside(spec)) drop('externalTrafficPolicy');
  return withFields(spec, Object.fromEntries(gone));
}

/** From two families to one: the second address goes, unless the client changed the list. */
function downgraded(old: JsonObject, spec: JsonObject): JsonObject {
  const before = textAt(old, 'ipFamilyPolicy');
  if (!isAddressed(spec) || before === '' || before === 'SingleStack') return spec;
  if (textAt(spec, 'ipFamilyPolicy') !== 'SingleStack') return spec;
  const first = (name: string): JsonObject => {
    const values = textsInPlace(spec, name);
    return values.length > 1 && sameJson(values, textsInPlace(old, name)) ? { [name]: values.slice(0, 1) } : {};
  };
  return withFields(spec, { ...first('clusterIPs'), ...first('ipFamilies') });
}

function withFamilies(spec: JsonObject, { networks }: ClusterView): JsonObject {
  if (!isAddressed(spec)) return spec;
  const known = familyNames(networks);
  const addresses = textsInPlace(spec, 'clusterIPs');
  const given = textsInPlace(spec, 'ipFamilies');
  const selectsNothing = isHeadless(spec) && Object.keys(objectAt(spec, 'selector')).length === 0;
  const policy =
    textAt(spec, 'ipFamilyPolicy') ||
    (selectsNothing || given.length > 1 || addresses.length > 1 ? 'RequireDualStack' : 'SingleStack');
  const families: string[] = [...given];
  // Addresses that were asked for say which family they are of.
  for (const address of addresses.slice(families.length)) {
    const family = familyOf(address);
    if (family !== undefined && !families.includes(family)) families.push(family);
  }
  const [primary] = known;
  if (families.length === 0 && primary !== undefined) families.push(primary);
  // A headless Service without selector may have endpoints of any family, also on a cluster of one.
  const possible: readonly FamilyName[] = selectsNothing ? ['IPv4', 'IPv6'] : known;
  if (policy !== 'SingleStack')
    for (const family of possible) if (families.length < 2 && !families.includes(family)) families.push(family);
  return withFields(spec, { ipFamilies: families, ipFamilyPolicy: policy });
}

function allocated(spec: JsonObject, service: JsonObject, cluster: ClusterView): JsonObject {
  const taken = takenByOthers(cluster, service);
  return withHealthCheckPort(
    withNodePorts(withAddresses(spec, service, cluster, taken), service, taken),
    service,
    taken,
  );
}

function withAddresses(
  spec: JsonObject,
  service: JsonObject,
  cluster: ClusterView,
  { addresses: taken }: TakenByServices,
): JsonObject {
  if (!isAddressed(spec) || isHeadless(spec)) return spec;
  const addresses = [...textsInPlace(spec, 'clusterIPs')];
  // What cannot be allocated is refused by validation.
  const known = familyNames(cluster.networks);
  for (const name of textsInPlace(spec, 'ipFamilies').slice(addresses.length)) {
    const family = known.find((each) => each === name);
    if (family === undefined) break;
    addresses.push(freeAddress(cluster, service, family, taken));
  }
  const [first] = addresses;
  if (first === undefined) return spec;
  return withFields(spec, { clusterIP: textAt(spec, 'clusterIP') || first, clusterIPs: addresses });
}

function withNodePorts(spec: JsonObject, service: JsonObject, { nodePorts }: TakenByServices): JsonObject {
  if (!needsNodePorts(spec) || !isList(get(spec, 'ports'))) return spec;
  const taken = new Set([...nodePorts, ...nodePortsOf(spec)]);
  const byPort = new Map<number, JsonObject>();
  const chosen = (port: JsonObject): JsonObject => {
    const number = numberAt(port, 'port') ?? 0;
    if ((numberAt(port, 'nodePort') ?? 0) !== 0) {
      byPort.set(number, port);
      return port;
    }
    // The same port of another protocol has the same node port.
    const sibling = byPort.get(number);
    const isOther = sibling !== undefined && textAt(sibling, 'protocol') !== textAt(port, 'protocol');
    const nodePort = isOther ? (numberAt(sibling, 'nodePort') ?? 0) : freeNodePort(service, taken);
    taken.add(nodePort);
    const complete = withFields(port, { nodePort });
    byPort.set(number, complete);
    return complete;
  };
  return withFields(spec, { ports: objectsInPlace(spec, 'ports').map(chosen) });
}

function withHealthCheckPort(spec: JsonObject, service: JsonObject, { nodePorts }: TakenByServices): JsonObject {
  if (!needsHealthCheck(spec) || (numberAt(spec, 'healthCheckNodePort') ?? 0) !== 0) return spec;
  const taken = new Set([...nodePorts, ...nodePortsOf(spec)]);
  return withFields(spec, { healthCheckNodePort: freeNodePort(service, taken) });
}

/** `sessionAffinityConfig.clientIP.timeoutSeconds`, and the fields on the way; the first that is missing is `undefined`. */
export function stickyTimeout(spec: JsonObject): {
  readonly config: JsonObject | undefined;
  readonly clientIp: JsonObject | undefined;
  readonly seconds: number | undefined;
} {
  const config = givenObjectAt(spec, 'sessionAffinityConfig');
  const clientIp = config === undefined ? undefined : givenObjectAt(config, 'clientIP');
  return { config, clientIp, seconds: clientIp === undefined ? undefined : numberAt(clientIp, 'timeoutSeconds') };
}
