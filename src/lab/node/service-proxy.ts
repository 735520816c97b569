/** Keeps the forwarding of Services on all nodes as Services and EndpointSlices say. */
import type { Clock } from '../../io/kubernetes/clock.ts';
import { type JsonObject, sameJson } from '../api/json.ts';
import type { StoreEvent } from '../api/store/event-ring.ts';
import { type ObjectStore, resourceKey } from '../api/store/object-store.ts';
import { nameOf, namespaceOf, objectAt } from '../api/field-values.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ServiceRule } from '../services/service-rule.ts';
import type { Change, Settlement } from '../settlement.ts';
import { serviceOfSlice, serviceRules } from './service-rules.ts';

export interface ServiceProxyOptions {
  readonly store: ObjectStore;
  readonly runtime: Pick<Runtime, 'setServices'>;
  readonly nodes: readonly string[];
  readonly clock: Clock;
  /** What the runtime refused; it is tried again. */
  readonly onError: (error: unknown) => void;
}

const SERVICES = { group: '', plural: 'services' };
const SLICES = { group: 'discovery.k8s.io', plural: 'endpointslices' };
const SERVICE_KEY = resourceKey(SERVICES);
const SLICE_KEY = resourceKey(SLICES);
/** Changes come in bursts: a Service and its slices, pods that become ready together. */
const GATHER_MS = 2;
const RETRY_MS = 1000;
/** A new Service is of no use before its endpoints are known; their controller takes milliseconds. */
const ENDPOINTS_LIMIT_MS = 500;

/** A Service whose first slice is awaited: the resourceVersions of both. */
interface Expected {
  readonly service: number;
  slice: number | undefined;
}

interface Known {
  service?: JsonObject | undefined;
  /** By name. */
  readonly slices: Map<string, JsonObject>;
  /** By node. */
  rules: ReadonlyMap<string, readonly ServiceRule[]>;
}

export class ServiceProxy implements Settlement {
  private readonly options: ServiceProxyOptions;
  private readonly known = new Map<string, Known>();
  private readonly dirty = new Set<string>();
  /** What each node was told last. */
  private readonly loaded = new Map<string, readonly ServiceRule[]>();
  private readonly expected = new Map<string, Expected>();
  private readonly waiting = new Set<{ readonly version: number; readonly resolve: () => void }>();
  /** resourceVersion of the newest change seen, and of the newest in force. */
  private seen = 0;
  private inForce = 0;
  private scheduled = false;
  private loading = false;
  private stopped = false;
  private unsubscribe: () => void = () => undefined;
  private cancel: () => void = () => undefined;

  constructor(options: ServiceProxyOptions) {
    this.options = options;
  }

  start(): void {
    const { store } = this.options;
    this.unsubscribe = store.subscribe((event) => this.see(event));
    this.seen = Number(store.resourceVersion);
    for (const service of store.list(SERVICES).items) this.put(service);
    for (const slice of store.list(SLICES).items) this.putSlice(slice);
    this.schedule(0);
  }

  stop(): void {
    this.stopped = true;
    this.unsubscribe();
    this.cancel();
  }

  settled({ resource, resourceVersion }: Change): Promise<void> {
    const key = resourceKey(resource);
    const version = Number(resourceVersion);
    if ((key !== SERVICE_KEY && key !== SLICE_KEY) || this.isInForce(version)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add({ version, resolve }));
  }

  private see({ type, resource, object, resourceVersion }: StoreEvent): void {
    if (resource === SERVICE_KEY) {
      if (type === 'DELETED') this.remove(object);
      else this.put(object);
      if (type === 'ADDED') this.expect(object, resourceVersion);
    } else if (resource === SLICE_KEY) {
      if (type === 'DELETED') this.removeSlice(object);
      else this.putSlice(object);
      const expected = this.expected.get(serviceOfSlice(object) ?? '');
      if (expected !== undefined) expected.slice ??= resourceVersion;
    } else return;
    this.seen = resourceVersion;
    this.schedule(GATHER_MS);
  }

