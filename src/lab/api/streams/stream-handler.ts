import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWebSocketStream } from 'ws';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { PodStreams } from '../../pod-streams.ts';
import type { ExecSession } from '../../runtime/exec-session.ts';
import { badRequest } from '../status-error.ts';
import {
  EXEC_SPDY_PROTOCOLS,
  EXEC_WEBSOCKET_PROTOCOLS,
  PORT_FORWARD_SPDY_PROTOCOL,
  PORT_FORWARD_TUNNEL,
  PORT_FORWARD_WEBSOCKET_PROTOCOLS,
} from './channel-protocol.ts';
import { type ExecQuery, readCommand, readContainer, readExecQuery, type StreamRoute } from './exec-query.ts';
import { holdSession } from './held-session.ts';
import { readLogQuery } from './log-query.ts';
import { readPorts } from './port-forward-query.ts';
import { refuse } from './refusal.ts';
import { execOverSpdy } from './spdy-exec.ts';
import { forwardOverSpdy } from './spdy-port-forward.ts';
import { acceptSpdy, chooseSpdyProtocol } from './spdy-upgrade.ts';
import { execOverWebSocket } from './websocket-exec.ts';
import { forwardOverWebSocket } from './websocket-port-forward.ts';
import { acceptWebSocket, chooseProtocol, offeredProtocols } from './websocket-upgrade.ts';

export interface UpgradeRoute extends StreamRoute {
  readonly subresource: 'attach' | 'exec' | 'portforward';
}

export interface StreamHandlerOptions {
  readonly pods: PodStreams;
  readonly clock: Clock;
  /**
   * Throws `StatusError` when there is no such pod. Port-forward asks it before it says yes; the others learn it from
   * `pods`.
   */
  readonly requirePod?: (namespace: string, pod: string) => void;
  /** Told of bugs of ours that a connection has met; nothing else suffers from them. */
  readonly unexpected?: (error: unknown) => void;
}

const KEEP_ALIVE_MS = 30_000;

/** The request, as Node's `upgrade` event hands it over. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly route: UpgradeRoute;
}

/**
 * What streams of pods: `exec`, `attach` and `portforward` over WebSocket or SPDY/3.1, and logs. Who asks and whether it
 * may has been settled before.
 */
export class StreamHandler {
  readonly #pods: PodStreams;
  readonly #clock: Clock;
  readonly #requirePod: (namespace: string, pod: string) => void;
  readonly #unexpected: (error: unknown) => void;
  readonly #open = new Set<{ destroy(): unknown }>();
  #closed = false;

  constructor({ pods, clock, requirePod = () => {}, unexpected = () => {} }: StreamHandlerOptions) {
    this.#pods = pods;
    this.#clock = clock;
    this.#requirePod = requirePod;
    this.#unexpected = unexpected;
  }

