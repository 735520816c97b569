/** Bodies of requests as JSON, whatever they are written in. */
import { isDeeperThan, isObject, type JsonObject, type JsonValue } from '../json.ts';
import { decodeMessage, openEnvelope } from '../protobuf/decode-protobuf.ts';
import { messageOf } from '../resources.ts';
import { badRequest, StatusError } from '../status-error.ts';

const deepestBody = 64;

/** @throws StatusError 400, 413, 415 */
export function decodeObject(contentType: string | undefined, body: Uint8Array): JsonObject {
  if (mediaTypeOf(contentType) === 'application/vnd.kubernetes.protobuf') {
    const { apiVersion, kind, raw } = openEnvelope(body);
    const message = messageOf(apiVersion, kind);
    if (message === undefined)
      throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
    return { apiVersion, kind, ...decodeMessage(raw, message) };
  }
  const value = decodeJson(contentType, body);
  if (!isObject(value)) throw badRequest('the body of the request is no object');
  return value;
}

export function decodeJson(contentType: string | undefined, body: Uint8Array): JsonValue {
  const type = mediaTypeOf(contentType);
  if (type !== '' && !type.endsWith('/json') && !type.endsWith('+json') && !type.endsWith('+yaml'))
    throw unsupported('application/json, application/yaml, application/vnd.kubernetes.protobuf');
  let value: JsonValue;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue;
  } catch (error) {
    throw badRequest(`the body of the request is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isDeeperThan(value, deepestBody)) throw badRequest('the body of the request is nested too deeply');
  return value;
}

export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

export function unsupported(accepted: string): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return new StatusError('UnsupportedMediaType', message);
}
