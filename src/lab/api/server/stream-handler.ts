import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Which pod, and what was asked after the question mark. */
export interface PodStreamRoute {
  readonly namespace: string;
  readonly pod: string;
  readonly subresource: 'attach' | 'exec' | 'log' | 'portforward';
  readonly query: URLSearchParams;
}

/** Who answers requests for the subresources of pods that stream; `../streams` has one. They came through the gate. */
export interface StreamHandler {
  /** Answers on the socket, refusals too, and owns it from now on. */
  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    route: PodStreamRoute & { readonly subresource: Exclude<PodStreamRoute['subresource'], 'log'> },
  ): void;
  /** Answers with a log. Rejects with a `StatusError` while nothing has been answered. */
  log(route: PodStreamRoute, response: ServerResponse): Promise<void>;
  /** Ends all that runs, at once. */
  close(): void;
}