  private expect(service: JsonObject, version: number): void {
    const key = keyOf(service);
    const selects = Object.keys(objectAt(service, 'spec', 'selector')).length > 0;
    if (!selects || this.entry(key).slices.size > 0) return;
    const expected: Expected = { service: version, slice: undefined };
    this.expected.set(key, expected);
    this.options.clock.after(ENDPOINTS_LIMIT_MS, () => {
      if (this.expected.get(key) === expected) this.expected.delete(key);
      this.settle();
    });
  }

  private put(service: JsonObject): void {
    const key = keyOf(service);
    this.entry(key).service = service;
    this.dirty.add(key);
  }

  private remove(service: JsonObject): void {
    const key = keyOf(service);
    this.entry(key).service = undefined;
    this.expected.delete(key);
    this.dirty.add(key);
  }

  private putSlice(slice: JsonObject): void {
    const key = serviceOfSlice(slice);
    if (key === undefined) return;
    this.entry(key).slices.set(nameOf(slice), slice);
    this.dirty.add(key);
  }

  private removeSlice(slice: JsonObject): void {
    const key = serviceOfSlice(slice);
    if (key === undefined) return;
    this.entry(key).slices.delete(nameOf(slice));
    this.dirty.add(key);
  }

  private entry(key: string): Known {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made: Known = { slices: new Map(), rules: new Map() };
    this.known.set(key, made);
    return made;
  }

  private schedule(delayMs: number): void {
    if (this.scheduled || this.loading || this.stopped) return;
    this.scheduled = true;
    this.cancel = this.options.clock.after(delayMs, () => {
      this.scheduled = false;
      void this.load();
    });
  }

  private async load(): Promise<void> {
    const { seen } = this;
    const changed = this.compute();
    this.loading = true;
    let failed = false;
    await Promise.all(
      [...changed].map(async ([node, rules]) => {
        try {
          await this.options.runtime.setServices(node, rules);
          this.loaded.set(node, rules);
        } catch (error) {
          failed = true;
          if (!this.stopped) this.options.onError(error);
        }
      }),
    );
    this.loading = false;
    if (!failed) this.inForce = Math.max(this.inForce, seen);
    for (const [key, { slice }] of this.expected)
      if (slice !== undefined && slice <= this.inForce) this.expected.delete(key);
    this.settle();
    if (failed) this.schedule(RETRY_MS);
    else if (this.dirty.size > 0 || this.seen > this.inForce) this.schedule(0);
  }

  private isInForce(version: number): boolean {
    return version <= this.inForce && [...this.expected.values()].every(({ service }) => service > version);
  }

  private settle(): void {
    for (const waiter of this.waiting)
      if (this.isInForce(waiter.version)) {
        this.waiting.delete(waiter);
        waiter.resolve();
      }
  }

  /** What has to be told to which node. */
  private compute(): ReadonlyMap<string, readonly ServiceRule[]> {
    const { nodes } = this.options;
    for (const key of this.dirty) {
      const known = this.entry(key);
      const { service, slices } = known;
      if (service === undefined && slices.size === 0) this.known.delete(key);
      known.rules = new Map(
        nodes.map((node) => [node, service === undefined ? [] : serviceRules(service, [...slices.values()], node)]),
      );
    }
    this.dirty.clear();
    const ordered = [...this.known].sort(([a], [b]) => (a < b ? -1 : 1));
    const changed = new Map<string, readonly ServiceRule[]>();
    for (const node of nodes) {
      const rules = ordered.flatMap(([, known]) => known.rules.get(node) ?? []);
      const loaded = this.loaded.get(node);
      if (loaded === undefined || !sameRules(rules, loaded)) changed.set(node, rules);
    }
    return changed;
  }
}

function keyOf(service: JsonObject): string {
  return `${namespaceOf(service)}/${nameOf(service)}`;
}

function sameRules(left: readonly ServiceRule[], right: readonly ServiceRule[]): boolean {
  return left.length === right.length && left.every((rule, index) => rule === right[index] || same(rule, right[index]));
}

function same(left: ServiceRule, right: ServiceRule | undefined): boolean {
  return right !== undefined && sameJson(json(left), json(right));
}

function json({ backends, ...rule }: ServiceRule): JsonObject {
  return { ...rule, backends: backends.map((backend) => ({ ...backend })) };
}
