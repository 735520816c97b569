/** Services and what they lead to. */
import type { JsonObject } from '../json.ts';
import { numberOf, objectOf, objectsOf, textMapOf, textOf, textsOf } from '../kinds/field-values.ts';
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
    const spec = objectOf(service, 'spec');
    return [
      nameOf(service),
      textOf(spec, 'type'),
      orNone(textsOf(spec, 'clusterIPs')[0] ?? textOf(spec, 'clusterIP')),
      externalText(service, spec),
      orNone(objectsOf(spec, 'ports').map(portText).join(',')),
      age(service, nowMs),
      labelsText(textMapOf(spec, 'selector')),
    ];
  },
};

function portText(port: JsonObject): string {
  const nodePort = numberOf(port, 'nodePort') ?? 0;
  const number = String(numberOf(port, 'port') ?? 0);
  return `${nodePort > 0 ? `${number}:${nodePort}` : number}/${textOf(port, 'protocol')}`;
}

function externalText(service: JsonObject, spec: JsonObject): string {
  const external = textsOf(spec, 'externalIPs');
  switch (textOf(spec, 'type')) {
    case 'ClusterIP':
    case 'NodePort':
      return orNone(external.join(','));
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...external].join(',') || '<pending>';
    case 'ExternalName':
      return textOf(spec, 'externalName');
    default:
      return '<unknown>';
  }
}

function balancerAddresses(service: JsonObject): readonly string[] {
  const ingress = objectsOf(objectOf(objectOf(service, 'status'), 'loadBalancer'), 'ingress');
  const addresses = ingress.map((point) => textOf(point, 'ip') || textOf(point, 'hostname'));
  return [...new Set(addresses.filter((address) => address !== ''))].sort((a, b) => (a < b ? -1 : 1));
}

export const endpointsPrinter: Printer = {
  columns: [NAME, column('Endpoints', 'Addresses with ports, the first three of them.'), AGE],
  cells: (endpoints, nowMs) => [
    nameOf(endpoints),
    endpointsText(objectsOf(endpoints, 'subsets')),
    age(endpoints, nowMs),
  ],
};

function endpointsText(subsets: readonly JsonObject[]): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap((subset) => {
    const addresses = objectsOf(subset, 'addresses').map((address) => textOf(address, 'ip'));
    const ports = objectsOf(subset, 'ports');
    if (ports.length === 0) return addresses;
    return ports.flatMap((port) => addresses.map((address) => hostPort(address, numberOf(port, 'port') ?? 0)));
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
    const ports = objectsOf(slice, 'ports').map((port) =>
      String(numberOf(port, 'port') ?? (textOf(port, 'name') || '*')),
    );
    const addresses = objectsOf(slice, 'endpoints').flatMap((endpoint) => textsOf(endpoint, 'addresses'));
    return [
      nameOf(slice),
      textOf(slice, 'addressType'),
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
