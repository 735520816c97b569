/** What objects of the API mean for the DNS of the cluster. */
import type { JsonObject } from '../api/json.ts';
import { nameOf, namespaceOf, numberAt, objectsAt, textAt, textsAt, valueAt } from '../api/field-values.ts';
import type { ZoneChange, ZoneEndpoints, ZonePod, ZonePort, ZoneService } from '../dns/zone-data.ts';

/** By the key of the resource; all others say nothing to DNS. */
export const ZONE_RESOURCES = ['namespaces', 'services', 'endpointslices.discovery.k8s.io', 'pods'] as const;

/** `undefined` when it says nothing. `gone`: the object is no more. */
export function zoneChange(resource: string, object: JsonObject, gone: boolean): ZoneChange | undefined {
  const key = `${namespaceOf(object)}/${nameOf(object)}`;
  switch (resource) {
    case 'namespaces':
      return { kind: 'namespace', key: nameOf(object), value: gone ? undefined : true };
    case 'services':
      return { kind: 'service', key, value: gone ? undefined : zoneService(object) };
    case 'endpointslices.discovery.k8s.io':
      return { kind: 'endpoints', key, value: gone ? undefined : zoneEndpoints(object) };
    case 'pods':
      return { kind: 'pod', key, value: gone ? undefined : zonePod(object) };
    default:
      return undefined;
  }
}

function zoneService(service: JsonObject): ZoneService {
  const type = textAt(service, 'spec', 'type');
  const listed = textsAt(service, 'spec', 'clusterIPs');
  const addresses = listed.length > 0 ? listed : [textAt(service, 'spec', 'clusterIP')];
  return {
    namespace: namespaceOf(service),
    name: nameOf(service),
    clusterIPs: addresses.filter((address) => address !== '' && address !== 'None'),
    ports: objectsAt(service, 'spec', 'ports').map(zonePort),
    externalName: type === 'ExternalName' ? textAt(service, 'spec', 'externalName') : undefined,
  };
}

function zoneEndpoints(slice: JsonObject): ZoneEndpoints | undefined {
  const service = textAt(slice, 'metadata', 'labels', 'kubernetes.io/service-name');
  if (service === '') return undefined;
  return {
    namespace: namespaceOf(slice),
    service,
    ports: objectsAt(slice, 'ports').map(zonePort),
    endpoints: objectsAt(slice, 'endpoints').map((endpoint) => ({
      addresses: textsAt(endpoint, 'addresses'),
      hostname: textAt(endpoint, 'hostname') || undefined,
      // Unknown counts as ready.
      ready: valueAt(endpoint, 'conditions', 'ready') !== false,
    })),
  };
}

/** Pods of the network of the node have no names: the address is not theirs. */
function zonePod(pod: JsonObject): ZonePod | undefined {
  const phase = textAt(pod, 'status', 'phase');
  const addresses = objectsAt(pod, 'status', 'podIPs').map((each) => textAt(each, 'ip'));
  const over = phase === 'Succeeded' || phase === 'Failed';
  if (over || addresses.length === 0 || valueAt(pod, 'spec', 'hostNetwork') === true) return undefined;
  return { namespace: namespaceOf(pod), name: nameOf(pod), addresses };
}

function zonePort(port: JsonObject): ZonePort {
  const protocol = textAt(port, 'protocol');
  return {
    name: textAt(port, 'name'),
    protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
    port: numberAt(port, 'port') ?? 0,
  };
}
