/** The variables by which a pod finds Services: those of its namespace, and the API server always. */
import type { JsonObject } from '../api/json.ts';
import { nameOf, namespaceOf, numberAt, objectsAt, textAt } from '../api/field-values.ts';

/** More would only make an environment that no program can be started with. */
const MAX_SERVICES = 200;

/** `all`: those of `services`, by name; else of `default/kubernetes` alone. */
export function serviceLinks(
  services: readonly JsonObject[],
  api: JsonObject | undefined,
  all: boolean,
): ReadonlyMap<string, string> {
  const shown = (all ? services.slice(0, MAX_SERVICES) : []).filter((service) => !isApi(service));
  const variables = new Map<string, string>();
  for (const service of api === undefined ? shown : [api, ...shown]) addLinks(service, variables);
  return variables;
}

function isApi(service: JsonObject): boolean {
  return nameOf(service) === 'kubernetes' && namespaceOf(service) === 'default';
}

function addLinks(service: JsonObject, variables: Map<string, string>): void {
  const address = textAt(service, 'spec', 'clusterIP');
  const ports = objectsAt(service, 'spec', 'ports');
  const [first] = ports;
  if (address === '' || address === 'None' || first === undefined) return;
  const name = variableName(nameOf(service));
  variables.set(`${name}_SERVICE_HOST`, address);
  variables.set(`${name}_SERVICE_PORT`, String(numberAt(first, 'port') ?? 0));
  for (const port of ports) {
    const portName = textAt(port, 'name');
    if (portName !== '')
      variables.set(`${name}_SERVICE_PORT_${variableName(portName)}`, String(numberAt(port, 'port') ?? 0));
  }
  const host = address.includes(':') ? `[${address}]` : address;
  variables.set(`${name}_PORT`, url(first, host));
  for (const port of ports) {
    const protocol = textAt(port, 'protocol') || 'TCP';
    const number = String(numberAt(port, 'port') ?? 0);
    const prefix = `${name}_PORT_${number}_${protocol}`;
    variables.set(prefix, url(port, host));
    variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${prefix}_PORT`, number);
    variables.set(`${prefix}_ADDR`, address);
  }
}

function url(port: JsonObject, host: string): string {
  return `${(textAt(port, 'protocol') || 'TCP').toLowerCase()}://${host}:${numberAt(port, 'port') ?? 0}`;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
