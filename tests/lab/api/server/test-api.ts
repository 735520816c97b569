/** An API server on a loopback port of its own, and a client for it. */
import { randomUUID } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../../../../src/io/kubernetes/clock.ts';
import { systemClock } from '../../../../src/io/kubernetes/clock.ts';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { Strategy } from '../../../../src/lab/api/kinds/strategy.ts';
import { RestService } from '../../../../src/lab/api/rest/rest-service.ts';
import { systemContext } from '../../../../src/lab/api/rest/rest.ts';
import { ApiServer, type ApiServerOptions } from '../../../../src/lab/api/server/api-server.ts';
import { tokenAuthenticator } from '../../../../src/lab/api/server/token-authenticator.ts';
import { ObjectStore } from '../../../../src/lab/api/store/object-store.ts';
import { serverCertificate } from '../../../../src/lab/certificates.ts';
import { labNetworks } from '../../../../src/lab/networks.ts';

export const TOKEN = 'a-token-for-tests';
export const admin = { username: 'kubernetes-admin', uid: '', groups: ['system:masters', 'system:authenticated'] };

export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of the text; `{}` when it is no JSON object. */
  readonly json: JsonObject;
}

export interface Ask {
  readonly body?: string | Uint8Array | object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApi {
  readonly server: ApiServer;
  readonly rest: RestService;
  readonly store: ObjectStore;
  readonly port: number;
  /** PEM. */
  readonly authority: string;
  /** What was thrown and is no refusal. */
  readonly errors: unknown[];
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** The answer as it begins, for those that do not end. */
  open(method: string, path: string, ask?: Ask): Promise<IncomingMessage>;
  close(): Promise<void>;
}

export type TestApiOptions = Partial<Omit<ApiServerOptions, 'rest'>> & {
  readonly strategies?: ReadonlyMap<string, Strategy>;
};

const certificate = serverCertificate({ dnsNames: ['localhost'], addresses: ['127.0.0.1'], nowMs: Date.now() });

export async function startTestApi({ strategies = new Map(), ...options }: TestApiOptions = {}): Promise<TestApi> {
  const clock: Clock = options.clock ?? systemClock;
  const store = new ObjectStore({ now: () => new Date(clock.calendarMs()), newUid: () => randomUUID() });
  const rest = new RestService({
    store,
    networks: labNetworks(1, 'ipv4'),
    clock,
    random: Math.random,
    strategies,
  });
  const namespaces = rest.find('', 'v1', 'namespaces');
  if (namespaces === undefined) throw new Error('no namespaces');
  const namespace = { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'default' } };
  rest.create({ resource: namespaces, namespace: '' }, namespace, systemContext('test'));
  const { authority, certificate: cert, key } = await certificate;
  const errors: unknown[] = [];
  const server = new ApiServer({
    settlement: { settled: () => Promise.resolve() },
    streams: {
      upgrade: (_request, socket) => socket.destroy(),
      log: (_route, response) => {
        response.end();
        return Promise.resolve();
      },
      close: () => {},
    },
    tls: { key, cert },
    authenticate: tokenAuthenticator([[TOKEN, admin]]),
    hosts: ['127.0.0.1', 'localhost'],
    version: 'v1.33.1+sallyport',
    onError: (error) => errors.push(error),
    clock,
    ...options,
    rest,
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ ca: authority, keepAlive: true });

  const open: TestApi['open'] = (method, path, { body, headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const isPlain = typeof body === 'string' || body instanceof Uint8Array;
      const bytes = body === undefined || isPlain ? body : JSON.stringify(body);
      const request = httpsRequest(
        {
          agent,
          host: '127.0.0.1',
          port,
          method,
          path,
          servername: 'localhost',
          headers: {
            authorization: `Bearer ${TOKEN}`,
            // Node sends none by itself with DELETE.
            ...(bytes === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(bytes)) }),
            ...headers,
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(bytes);
    });

  return {
    server,
    rest,
    store,
    port,
    authority,
    errors,
    open,
    ask: async (method, path, ask) => {
      const response = await open(method, path, ask);
      const text = await textOf(response);
      return { code: response.statusCode ?? 0, headers: response.headers, text, json: jsonOf(text) };
    },
    close: async () => {
      await server.close();
      agent.destroy();
    },
  };
}

export async function textOf(response: Readable): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response) text += String(piece);
  return text;
}

function jsonOf(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return {};
  }
}

/** The lines of a watch, one a call. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<{ type: string; object: JsonObject }> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const piece of response) {
    const lines = (rest + String(piece)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as { type: string; object: JsonObject };
  }
}
