/** What a Service and its EndpointSlices mean for the forwarding of one node. */
import type { JsonObject } from '../api/json.ts';
import { isTrueAt, nameOf, namespaceOf, numberAt, objectsAt, textAt, textsAt, valueAt } from '../api/field-values.ts';
import type { ServiceBackend, ServiceRule } from '../services/service-rule.ts';

/**
 * The rules of a Service on a node. Services without addresses (headless, ExternalName) have none. Hints of topology and
 * `trafficDistribution` are not followed: the lab has one zone.
 *
 * @param slices of this Service; in any order
 */
export function serviceRules(service: JsonObject, slices: readonly JsonObject[], node: string): readonly ServiceRule[] {
  const spec = (name: string) => textAt(service, 'spec', name);
  if (spec('type') === 'ExternalName') return [];
  const cluster = clusterAddresses(service);
  if (cluster.length === 0) return [];
  const outer = externalAddresses(service);
  const innerLocal = spec('internalTrafficPolicy') === 'Local';
  const outerLocal = spec('externalTrafficPolicy') === 'Local';
  const affinitySeconds =
    spec('sessionAffinity') === 'ClientIP'
      ? (numberAt(service, 'spec', 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds') ?? 10_800)
      : undefined;
  return objectsAt(service, 'spec', 'ports').flatMap((port): readonly ServiceRule[] => {
    const name = textAt(port, 'name');
    const number = numberAt(port, 'port');
    if (number === undefined) return [];
    const protocol = protocolOf(port);
    const all = endpointsOf(slices, name, protocol);
    const nodePort = numberAt(port, 'nodePort');
    const rule = (addresses: readonly string[], local: boolean, withNodePort: boolean): ServiceRule => ({
      service: `${namespaceOf(service)}/${nameOf(service)}:${name}`,
      protocol,
      addresses,
      port: number,
      nodePort: withNodePort && nodePort !== undefined && nodePort > 0 ? nodePort : undefined,
      backends: backendsOf(local ? all.filter((each) => each.node === node) : all),
      affinitySeconds,
    });
    if (innerLocal === outerLocal) return [rule([...cluster, ...outer], innerLocal, true)];
    const inner = rule(cluster, innerLocal, false);
    const fromOutside = rule(outer, outerLocal, true);
    return outer.length === 0 && fromOutside.nodePort === undefined ? [inner] : [inner, fromOutside];
  });
}

/** `NAMESPACE/NAME` of the Service that a slice belongs to; `undefined` for none. */
export function serviceOfSlice(slice: JsonObject): string | undefined {
  const name = textAt(slice, 'metadata', 'labels', 'kubernetes.io/service-name');
  return name === '' ? undefined : `${namespaceOf(slice)}/${name}`;
}

function clusterAddresses(service: JsonObject): readonly string[] {
  const listed = textsAt(service, 'spec', 'clusterIPs');
  const addresses = listed.length > 0 ? listed : [textAt(service, 'spec', 'clusterIP')];
  return addresses.filter((address) => address !== '' && address !== 'None');
}

function externalAddresses(service: JsonObject): readonly string[] {
  const balanced = objectsAt(service, 'status', 'loadBalancer', 'ingress')
    .filter((ingress) => textAt(ingress, 'ipMode') !== 'Proxy')
    .map((ingress) => textAt(ingress, 'ip'));
  return [...new Set([...textsAt(service, 'spec', 'externalIPs'), ...balanced])].filter((address) => address !== '');
}

interface PlacedEndpoint extends ServiceBackend {
  readonly node: string;
  readonly ready: boolean;
  /** It is being deleted, and still answers. */
  readonly leaving: boolean;
}

function endpointsOf(
  slices: readonly JsonObject[],
  portName: string,
  protocol: ServiceRule['protocol'],
): readonly PlacedEndpoint[] {
  return slices.flatMap((slice) =>
    objectsAt(slice, 'ports')
      .filter((port) => textAt(port, 'name') === portName && protocolOf(port) === protocol)
      .flatMap((port) => {
        const number = numberAt(port, 'port');
        return number === undefined
          ? []
          : objectsAt(slice, 'endpoints').flatMap((endpoint) => placed(endpoint, number));
      }),
  );
}

function placed(endpoint: JsonObject, port: number): readonly PlacedEndpoint[] {
  const [address] = textsAt(endpoint, 'addresses');
  if (address === undefined) return [];
  // Unknown counts as ready.
  const ready = valueAt(endpoint, 'conditions', 'ready') !== false;
  const leaving = isTrueAt(endpoint, 'conditions', 'terminating') && isTrueAt(endpoint, 'conditions', 'serving');
  return [{ address, port, node: textAt(endpoint, 'nodeName'), ready, leaving }];
}

/** The ready ones; without any, those that leave and still answer. A family at a time: they serve different clients. */
function backendsOf(endpoints: readonly PlacedEndpoint[]): readonly ServiceBackend[] {
  const chosen = [false, true].flatMap((six) => {
    const family = endpoints.filter(({ address }) => address.includes(':') === six);
    const ready = family.filter((each) => each.ready);
    return ready.length > 0 ? ready : family.filter((each) => each.leaving);
  });
  const unique = new Map(chosen.map(({ address, port }) => [`${address} ${port}`, { address, port }]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
}

function protocolOf(port: JsonObject): ServiceRule['protocol'] {
  const protocol = textAt(port, 'protocol');
  return protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP';
}
