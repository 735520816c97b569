/** ConfigMaps and Secrets. */
import { Buffer } from 'node:buffer';
import { byteLength } from '../../../kube/syntax.ts';
import { get, sameJson, type JsonObject, withFields } from '../json.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import { isTrueAt, givenObjectAt, objectAt, sortedTextsAt, textAt, metadataOf } from '../field-values.ts';
import { dataKeyProblems } from './paths-validation.ts';
import type { Strategy } from './strategy.ts';

const MAX_BYTES = 1024 * 1024;
const FROZEN = 'field is immutable when `immutable` is set';

export const configMapStrategy: Strategy = {
  validate: (map) => {
    const causes = new Causes();
    const binary = objectAt(map, 'binaryData');
    let bytes = 0;
    for (const [key, value] of sortedTextsAt(map, 'data')) {
      causes.invalidFor(`data[${key}]`, key, dataKeyProblems(key));
      if (Object.hasOwn(binary, key)) causes.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
      bytes += byteLength(value);
    }
    for (const [key, value] of sortedTextsAt(map, 'binaryData')) {
      causes.invalidFor(`binaryData[${key}]`, key, dataKeyProblems(key));
      bytes += decodedLength(value);
    }
    // The object as a whole has no name here.
    if (bytes > MAX_BYTES) causes.tooLong('', MAX_BYTES);
    return causes.all;
  },
  validateUpdate: (next, before) => frozenCauses(next, before, ['data', 'binaryData']).all,
};

export const secretStrategy: Strategy = {
  prepareCreate: withStringData,
  prepareUpdate: withStringData,
  validate: (secret) => {
    const causes = new Causes();
    const data = sortedTextsAt(secret, 'data');
    let bytes = 0;
    for (const [key, value] of data) {
      causes.invalidFor(`data[${key}]`, key, dataKeyProblems(key));
      bytes += decodedLength(value);
    }
    if (bytes > MAX_BYTES) causes.tooLong('data', MAX_BYTES);
    validateType(causes, secret, data);
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    if (textAt(next, 'type') !== textAt(before, 'type')) causes.invalid('type', textAt(next, 'type'), IMMUTABLE);
    causes.addAll(frozenCauses(next, before, ['data']).all);
    return causes.all;
  },
};

/** What is written as text joins what is written in base64, and wins. */
function withStringData(secret: JsonObject): JsonObject {
  const given = givenObjectAt(secret, 'stringData');
  if (given === undefined) return secret;
  const encoded = [...sortedTextsAt(secret, 'stringData')].map(
    ([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')] as const,
  );
  const data = withFields(objectAt(secret, 'data'), Object.fromEntries(encoded));
  return withFields(secret, { data, stringData: undefined });
}

function decodedLength(base64: string): number {
  return Math.floor((base64.replace(/[\s=]+/g, '').length * 3) / 4);
}

function frozenCauses(next: JsonObject, before: JsonObject, names: readonly string[]): Causes {
  const causes = new Causes();
  if (!isTrueAt(before, 'immutable')) return causes;
  if (!isTrueAt(next, 'immutable')) causes.forbidden('immutable', FROZEN);
  for (const name of names)
    if (!sameJson(get(next, name) ?? {}, get(before, name) ?? {})) causes.forbidden(name, FROZEN);
  return causes;
}

const ACCOUNT_NAME = 'kubernetes.io/service-account.name';

function validateType(causes: Causes, secret: JsonObject, data: ReadonlyMap<string, string>): void {
  const requireKeys = (...keys: readonly string[]) => {
    for (const key of keys) if (!data.has(key)) causes.required(`data[${key}]`);
  };
  switch (textAt(secret, 'type')) {
    case 'kubernetes.io/service-account-token': {
      const account = sortedTextsAt(metadataOf(secret), 'annotations').get(ACCOUNT_NAME) ?? '';
      if (account === '') causes.required(`metadata.annotations[${ACCOUNT_NAME}]`);
      break;
    }
    case 'kubernetes.io/dockercfg':
      validateJson(causes, data, '.dockercfg');
      break;
    case 'kubernetes.io/dockerconfigjson':
      validateJson(causes, data, '.dockerconfigjson');
      break;
    case 'kubernetes.io/basic-auth':
      if (!data.has('username') && !data.has('password')) requireKeys('username', 'password');
      break;
    case 'kubernetes.io/ssh-auth':
      if ((data.get('ssh-privatekey') ?? '') === '') causes.required('data[ssh-privatekey]');
      break;
    case 'kubernetes.io/tls':
      requireKeys('tls.crt', 'tls.key');
      break;
    default:
  }
}

/** Must be a JSON object. Never shows what is in it. */
function validateJson(causes: Causes, data: ReadonlyMap<string, string>, key: string): void {
  const encoded = data.get(key);
  if (encoded === undefined) {
    causes.required(`data[${key}]`);
    return;
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || Array.isArray(value))
    causes.invalid(`data[${key}]`, '<secret contents redacted>', 'must be a JSON object');
}
