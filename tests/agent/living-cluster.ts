/** An API server with objects that come and go: lists, watches and discovery of the kinds that the agent reads. */
import { apiVersionOf, listPath, type KubeResource } from '../../src/io/kubernetes/resource.ts';
import { enforcedKinds } from '../../src/io/kubernetes/watched-kinds.ts';
import { type ScriptedRequest, ScriptedServer } from '../io/kubernetes/scripted-server.ts';
import type { Manifest } from '../oracle/manifest.ts';

type Stored = Record<string, unknown> & { metadata: Record<string, unknown> };

interface Served {
  readonly resource: KubeResource;
  readonly objects: Map<string, Stored>;
  readonly watches: Set<ScriptedRequest>;
  /** Everything that ever happened, for watches that begin where a list ended. */
  readonly log: { readonly version: number; readonly type: string; readonly object: Stored }[];
}

const crdGroup = 'policy.networking.k8s.io';

export class LivingCluster {
  readonly server: ScriptedServer;
  readonly #kinds = new Map<string, Served>();
  #version = 1000;
  #uid = 0;
  /** Every connection is cut without a word. */
  #down = false;

  private constructor(server: ScriptedServer, withClusterPolicies: boolean) {
    this.server = server;
    for (const resource of enforcedKinds) {
      if (resource.group === crdGroup && !withClusterPolicies) continue;
      this.#kinds.set(listPath(resource), { resource, objects: new Map(), watches: new Set(), log: [] });
    }
    void this.#serve();
  }

  static async start(
    objects: readonly Manifest[],
    { withClusterPolicies = false }: { readonly withClusterPolicies?: boolean } = {},
  ): Promise<LivingCluster> {
    const cluster = new LivingCluster(await new ScriptedServer().start(), withClusterPolicies);
    for (const object of objects) cluster.apply(object);
    return cluster;
  }

  get url(): URL {
    return this.server.url;
  }

  /** A kubeconfig that leads here, as JSON, which is YAML. */
  get kubeconfig(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: this.url.href.replace(/\/$/, '') } }],
      users: [{ name: 'test', user: {} }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    });
  }

  apply(object: Manifest): void {
    const kind = this.#kindOf(object);
    const key = keyOf(object);
    const known = kind.objects.get(key);
    const resourceVersion = String(++this.#version);
    const stored = structuredClone(object) as unknown as Stored;
    stored.metadata = { ...stored.metadata, uid: known?.metadata['uid'] ?? `uid-${++this.#uid}`, resourceVersion };
    kind.objects.set(key, stored);
    this.#tell(kind, known === undefined ? 'ADDED' : 'MODIFIED', stored);
  }

  remove(object: Manifest): void {
    const kind = this.#kindOf(object);
    const known = kind.objects.get(keyOf(object));
    if (known === undefined) throw new Error(`there is no ${keyOf(object)}`);
    kind.objects.delete(keyOf(object));
    const metadata = { ...known.metadata, resourceVersion: String(++this.#version) };
    this.#tell(kind, 'DELETED', { ...known, metadata });
  }

  /** Cuts all connections, and every one that comes, until {@link up}. */
  down(): void {
    this.#down = true;
    for (const { watches } of this.#kinds.values()) {
      for (const watch of watches) watch.reset();
      watches.clear();
    }
  }

  up(): void {
    this.#down = false;
  }

  /** How many kinds somebody watches now. */
  get watched(): number {
    return [...this.#kinds.values()].filter(({ watches }) => [...watches].some(({ closed }) => !closed)).length;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  #kindOf({ apiVersion, kind }: Manifest): Served {
    for (const served of this.#kinds.values()) {
      if (served.resource.kind === kind && apiVersionOf(served.resource) === apiVersion) return served;
    }
    throw new Error(`${apiVersion} ${kind} is not served`);
  }

  #tell({ watches, log }: Served, type: string, object: Stored): void {
    log.push({ version: Number(object.metadata['resourceVersion']), type, object });
    for (const watch of watches) {
      if (watch.closed) watches.delete(watch);
      else watch.event(type, object);
    }
  }

  async #serve(): Promise<void> {
    for (;;) this.#answer(await this.server.next());
  }

  #answer(request: ScriptedRequest): void {
    if (this.#down) {
      request.reset();
      return;
    }
    const kind = this.#kinds.get(request.path);
    if (kind !== undefined && request.query.get('watch') === 'true') {
      kind.watches.add(request.accept());
      // Whatever came after the version that the client has, what is gone by now included.
      const since = Number(request.query.get('resourceVersion'));
      for (const { version, type, object } of kind.log) if (version > since) request.event(type, object);
      return;
    }
    if (kind !== undefined) {
      const { kind: name } = kind.resource;
      request.json({
        kind: `${name}List`,
        apiVersion: apiVersionOf(kind.resource),
        metadata: { resourceVersion: String(this.#version) },
        items: [...kind.objects.values()],
      });
      return;
    }
    this.#discover(request);
  }

  #discover(request: ScriptedRequest): void {
    const resources = [...this.#kinds.values()].map(({ resource }) => resource);
    if (request.path === '/version') request.json({ major: '1', minor: '29' });
    else if (request.path === '/apis') {
      const groups = [...new Set(resources.map(({ group }) => group))].filter((group) => group !== '');
      request.json({
        kind: 'APIGroupList',
        groups: groups.map((name) => ({
          name,
          versions: resources
            .filter(({ group }) => group === name)
            .map((resource) => ({ groupVersion: apiVersionOf(resource) })),
        })),
      });
    } else if (/^\/api\/v1$|^\/apis\/[^/]+\/[^/]+$/.test(request.path)) {
      const served = resources.filter((resource) => listPath(resource).startsWith(`${request.path}/`));
      request.json({ kind: 'APIResourceList', resources: served.map(({ plural }) => ({ name: plural })) });
    } else request.status(404, 'NotFound', `there is no ${request.path}`);
  }
}

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
