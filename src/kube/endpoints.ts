/** Endpoints and EndpointSlices: the backends of a Service that are given by address. */
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { EndpointsObject, ObjectMeta } from './objects.ts';
import { decodeProtocol, readAddress } from './pod.ts';

export const ENDPOINTS = shape('v1.Endpoints', 'apiVersion kind metadata subsets');
export const ENDPOINT_SLICE = shape('v1.EndpointSlice', 'apiVersion kind metadata addressType endpoints ports');

const SUBSET = shape('v1.EndpointSubset', 'addresses notReadyAddresses ports');
const ADDRESS = shape('v1.EndpointAddress', 'ip hostname nodeName targetRef');
const PORT = shape('v1.EndpointPort', 'name port protocol appProtocol');
const ENDPOINT = shape('v1.Endpoint', 'addresses conditions hostname targetRef deprecatedTopology nodeName zone hints');
const OBJECT_REFERENCE = shape('v1.ObjectReference', 'kind namespace name uid apiVersion resourceVersion fieldPath');

/** Names the Service that a slice belongs to. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export type EndpointsParts = Pick<EndpointsObject, 'serviceName' | 'endpoints' | 'ports'>;

/** Every subset of an Endpoints object; the Service has the same name. */
export function decodeEndpoints(object: Fields, meta: ObjectMeta): readonly EndpointsParts[] {
  return object.objects('subsets', SUBSET).map((subset) => ({
    serviceName: meta.name,
    endpoints: subset.objects('addresses', ADDRESS).map((address) => ({
      addresses: readAddress(address, 'ip', address.string('ip') ?? ''),
      podName: podNameOf(address),
    })),
    ports: decodePorts(subset),
  }));
}

/** One EndpointSlice. */
export function decodeEndpointSlice(object: Fields, meta: ObjectMeta): EndpointsParts {
  // Slices of type FQDN hold names, not addresses.
  const namesOnly = object.string('addressType') === 'FQDN';
  return {
    serviceName: meta.labels.get(SERVICE_NAME_LABEL) ?? '',
    endpoints: object.objects('endpoints', ENDPOINT).map((endpoint) => ({
      addresses: namesOnly
        ? []
        : endpoint.strings('addresses').flatMap(({ value }) => readAddress(endpoint, 'addresses', value)),
      podName: podNameOf(endpoint),
    })),
    ports: decodePorts(object),
  };
}

function podNameOf(endpoint: Fields): string {
  const target = endpoint.object('targetRef', OBJECT_REFERENCE);
  return target?.string('kind') === 'Pod' ? (target.string('name') ?? '') : '';
}

function decodePorts(parent: Fields): EndpointsObject['ports'] {
  return parent.objects('ports', PORT).map((port) => ({
    name: port.string('name') ?? '',
    protocol: decodeProtocol(port),
    port: port.int32('port') ?? 0,
  }));
}
