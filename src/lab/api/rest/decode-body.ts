/** Bodies of requests as JSON, whatever they are written in, and what strict decoding says against the text itself. */
import { parseManifests } from '../../../yaml/parse.ts';
import type { YamlNode } from '../../../yaml/node.ts';
import { isDeeperThan, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';
import { decodeMessage, openEnvelope } from '../protobuf/decode-protobuf.ts';
import { messageOf } from '../resources.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { duplicateKeys } from './duplicate-keys.ts';
import { deepestObject } from './object-writer.ts';

/** As in the real server: 3 MiB. */
const largestBody = 3 * 1024 * 1024;
const mostValues = 500_000;
const mostAliased = 10_000;

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const JSON_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]);
const YAML_TYPES: ReadonlySet<string> = new Set(['application/yaml', 'application/apply-patch+yaml']);

export interface DecodedBody<T extends JsonValue = JsonValue> {
  readonly value: T;
  /** Paths of fields that stand twice, the last of which counts: for `RequestContext.duplicateFields`. */
  readonly duplicateFields: readonly string[];
}

/**
 * A body in JSON or YAML, as its media type says; JSON without one. Throws 400 for what is neither, or nested too
 * deeply; 413 and 415.
 */
export function decodeBody(contentType: string | undefined, body: Uint8Array, takesProtobuf = false): DecodedBody {
  if (body.length > largestBody)
    throw new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${largestBody}`);
  const type = mediaTypeOf(contentType);
  const isYaml = YAML_TYPES.has(type);
  if (!isYaml && !JSON_TYPES.has(type)) throw unsupportedBody(takesProtobuf);
  return decodeText(textOf(body), isYaml);
}

/**
 * An object in JSON, YAML, or protobuf, which custom resources do not take. Throws 400, 413 and 415 as
 * {@link decodeBody} does, and 400 for what is no object.
 */
export function decodeObjectBody(
  contentType: string | undefined,
  body: Uint8Array,
  { custom }: { readonly custom: boolean },
): DecodedBody<JsonObject> {
  if (mediaTypeOf(contentType) === PROTOBUF && !custom) return { value: decodeProtobuf(body), duplicateFields: [] };
  const { value, duplicateFields } = decodeBody(contentType, body, !custom);
  if (isObject(value)) return { value, duplicateFields };
  const kind = isList(value) ? 'array' : value === null ? 'null' : typeof value;
  throw badRequest(`couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value`);
}

function decodeProtobuf(body: Uint8Array): JsonObject {
  const { apiVersion, kind, raw } = openEnvelope(body);
  const message = messageOf(apiVersion, kind);
  if (message === undefined)
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  return { apiVersion, kind, ...decodeMessage(raw, message) };
}

export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function unsupportedBody(takesProtobuf: boolean): StatusError {
  const accepted = `application/json, application/yaml${takesProtobuf ? `, ${PROTOBUF}` : ''}`;
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return new StatusError('UnsupportedMediaType', message);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw badRequest('the body of the request is not UTF-8');
  }
}

function decodeText(text: string, isYaml: boolean): DecodedBody {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    // JSON is YAML, and what clients apply is mostly JSON.
    if (isYaml) return decodeYaml(text);
    throw badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : 'not JSON'}`,
    );
  }
  requireSound(value);
  return { value, duplicateFields: duplicateKeys(text) };
}

function requireSound(value: JsonValue): void {
  if (isDeeperThan(value, deepestObject)) throw badRequest('the body of the request is nested too deeply');
  if (!isFinite(value)) throw badRequest('json: cannot unmarshal number into Go value of type float64');
}

function decodeYaml(text: string): DecodedBody {
  const limits = { maxDepth: deepestObject, maxAliasNodes: mostAliased, maxNodes: mostValues };
  const { documents, diagnostics } = parseManifests({ name: 'body', text }, { limits });
  const failure = diagnostics.find(({ severity }) => severity === 'error');
  if (failure !== undefined) throw badRequest(`error decoding YAML: ${failure.message}`);
  const [document, ...more] = documents;
  if (document === undefined || more.length > 0)
    throw badRequest(`error decoding YAML: one document is wanted and there are ${documents.length}`);
  const duplicates: string[] = [];
  const value = jsonOf(document.root, '', duplicates);
  requireSound(value);
  return { value, duplicateFields: duplicates };
}

const mostDuplicates = 100;

function jsonOf(node: YamlNode, path: string, duplicates: string[]): JsonValue {
  switch (node.type) {
    case 'scalar':
      return node.value;
    case 'sequence':
      return node.items.map((item, index) => jsonOf(item, `${path}[${index}]`, duplicates));
    case 'mapping': {
      const values = new Map<string, JsonValue>();
      for (const { key, value } of node.entries) {
        const name = String(key.value);
        const at = path === '' ? name : `${path}.${name}`;
        if (values.has(name) && duplicates.length < mostDuplicates) duplicates.push(at);
        values.set(name, jsonOf(value, at, duplicates));
      }
      return Object.fromEntries(values);
    }
  }
}

/** JSON has no infinite numbers, but texts like 1e999 become some. */
function isFinite(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (isList(value)) return value.every((item) => isFinite(item));
  return !isObject(value) || Object.values(value).every((item) => item === undefined || isFinite(item));
}
