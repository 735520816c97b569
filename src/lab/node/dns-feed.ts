/** Tells the DNS servers of the lab what the API says. */
import type { Clock } from '../../io/kubernetes/clock.ts';
import { sameJson } from '../api/json.ts';
import type { StoreEvent } from '../api/store/event-ring.ts';
import { type ObjectStore, resourceKey } from '../api/store/object-store.ts';
import type { ZoneChange } from '../dns/zone-data.ts';
import type { Change, Settlement } from '../settlement.ts';
import { ZONE_RESOURCES, zoneChange } from './zone-changes.ts';

/** Whoever answers questions: a `DnsLink` to a server in a pod, or a zone in this process. */
export interface DnsSink {
  /** Instead of all that was said before. Resolves with false when it answers nobody any more. Never rejects. */
  replace(changes: readonly ZoneChange[]): Promise<boolean>;
  publish(changes: readonly ZoneChange[]): Promise<boolean>;
}

export interface DnsFeedOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/** Changes come in bursts; a server takes many as fast as one. */
const GATHER_MS = 1;
/** What questions are answered from. Names of pods are only for addresses, and nobody waits for those. */
const AWAITED: ReadonlySet<string> = new Set(ZONE_RESOURCES.filter((resource) => resource !== 'pods'));
const ALL: ReadonlySet<string> = new Set(ZONE_RESOURCES);

interface Attached {
  readonly sink: DnsSink;
  /** resourceVersion of the newest change that it answers from. */
  inForce: number;
}

export class DnsFeed implements Settlement {
  private readonly options: DnsFeedOptions;
  private readonly sinks = new Set<Attached>();
  private readonly waiting = new Set<{ readonly version: number; readonly resolve: () => void }>();
  /** By kind and key; the newest of each. */
  private pending = new Map<string, ZoneChange>();
  private seen = 0;
  private scheduled = false;
  private unsubscribe: () => void = () => undefined;
  private cancel: () => void = () => undefined;

  constructor(options: DnsFeedOptions) {
    this.options = options;
  }

  start(): void {
    const { store } = this.options;
    this.seen = Number(store.resourceVersion);
    this.unsubscribe = store.subscribe((event) => this.see(event));
  }

  stop(): void {
    this.unsubscribe();
    this.cancel();
    this.sinks.clear();
    this.settle();
  }

  /** From now on it is told everything, beginning with what there is. The result ends that; so does its own end. */
  attach(sink: DnsSink): () => void {
    const attached: Attached = { sink, inForce: 0 };
    this.sinks.add(attached);
    const { store } = this.options;
    const version = Number(store.resourceVersion);
    const resources = [
      { group: '', plural: 'namespaces' },
      { group: '', plural: 'services' },
      { group: 'discovery.k8s.io', plural: 'endpointslices' },
      { group: '', plural: 'pods' },
    ];
    const all = resources.flatMap((resource) =>
      store.list(resource).items.flatMap((object) => {
        const change = zoneChange(resourceKey(resource), object, false);
        return change?.value === undefined ? [] : [change];
      }),
    );
    void this.follow(attached, sink.replace(all), version);
    return () => this.detach(attached);
  }

  settled({ resource, resourceVersion }: Change): Promise<void> {
    const version = Number(resourceVersion);
    if (!AWAITED.has(resourceKey(resource)) || version <= this.inForce) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add({ version, resolve }));
  }

  private see({ type, resource, object, previous, resourceVersion }: StoreEvent): void {
    if (!ALL.has(resource)) return;
    const change = zoneChange(resource, object, type === 'DELETED');
    if (change === undefined) return;
    this.seen = resourceVersion;
    const before = previous === undefined ? undefined : zoneChange(resource, previous, false);
    // Most changes of objects say nothing new: those of a status, above all.
    if (type !== 'DELETED' && before !== undefined && sameJson(json(before), json(change))) {
      if (AWAITED.has(resource)) this.schedule();
      return;
    }
    this.pending.set(`${change.kind} ${change.key}`, change);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.cancel = this.options.clock.after(GATHER_MS, () => {
      this.scheduled = false;
      this.publish();
    });
  }

  private publish(): void {
    const changes = [...this.pending.values()];
    this.pending = new Map();
    for (const attached of this.sinks) {
      // Nothing new is in force as soon as what came before: so even that is sent, and answered in order.
      void this.follow(attached, attached.sink.publish(changes), this.seen);
    }
    this.settle();
  }

  private async follow(attached: Attached, done: Promise<boolean>, version: number): Promise<void> {
    if (await done) attached.inForce = Math.max(attached.inForce, version);
    else this.sinks.delete(attached);
    this.settle();
  }

  private detach(attached: Attached): void {
    this.sinks.delete(attached);
    this.settle();
  }

  /** Of all servers; nobody waits for what nobody answers from. */
  private get inForce(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.sinks].map((each) => each.inForce));
  }

  private settle(): void {
    const { inForce } = this;
    for (const waiter of this.waiting)
      if (waiter.version <= inForce) {
        this.waiting.delete(waiter);
        waiter.resolve();
      }
  }
}

function json(change: ZoneChange) {
  return JSON.parse(JSON.stringify(change)) as Parameters<typeof sameJson>[0];
}
