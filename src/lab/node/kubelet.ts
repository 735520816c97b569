/** The kubelet of all nodes of the lab: runs the pods that are bound to them, and keeps their objects true. */
import type { Clock } from '../../io/kubernetes/clock.ts';
import type { JsonObject } from '../api/json.ts';
import { type Rest, systemContext } from '../api/rest/rest.ts';
import { StatusError } from '../api/status-error.ts';
import type { StoreEvent } from '../api/store/event-ring.ts';
import { nameOf, namespaceOf, textAt, uidOf } from '../api/field-values.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { programOf } from '../images.ts';
import type { LabNetworks } from '../networks.ts';
import type { PodStreams } from '../pod-streams.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { AddressPool } from './address-pool.ts';
import { ConfigChanges } from './config-changes.ts';
import { ExitBoard } from './exit-board.ts';
import { kubeletStreams } from './kubelet-streams.ts';
import { type NodeFacts, nodeObject, nodeStatus, type NodeTrouble, resourcesOf, statusOf } from './node-object.ts';
import { PodLife, type PodNode, type PodWorld } from './pod-life.ts';
import { Slots } from './slots.ts';

export interface KubeletOptions {
  readonly rest: Rest;
  /** Its nodes are made already. Nobody else listens to it. */
  readonly runtime: Runtime;
  readonly networks: LabNetworks;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly images: typeof programOf;
  /** A stand-in runs for images that the lab does not know. */
  readonly anyImage?: boolean;
  readonly events: EventRecorder;
  /** Of the nodes, as their objects say it. */
  readonly facts: NodeFacts;
  /**
   * Resolves when policies are in force for the addresses of this pod, which its status already has. No program of it
   * starts before.
   */
  readonly ready: (pod: JsonObject) => Promise<void>;
  /** Programs and sandboxes that are started at the same time; 8 when absent. */
  readonly concurrency?: number;
  /** The runtime is broken: nothing works any more. */
  readonly onFailure: (error: Error) => void;
  /** What should never happen; one pod may be stuck, all others go on. */
  readonly onError: (error: unknown) => void;
}

const HEARTBEAT_MS = 300_000;
const CONFIG_RESOURCES: ReadonlySet<string> = new Set(['configmaps', 'secrets', 'serviceaccounts']);
const ID_DIGITS = 40;

export class Kubelet {
  /** What the API server calls for `exec`, `logs` and the like. */
  readonly streams: PodStreams;
  private readonly options: KubeletOptions;
  private readonly nodes: ReadonlyMap<string, PodNode>;
  private readonly troubles = new Map<string, NodeTrouble>();
  /** By uid; until the object is gone, so that what is left of a pod never starts again. */
  private readonly pods = new Map<string, PodLife>();
  private readonly running = new Set<PodLife>();
  private readonly world: PodWorld;
  private stopped = false;
  private unsubscribe: () => void = () => undefined;
  private cancelHeartbeat: () => void = () => undefined;

  constructor(options: KubeletOptions) {
    this.options = options;
    const { rest, runtime, networks, clock, images, events, ready } = options;
    this.nodes = new Map(
      networks.nodes.map((network) => [network.name, { network, pool: new AddressPool(network.podCidrs) }]),
    );
    this.world = {
      rest,
      runtime,
      networks,
      clock,
      images,
      events,
      ready,
      // What goes wrong while a lab is torn down is no bug: the runtime may be gone first.
      onError: (error) => {
        if (!this.stopped) options.onError(error);
      },
      anyImage: options.anyImage ?? false,
      slots: new Slots(options.concurrency ?? 8),
      exits: new ExitBoard(),
      configChanges: new ConfigChanges(),
      newId: () => newId(options.random),
      allocatable: resourcesOf(options.facts),
    };
    this.streams = kubeletStreams(rest.store, runtime, (uid) => this.pods.get(uid));
  }