  /** Takes over the socket of a request that wants to upgrade; refusals are answered on it as HTTP. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, route: UpgradeRoute): void {
    socket.on('error', () => socket.destroy());
    if (this.#closed || socket.destroyed) {
      socket.destroy();
      return;
    }
    // A client that has vanished is noticed also while nothing is said.
    if (socket instanceof Socket) socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    this.#upgrade({ request, socket, head, route }).catch((error: unknown) => refuse(socket, error));
  }

  /**
   * Answers with the log of a container, until its end or until the client goes.
   *
   * @throws StatusError while nothing has been answered yet
   */
  async log(route: StreamRoute, response: ServerResponse): Promise<void> {
    const { namespace, pod, query } = route;
    const options = readLogQuery(pod, query, this.#clock.calendarMs());
    const lines = await this.#pods.logs({ namespace, pod, container: readContainer(query) }, options);
    if (response.destroyed || this.#closed) {
      lines.on('error', () => {});
      lines.destroy();
      response.destroy();
      return;
    }
    this.#open.add(response);
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' });
    response.flushHeaders();
    try {
      await pipeline(lines, response);
    } catch {
      // The client has gone, or the log has broken off: `pipeline` has ended the other one.
    } finally {
      this.#open.delete(response);
    }
  }

  /** Ends all connections at once. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.destroy();
    this.#open.clear();
  }

  async #upgrade(upgrade: Upgrade): Promise<void> {
    const { request, route } = upgrade;
    const wanted = request.headers.upgrade?.toLowerCase();
    if (wanted !== 'websocket' && wanted !== 'spdy/3.1') throw badRequest('Upgrade request required');
    if (route.subresource === 'portforward') {
      this.#requirePod(route.namespace, route.pod);
      if (wanted === 'websocket') this.#forwardOverWebSocket(upgrade);
      else this.#forwardOverSpdy(upgrade);
    } else if (wanted === 'websocket') await this.#execOverWebSocket(upgrade);
    else await this.#execOverSpdy(upgrade);
  }

  async #execOverWebSocket({ request, socket, head, route }: Upgrade): Promise<void> {
    const protocol = chooseProtocol(request, EXEC_WEBSOCKET_PROTOCOLS);
    const query = readExecQuery(route);
    const session = await this.#start(socket, route, query);
    acceptWebSocket(request, socket, head, protocol.name, this.#clock, (webSocket) => {
      execOverWebSocket(webSocket, protocol, session, query, actionOf(route)).catch(this.#unexpected);
    });
  }

  async #execOverSpdy({ request, socket, head, route }: Upgrade): Promise<void> {
    const query = readExecQuery(route);
    const protocol = chooseSpdyProtocol(request, socket, EXEC_SPDY_PROTOCOLS);
    if (protocol === undefined) return;
    const session = await this.#start(socket, route, query);
    acceptSpdy(socket, head, protocol.name);
    execOverSpdy({
      transport: socket,
      clock: this.#clock,
      protocol,
      session,
      query,
      action: actionOf(route),
      unexpected: this.#unexpected,
    });
  }

  #forwardOverWebSocket({ request, socket, head, route }: Upgrade): void {
    if (offeredProtocols(request).includes(PORT_FORWARD_TUNNEL)) {
      acceptWebSocket(request, socket, head, PORT_FORWARD_TUNNEL, this.#clock, (webSocket) => {
        this.#forward(createWebSocketStream(webSocket), route);
      });
      return;
    }
    const protocol = chooseProtocol(request, PORT_FORWARD_WEBSOCKET_PROTOCOLS);
    const ports = readPorts(route.query);
    acceptWebSocket(request, socket, head, protocol.name, this.#clock, (webSocket) => {
      forwardOverWebSocket(webSocket, protocol, this.#pods, route, ports).catch(this.#unexpected);
    });
  }

  #forwardOverSpdy({ request, socket, head, route }: Upgrade): void {
    const protocol = chooseSpdyProtocol(request, socket, [{ name: PORT_FORWARD_SPDY_PROTOCOL }]);
    if (protocol === undefined) return;
    acceptSpdy(socket, head, protocol.name);
    this.#forward(socket, route);
  }

  #forward(transport: Duplex, route: UpgradeRoute): void {
    forwardOverSpdy({ transport, clock: this.#clock, pods: this.#pods, route, unexpected: this.#unexpected });
  }

  /** The session that the route asks for; it ends with the socket, if not before. */
  async #start(socket: Duplex, route: UpgradeRoute, query: ExecQuery): Promise<ExecSession> {
    const { target, stdin, tty } = query;
    const session = holdSession(
      route.subresource === 'exec'
        ? await this.#pods.exec(target, { argv: readCommand(route.query), stdin, tty })
        : await this.#pods.attach(target, { stdin, tty }),
    );
    socket.on('close', () => session.close());
    if (socket.destroyed) session.close();
    return session;
  }
}

function actionOf(route: UpgradeRoute): 'exec' | 'attach' {
  return route.subresource === 'exec' ? 'exec' : 'attach';
}
