import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ContainerTarget } from '../../pod-streams.ts';

/** A request for a subresource of a pod that streams. */
export interface PodStreamRoute extends Omit<ContainerTarget, 'container'> {
  readonly subresource: 'attach' | 'exec' | 'log' | 'portforward';
  readonly query: URLSearchParams;
}

/** Who answers those requests. They came through the gate already. */
export interface StreamHandler {
  /** Answers on the socket, and owns it from now on. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, route: PodStreamRoute): void;
  log(request: IncomingMessage, response: ServerResponse, route: PodStreamRoute): void;
}
