/** All parts of a lab, put together in one process. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Server } from 'node:net';
import { arch, cpus, release, totalmem } from 'node:os';
import type { ClusterAccess } from '../io/kubernetes/cluster-access.ts';
import type { Clock } from '../io/kubernetes/clock.ts';
import { fixedCredentials } from '../io/kubernetes/credentials.ts';
import { strategies } from './api/kinds/strategies.ts';
import type { JsonObject } from './api/json.ts';
import type { UserInfo } from './api/rest/rest.ts';
import { RestService } from './api/rest/rest-service.ts';
import { seedSystem } from './api/rest/system-seeds.ts';
import { ApiServer } from './api/server/api-server.ts';
import { tokenAuthenticator } from './api/server/token-authenticator.ts';
import { ObjectStore, type ResourceId } from './api/store/object-store.ts';
import { StreamHandler } from './api/streams/stream-handler.ts';
import { applyObjects } from './apply-objects.ts';
import { textAt } from './api/field-values.ts';
import { type RunningControllers, startControllers } from './controllers/start-controllers.ts';
import { type EventRecorder, eventRecorder } from './events/event-recorder.ts';
import { programOf } from './images.ts';
import type { ApplyResult, Lab, LabObject, Readiness } from './lab.ts';
import type { LabReports, LabSettings } from './launch/protocol.ts';
import { CLUSTER_DOMAIN, labNetworks, type LabNetworks } from './networks.ts';
import type { NodeAgents, StartAgents } from './node-agents.ts';
import { DnsFeed } from './node/dns-feed.ts';
import { Kubelet } from './node/kubelet.ts';
import { ServiceProxy } from './node/service-proxy.ts';
import { notReady } from './readiness.ts';
import type { Runtime } from './runtime/runtime.ts';
import { allSettled, type Change, type Settlement } from './settlement.ts';
import { createSystemObjects, keepApiService } from './system-objects.ts';

/** What a runtime may look at. */
export interface RuntimeContext {
  readonly store: ObjectStore;
  readonly networks: LabNetworks;
  readonly feed: DnsFeed;
  readonly clock: Clock;
}

export interface LabClusterOptions {
  readonly settings: LabSettings;
  /** Where users reach the API: listens already. */
  readonly listener: Server;
  readonly openRuntime: (context: RuntimeContext) => Promise<Runtime>;
  /** Absent where there is nothing to enforce in. */
  readonly startAgents?: StartAgents | undefined;
  readonly clock: Clock;
  readonly reports: LabReports;
}

/** The minor version that the API is held to. */
export const KUBERNETES_VERSION = 'v1.33.4+sallyport';
const ADMIN: UserInfo = user('kubernetes-admin', ['system:masters', 'system:authenticated']);
const AGENT: UserInfo = user('system:serviceaccount:kube-system:sallyport-agent', [
  'system:serviceaccounts',
  'system:authenticated',
]);
/** How long an answer waits for what was applied to be in force. */
const SETTLE_MS = 10_000;
const READY_POLL_MS = 20;
const AGENT_LOOK_MS = 2000;

export class LabCluster implements Lab {
  readonly broken: Promise<never>;
  private readonly options: LabClusterOptions;
  private readonly networks: LabNetworks;
  private readonly store: ObjectStore;
  private readonly rest: RestService;
  private readonly feed: DnsFeed;
  private readonly events: EventRecorder;
  private readonly closers: (() => Promise<void> | void)[] = [];
  private settlement: Settlement = allSettled([]);
  private controllers: RunningControllers | undefined;
  private breakWith: (error: Error) => void = () => undefined;
  private stopping: Promise<void> | undefined;

  private constructor(options: LabClusterOptions) {
    const { settings, clock } = options;
    this.options = options;
    this.broken = new Promise((_resolve, reject) => {
      this.breakWith = reject;
    });
    // Who does not wait for it hears of it through what does not work.
    this.broken.catch(() => undefined);
    this.networks = labNetworks(settings.nodes, settings.family);
    this.store = new ObjectStore({ now: () => new Date(clock.calendarMs()), newUid: () => randomUUID() });
    this.rest = new RestService({ store: this.store, networks: this.networks, clock, random: Math.random, strategies });
    this.feed = new DnsFeed({ store: this.store, clock });
    this.events = eventRecorder(this.rest, clock, { onError: (error) => this.bug(error) });
  }

