/** Environment variables of containers. */
import { subdomainProblems } from '../../../kube/syntax.ts';
import type { JsonObject } from '../json.ts';
import type { Causes } from './causes.ts';
import { isGiven, givenObjectAt, objectAt, objectsInPlace, textAt } from '../field-values.ts';
import { dataKeyProblems } from './paths-validation.ts';

const ENV_NAME_PROBLEM =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";

function envNameProblems(name: string): readonly string[] {
  return /^[ -<>-~]+$/.test(name) ? [] : [ENV_NAME_PROBLEM];
}

const envSources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef'];

export function validateEnv(causes: Causes, container: JsonObject, path: string): void {
  objectsInPlace(container, 'env').forEach((variable, index) => {
    const at = `${path}.env[${index}]`;
    const name = textAt(variable, 'name');
    if (name === '') causes.required(`${at}.name`);
    else causes.invalidFor(`${at}.name`, name, envNameProblems(name));
    const from = givenObjectAt(variable, 'valueFrom');
    if (from === undefined) return;
    const field = `${at}.valueFrom`;
    const sources = envSources.filter((source) => isGiven(from, source));
    for (const source of sources) validateEnvSource(causes, source, objectAt(from, source), `${field}.${source}`);
    if (sources.length === 0)
      causes.invalid(
        field,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      );
    else if (textAt(variable, 'value') !== '')
      causes.invalid(field, '', 'may not be specified when `value` is not empty');
    else if (sources.length > 1) causes.invalid(field, '', 'may not have more than one field specified at a time');
  });
}

const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const envResources = ['limits', 'requests'].flatMap((side) =>
  ['cpu', 'ephemeral-storage', 'memory'].map((name) => `${side}.${name}`),
);

function validateEnvSource(causes: Causes, kind: string, source: JsonObject, path: string): void {
  switch (kind) {
    case 'fieldRef': {
      const fieldPath = textAt(source, 'fieldPath');
      if (fieldPath === '') causes.required(`${path}.fieldPath`);
      else if (!/^metadata\.(labels|annotations)\['[^']*'\]$/.test(fieldPath) && !envFields.includes(fieldPath))
        causes.unsupported(`${path}.fieldPath`, fieldPath, envFields);
      break;
    }
    case 'resourceFieldRef': {
      const resource = textAt(source, 'resource');
      if (resource === '') causes.required(`${path}.resource`);
      else if (!envResources.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
        causes.unsupported(`${path}.resource`, resource, envResources);
      break;
    }
    default: {
      const name = textAt(source, 'name');
      causes.invalidFor(`${path}.name`, name, subdomainProblems(name));
      const key = textAt(source, 'key');
      if (key === '') causes.required(`${path}.key`);
      else causes.invalidFor(`${path}.key`, key, dataKeyProblems(key));
    }
  }
}

export function validateEnvFrom(causes: Causes, container: JsonObject, path: string): void {
  objectsInPlace(container, 'envFrom').forEach((source, index) => {
    const at = `${path}.envFrom[${index}]`;
    const prefix = textAt(source, 'prefix');
    if (prefix !== '') causes.invalidFor(`${at}.prefix`, prefix, envNameProblems(prefix));
    const kinds = ['configMapRef', 'secretRef'].filter((kind) => isGiven(source, kind));
    for (const kind of kinds) {
      const name = textAt(objectAt(source, kind), 'name');
      if (name === '') causes.required(`${at}.${kind}.name`);
      else causes.invalidFor(`${at}.${kind}.name`, name, subdomainProblems(name));
    }
    if (kinds.length === 0) causes.invalid(`${path}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (kinds.length > 1)
      causes.invalid(`${path}.envFrom`, '', 'may not have more than one field specified at a time');
  });
}
