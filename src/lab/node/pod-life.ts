/** One pod, from its binding to this node until nothing is left of it. */
import { type Clock, pause } from '../../io/kubernetes/clock.ts';
import type { JsonObject } from '../api/json.ts';
import type { Rest } from '../api/rest/rest.ts';
import { systemContext } from '../api/rest/rest.ts';
import { StatusError } from '../api/status-error.ts';
import type { ObjectKey } from '../api/store/object-store.ts';
import { timeMs } from '../api/times.ts';
import {
  isGoing,
  isTrueAt,
  nameOf,
  namespaceOf,
  numberAt,
  objectsAt,
  textAt,
  textsAt,
  uidOf,
  valueAt,
} from '../api/field-values.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { programOf } from '../images.ts';
import type { LabNetworks, NodeNetwork } from '../networks.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { AddressPool, PodAddresses } from './address-pool.ts';
import { BackOff, PULL_BACK_OFF_MS } from './back-off.ts';
import type { ConfigChanges } from './config-changes.ts';
import {
  type ConfiguredContainer,
  ContainerLife,
  type ContainerRole,
  type ContainerSetting,
} from './container-life.ts';
import { environmentOf } from './environment.ts';
import type { ExitBoard } from './exit-board.ts';
import { expand } from './expansion.ts';
import type { PodFacts } from './field-ref.ts';
import { isPassed, isSidecar, podStatus } from './pod-status.ts';
import { hostAliasesOf, hostnameOf, resolverOf } from './resolver.ts';
import { serviceLinks } from './service-links.ts';
import type { Slots } from './slots.ts';
import { StartRefusal } from './start-refusal.ts';
import {
  accountFiles,
  accountNameOf,
  MountRefusal,
  mountsOf,
  type Volumes,
  volumesOf,
  type VolumeSource,
} from './volumes.ts';

/** What all pods of the lab share. */
export interface PodWorld {
  readonly rest: Rest;
  readonly runtime: Runtime;
  readonly networks: LabNetworks;
  readonly clock: Clock;
  readonly images: typeof programOf;
  /** Of `programOf`. */
  readonly anyImage: boolean;
  readonly events: EventRecorder;
  readonly slots: Slots;
  readonly exits: ExitBoard;
  readonly configChanges: ConfigChanges;
  readonly newId: () => string;
  /** Resolves when agents enforce what policies say of its addresses. */
  readonly ready: (pod: JsonObject) => Promise<void>;
  readonly allocatable: ReadonlyMap<string, string>;
  /** What should never happen. */
  readonly onError: (error: unknown) => void;
}

export interface PodNode {
  readonly network: NodeNetwork;
  readonly pool: AddressPool;
}

const PODS = { group: '', plural: 'pods' };
const SERVICES = { group: '', plural: 'services' };
const DEFAULT_GRACE_S = 30;
/** Beyond the grace, before the network goes and all that is left with it. */
const HARD_LIMIT_MS = 4000;
const NO_ADDRESS_RETRY_MS = 5000;
/** Who waits so long for its network is told why. */
const NETWORK_LATE_MS = 15_000;

export class PodLife {
  readonly uid: string;
  readonly key: ObjectKey;
  private pod: JsonObject;
  private readonly world: PodWorld;
  private readonly node: PodNode;
  private readonly startedMs: number;
  private sandbox: string;
  private sandboxes = 0;
  private sandboxReady = false;
  private taken: PodAddresses | undefined;
  private volumes: Volumes = new Map();
  private mounted = false;
  private readonly init: readonly ContainerLife[];
  private readonly containers: readonly ContainerLife[];
  private readonly ephemeral: ContainerLife[] = [];
  private failure: { readonly reason: string; readonly message: string } | undefined;
  private over = false;
  private dirty = false;
  /** The object is gone, or another one has its name. */
  private vanished = false;
  /** Nothing is started any more. */
  private readonly stopping = new AbortController();
  /** Its object shall go. */
  private readonly leaving = new AbortController();
  private graceMs = Number.POSITIVE_INFINITY;