  /** Resolves when names resolve and policies are enforced. */
  static async start(options: LabClusterOptions): Promise<LabCluster> {
    const cluster = new LabCluster(options);
    try {
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async apply(objects: readonly LabObject[]): Promise<ApplyResult> {
    const { applied, refused, changes } = applyObjects(this.rest, objects);
    await this.settled(changes);
    return { applied, refused };
  }

  async whenReady(timeoutMs: number): Promise<Readiness> {
    const { clock } = this.options;
    const deadline = clock.nowMs() + timeoutMs;
    let waiting = await this.waiting();
    while (waiting.length > 0 && clock.nowMs() < deadline && this.stopping === undefined) {
      await new Promise<void>((resolve) => clock.after(READY_POLL_MS, resolve));
      waiting = await this.waiting();
    }
    // What became ready has to become known: Services, names, rules.
    if (waiting.length === 0) await this.settled(this.newest());
    return { waiting };
  }

  stop(): Promise<void> {
    this.stopping ??= this.closeAll();
    return this.stopping;
  }

  private async start(): Promise<void> {
    const { settings, clock, reports, openRuntime } = this.options;
    const { networks, store, rest, feed } = this;
    reports.onProgress('starting the API server');
    seedSystem(rest);
    createSystemObjects(rest, networks);
    this.closers.push(keepApiService(store, rest, networks, clock));
    feed.start();
    this.closers.push(() => feed.stop());
    const runtime = await openRuntime({ store, networks, feed, clock });
    this.closers.push(() => runtime.close());
    await Promise.all(networks.nodes.map((node) => runtime.addNode(node)));

    const proxy = new ServiceProxy({
      store,
      runtime,
      nodes: networks.nodes.map(({ name }) => name),
      clock,
      onError: (error) => reports.onRemark(`Services are not forwarded: ${messageOf(error)}`),
    });
    const kubelet = this.kubelet(runtime);
    const agentToken = randomBytes(32).toString('base64url');
    const server = await this.serve(kubelet, agentToken, runtime);
    this.closers.push(() => server.close());

    reports.onProgress('starting the nodes');
    const agents = this.startAgents(runtime, agentToken);
    if (agents !== undefined) this.closers.push(() => agents.stop());
    this.settlement = allSettled([proxy, feed, ...(agents === undefined ? [] : [agents])]);
    this.controllers = startControllers({
      rest,
      clock,
      caCertificate: settings.certificate.authority,
      events: this.events,
      onError: (error) => this.bug(error),
    });
    const { controllers } = this;
    this.closers.push(() => controllers.stop());
    proxy.start();
    this.closers.push(() => proxy.stop());
    kubelet.start();
    this.closers.push(() => kubelet.stop());
    await agents?.whenEnforcing();
    if (agents !== undefined) this.closers.push(this.watchAgents(agents, kubelet));
    reports.onProgress('waiting for DNS');
    const { waiting } = await this.whenReady(SETTLE_MS * 3);
    if (waiting.length > 0) throw new Error(`the lab itself does not get ready: ${waiting.join('; ')}`);
  }

  private kubelet(runtime: Runtime): Kubelet {
    const { settings, clock } = this.options;
    return new Kubelet({
      rest: this.rest,
      runtime,
      networks: this.networks,
      clock,
      random: Math.random,
      images: programOf,
      anyImage: settings.anyImage,
      events: this.events,
      facts: {
        version: KUBERNETES_VERSION,
        architecture: arch() === 'x64' ? 'amd64' : arch(),
        kernelVersion: release(),
        runtime: runtime.name,
        cpus: cpus().length,
        memoryBytes: totalmem(),
        maxPods: 1000,
      },
      ready: (pod) => this.settlement.settled({ resource: PODS, resourceVersion: versionOf(pod) }),
      onFailure: (error) => this.breakWith(error),
      onError: (error) => this.bug(error),
    });
  }

  private async serve(kubelet: Kubelet, agentToken: string, runtime: Runtime): Promise<ApiServer> {
    const { settings, listener, clock } = this.options;
    const { networks, rest } = this;
    const authenticate = tokenAuthenticator([
      [settings.token, ADMIN],
      [agentToken, AGENT],
    ]);
    const server = new ApiServer({
      rest,
      // What is not there yet when the first request comes.
      settlement: { settled: (change) => this.settlement.settled(change) },
      streams: new StreamHandler({
        pods: kubelet.streams,
        clock,
        requirePod: (namespace, name) => void this.store.get({ ...PODS, namespace, name }),
        unexpected: (error) => this.bug(error),
      }),
      tls: { key: settings.certificate.key, cert: settings.certificate.certificate },
      authenticate: (token) => authenticate(token) ?? rest.userOfToken(token),
      hosts: ['localhost', '127.0.0.1', '::1', ...API_NAMES, ...networks.controlPlane, ...networks.apiService],
      clock,
      version: KUBERNETES_VERSION,
      onError: (error) => this.bug(error),
    });
    await server.listen(listener);
    if (runtime.name === 'netns')
      for (const host of networks.controlPlane) await server.listen({ host, port: networks.apiPort });
    return server;
  }

  private startAgents(runtime: Runtime, token: string): NodeAgents | undefined {
    const { startAgents, settings, reports } = this.options;
    if (startAgents === undefined) return undefined;
    const nodes = this.networks.nodes.flatMap(({ name }) => {
      const command = runtime.nodeCommand(name);
      return command === undefined ? [] : [{ name, command }];
    });
    const [address = ''] = this.networks.controlPlane;
    const host = address.includes(':') ? `[${address}]` : address;
    const access: ClusterAccess = {
      description: 'the lab',
      server: new URL(`https://${host}:${this.networks.apiPort}`),
      namespace: 'default',
      insecureSkipVerify: false,
      tlsServerName: undefined,
      certificateAuthority: () => Promise.resolve(settings.certificate.authority),
      credentials: fixedCredentials({ authorization: `Bearer ${token}` }),
      headers: {},
    };
    return startAgents({ nodes, access, onRemark: (text) => reports.onRemark(text) });
  }

  /** A node on which policies are not in force is not ready, as everybody can see. */
  private watchAgents(agents: NodeAgents, kubelet: Kubelet): () => void {
    const { clock, reports } = this.options;
    const told = new Map<string, string>();
    let cancel: () => void = () => undefined;
    const look = (): void => {
      const complaints = agents.complaints();
      for (const { name } of this.networks.nodes) {
        const message = complaints
          .filter(({ node }) => node === name)
          .map((each) => each.message)
          .join('; ');
        if (message === (told.get(name) ?? '')) continue;
        told.set(name, message);
        kubelet.setTrouble(name, message === '' ? undefined : { reason: 'PoliciesNotInForce', message });
        if (message !== '') reports.onRemark(`${name}: policies are not in force: ${message}`);
      }
      cancel = clock.after(AGENT_LOOK_MS, look);
    };
    look();
    return () => cancel();
  }

  private async waiting(): Promise<readonly string[]> {
    await this.controllers?.idle();
    return notReady(this.store);
  }

  /** The last change of each kind that somebody acts upon. */
  private newest(): readonly Change[] {
    return SETTLED_RESOURCES.flatMap((resource) => {
      const versions = this.store.list(resource).items.map((object) => Number(versionOf(object)));
      return versions.length === 0 ? [] : [{ resource, resourceVersion: String(Math.max(...versions)) }];
    });
  }

  private async settled(changes: readonly Change[]): Promise<void> {
    const { clock } = this.options;
    const all = Promise.all(changes.map((change) => this.settlement.settled(change)));
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(SETTLE_MS, resolve);
    });
    await Promise.race([all, late]);
    cancel();
  }

  private async closeAll(): Promise<void> {
    for (const close of this.closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        this.bug(error);
      }
    }
  }

  private bug(error: unknown): void {
    // What ends while it is being worked with complains.
    if (this.stopping !== undefined) return;
    this.options.reports.onRemark(`this is a bug in Sallyport: ${messageOf(error)}`);
  }
}

const PODS: ResourceId = { group: '', plural: 'pods' };
const SETTLED_RESOURCES: readonly ResourceId[] = [
  PODS,
  { group: '', plural: 'namespaces' },
  { group: '', plural: 'services' },
  { group: 'discovery.k8s.io', plural: 'endpointslices' },
  { group: 'networking.k8s.io', plural: 'networkpolicies' },
];

const API_NAMES: readonly string[] = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
];

function user(username: string, groups: readonly string[]): UserInfo {
  return { username, uid: '', groups };
}

function versionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
