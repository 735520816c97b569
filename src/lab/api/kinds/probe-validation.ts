/** Probes, and what runs when containers start and stop. */
import { portNameProblems, portNumberProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject } from '../json.ts';
import { type Causes, NOT_NEGATIVE } from './causes.ts';
import { isGiven, numberAt, givenObjectAt, objectAt, objectsInPlace, listAt, textAt } from '../field-values.ts';

export type ProbeName = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export const PROBES: readonly ProbeName[] = ['livenessProbe', 'readinessProbe', 'startupProbe'];

export function validateProbe(causes: Causes, container: JsonObject, name: ProbeName, path: string): void {
  const probe = givenObjectAt(container, name);
  if (probe === undefined) return;
  const field = `${path}.${name}`;
  validateHandler(causes, probe, ['exec', 'httpGet', 'tcpSocket', 'grpc'], field, undefined);
  for (const number of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    const value = numberAt(probe, number) ?? 0;
    if (value < 0) causes.invalid(`${field}.${number}`, value, NOT_NEGATIVE);
  }
  const grace = numberAt(probe, 'terminationGracePeriodSeconds');
  const graceField = `${field}.terminationGracePeriodSeconds`;
  if (grace !== undefined && grace <= 0) causes.invalid(graceField, grace, 'must be greater than 0');
  if (name === 'readinessProbe') {
    if (grace !== undefined) causes.invalid(graceField, grace, 'must not be set for readinessProbes');
    return;
  }
  const threshold = numberAt(probe, 'successThreshold') ?? 0;
  if (threshold !== 1) causes.invalid(`${field}.successThreshold`, threshold, 'must be 1');
}

export function validateLifecycle(
  causes: Causes,
  container: JsonObject,
  graceSeconds: number | undefined,
  path: string,
): void {
  const lifecycle = objectAt(container, 'lifecycle');
  for (const name of ['postStart', 'preStop']) {
    const handler = givenObjectAt(lifecycle, name);
    if (handler === undefined) continue;
    const field = `${path}.lifecycle.${name}`;
    validateHandler(causes, handler, ['exec', 'httpGet', 'tcpSocket', 'sleep'], field, graceSeconds);
  }
}

/** Exactly one of the handlers. */
function validateHandler(
  causes: Causes,
  object: JsonObject,
  names: readonly string[],
  path: string,
  graceSeconds: number | undefined,
): void {
  const [first, ...others] = names.filter((name) => isGiven(object, name));
  if (first === undefined) {
    causes.required(path, 'must specify a handler type');
    return;
  }
  validateOneHandler(causes, first, objectAt(object, first), `${path}.${first}`, graceSeconds);
  for (const name of others) causes.forbidden(`${path}.${name}`, 'may not specify more than 1 handler type');
}

function validateOneHandler(
  causes: Causes,
  name: string,
  handler: JsonObject,
  path: string,
  graceSeconds: number | undefined,
): void {
  switch (name) {
    case 'exec':
      if (listAt(handler, 'command').length === 0) causes.required(`${path}.command`);
      break;
    case 'httpGet':
      if (textAt(handler, 'path') === '') causes.required(`${path}.path`);
      validatePort(causes, handler, path);
      if (!['HTTP', 'HTTPS'].includes(textAt(handler, 'scheme')))
        causes.unsupported(`${path}.scheme`, textAt(handler, 'scheme'), ['HTTP', 'HTTPS']);
      for (const header of objectsInPlace(handler, 'httpHeaders')) {
        const headerName = textAt(header, 'name');
        if (!/^[-A-Za-z0-9]+$/.test(headerName)) causes.invalid(`${path}.httpHeaders`, headerName, HEADER_PROBLEM);
      }
      break;
    case 'sleep': {
      const seconds = numberAt(handler, 'seconds') ?? 0;
      if (graceSeconds !== undefined && (seconds < 0 || seconds > graceSeconds))
        causes.invalid(
          path,
          seconds,
          `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
        );
      break;
    }
    default:
      validatePort(causes, handler, path);
  }
}

const HEADER_PROBLEM =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

/** A number, or the name of a port of the container. */
function validatePort(causes: Causes, handler: JsonObject, path: string): void {
  const port = get(handler, 'port') ?? 0;
  if (typeof port === 'number') causes.invalidFor(`${path}.port`, port, portNumberProblems(port));
  else if (typeof port === 'string') causes.invalidFor(`${path}.port`, port, portNameProblems(port));
}
