/** Services and what they lead to. */
import type { JsonObject } from '../json.ts';
import { numberAt, objectAt, objectsInPlace, sortedTextsAt, textAt, textsInPlace } from '../field-values.ts';
import { age, AGE, column, NAME, nameOf, orNone, type Printer, wideColumn } from './printer.ts';
import { labelsText } from './selector-text.ts';

export const servicePrinter: Printer = {
  columns: [
    NAME,
    column('Type', 'From where it is reached: ClusterIP, NodePort, LoadBalancer or ExternalName.'),
    column('Cluster-IP', 'Its address in the cluster; None when it is headless.'),
    column('External-IP', 'Its addresses outside, or the name that it stands for.'),
    column('Port(s)', 'Its ports, each with the port of nodes that leads to it.'),
    AGE,
    wideColumn('Selector', 'Labels of the pods behind it.'),
  ],
  cells: (service, nowMs) => {
    const spec = objectAt(service, 'spec');
    return [
      nameOf(service),
      textAt(spec, 'type'),
      orNone(textsInPlace(spec, 'clusterIPs')[0] ?? textAt(spec, 'clusterIP')),
      externalText(service, spec),
      orNone(objectsInPlace(spec, 'ports').map(portText).join(',')),
      age(service, nowMs),
      labelsText(sortedTextsAt(spec, 'selector')),
    ];
  },
};

function portText(port: JsonObject): string {
  const nodePort = numberAt(port, 'nodePort') ?? 0;
  const number = String(numberAt(port, 'port') ?? 0);
  return `${nodePort > 0 ? `${number}:${nodePort}` : number}/${textAt(port, 'protocol')}`;
}

function externalText(service: JsonObject, spec: JsonObject): string {
  const external = textsInPlace(spec, 'externalIPs');
  switch (textAt(spec, 'type')) {
    case 'ClusterIP':
    case 'NodePort':
      return orNone(external.join(','));
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...external].join(',') || '<pending>';
    case 'ExternalName':
      return textAt(spec, 'externalName');
    default:
      return '<unknown>';
  }
}

function balancerAddresses(service: JsonObject): readonly string[] {
  const ingress = objectsInPlace(objectAt(objectAt(service, 'status'), 'loadBalancer'), 'ingress');
  const addresses = ingress.map((point) => textAt(point, 'ip') || textAt(point, 'hostname'));
  return [...new Set(addresses.filter((address) => address !== ''))].sort((a, b) => (a < b ? -1 : 1));
}

export const endpointsPrinter: Printer = {
  columns: [NAME, column('Endpoints', 'Addresses with ports, the first three of them.'), AGE],
  cells: (endpoints, nowMs) => [
    nameOf(endpoints),
    endpointsText(objectsInPlace(endpoints, 'subsets')),
    age(endpoints, nowMs),
  ],
};

function endpointsText(subsets: readonly JsonObject[]): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap((subset) => {
    const addresses = objectsInPlace(subset, 'addresses').map((address) => textAt(address, 'ip'));
    const ports = objectsInPlace(subset, 'ports');
    if (ports.length === 0) return addresses;
    return ports.flatMap((port) => addresses.map((address) => hostPort(address, numberAt(port, 'port') ?? 0)));
  });
  return firstThree(all);
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export const endpointSlicePrinter: Printer = {
  columns: [
    NAME,
    column('AddressType', 'IPv4, IPv6 or FQDN.'),
    column('Ports', 'Ports of every endpoint in it.'),
    column('Endpoints', 'Addresses, the first three of them.'),
    AGE,
  ],
  cells: (slice, nowMs) => {
    const ports = objectsInPlace(slice, 'ports').map((port) =>
      String(numberAt(port, 'port') ?? (textAt(port, 'name') || '*')),
    );
    const addresses = objectsInPlace(slice, 'endpoints').flatMap((endpoint) => textsInPlace(endpoint, 'addresses'));
    return [
      nameOf(slice),
      textAt(slice, 'addressType'),
      ports.length === 0 ? '<unset>' : firstThree(ports),
      addresses.length === 0 ? '<unset>' : firstThree(addresses),
      age(slice, nowMs),
    ];
  },
};

const SHOWN = 3;

function firstThree(items: readonly string[]): string {
  const text = items.slice(0, SHOWN).join(',');
  return items.length > SHOWN ? `${text} + ${items.length - SHOWN} more...` : text;
}
