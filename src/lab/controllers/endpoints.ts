/** EndpointSlices and Endpoints of Services that select pods. */
import { fromEntries, type JsonObject, sameJson } from '../api/json.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { type Controller, keyOf, type Observed, splitKey, type Surroundings } from './controller.ts';
import { endpointSubsets } from './endpoints-plan.ts';
import { mapSelector, SelectorIndex } from './label-selection.ts';
import { compareText, isOver, isReady } from './pod-state.ts';
import {
  isGoing,
  labelsOf,
  nameOf,
  namespaceOf,
  objectAt,
  objectsAt,
  textAt,
  textMapAt,
  valueAt,
} from '../api/field-values.ts';
import { type Backend, backendOf, familiesOf, isHeadless } from './service-backends.ts';
import { planSlices, sliceObject } from './slice-plan.ts';
import type { SyncResult } from './work-loop.ts';
import {
  controllerReference,
  ENDPOINT_SLICES,
  ENDPOINTS,
  metadataWith,
  SERVICES,
  writer,
  type Writer,
} from './writer.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

export function endpointsController({ rest, index }: Surroundings): Controller {
  const writeSlices = writer(rest, 'endpointslice-controller');
  const writeEndpoints = writer(rest, 'endpoint-controller');
  const watch = new ServiceWatch();

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    const service = writeSlices.find(SERVICES, namespace, name);
    const endpoints = writeEndpoints.find(ENDPOINTS, namespace, name);
    if (service === undefined) {
      if (watch.tookLeave(key) && endpoints !== undefined) writeEndpoints.remove(ENDPOINTS, endpoints);
      return undefined;
    }
    const own = index
      .slicesOf(namespace, name)
      .filter((slice) => labelsOf(slice).get(MANAGED_BY) === SLICE_CONTROLLER && !isGoing(slice));
    const selector = textMapAt(service, 'spec', 'selector');
    if (textAt(service, 'spec', 'type') === 'ExternalName') {
      for (const slice of own) writeSlices.remove(ENDPOINT_SLICES, slice);
      return undefined;
    }
    if (selector.size === 0 || isGoing(service)) return undefined;
    const backends = backendsOf(index, service);
    for (const { present, content } of planSlices(familiesOf(service), backends, own)) {
      if (content === undefined) {
        if (present !== undefined) writeSlices.remove(ENDPOINT_SLICES, present);
        continue;
      }
      const slice = sliceObject(present, content, sliceMetadata(service, present));
      if (present === undefined) writeSlices.create(ENDPOINT_SLICES, namespace, slice);
      else writeSlices.update(ENDPOINT_SLICES, present, slice);
    }
    writeLegacy(writeEndpoints, service, backends, endpoints);
    return { size: backends.length };
  };

  return { name: 'endpoints', observe: (change, dirty) => watch.observe(change, dirty), sync };
}

function backendsOf(index: ClusterIndex, service: JsonObject): readonly Backend[] {
  const pods = index.podsSelected(namespaceOf(service), mapSelector(textMapAt(service, 'spec', 'selector')));
  // In an order that does not depend on who came when: the same pods are the same Endpoints.
  const ordered = pods.toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
  return ordered.flatMap((pod) => backendOf(service, pod) ?? []);
}

function sliceMetadata(service: JsonObject, present: JsonObject | undefined): JsonObject {
  const named = present === undefined ? { generateName: `${nameOf(service)}-` } : {};
  const labels = {
    ...objectAt(service, 'metadata', 'labels'),
    ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
    [SERVICE_NAME]: nameOf(service),
    [MANAGED_BY]: SLICE_CONTROLLER,
  };
  return { ...named, labels, ownerReferences: [controllerReference(service)] };
}

function writeLegacy(
  write: Writer,
  service: JsonObject,
  backends: readonly Backend[],
  present: JsonObject | undefined,
): void {
  const hasPorts = objectsAt(service, 'spec', 'ports').length > 0;
  const { subsets, truncated } = endpointSubsets(familiesOf(service)[0] ?? 'IPv4', backends, hasPorts);
  const labels = { ...objectAt(service, 'metadata', 'labels'), ...(isHeadless(service) ? { [HEADLESS]: '' } : {}) };
  const annotations = new Map(textMapAt(present ?? {}, 'metadata', 'annotations'));
  annotations.delete(OVER_CAPACITY);
  if (truncated) annotations.set(OVER_CAPACITY, 'truncated');
  const metadata = metadataWith(present ?? {}, {
    name: nameOf(service),
    labels: Object.keys(labels).length === 0 ? undefined : labels,
    annotations: annotations.size === 0 ? undefined : fromEntries(annotations),
  });
  const content = { subsets: subsets.length === 0 ? undefined : subsets };
  if (present === undefined) {
    const object = fromEntries([
      ['apiVersion', 'v1'],
      ['kind', 'Endpoints'],
      ['metadata', metadata],
      ...Object.entries(content),
    ]);
    write.create(ENDPOINTS, namespaceOf(service), object);
  } else write.update(ENDPOINTS, present, { metadata, ...content });
}

/** Makes Services dirty: their own changes, those of pods they select or selected, and of what is written for them. */
class ServiceWatch {
  private readonly selectors = new Map<string, SelectorIndex>();
  private readonly gone = new Set<string>();

  observe({ type, resource, object, previous }: Observed, dirty: (key: string) => void): void {
    const namespace = namespaceOf(object);
    const key = keyOf(namespace, nameOf(object));
    if (resource === 'services') {
      this.keepSelector(type, namespace, object);
      if (type === 'DELETED') this.gone.add(key);
      dirty(key);
    } else if (resource === 'endpoints') dirty(key);
    else if (resource === 'endpointslices.discovery.k8s.io') {
      for (const each of previous === undefined ? [object] : [object, previous]) {
        const service = labelsOf(each).get(SERVICE_NAME);
        if (service !== undefined) dirty(keyOf(namespace, service));
      }
    } else if (resource === 'pods') {
      if (type === 'MODIFIED' && previous !== undefined && sameJson(endpointFacts(previous), endpointFacts(object)))
        return;
      const services = this.selectors.get(namespace);
      if (services === undefined) return;
      for (const each of previous === undefined ? [object] : [object, previous])
        for (const name of services.matching(labelsOf(each))) dirty(keyOf(namespace, name));
    }
  }

  /** Whether the Service was there and is gone; says so once. */
  tookLeave(key: string): boolean {
    return this.gone.delete(key);
  }

  private keepSelector(type: Observed['type'], namespace: string, service: JsonObject): void {
    const name = nameOf(service);
    const inNamespace = this.selectors.get(namespace) ?? new SelectorIndex();
    if (type === 'DELETED') inNamespace.delete(name);
    else inNamespace.set(name, mapSelector(textMapAt(service, 'spec', 'selector')));
    if (inNamespace.size === 0) this.selectors.delete(namespace);
    else this.selectors.set(namespace, inNamespace);
  }
}

/** All that endpoints take from a pod and that can change. */
function endpointFacts(pod: JsonObject): JsonObject {
  return {
    over: isOver(pod),
    ready: isReady(pod),
    going: isGoing(pod),
    labels: objectAt(pod, 'metadata', 'labels'),
    node: textAt(pod, 'spec', 'nodeName'),
    address: textAt(pod, 'status', 'podIP'),
    addresses: valueAt(pod, 'status', 'podIPs'),
  };
}
