import type { IncomingHttpHeaders } from 'node:http';
import type { UserInfo } from '../rest/rest.ts';

/** A request that came through the gate. */
export interface ApiRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly user: UserInfo;
  /** Reads the body; once. Rejects with a `StatusError`. */
  readonly body: () => Promise<Uint8Array>;
}
