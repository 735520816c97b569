/** Names for versions of a pod template. */
import { get, isList, isObject, type JsonObject, type JsonValue, sameJson } from '../api/json.ts';
import { nameLetters } from '../api/rest/object-names.ts';
import { compareText } from './pod-state.ts';

export const POD_TEMPLATE_HASH = 'pod-template-hash';

/** The same for templates that mean the same; `collisions` gives another one to the same template. */
export function templateHash(template: JsonObject, collisions: number): string {
  const text = canonicalText(plain(template)) + (collisions === 0 ? '' : `#${collisions}`);
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return Array.from(String(hash), (digit) => nameLetters.charAt(digit.charCodeAt(0) % nameLetters.length)).join('');
}

/** Whether pods of both are the same but for the label of the hash. */
export function sameTemplate(left: JsonObject, right: JsonObject): boolean {
  return sameJson(plain(left), plain(right));
}

/** Without the hash, and without what says nothing. */
function plain(template: JsonObject): JsonObject {
  const metadata = get(template, 'metadata');
  const labels = isObject(metadata) ? get(metadata, 'labels') : undefined;
  if (!isObject(metadata) || !isObject(labels)) return dropEmpty(template);
  const kept = Object.fromEntries(Object.entries(labels).filter(([key]) => key !== POD_TEMPLATE_HASH));
  return dropEmpty({ ...template, metadata: { ...metadata, labels: kept } });
}

function dropEmpty(object: JsonObject): JsonObject {
  const metadata = get(object, 'metadata');
  const own = isObject(metadata) ? Object.entries(metadata).filter(([, value]) => !isEmpty(value)) : [];
  return { metadata: Object.fromEntries(own), spec: get(object, 'spec') };
}

function isEmpty(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0);
}

/** JSON with the names in order. Templates have passed the limits of the API, so their depth is bounded. */
function canonicalText(value: JsonValue | undefined): string {
  if (isList(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.sort(([a], [b]) => compareText(a, b));
  return `{${sorted.map(([name, field]) => `${JSON.stringify(name)}:${canonicalText(field)}`).join(',')}}`;
}
