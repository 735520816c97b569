/** A small cluster behind a scripted server: discovery and lists with pages, and whatever a test puts in their way. */
import type { ServerOptions } from 'node:https';
import { gzipSync } from 'node:zlib';
import { type ScriptedRequest, ScriptedServer } from './scripted-server.ts';

type Item = Record<string, unknown>;
type Interference = (request: ScriptedRequest) => boolean;

interface ServedKind {
  readonly kind: string;
  readonly namespaced?: boolean;
  readonly items?: readonly Item[];
}

/** By path of the list over all namespaces. */
export type ServedKinds = Readonly<Record<string, ServedKind>>;

const builtIn: ServedKinds = {
  '/api/v1/namespaces': { kind: 'Namespace', namespaced: false },
  '/api/v1/nodes': { kind: 'Node', namespaced: false },
  '/api/v1/pods': { kind: 'Pod' },
  '/api/v1/services': { kind: 'Service' },
  '/api/v1/replicationcontrollers': { kind: 'ReplicationController' },
  '/apis/apps/v1/deployments': { kind: 'Deployment' },
  '/apis/apps/v1/replicasets': { kind: 'ReplicaSet' },
  '/apis/apps/v1/statefulsets': { kind: 'StatefulSet' },
  '/apis/apps/v1/daemonsets': { kind: 'DaemonSet' },
  '/apis/batch/v1/jobs': { kind: 'Job' },
  '/apis/batch/v1/cronjobs': { kind: 'CronJob' },
  '/apis/discovery.k8s.io/v1/endpointslices': { kind: 'EndpointSlice' },
  '/apis/networking.k8s.io/v1/networkpolicies': { kind: 'NetworkPolicy' },
  '/apis/networking.k8s.io/v1/ingresses': { kind: 'Ingress' },
};

export class SmallCluster {
  readonly server: ScriptedServer;
  readonly #kinds: Map<string, ServedKind>;
  readonly #interferences: Interference[] = [];
  /** Paths with their queries, in the order of arrival. */
  readonly requests: string[] = [];
  readonly headers: ScriptedRequest['headers'][] = [];
  gzip = false;

  private constructor(server: ScriptedServer, kinds: ServedKinds) {
    this.server = server;
    this.#kinds = new Map(Object.entries({ ...builtIn, ...kinds }));
    void this.#serve();
  }

  static async start(kinds: ServedKinds = {}, tls?: ServerOptions): Promise<SmallCluster> {
    return new SmallCluster(await new ScriptedServer(tls).start(), kinds);
  }

  /** Whatever `interference` answers itself (it then gives true) is not answered by the cluster. */
  interfere(interference: Interference): this {
    this.#interferences.push(interference);
    return this;
  }

  /** Every list of this kind is refused, as RBAC does. */
  forbid(path: string): this {
    return this.interfere((request) => {
      if (request.path !== path) return false;
      const plural = path.split('/').at(-1);
      request.status(403, 'Forbidden', `${plural} is forbidden: User "dev" cannot list resource "${plural}"`);
      return true;
    });
  }

  /** As if nobody had installed it. */
  remove(path: string): this {
    this.#kinds.delete(path);
    return this;
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  async #serve(): Promise<void> {
    for (;;) {
      const request = await this.server.next();
      const query = request.query.toString();
      this.requests.push(query === '' ? request.path : `${request.path}?${query}`);
      this.headers.push(request.headers);
      if (!this.#interferences.some((interference) => interference(request))) this.#answer(request);
    }
  }

  #answer(request: ScriptedRequest): void {
    const { path } = request;
    const served = this.#kinds.get(path);
    if (served !== undefined) this.#send(request, this.#list(served, request.query));
    else if (path === '/apis') this.#send(request, this.#groups());
    else if (/^\/(?:api\/v1|apis\/[^/]+\/[^/]+)$/.test(path)) this.#resources(request);
    else request.text('404 page not found\n', 404);
  }