  constructor(pod: JsonObject, node: PodNode, world: PodWorld) {
    this.pod = pod;
    this.node = node;
    this.world = world;
    this.uid = uidOf(pod);
    this.sandbox = this.uid;
    this.key = { ...PODS, namespace: namespaceOf(pod), name: nameOf(pod) };
    this.startedMs = timeMs(textAt(pod, 'status', 'startTime')) ?? world.clock.calendarMs();
    const inits = objectsAt(pod, 'spec', 'initContainers');
    const waitingFor = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating';
    this.init = inits.map((each) => this.life(each, isSidecar(each) ? 'sidecar' : 'init', waitingFor));
    this.containers = objectsAt(pod, 'spec', 'containers').map((each) => this.life(each, 'container', waitingFor));
  }

  /** The newest state of the object. */
  update(pod: JsonObject): void {
    this.pod = pod;
    if (isGoing(pod)) {
      this.leave((numberAt(pod, 'metadata', 'deletionGracePeriodSeconds') ?? 0) * 1000);
      return;
    }
    for (const [lives, field] of [
      [this.init, 'initContainers'],
      [this.containers, 'containers'],
    ] as const) {
      const definitions = new Map(objectsAt(pod, 'spec', field).map((each) => [textAt(each, 'name'), each]));
      for (const life of lives) {
        const definition = definitions.get(life.name);
        if (definition !== undefined) life.redefine(definition);
      }
    }
    this.startEphemeral();
    // A readiness gate may have opened.
    if (objectsAt(pod, 'spec', 'readinessGates').length > 0) this.changed();
  }

  /** The object is gone already: nobody waits for a graceful end. */
  vanish(): void {
    this.vanished = true;
    this.leave(0);
  }

  /** The container of that name, of any kind. */
  container(name: string): ContainerLife | undefined {
    return this.lives.find((life) => life.name === name);
  }

  /** Where its network is, while it has one. */
  get sandboxId(): string | undefined {
    return this.sandboxReady ? this.sandbox : undefined;
  }

  /** From here to the end. Never rejects. */
  async run(): Promise<void> {
    try {
      if (isGoing(this.pod)) this.update(this.pod);
      await this.live();
      await this.end(this.defaultGraceMs);
      await this.takeDown();
      this.over = true;
      this.write();
      await this.left();
      await Promise.all(this.lives.map((life) => life.forget()));
      if (!this.vanished) this.remove();
    } catch (error) {
      this.world.onError(error);
    }
  }

  private get lives(): readonly ContainerLife[] {
    return [...this.init, ...this.containers, ...this.ephemeral];
  }

