/** Volumes of pods and of templates. */
import { dnsLabelProblems, subdomainProblems } from '../../../kube/syntax.ts';
import type { JsonObject } from '../json.ts';
import type { Causes } from './causes.ts';

import { isGiven, numberAt, givenObjectAt, objectAt, objectsInPlace, textAt } from '../field-values.ts';
import { dataKeyProblems, validateInnerPath, validateNoBacksteps } from './paths-validation.ts';

/** The volumes that mounts may name. */
export function validateVolumes(causes: Causes, spec: JsonObject, path: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  objectsInPlace(spec, 'volumes').forEach((volume, index) => {
    const at = `${path}.volumes[${index}]`;
    validateSource(causes, volume, at);
    const name = textAt(volume, 'name');
    if (name === '') causes.required(`${at}.name`);
    else {
      const problems = dnsLabelProblems(name);
      causes.invalidFor(`${at}.name`, name, problems);
      if (problems.length === 0 && found.has(name)) causes.duplicate(`${at}.name`, name);
    }
    found.set(name, volume);
  });
  return found;
}

function validateSource(causes: Causes, volume: JsonObject, at: string): void {
  const [first, ...others] = Object.keys(volume).filter((name) => name !== 'name' && isGiven(volume, name));
  if (first === undefined) causes.required(at, 'must specify a volume type');
  for (const name of others) causes.forbidden(`${at}.${name}`, 'may not specify more than 1 volume type');
  if (first !== undefined) validateOne(causes, first, objectAt(volume, first), `${at}.${first}`);
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function validateOne(causes: Causes, name: string, source: JsonObject, at: string): void {
  switch (name) {
    case 'hostPath': {
      const hostPath = textAt(source, 'path');
      if (hostPath === '') causes.required(`${at}.path`);
      else validateNoBacksteps(causes, hostPath, `${at}.path`);
      const type = textAt(source, 'type');
      if (!hostPathTypes.includes(type)) causes.unsupported(`${at}.type`, type, hostPathTypes);
      break;
    }
    case 'configMap':
    case 'secret': {
      const field = name === 'secret' ? 'secretName' : 'name';
      const target = textAt(source, field);
      if (target === '') causes.required(`${at}.${field}`);
      else if (name === 'configMap') causes.invalidFor(`${at}.${field}`, target, subdomainProblems(target));
      validateMode(causes, source, 'defaultMode', at);
      validateItems(causes, source, at);
      break;
    }
    case 'projected':
      validateMode(causes, source, 'defaultMode', at);
      objectsInPlace(source, 'sources').forEach((each, index) => {
        for (const kind of ['secret', 'configMap']) {
          const part = givenObjectAt(each, kind);
          if (part === undefined) continue;
          if (textAt(part, 'name') === '') causes.required(`${at}.sources[${index}].${kind}.name`);
          validateItems(causes, part, `${at}.sources[${index}].${kind}`);
        }
      });
      break;
    case 'persistentVolumeClaim':
      if (textAt(source, 'claimName') === '') causes.required(`${at}.claimName`);
      break;
    case 'nfs':
      for (const field of ['server', 'path']) if (textAt(source, field) === '') causes.required(`${at}.${field}`);
      break;
    case 'csi':
      if (textAt(source, 'driver') === '') causes.required(`${at}.driver`);
      break;
    default:
  }
}

function validateItems(causes: Causes, source: JsonObject, at: string): void {
  objectsInPlace(source, 'items').forEach((item, index) => {
    const field = `${at}.items[${index}]`;
    const key = textAt(item, 'key');
    if (key === '') causes.required(`${field}.key`);
    else causes.invalidFor(`${field}.key`, key, dataKeyProblems(key));
    const path = textAt(item, 'path');
    if (path === '') causes.required(`${field}.path`);
    else validateInnerPath(causes, path, `${field}.path`);
    validateMode(causes, item, 'mode', field);
  });
}

const MAX_MODE = 0o777;

function validateMode(causes: Causes, object: JsonObject, name: string, at: string): void {
  const mode = numberAt(object, name);
  if (mode !== undefined && (mode < 0 || mode > MAX_MODE))
    causes.invalid(`${at}.${name}`, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
}
