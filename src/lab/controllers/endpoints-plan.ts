/** The one Endpoints object of a Service, as it was before EndpointSlices. */
import { fromEntries, type JsonObject } from '../api/json.ts';
import { compareText } from './pod-state.ts';
import {
  nodeNameField,
  podReference,
  portFields,
  portsKey,
  type AddressFamily,
  type Backend,
} from './service-backends.ts';

/** More addresses are left out, as in the real controller. */
export const MOST_ADDRESSES = 1000;

interface Subset {
  readonly ports: readonly JsonObject[];
  readonly addresses: JsonObject[];
  readonly notReadyAddresses: JsonObject[];
}

/** `hasPorts`: the Service names ports; then a pod that has none of them is left out. */
export function endpointSubsets(
  family: AddressFamily,
  backends: readonly Backend[],
  hasPorts: boolean,
): { readonly subsets: readonly JsonObject[]; readonly truncated: boolean } {
  const byPorts = new Map<string, Subset>();
  let count = 0;
  let truncated = false;
  for (const backend of backends) {
    const ip = backend.addresses.get(family);
    if (ip === undefined || (hasPorts && backend.ports.length === 0)) continue;
    // Those that end are nobody's endpoint, unless the Service wants all pods.
    if (backend.terminating && !backend.ready) continue;
    if (count === MOST_ADDRESSES) {
      truncated = true;
      break;
    }
    count += 1;
    const key = portsKey(backend.ports);
    const subset = byPorts.get(key) ?? { ports: backend.ports.map(legacyPort), addresses: [], notReadyAddresses: [] };
    byPorts.set(key, subset);
    (backend.ready ? subset.addresses : subset.notReadyAddresses).push(addressOf(backend, ip));
  }
  const subsets = [...byPorts].sort(([a], [b]) => compareText(a, b)).map(([, subset]) => subsetObject(subset));
  return { subsets, truncated };
}

function addressOf({ pod, hostname }: Backend, ip: string): JsonObject {
  return fromEntries([
    ['ip', ip],
    ['hostname', hostname],
    ...Object.entries(nodeNameField(pod)),
    ['targetRef', podReference(pod)],
  ]);
}

/** The only port of a Service may be without a name. */
function legacyPort(port: Backend['ports'][number]): JsonObject {
  const { name, ...fields } = portFields(port);
  return name === '' ? fields : { name, ...fields };
}

function subsetObject({ ports, addresses, notReadyAddresses }: Subset): JsonObject {
  const list = (items: readonly JsonObject[]) => (items.length === 0 ? undefined : items);
  return fromEntries([
    ['addresses', list(addresses)],
    ['notReadyAddresses', list(notReadyAddresses)],
    ['ports', list(ports)],
  ]);
}
