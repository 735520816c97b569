/** What a patch makes of an object, whatever its kind: the result goes through the same checks as a replacement. */
import { get, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { MessageName } from '../message-table.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../patch/strategic-merge-patch.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { goMapText, invalidObject } from './invalid.ts';
import type { Patch } from './rest.ts';

/** Everything but server-side apply, which needs to know owners. */
export type PlainPatch = Exclude<Patch, { readonly type: 'apply' }>;

/** `message` is `undefined` for custom resources, which take no strategic merge patches. Throws 400, 415 and 422. */
export function patched(current: JsonObject, patch: PlainPatch, message: MessageName | undefined): JsonObject {
  const result = patchedValue(current, patch, message);
  if (!isObject(result)) throw refusedPatch(patch, 'the patch leaves no object');
  return result;
}

function patchedValue(current: JsonObject, { type, body }: PlainPatch, message: MessageName | undefined): JsonValue {
  switch (type) {
    case 'json':
      return applyJsonPatch(current, body);
    case 'merge':
      requireObject(body);
      return applyMergePatch(current, body);
    case 'strategic':
      if (message === undefined)
        throw new StatusError(
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
      return applyStrategicMergePatch(current, requireObject(body), message);
  }
}

function requireObject(body: JsonValue): JsonObject {
  if (isObject(body)) return body;
  const kind = isList(body) ? 'array' : typeof body;
  throw badRequest(`json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
}

/** 422 as the server says it of a patch whose result does not fit; the strategic one shows the patch as Go does. */
export function refusedPatch({ type, body }: PlainPatch, why: string): StatusError {
  const shown = shorten(type === 'strategic' ? goMapText(body) : JSON.stringify(body));
  const message = `Invalid value: ${JSON.stringify(shown)}: ${why}`;
  const cause = { reason: 'FieldValueInvalid', field: 'patch', message };
  return invalidObject({ group: '', kind: '' }, '', [cause]);
}

const longestShown = 2000;

function shorten(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}

/** The body of a server-side apply, with the name of the URL. Throws 400. */
export function requireApplied(body: JsonObject, name: string): JsonObject {
  const metadata = get(body, 'metadata');
  const given = isObject(metadata) ? metadata : {};
  const owners = get(given, 'managedFields');
  if (isList(owners) ? owners.length > 0 : owners !== undefined && owners !== null)
    throw badRequest('metadata.managedFields must be nil');
  return { ...body, metadata: { ...given, name: get(given, 'name') ?? name } };
}
