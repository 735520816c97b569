/** The pods behind a Service, with the ports that it reaches each of them on. */
import { fromEntries, type JsonObject } from '../api/json.ts';
import { isOver, isReady } from './pod-state.ts';
import {
  isGoing,
  isTrueAt,
  nameOf,
  namespaceOf,
  numberAt,
  objectsAt,
  textAt,
  textsAt,
  uidOf,
  valueAt,
} from '../api/field-values.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

export interface BackendPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol: string | undefined;
}

export interface Backend {
  readonly pod: JsonObject;
  readonly addresses: ReadonlyMap<AddressFamily, string>;
  readonly ports: readonly BackendPort[];
  /** Connections may be sent to it. */
  readonly ready: boolean;
  /** Whatever the Service says of pods that are not ready, and whether or not it is about to end. */
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Of the pod in the domain of the Service. */
  readonly hostname: string | undefined;
}

export function familiesOf(service: JsonObject): readonly AddressFamily[] {
  const named = textsAt(service, 'spec', 'ipFamilies').filter((each) => each === 'IPv4' || each === 'IPv6');
  return named.length === 0 ? ['IPv4'] : [...new Set(named)];
}

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

export function isHeadless(service: JsonObject): boolean {
  return textAt(service, 'spec', 'clusterIP') === 'None';
}

/** `undefined` for a pod that cannot be reached: it has no address, or it is over. */
export function backendOf(service: JsonObject, pod: JsonObject): Backend | undefined {
  if (isOver(pod)) return undefined;
  const addresses = new Map<AddressFamily, string>();
  for (const each of objectsAt(pod, 'status', 'podIPs')) {
    const ip = textAt(each, 'ip');
    if (ip !== '' && !addresses.has(familyOf(ip))) addresses.set(familyOf(ip), ip);
  }
  const only = textAt(pod, 'status', 'podIP');
  if (only !== '' && !addresses.has(familyOf(only))) addresses.set(familyOf(only), only);
  if (addresses.size === 0) return undefined;
  const serving = isReady(pod);
  const terminating = isGoing(pod);
  const publishes = isTrueAt(service, 'spec', 'publishNotReadyAddresses');
  const hostname = textAt(pod, 'spec', 'hostname');
  const isNamed = hostname !== '' && textAt(pod, 'spec', 'subdomain') === nameOf(service);
  return {
    pod,
    addresses,
    ports: portsOf(service, pod),
    ready: publishes || (serving && !terminating),
    serving,
    terminating,
    hostname: isNamed ? hostname : undefined,
  };
}

function portsOf(service: JsonObject, pod: JsonObject): readonly BackendPort[] {
  return objectsAt(service, 'spec', 'ports').flatMap((each) => {
    const protocol = textAt(each, 'protocol') || 'TCP';
    const target = valueAt(each, 'targetPort') ?? numberAt(each, 'port');
    const port = typeof target === 'string' ? namedPort(pod, target, protocol) : target;
    if (typeof port !== 'number') return [];
    // A number in words counts as a number; 0 means the same port.
    const actual = port === 0 ? (numberAt(each, 'port') ?? 0) : port;
    return [
      { name: textAt(each, 'name'), port: actual, protocol, appProtocol: textAt(each, 'appProtocol') || undefined },
    ];
  });
}

/** Init containers that keep running (sidecars) have ports, too. */
function namedPort(pod: JsonObject, name: string, protocol: string): number | undefined {
  const sidecars = objectsAt(pod, 'spec', 'initContainers').filter(
    (each) => textAt(each, 'restartPolicy') === 'Always',
  );
  for (const container of [...objectsAt(pod, 'spec', 'containers'), ...sidecars])
    for (const port of objectsAt(container, 'ports'))
      if (textAt(port, 'name') === name && (textAt(port, 'protocol') || 'TCP') === protocol)
        return numberAt(port, 'containerPort');
  return undefined;
}

/** As references to pods are written in endpoints. */
export function podReference(pod: JsonObject): JsonObject {
  return { kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) };
}

export function nodeNameField(pod: JsonObject): JsonObject {
  const nodeName = textAt(pod, 'spec', 'nodeName');
  return nodeName === '' ? {} : { nodeName };
}

export function portFields({ name, port, protocol, appProtocol }: BackendPort): JsonObject {
  return fromEntries([
    ['name', name],
    ['protocol', protocol],
    ['port', port],
    ['appProtocol', appProtocol],
  ]);
}

/** The same for backends that are reached on the same ports. */
export function portsKey(ports: readonly BackendPort[]): string {
  return JSON.stringify(
    ports.map(({ name, port, protocol, appProtocol }) => [name, port, protocol, appProtocol ?? '']),
  );
}