  /** Registers the nodes and takes up the pods that are there. */
  start(): void {
    const { rest, runtime, onFailure } = this.options;
    runtime.listen({
      onExit: (container, exit) => this.world.exits.tell(container, exit),
      onFailure: (error) => {
        for (const name of this.nodes.keys())
          this.setTrouble(name, { reason: 'ContainerRuntimeUnhealthy', message: error.message });
        onFailure(error);
      },
    });
    this.unsubscribe = rest.store.subscribe((event) => this.guarded(() => this.see(event)));
    for (const node of this.nodes.values()) this.guarded(() => this.register(node));
    for (const pod of rest.store.list({ group: '', plural: 'pods' }).items) this.guarded(() => this.take(pod));
    this.beat();
  }

  /** Looks at nothing any more, and lets go of all pods: what runs ends, and nothing is written. */
  stop(): void {
    this.stopped = true;
    this.unsubscribe();
    this.cancelHeartbeat();
    for (const life of this.pods.values()) life.vanish();
  }

  /** A reason for which the node is not ready; `undefined` when it is again. */
  setTrouble(node: string, trouble: NodeTrouble | undefined): void {
    if (trouble === undefined) this.troubles.delete(node);
    else this.troubles.set(node, trouble);
    const known = this.nodes.get(node);
    if (known !== undefined) this.guarded(() => this.writeNode(known));
  }

  /** Pods of which something may still run. */
  get busy(): number {
    return this.running.size;
  }

  private see({ type, resource, object }: StoreEvent): void {
    if (CONFIG_RESOURCES.has(resource)) {
      if (type !== 'DELETED') this.world.configChanges.tell(namespaceOf(object));
      return;
    }
    if (resource !== 'pods') return;
    if (type !== 'DELETED') {
      this.take(object);
      return;
    }
    const life = this.pods.get(uidOf(object));
    this.pods.delete(uidOf(object));
    life?.vanish();
  }

  private take(pod: JsonObject): void {
    const uid = uidOf(pod);
    const known = this.pods.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    const node = this.nodes.get(textAt(pod, 'spec', 'nodeName'));
    if (node === undefined) return;
    const life = new PodLife(pod, node, this.world);
    this.pods.set(uid, life);
    this.running.add(life);
    void life.run().finally(() => this.running.delete(life));
  }

  private register(node: PodNode): void {
    const { rest, clock, facts } = this.options;
    const resource = rest.find('', 'v1', 'nodes');
    const { network } = node;
    if (resource === undefined) return;
    if (rest.store.find({ group: '', plural: 'nodes', namespace: '', name: network.name }) === undefined)
      rest.create(
        { resource, namespace: '' },
        nodeObject(network, facts, clock.calendarMs()),
        systemContext('kubelet'),
      );
    this.writeNode(node);
  }

  private writeNode({ network }: PodNode): void {
    const { rest, clock, facts } = this.options;
    const resource = rest.find('', 'v1', 'nodes');
    const stored = rest.store.find({ group: '', plural: 'nodes', namespace: '', name: network.name });
    // A node that somebody has deleted stays so, as in any cluster.
    if (resource === undefined || stored === undefined) return;
    const trouble = this.troubles.get(network.name);
    const status = nodeStatus(statusOf(stored), network, facts, trouble, clock.calendarMs());
    const target = { resource, namespace: '', name: nameOf(stored), subresource: 'status' };
    rest.update(target, { ...stored, status }, systemContext('kubelet'));
  }

  private beat(): void {
    this.cancelHeartbeat = this.options.clock.after(HEARTBEAT_MS, () => {
      for (const node of this.nodes.values()) this.guarded(() => this.writeNode(node));
      this.beat();
    });
  }

  /** A listener of the store never throws. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === 'NotFound')) this.options.onError(error);
    }
  }
}

function newId(random: () => number): string {
  return Array.from({ length: ID_DIGITS }, () => Math.floor(random() * 16).toString(16)).join('');
}
