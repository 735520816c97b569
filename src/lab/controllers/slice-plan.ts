/** Which endpoints go into which EndpointSlice, so that a change of one pod changes one slice. */
import { fromEntries, get, type JsonObject } from '../api/json.ts';
import { objectAt, objectsAt, textAt } from '../api/field-values.ts';
import {
  type AddressFamily,
  type Backend,
  type BackendPort,
  nodeNameField,
  podReference,
  portFields,
  portsKey,
} from './service-backends.ts';

export const MOST_ENDPOINTS = 100;

/** What a slice shall be: a new one when `present` is `undefined`, to be removed when it has no content. */
export interface PlannedSlice {
  readonly present: JsonObject | undefined;
  readonly content: SliceContent | undefined;
}

export interface SliceContent {
  readonly addressType: AddressFamily;
  readonly endpoints: readonly JsonObject[];
  readonly ports: readonly JsonObject[];
}

export function planSlices(
  families: readonly AddressFamily[],
  backends: readonly Backend[],
  present: readonly JsonObject[],
): readonly PlannedSlice[] {
  const unused = new Set(present);
  const planned: PlannedSlice[] = [];
  for (const family of families) {
    const ofFamily = present.filter((slice) => textAt(slice, 'addressType') === family);
    const groups = groupsOf(family, backends);
    for (const { ports, endpoints } of groups) {
      const written = ports.map(portFields);
      const key = slicePortsKey(written);
      const own = ofFamily.filter((slice) => unused.has(slice) && slicePortsKey(objectsAt(slice, 'ports')) === key);
      for (const slice of fill(family, written, endpoints, own)) {
        if (slice.present !== undefined) unused.delete(slice.present);
        planned.push(slice);
      }
    }
  }
  return recycled(planned, [...unused]);
}

/** A slice that nobody needs becomes a new one of its family: its name stays. */
function recycled(planned: readonly PlannedSlice[], unused: readonly JsonObject[]): readonly PlannedSlice[] {
  const left = [...unused];
  const slices = planned.map((slice) => {
    const { content } = slice;
    if (slice.present !== undefined || content === undefined) return slice;
    const at = left.findIndex((each) => textAt(each, 'addressType') === content.addressType);
    return at < 0 ? slice : { present: left.splice(at, 1)[0], content };
  });
  return [...slices, ...left.map((slice) => ({ present: slice, content: undefined }))];
}

interface Group {
  readonly ports: readonly BackendPort[];
  /** By uid of the pod. */
  readonly endpoints: Map<string, JsonObject>;
}

/** At least one group, so that a Service without pods has a slice, too. */
function groupsOf(family: AddressFamily, backends: readonly Backend[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const backend of backends) {
    const address = backend.addresses.get(family);
    if (address === undefined) continue;
    const key = portsKey(backend.ports);
    const group = groups.get(key) ?? { ports: backend.ports, endpoints: new Map<string, JsonObject>() };
    groups.set(key, group);
    group.endpoints.set(textAt(backend.pod, 'metadata', 'uid'), endpointOf(backend, address));
  }
  return groups.size === 0 ? [{ ports: [], endpoints: new Map() }] : [...groups.values()];
}

function endpointOf({ pod, ready, serving, terminating, hostname }: Backend, address: string): JsonObject {
  return fromEntries([
    ['addresses', [address]],
    ['conditions', { ready, serving, terminating }],
    ['hostname', hostname],
    ['targetRef', podReference(pod)],
    ...Object.entries(nodeNameField(pod)),
  ]);
}

/** What is in a slice stays in it; what is new goes where there is room, then into new slices. */
function fill(
  addressType: AddressFamily,
  ports: readonly JsonObject[],
  endpoints: ReadonlyMap<string, JsonObject>,
  own: readonly JsonObject[],
): readonly PlannedSlice[] {
  const left = new Map(endpoints);
  const kept = own.map((present) => {
    const staying: JsonObject[] = [];
    for (const endpoint of objectsAt(present, 'endpoints')) {
      const uid = textAt(endpoint, 'targetRef', 'uid');
      const next = left.get(uid);
      if (next === undefined || staying.length === MOST_ENDPOINTS) continue;
      staying.push(next);
      left.delete(uid);
    }
    return { present, staying };
  });
  const rest = [...left.values()];
  const planned: PlannedSlice[] = [];
  let needed = endpoints.size === 0 ? 1 : 0;
  for (const { present, staying } of kept) {
    const all = [...staying, ...rest.splice(0, MOST_ENDPOINTS - staying.length)];
    const isNeeded = all.length > 0 || needed > 0;
    needed = 0;
    planned.push({ present, content: isNeeded ? { addressType, endpoints: all, ports } : undefined });
  }
  while (rest.length > 0 || needed > 0) {
    needed = 0;
    planned.push({ present: undefined, content: { addressType, endpoints: rest.splice(0, MOST_ENDPOINTS), ports } });
  }
  return planned;
}

function slicePortsKey(ports: readonly JsonObject[]): string {
  return JSON.stringify(
    ports.map((port) => [
      get(port, 'name') ?? '',
      get(port, 'port') ?? 0,
      textAt(port, 'protocol'),
      textAt(port, 'appProtocol'),
    ]),
  );
}

/** The object of a slice; labels that the Service has are also its own. */
export function sliceObject(
  present: JsonObject | undefined,
  { addressType, endpoints, ports }: SliceContent,
  metadata: JsonObject,
): JsonObject {
  const base = present ?? { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
  const all = present === undefined ? metadata : { ...objectAt(present, 'metadata'), ...metadata };
  return { ...base, metadata: all, addressType, endpoints, ports };
}
