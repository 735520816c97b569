/** What a request is answered with, before it is bytes on a connection. */
import type { JsonObject } from '../json.ts';
import type { WatchSpec } from './watch.ts';
import type { WatchOptions } from './watch-request.ts';

export type Reply =
  | {
      readonly kind: 'json';
      readonly code: number;
      readonly object: JsonObject;
      /** For `Warning` headers. */
      readonly warnings: readonly string[];
      /** `application/json` when absent. */
      readonly contentType?: string;
    }
  | { readonly kind: 'bytes'; readonly contentType: string; readonly body: string | Uint8Array }
  | { readonly kind: 'watch'; readonly spec: WatchSpec; readonly options: WatchOptions };

export function jsonReply(object: JsonObject, code = 200, warnings: readonly string[] = []): Reply {
  return { kind: 'json', code, object, warnings };
}