  private get defaultGraceMs(): number {
    return (numberAt(this.pod, 'spec', 'terminationGracePeriodSeconds') ?? DEFAULT_GRACE_S) * 1000;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async live(): Promise<void> {
    if (!(await this.addressed())) return;
    this.write();
    const cancelDeadline = this.deadline();
    try {
      // Agents learn the addresses while the network is made.
      const enforced = this.enforced();
      if (!(await this.sandboxed()) || !(await enforced) || !(await this.mount())) return;
      this.mounted = true;
      this.startEphemeral();
      for (const life of this.init) {
        const over = life.run();
        await (life.role === 'sidecar' ? Promise.race([life.upOrOver, over]) : over);
        if (this.stopped || !isPassed(life.summary)) return;
      }
      await Promise.all(this.containers.map((life) => life.run()));
    } finally {
      cancelDeadline();
    }
  }

  private async addressed(): Promise<boolean> {
    if (isTrueAt(this.pod, 'spec', 'hostNetwork')) return !this.stopped;
    while (!this.stopped) {
      this.taken = this.node.pool.allocate();
      if (this.taken !== undefined) return true;
      this.changed();
      const ranges = this.node.network.podCidrs.join(', ');
      this.record('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: no address is left in ${ranges}`);
      await pause(this.world.clock, NO_ADDRESS_RETRY_MS, this.stopping.signal);
    }
    return false;
  }

  private get podIPs(): readonly string[] {
    if (isTrueAt(this.pod, 'spec', 'hostNetwork')) return this.node.network.addresses;
    return this.taken?.addresses ?? [];
  }

  private async sandboxed(): Promise<boolean> {
    const { runtime, slots, networks, clock } = this.world;
    const { pod, node } = this;
    const hostNetwork = isTrueAt(pod, 'spec', 'hostNetwork');
    const backOff = new BackOff(PULL_BACK_OFF_MS);
    while (!this.stopped) {
      this.sandboxes += 1;
      this.sandbox = this.sandboxes === 1 ? this.uid : `${this.uid}-${this.sandboxes}`;
      const spec = {
        ...resolverOf(pod, networks),
        id: this.sandbox,
        node: node.network.name,
        namespace: this.key.namespace,
        name: this.key.name,
        hostname: hostnameOf(pod, node.network.name),
        addresses: hostNetwork ? [] : this.podIPs,
        hostNetwork,
        hostAliases: hostAliasesOf(pod, this.podIPs),
      };
      try {
        this.sandboxReady = await slots.run(async () => {
          if (!this.stopped) await runtime.startSandbox(spec);
          return !this.stopped;
        });
        // Nobody looks before something has started in it, or cannot: that is written then.
        return this.sandboxReady;
      } catch (error) {
        await runtime.removeSandbox(this.sandbox).catch(() => undefined);
        this.record('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`);
        await pause(clock, backOff.next(0), this.stopping.signal);
      }
    }
    return false;
  }

  /** Whether policies are in force for its addresses before it is over. */
  private async enforced(): Promise<boolean> {
    const { clock, ready } = this.world;
    const cancel = clock.after(NETWORK_LATE_MS, () => {
      this.record('Warning', 'NetworkNotReady', 'network is not ready: its policies are not in force yet');
      this.changed();
    });
    try {
      await Promise.race([ready(this.pod), aborted(this.stopping.signal)]);
      return !this.stopped;
    } catch (error) {
      this.record('Warning', 'NetworkNotReady', `network is not ready: ${messageOf(error)}`);
      await aborted(this.stopping.signal);
      return false;
    } finally {
      cancel();
    }
  }

  private async mount(): Promise<boolean> {
    while (!this.stopped) {
      try {
        this.volumes = volumesOf(this.facts, this.source);
        return true;
      } catch (error) {
        if (!(error instanceof MountRefusal)) throw error;
        this.record('Warning', 'FailedMount', error.message);
        await this.world.configChanges.next(this.key.namespace, this.stopping.signal);
      }
    }
    return false;
  }

  private deadline(): () => void {
    const seconds = numberAt(this.pod, 'spec', 'activeDeadlineSeconds');
    if (seconds === undefined) return () => undefined;
    const { clock } = this.world;
    const leftMs = Math.max(0, this.startedMs + seconds * 1000 - clock.calendarMs());
    return clock.after(leftMs, () => {
      const message = 'Pod was active on the node longer than the specified deadline';
      this.failure = { reason: 'DeadlineExceeded', message };
      this.record('Normal', 'DeadlineExceeded', message);
      this.changed();
      void this.end(this.defaultGraceMs);
    });
  }

  private startEphemeral(): void {
    if (!this.mounted || this.stopped) return;
    for (const definition of objectsAt(this.pod, 'spec', 'ephemeralContainers')) {
      if (this.ephemeral.some((life) => life.name === textAt(definition, 'name'))) continue;
      const life = this.life(definition, 'ephemeral', 'ContainerCreating');
      this.ephemeral.push(life);
      void life.run();
      this.changed();
    }
  }

  /** Ends its programs, the sidecars last. May be called again, with less time. */
  private async end(graceMs: number): Promise<void> {
    const { clock } = this.world;
    this.stopping.abort();
    const endMs = clock.nowMs() + graceMs;
    const cancel = clock.after(graceMs + HARD_LIMIT_MS, () => void this.cutOff());
    const isLast = (life: ContainerLife): boolean => life.role === 'sidecar';
    await Promise.all(this.lives.filter((life) => !isLast(life)).map((life) => life.end(graceMs)));
    for (const life of this.init.filter(isLast).reverse()) await life.end(Math.max(0, endMs - clock.nowMs()));
    cancel();
  }

  private async cutOff(): Promise<void> {
    await this.world.runtime.removeSandbox(this.sandbox).catch(this.world.onError);
    for (const life of this.lives) life.lost();
  }

  private async takeDown(): Promise<void> {
    if (this.sandboxes > 0) await this.world.runtime.removeSandbox(this.sandbox).catch(this.world.onError);
    this.sandboxReady = false;
    if (this.taken !== undefined) this.node.pool.release(this.taken.slot);
  }

  private leave(graceMs: number): void {
    if (graceMs >= this.graceMs) return;
    this.graceMs = graceMs;
    void this.end(graceMs).catch(this.world.onError);
    this.leaving.abort();
  }

  private left(): Promise<void> {
    return aborted(this.leaving.signal);
  }

  private remove(): void {
    const resource = this.world.rest.find('', 'v1', 'pods');
    if (resource === undefined || !this.isStored()) return;
    try {
      const target = { resource, namespace: this.key.namespace, name: this.key.name };
      this.world.rest.delete(
        target,
        { gracePeriodSeconds: 0, preconditions: { uid: this.uid } },
        systemContext('kubelet'),
      );
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  }

  /** What changes in one go is written at once: a write costs more than all the rest. */
  private changed(): void {
    if (this.dirty) return;
    this.dirty = true;
    setImmediate(() => {
      if (!this.dirty) return;
      try {
        this.write();
      } catch (error) {
        this.world.onError(error);
      }
    });
  }

  private write(): void {
    this.dirty = false;
    const { rest, clock } = this.world;
    const stored = this.isStored();
    const resource = rest.find('', 'v1', 'pods');
    if (stored === undefined || resource === undefined) return;
    const summaries = (lives: readonly ContainerLife[]) => lives.map((life) => life.summary);
    const status = podStatus({
      pod: stored,
      hostIPs: this.node.network.addresses,
      podIPs: this.podIPs,
      startedMs: this.startedMs,
      nowMs: clock.calendarMs(),
      sandboxReady: this.sandboxReady,
      init: summaries(this.init),
      containers: summaries(this.containers),
      ephemeral: summaries(this.ephemeral),
      failure: this.failure,
      over: this.over,
    });
    const target = { resource, namespace: this.key.namespace, name: this.key.name, subresource: 'status' };
    try {
      this.pod = rest.update(target, { ...stored, status }, systemContext('kubelet')).object;
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error;
    }
  }

  private isStored(): JsonObject | undefined {
    const stored = this.vanished ? undefined : this.world.rest.store.find(this.key);
    return stored !== undefined && uidOf(stored) === this.uid ? stored : undefined;
  }

  private get facts(): PodFacts {
    return {
      pod: this.pod,
      podIPs: this.podIPs,
      hostIPs: this.node.network.addresses,
      allocatable: this.world.allocatable,
    };
  }

  private get source(): VolumeSource {
    const { store } = this.world.rest;
    const { namespace } = this.key;
    return {
      configMap: (name) => store.find({ group: '', plural: 'configmaps', namespace, name }),
      secret: (name) => store.find({ group: '', plural: 'secrets', namespace, name }),
      token: (audience, expirationSeconds) => this.token(audience, expirationSeconds),
    };
  }

  private token(audience: string, expirationSeconds: number): string | undefined {
    const { rest } = this.world;
    const { namespace, name } = this.key;
    const resource = rest.find('', 'v1', 'serviceaccounts');
    const account = accountNameOf(this.pod);
    if (
      resource === undefined ||
      rest.store.find({ group: '', plural: 'serviceaccounts', namespace, name: account }) === undefined
    )
      return undefined;
    const request: JsonObject = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace },
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: this.uid },
      },
    };
    try {
      const written = rest.create(
        { resource, namespace, name: account, subresource: 'token' },
        request,
        systemContext('kubelet'),
      );
      return textAt(written.object, 'status', 'token') || undefined;
    } catch (error) {
      if (error instanceof StatusError) return undefined;
      throw error;
    }
  }

