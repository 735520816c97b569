/** Endpoints and EndpointSlices. */
import { dnsLabelProblems, labelKeyProblems, portNumberProblems, subdomainProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject } from '../json.ts';
import { validateIp, validateIpOfFamily, validateOrdinaryIp } from './addresses-validation.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import { validateOneOf } from './choice-validation.ts';
import { numberAt, objectsInPlace, textAt, textsInPlace } from '../field-values.ts';
import type { Strategy } from './strategy.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export const endpointsStrategy: Strategy = {
  validate: (endpoints) => {
    const causes = new Causes();
    objectsInPlace(endpoints, 'subsets').forEach((subset, index) =>
      validateSubset(causes, subset, `subsets[${index}]`),
    );
    return causes.all;
  },
  warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
};

function validateSubset(causes: Causes, subset: JsonObject, at: string): void {
  const lists = ['addresses', 'notReadyAddresses'];
  if (lists.every((name) => objectsInPlace(subset, name).length === 0))
    causes.required(at, 'must specify `addresses` or `notReadyAddresses`');
  for (const name of lists)
    objectsInPlace(subset, name).forEach((address, index) => {
      const field = `${at}.${name}[${index}]`;
      const ip = textAt(address, 'ip');
      validateIp(causes, ip, `${field}.ip`);
      const hostname = textAt(address, 'hostname');
      if (hostname !== '') causes.invalidFor(`${field}.hostname`, hostname, dnsLabelProblems(hostname));
      const node = get(address, 'nodeName');
      if (typeof node === 'string') causes.invalidFor(`${field}.nodeName`, node, subdomainProblems(node));
      validateOrdinaryIp(causes, ip, `${field}.ip`);
    });
  const ports = objectsInPlace(subset, 'ports');
  ports.forEach((port, index) => {
    const field = `${at}.ports[${index}]`;
    const name = textAt(port, 'name');
    if (name !== '') causes.invalidFor(`${field}.name`, name, dnsLabelProblems(name));
    else if (ports.length > 1) causes.required(`${field}.name`);
    const number = numberAt(port, 'port') ?? 0;
    causes.invalidFor(`${field}.port`, number, portNumberProblems(number));
    validateOneOf(causes, port, 'protocol', PROTOCOLS, field);
    validateAppProtocol(causes, port, field);
  });
}

function validateAppProtocol(causes: Causes, port: JsonObject, at: string): void {
  const name = get(port, 'appProtocol');
  if (typeof name === 'string') causes.invalidFor(`${at}.appProtocol`, name, labelKeyProblems(name));
}

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;

export const endpointSliceStrategy: Strategy = {
  validate: (slice) => {
    const causes = new Causes();
    const type = textAt(slice, 'addressType');
    if (type === '') causes.required('addressType');
    else if (!addressTypes.includes(type)) causes.unsupported('addressType', type, addressTypes);
    const endpoints = objectsInPlace(slice, 'endpoints');
    if (endpoints.length > MAX_ENDPOINTS) causes.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS);
    else endpoints.forEach((endpoint, index) => validateEndpoint(causes, endpoint, type, `endpoints[${index}]`));
    validateSlicePorts(causes, objectsInPlace(slice, 'ports'));
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    const type = textAt(next, 'addressType');
    if (type !== textAt(before, 'addressType')) causes.invalid('addressType', type, IMMUTABLE);
    return causes.all;
  },
};

function validateEndpoint(causes: Causes, endpoint: JsonObject, type: string, at: string): void {
  const addresses = textsInPlace(endpoint, 'addresses');
  if (addresses.length === 0) causes.required(`${at}.addresses`, 'must contain at least 1 address');
  else if (addresses.length > MAX_ADDRESSES) causes.tooMany(`${at}.addresses`, addresses.length, MAX_ADDRESSES);
  addresses.forEach((address, index) => {
    const field = `${at}.addresses[${index}]`;
    if (type === 'FQDN') {
      const problems = subdomainProblems(address);
      causes.invalidFor(field, address, problems);
      if (problems.length === 0 && !address.includes('.'))
        causes.invalid(field, address, 'should be a domain with at least two segments separated by dots');
    } else if (type === 'IPv4' || type === 'IPv6') {
      validateIpOfFamily(causes, address, type === 'IPv4' ? 4 : 6, field);
      validateOrdinaryIp(causes, address, field);
    }
  });
  const node = get(endpoint, 'nodeName');
  if (typeof node === 'string') causes.invalidFor(`${at}.nodeName`, node, subdomainProblems(node));
  const hostname = get(endpoint, 'hostname');
  if (typeof hostname === 'string') causes.invalidFor(`${at}.hostname`, hostname, dnsLabelProblems(hostname));
}

function validateSlicePorts(causes: Causes, ports: readonly JsonObject[]): void {
  if (ports.length > MAX_PORTS) {
    causes.tooMany('ports', ports.length, MAX_PORTS);
    return;
  }
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `ports[${index}]`;
    const name = textAt(port, 'name');
    if (name !== '') causes.invalidFor(`${at}.name`, name, dnsLabelProblems(name));
    if (names.has(name)) causes.duplicate(`${at}.name`, name);
    names.add(name);
    validateOneOf(causes, port, 'protocol', PROTOCOLS, at);
    validateAppProtocol(causes, port, at);
  });
}
