import type { JsonValue } from '../../kube/from-json.ts';
import { type ApiObject, apiObject, isJsonObject, textOf } from './api-object.ts';
import type { FieldTree } from './json-fields.ts';

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ApiObject }
  | {
      readonly type: 'BOOKMARK';
      readonly resourceVersion: string;
      /** All objects that existed at the start have been sent (WatchList). */
      readonly endsInitialEvents: boolean;
    }
  /** Usually a Status. */
  | { readonly type: 'ERROR'; readonly status: JsonValue | undefined };

/** What is read of an event whose object has these fields. */
export function eventFields(object: FieldTree): FieldTree {
  // An error's object is a Status.
  return { type: true, object: { ...object, kind: true, code: true, reason: true, message: true, details: true } };
}

/** One line of a watch, or `undefined` when it is none: then something may be lost. */
export function decodeWatchLine(line: Buffer): WatchEvent | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(line.toString('utf8')) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { type, object } = value;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      const found = apiObject(object);
      return found === undefined || found.resourceVersion === '' ? undefined : { type, object: found };
    }
    case 'BOOKMARK':
      return bookmark(object);
    case 'ERROR':
      return { type, status: object };
    default:
      return undefined;
  }
}

function bookmark(object: JsonValue | undefined): WatchEvent | undefined {
  const metadata = isJsonObject(object) ? object['metadata'] : undefined;
  if (!isJsonObject(metadata)) return undefined;
  const resourceVersion = textOf(metadata['resourceVersion']);
  if (resourceVersion === '') return undefined;
  const annotations = metadata['annotations'];
  const endsInitialEvents = isJsonObject(annotations) && annotations['k8s.io/initial-events-end'] === 'true';
  return { type: 'BOOKMARK', resourceVersion, endsInitialEvents };
}