  private configure(definition: JsonObject): ConfiguredContainer {
    const { rest, images, anyImage } = this.world;
    const { namespace } = this.key;
    const links = serviceLinks(
      rest.store.list(SERVICES, namespace).items,
      rest.store.find({ ...SERVICES, namespace: 'default', name: 'kubernetes' }),
      valueAt(this.pod, 'spec', 'enableServiceLinks') !== false,
    );
    const environment = environmentOf(definition, this.facts, this.source, links);
    const expanded = (name: string) =>
      textsAt(definition, name).map((text) => expand(text, (variable) => environment.get(variable)));
    const given = [...environment];
    const program = images({
      image: textAt(definition, 'image'),
      command: expanded('command'),
      args: expanded('args'),
      env: given,
      ports: portsOf(definition),
      anyImage,
    });
    if ('refused' in program) throw new StartRefusal(program.refused, program.message);
    const { files, folders } = mountsOf(definition, this.volumes, environment);
    const account = rest.store.find({ group: '', plural: 'serviceaccounts', namespace, name: accountNameOf(this.pod) });
    const hostname = hostnameOf(this.pod, this.node.network.name);
    return {
      listeners: program.listeners,
      spec: {
        sandbox: this.sandbox,
        name: textAt(definition, 'name'),
        argv: program.argv,
        env: [['HOSTNAME', hostname], ...program.env, ...given],
        workingDir: textAt(definition, 'workingDir') || undefined,
        files: [...files, ...accountFiles(definition, this.facts, account, this.source)],
        folders: [...new Set([...folders, ...program.folders])],
        stdin: isTrueAt(definition, 'stdin'),
        tty: isTrueAt(definition, 'tty'),
      },
    };
  }

