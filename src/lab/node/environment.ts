/** The variables of a container. */
import { type JsonObject, isObject } from '../api/json.ts';
import { isTrueAt, objectsAt, textAt, textMapAt, valueAt } from '../api/field-values.ts';
import { expand } from './expansion.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-ref.ts';
import { StartRefusal } from './start-refusal.ts';

/** ConfigMaps and Secrets of the namespace of the pod. */
export interface ConfigSource {
  configMap(name: string): JsonObject | undefined;
  secret(name: string): JsonObject | undefined;
}

/** Together; programs cannot be started with much more. */
const MAX_CHARACTERS = 1_048_576;

/**
 * In the order of the definition: `envFrom`, then `env`, then the links to Services that have no variable yet. Throws
 * `StartRefusal` when something is missing that is not optional.
 */
export function environmentOf(
  container: JsonObject,
  facts: PodFacts,
  config: ConfigSource,
  links: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const source of objectsAt(container, 'envFrom')) {
    const prefix = textAt(source, 'prefix');
    for (const [name, value] of fromSource(source, config)) set(variables, prefix + name, value);
  }
  for (const entry of objectsAt(container, 'env')) {
    const from = valueAt(entry, 'valueFrom');
    const value = isObject(from)
      ? valueFrom(from, container, facts, config)
      : expand(textAt(entry, 'value'), (name) => variables.get(name) ?? links.get(name));
    if (value !== undefined) set(variables, textAt(entry, 'name'), value);
  }
  for (const [name, value] of links) if (!variables.has(name)) variables.set(name, value);
  let characters = 0;
  for (const [name, value] of variables) characters += name.length + value.length + 2;
  if (characters > MAX_CHARACTERS)
    throw new StartRefusal('CreateContainerConfigError', 'the environment is larger than 1 MiB');
  return variables;
}

function set(variables: Map<string, string>, name: string, value: string): void {
  // No program could be started with such a one; the server refuses them in `env`, but not in ConfigMaps.
  if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) return;
  variables.set(name, value);
}

function fromSource(source: JsonObject, config: ConfigSource): ReadonlyMap<string, string> {
  for (const [field, kind] of [
    ['configMapRef', 'configmap'],
    ['secretRef', 'secret'],
  ] as const) {
    const reference = valueAt(source, field);
    if (!isObject(reference)) continue;
    const name = textAt(reference, 'name');
    const found = kind === 'secret' ? config.secret(name) : config.configMap(name);
    if (found !== undefined) return kind === 'secret' ? secretTexts(found) : textMapAt(found, 'data');
    if (!isTrueAt(reference, 'optional')) throw missing(`${kind} ${JSON.stringify(name)} not found`);
  }
  return new Map();
}

function valueFrom(from: JsonObject, container: JsonObject, facts: PodFacts, config: ConfigSource): string | undefined {
  const field = valueAt(from, 'fieldRef');
  if (isObject(field)) return fieldValue(facts, textAt(field, 'fieldPath'));
  const resource = valueAt(from, 'resourceFieldRef');
  if (isObject(resource)) return resourceValue(facts, resource, container);
  const configMap = valueAt(from, 'configMapKeyRef');
  if (isObject(configMap)) return keyValue(configMap, 'ConfigMap', config);
  const secret = valueAt(from, 'secretKeyRef');
  if (isObject(secret)) return keyValue(secret, 'Secret', config);
  return undefined;
}

function keyValue(reference: JsonObject, kind: 'ConfigMap' | 'Secret', config: ConfigSource): string | undefined {
  const name = textAt(reference, 'name');
  const key = textAt(reference, 'key');
  const optional = isTrueAt(reference, 'optional');
  const found = kind === 'Secret' ? config.secret(name) : config.configMap(name);
  if (found === undefined) {
    if (optional) return undefined;
    throw missing(`${kind.toLowerCase()} ${JSON.stringify(name)} not found`);
  }
  const value = (kind === 'Secret' ? secretTexts(found) : textMapAt(found, 'data')).get(key);
  if (value === undefined && !optional)
    throw missing(`couldn't find key ${key} in ${kind} ${textAt(found, 'metadata', 'namespace')}/${name}`);
  return value;
}

function missing(message: string): StartRefusal {
  return new StartRefusal('CreateContainerConfigError', message);
}

function secretTexts(secret: JsonObject): ReadonlyMap<string, string> {
  return new Map([...textMapAt(secret, 'data')].map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}
