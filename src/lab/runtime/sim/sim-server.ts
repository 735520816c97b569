/** What listens in the simulation, and what it answers. */
import type { Zone } from '../../dns/zone.ts';

export interface SimRequest {
  readonly method: string;
  /** As it was asked for, with its query. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly client: { readonly address: string; readonly port: number };
  /** Where it arrived. */
  readonly local: { readonly address: string; readonly port: number };
}

export interface SimResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Of the header `Server`. */
  readonly server?: string | undefined;
  readonly delayMs?: number | undefined;
}

export type SimServer =
  | { readonly kind: 'http'; readonly answer: (request: SimRequest) => SimResponse }
  /** What it hears, it says. */
  | { readonly kind: 'echo' }
  /** Says this and closes. */
  | { readonly kind: 'say'; readonly text: () => string }
  /** Answers datagrams; `undefined`: not this one. */
  | { readonly kind: 'datagram'; readonly answer: (said: string, client: string) => string | undefined }
  | { readonly kind: 'dns'; readonly zone: Zone };

const STATUS: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [204, 'No Content'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [418, "I'm a teapot"],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
]);

export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS.get(status) ?? 'As Asked'}`;
}

export function headerLines({ status, type, body, server }: SimResponse, calendarMs: number): readonly string[] {
  return [
    statusLine(status),
    ...(server === undefined ? [] : [`Server: ${server}`]),
    `Date: ${new Date(calendarMs).toUTCString()}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
}