  private life(definition: JsonObject, role: ContainerRole, waitingFor: string): ContainerLife {
    const { world } = this;
    const field = role === 'container' ? 'containers' : role === 'ephemeral' ? 'ephemeralContainers' : 'initContainers';
    const setting: ContainerSetting = {
      runtime: world.runtime,
      clock: world.clock,
      slots: world.slots,
      exits: world.exits,
      newId: world.newId,
      sandbox: () => this.sandbox,
      podName: `${this.key.name}_${this.key.namespace}(${this.uid})`,
      restartPolicy: textAt(this.pod, 'spec', 'restartPolicy') || 'Always',
      graceMs: this.defaultGraceMs,
      address: () => this.podIPs[0] ?? '',
      imageRefusal: (each) => {
        const program = world.images({
          image: textAt(each, 'image'),
          command: textsAt(each, 'command'),
          args: textsAt(each, 'args'),
          ports: portsOf(each),
          anyImage: world.anyImage,
        });
        return 'refused' in program ? program : undefined;
      },
      configure: (each) => this.configure(each),
      configChange: (signal) => world.configChanges.next(this.key.namespace, signal),
      record: (each, type, reason, message) =>
        this.record(type, reason, message, `spec.${field}{${textAt(each, 'name')}}`),
      changed: () => this.changed(),
    };
    return new ContainerLife(definition, role, waitingFor, setting);
  }

  private record(type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void {
    const { events } = this.world;
    events.record({
      about: this.pod,
      fieldPath,
      type,
      reason,
      message,
      component: 'kubelet',
      host: this.node.network.name,
    });
  }
}

function portsOf(definition: JsonObject) {
  return objectsAt(definition, 'ports').map((port) => ({
    containerPort: numberAt(port, 'containerPort') ?? 0,
    protocol: textAt(port, 'protocol') || undefined,
  }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
