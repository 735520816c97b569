/** EndpointSlices of Endpoints that somebody wrote by hand, for a Service that selects no pods. */
import { fromEntries, get, type JsonObject } from '../api/json.ts';
import { type Controller, keyOf, splitKey, type Surroundings } from './controller.ts';
import { MANAGED_BY, SERVICE_NAME } from './endpoints.ts';
import { isGoing, labelsOf, nameOf, namespaceOf, objectAt, objectsAt, textAt, textMapAt } from '../api/field-values.ts';
import { type AddressFamily, familyOf } from './service-backends.ts';
import type { SyncResult } from './work-loop.ts';
import { controllerReference, ENDPOINT_SLICES, ENDPOINTS, SERVICES, writer } from './writer.ts';

const MIRRORING = 'endpointslicemirroring-controller.k8s.io';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const MOST_ENDPOINTS = 1000;

export function mirroringController({ rest, index }: Surroundings): Controller {
  const write = writer(rest, 'endpointslicemirroring-controller');

  const wanted = (namespace: string, name: string): readonly JsonObject[] => {
    const endpoints = write.find(ENDPOINTS, namespace, name);
    const service = write.find(SERVICES, namespace, name);
    if (endpoints === undefined || service === undefined || isGoing(endpoints)) return [];
    const isSelecting = textMapAt(service, 'spec', 'selector').size > 0;
    if (isSelecting || textAt(service, 'spec', 'type') === 'ExternalName') return [];
    return labelsOf(endpoints).get(SKIP) === 'true' ? [] : mirrored(endpoints);
  };

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    const present = index
      .slicesOf(namespace, name)
      .filter((slice) => labelsOf(slice).get(MANAGED_BY) === MIRRORING && !isGoing(slice));
    const slices = wanted(namespace, name);
    for (const [at, slice] of slices.entries()) {
      // The kind of address never changes.
      const same = present[at];
      if (same !== undefined && textAt(same, 'addressType') === textAt(slice, 'addressType')) {
        const metadata = { ...objectAt(same, 'metadata'), labels: objectAt(slice, 'metadata', 'labels') };
        write.update(ENDPOINT_SLICES, same, { ...slice, metadata });
        continue;
      }
      if (same !== undefined) write.remove(ENDPOINT_SLICES, same);
      write.create(ENDPOINT_SLICES, namespace, slice);
    }
    for (const surplus of present.slice(slices.length)) write.remove(ENDPOINT_SLICES, surplus);
    return { size: slices.length };
  };

  return {
    name: 'mirrored endpoints',
    observe: ({ resource, object }, dirty) => {
      if (resource === 'endpoints' || resource === 'services') dirty(keyOf(namespaceOf(object), nameOf(object)));
      else if (resource === 'endpointslices.discovery.k8s.io' && labelsOf(object).get(MANAGED_BY) === MIRRORING)
        dirty(keyOf(namespaceOf(object), labelsOf(object).get(SERVICE_NAME) ?? ''));
    },
    sync,
  };
}

/** A slice for each subset and family of addresses. */
function mirrored(endpoints: JsonObject): readonly JsonObject[] {
  const labels = {
    ...objectAt(endpoints, 'metadata', 'labels'),
    [SERVICE_NAME]: nameOf(endpoints),
    [MANAGED_BY]: MIRRORING,
  };
  const metadata = { generateName: `${nameOf(endpoints)}-`, labels, ownerReferences: [controllerReference(endpoints)] };
  return objectsAt(endpoints, 'subsets').flatMap((subset) => {
    const families = new Map<AddressFamily, JsonObject[]>();
    const add = (address: JsonObject, ready: boolean): void => {
      const family = familyOf(textAt(address, 'ip'));
      const list = families.get(family) ?? [];
      families.set(family, list);
      if (list.length < MOST_ENDPOINTS) list.push(endpointOf(address, ready));
    };
    for (const address of objectsAt(subset, 'addresses')) add(address, true);
    for (const address of objectsAt(subset, 'notReadyAddresses')) add(address, false);
    const ports = objectsAt(subset, 'ports').map(portOf);
    return [...families].map(([addressType, list]) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType,
      endpoints: list,
      ports,
    }));
  });
}

function endpointOf(address: JsonObject, ready: boolean): JsonObject {
  return fromEntries([
    ['addresses', [textAt(address, 'ip')]],
    ['conditions', { ready }],
    ['hostname', textAt(address, 'hostname') || undefined],
    ['targetRef', get(address, 'targetRef')],
    ['nodeName', textAt(address, 'nodeName') || undefined],
  ]);
}

function portOf(port: JsonObject): JsonObject {
  return fromEntries([
    ['name', textAt(port, 'name')],
    ['protocol', textAt(port, 'protocol') || 'TCP'],
    ['port', get(port, 'port')],
    ['appProtocol', textAt(port, 'appProtocol') || undefined],
  ]);
}
