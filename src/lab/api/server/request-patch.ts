/** The patch that a request brings, by its media type. */
import type { Resource } from '../resources.ts';
import { decodeBody, decodeObjectBody, mediaTypeOf } from '../rest/decode-body.ts';
import type { Patch } from '../rest/rest.ts';
import { StatusError } from '../status-error.ts';
import type { ApiRequest } from './api-request.ts';
import { fieldManagerOf, forceOf, invalidOptions } from './query.ts';

export interface GivenPatch {
  readonly patch: Patch;
  /** For `RequestContext`. */
  readonly duplicateFields: readonly string[];
}

const plainPatches: ReadonlyMap<string, 'json' | 'merge' | 'strategic'> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
]);

/** Rejects with 400, 413, 415 and 422. */
export async function patchOf(request: ApiRequest, resource: Resource): Promise<GivenPatch> {
  const contentType = request.headers['content-type'];
  const mediaType = mediaTypeOf(contentType);
  const isApply = mediaType === 'application/apply-patch+yaml';
  const force = forceOf(request.query, isApply);
  if (isApply) {
    if (fieldManagerOf(request.query, 'PatchOptions') === undefined) {
      const message = 'Required value: is required for apply patch';
      throw invalidOptions('PatchOptions', 'fieldManager', 'FieldValueRequired', message);
    }
    const { value, duplicateFields } = decodeObjectBody(contentType, await request.body(), resource);
    return { patch: { type: 'apply', body: value, force }, duplicateFields };
  }
  const type = plainPatches.get(mediaType);
  if (type === undefined || (type === 'strategic' && resource.custom)) throw unsupportedPatch(resource);
  const { value, duplicateFields } = decodeBody(contentType, await request.body());
  return { patch: { type, body: value }, duplicateFields };
}

function unsupportedPatch({ custom }: Resource): StatusError {
  const types = [...plainPatches].filter(([, type]) => type !== 'strategic' || !custom).map(([name]) => name);
  const accepted = [...types, 'application/apply-patch+yaml'].join(', ');
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return new StatusError('UnsupportedMediaType', message);
}
