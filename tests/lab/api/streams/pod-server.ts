/** As much of an API server as kubectl needs to find a pod, with the streams of pods behind it. */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../../src/io/kubernetes/clock.ts';
import { systemClock } from '../../../../src/io/kubernetes/clock.ts';
import { statusOf } from '../../../../src/lab/api/streams/refusal.ts';
import { StreamHandler } from '../../../../src/lab/api/streams/stream-handler.ts';
import { StatusError } from '../../../../src/lab/api/status-error.ts';
import type { PodStreams } from '../../../../src/lab/pod-streams.ts';
import { certificate } from '../../../io/kubernetes/certificate.ts';

const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)(?:\/(exec|attach|portforward|log))?$/;

const documents: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'], shortNames: ['po'] },
    ],
  },
};

export class PodServer {
  readonly handler: StreamHandler;
  /** Bugs that the handler has met. */
  readonly #unexpected: unknown[] = [];
  /** Of every request: method, path and what it wants to upgrade to. */
  readonly requests: string[] = [];
  readonly authority = certificate('test authority');
  readonly #server: Server;

  constructor(pods: PodStreams, clock: Clock = systemClock) {
    this.handler = new StreamHandler({
      pods,
      clock,
      requirePod: (_namespace, pod) => {
        if (pod === 'missing') throw new StatusError('NotFound', 'pods "missing" not found');
      },
      unexpected: (error) => this.#unexpected.push(error),
    });
    const own = certificate('server', { issuer: this.authority, addresses: [[127, 0, 0, 1]] });
    this.#server = createServer({ cert: own.certificate, key: own.key });
    this.#server.on('request', (request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      const { url, match } = this.#parse(request);
      const [, namespace = '', pod = '', subresource] = match ?? [];
      if (subresource !== 'exec' && subresource !== 'attach' && subresource !== 'portforward') socket.destroy();
      else this.handler.upgrade(request, socket, head, { namespace, pod, subresource, query: url.searchParams });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): URL {
    return new URL(`https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** JSON is YAML. */
  get kubeconfig(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [
        {
          name: 'test',
          cluster: {
            server: this.url.origin,
            'certificate-authority-data': Buffer.from(this.authority.certificate).toString('base64'),
          },
        },
      ],
      users: [{ name: 'test', user: { token: 'secret' } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    });
  }

  /** Fails when the handler has met a bug. */
  async stop(): Promise<void> {
    this.handler.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#unexpected.length > 0) throw new AggregateError(this.#unexpected, 'bugs in the streams');
  }

  #parse(request: IncomingMessage): { readonly url: URL; readonly match: RegExpExecArray | null } {
    const url = new URL(request.url ?? '/', 'https://server');
    this.requests.push([request.method, url.pathname, request.headers.upgrade].filter(Boolean).join(' '));
    return { url, match: PATH.exec(url.pathname) };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url, match } = this.#parse(request);
    const [, namespace = '', pod = '', subresource] = match ?? [];
    if (subresource === 'log') {
      this.handler.log({ namespace, pod, query: url.searchParams }, response).catch((error: unknown) => {
        const status = statusOf(error);
        response.writeHead(status.code, { 'Content-Type': 'application/json' }).end(JSON.stringify(status));
      });
      return;
    }
    const body = match === null ? documents[url.pathname] : podObject(namespace, pod);
    response
      .writeHead(body === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
      .end(
        JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' }),
      );
  }
}

function podObject(namespace: string, name: string): unknown {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, namespace, uid: 'uid-1', resourceVersion: '1' },
    spec: { containers: [{ name: 'main', image: 'busybox', stdin: true }], nodeName: 'lab-1' },
    status: { phase: 'Running', podIP: '10.244.0.2', containerStatuses: [] },
  };
}
