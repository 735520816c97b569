/** A connection of the simulation as a stream of bytes, for whoever has to speak for himself: probes, port-forward, nc. */
import { Duplex } from 'node:stream';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { SimConnection } from './sim-network.ts';
import { headerLines, type SimRequest } from './sim-server.ts';

type Connected = Extract<SimConnection, { outcome: 'connected' }>;

const MAX_REQUEST = 1_048_576;
/** Clients of the simulation all have it: nobody looks at it. */
export const CLIENT_PORT = 40_000;

export function simStream(connection: Connected, clock: Clock): Duplex {
  const { server, local, remote, port } = connection;
  let heard = Buffer.alloc(0);
  let answered = false;
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      hear(chunk);
      done();
    },
    final: (done) => {
      if (server.kind !== 'http' || !answered) stream.push(null);
      done();
    },
  });
  const hear = (chunk: Buffer): void => {
    switch (server.kind) {
      case 'echo':
        stream.push(chunk);
        return;
      case 'http': {
        if (answered) return;
        heard = Buffer.concat([heard, chunk]);
        const request = parseRequest(heard, { address: local, port: CLIENT_PORT }, { address: remote, port });
        if (request === undefined && heard.length <= MAX_REQUEST) return;
        answered = true;
        respond(request);
        return;
      }
      case 'say':
      case 'datagram':
      case 'dns':
        return;
    }
  };
  const respond = (request: SimRequest | undefined): void => {
    if (server.kind !== 'http') return;
    const response =
      request === undefined ? { status: 400, type: 'text/plain', body: 'Bad Request\n' } : server.answer(request);
    const send = (): void => {
      if (stream.destroyed) return;
      const body = request?.method === 'HEAD' ? '' : response.body;
      stream.push(`${headerLines(response, clock.calendarMs()).join('\r\n')}\r\n\r\n${body}`);
      stream.push(null);
    };
    if (response.delayMs === undefined) send();
    else clock.after(response.delayMs, send);
  };
  stream.on('error', () => undefined);
  if (server.kind === 'say') {
    stream.push(server.text());
    stream.push(null);
  }
  return stream;
}

/** `undefined` while something of it is missing. */
export function parseRequest(
  heard: Buffer,
  client: SimRequest['client'],
  local: SimRequest['local'],
): SimRequest | undefined {
  const text = heard.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return undefined;
  const [line = '', ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const [method = 'GET', target = '/'] = line.split(' ');
  const headers = lines.flatMap((each) => {
    const colon = each.indexOf(':');
    return colon < 1 ? [] : [[each.slice(0, colon), each.slice(colon + 1).trim()] as const];
  });
  const length = Number(headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0);
  const body = heard.subarray(end.index + end[0].length);
  if (Number.isSafeInteger(length) && body.length < length) return undefined;
  return simRequest(method, target, headers, body.toString(), client, local);
}

export function simRequest(
  method: string,
  target: string,
  headers: SimRequest['headers'],
  body: string,
  client: SimRequest['client'],
  local: SimRequest['local'],
): SimRequest {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : target.slice(question + 1));
  return { method, target, path: decoded(path) || '/', query, headers, body, client, local };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