  #send(request: ScriptedRequest, body: unknown): void {
    if (!this.gzip) {
      request.json(body);
      return;
    }
    request.bytes(gzipSync(JSON.stringify(body)), 200, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    });
  }

  #list({ kind, items = [] }: ServedKind, query: URLSearchParams): unknown {
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? items.length);
    const rest = Math.max(0, items.length - end);
    const more = rest > 0 ? { continue: String(end), remainingItemCount: rest } : {};
    return {
      kind: `${kind}List`,
      apiVersion: 'v1',
      metadata: { resourceVersion: '7', ...more },
      items: items.slice(start, end).map((item, index) => stored(item, start + index)),
    };
  }

  #groups(): unknown {
    const versions = new Map<string, Set<string>>();
    for (const path of this.#kinds.keys()) {
      const [, , group = '', version = ''] = path.split('/');
      if (!path.startsWith('/apis/')) continue;
      const known = versions.get(group) ?? new Set();
      versions.set(group, known.add(version));
    }
    const groups = [...versions].map(([name, names]) => {
      const list = [...names].map((version) => ({ groupVersion: `${name}/${version}`, version }));
      return { name, versions: list, preferredVersion: list[0] };
    });
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }

  #resources(request: ScriptedRequest): void {
    const resources = [...this.#kinds]
      .filter(([path]) => path.startsWith(`${request.path}/`))
      .map(([path, { kind, namespaced = true }]) => ({ name: path.split('/').at(-1), kind, namespaced }));
    if (resources.length === 0) request.text('404 page not found\n', 404);
    else this.#send(request, { kind: 'APIResourceList', apiVersion: 'v1', resources });
  }
}

/** With what a server adds to every object. */
function stored(item: Item, index: number): Item {
  const { metadata } = item as { readonly metadata: object };
  return { ...item, metadata: { uid: `uid-${index}`, resourceVersion: String(index + 1), ...metadata } };
}

export function namespace(name: string, labels: Record<string, string> = {}): Item {
  return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } } };
}

export function runningPod(space: string, name: string, ip: string, labels: Record<string, string>, port = 8080): Item {
  return {
    metadata: { namespace: space, name, labels, managedFields: [{ manager: 'kubelet' }] },
    spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'x', ports: [{ containerPort: port }] }] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  };
}

/** Two namespaces, three pods, and policies that let only `web` reach `db` on 5432. */
export const shop: ServedKinds = {
  '/api/v1/namespaces': {
    kind: 'Namespace',
    namespaced: false,
    items: [namespace('default'), namespace('shop'), namespace('tools', { team: 'ops' })],
  },
  '/api/v1/nodes': {
    kind: 'Node',
    namespaced: false,
    items: [
      { metadata: { name: 'n1' }, status: { addresses: [{ type: 'InternalIP', address: '192.168.0.10' }] }, spec: {} },
    ],
  },
  '/api/v1/pods': {
    kind: 'Pod',
    items: [
      runningPod('shop', 'db', '10.0.0.3', { app: 'db' }, 5432),
      runningPod('shop', 'web', '10.0.0.2', { app: 'web' }),
      runningPod('tools', 'probe', '10.0.0.4', { app: 'probe' }),
    ],
  },
  '/api/v1/services': {
    kind: 'Service',
    items: [
      {
        metadata: { namespace: 'shop', name: 'database' },
        spec: { selector: { app: 'db' }, clusterIP: '10.96.0.5', ports: [{ port: 5432, targetPort: 5432 }] },
      },
    ],
  },
  '/apis/networking.k8s.io/v1/networkpolicies': {
    kind: 'NetworkPolicy',
    items: [
      {
        metadata: { namespace: 'shop', name: 'db-from-web' },
        spec: {
          podSelector: { matchLabels: { app: 'db' } },
          policyTypes: ['Ingress'],
          ingress: [
            {
              from: [{ podSelector: { matchLabels: { app: 'web' } } }],
              ports: [{ port: 5432, protocol: 'TCP' }],
            },
          ],
        },
      },
    ],
  },
};
