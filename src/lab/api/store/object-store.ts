/**
 * The objects of the lab. Snapshots are frozen and never change; a write makes a new one with the next
 * resourceVersion, unless it changes nothing. Clock and chance come from outside, and nothing happens by itself.
 */
import { metadataOf } from '../field-values.ts';
import { get, isList, isObject, type JsonObject, type JsonValue, sameJson, withFields } from '../json.ts';
import { badRequest, type StatusDetails, StatusError } from '../status-error.ts';
import { timeText } from '../times.ts';
import { EventRing, type StoreEvent } from './event-ring.ts';

export interface ResourceId {
  /** `''` for the core group. */
  readonly group: string;
  readonly plural: string;
}

export interface ObjectKey extends ResourceId {
  /** `''` for what belongs to the cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** `pods`, `deployments.apps`: unique, and how the server names resources in messages. */
export function resourceKey({ group, plural }: ResourceId): string {
  return group === '' ? plural : `${plural}.${group}`;
}

export interface StoreOptions {
  readonly now: () => Date;
  readonly newUid: () => string;
  /** Changes that a watch can go back; beyond it is 410. */
  readonly eventLimit?: number;
}

export interface ObjectList {
  /** By namespace and name. */
  readonly items: readonly JsonObject[];
  /** Of the whole store: a watch goes on from here. */
  readonly resourceVersion: string;
}

export interface Deletion {
  /** Must be that of the object, else 409. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Seconds that the object may still take; without them it goes at once unless finalizers hold it. */
  readonly gracePeriodSeconds?: number | undefined;
  /** What the object is to be while it waits, or at its end: finalizers that the deletion brings, a phase. */
  readonly prepare?: (object: JsonObject) => JsonObject;
}

export interface Deleted {
  /** The last state, or the state in which it waits. */
  readonly object: JsonObject;
  /** `false` while finalizers or a grace period hold it. */
  readonly gone: boolean;
}

const defaultEventLimit = 20_000;

/** Metadata that only the store writes. */
const ownedMetadata = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'];

const noneOwned = picked({}, ownedMetadata);
/** What an object keeps, whatever a request says. */
const identityAndOwned = [...ownedMetadata, 'name', 'namespace', 'resourceVersion'];

/** The real server counts no generations of these. */
const withoutGeneration: ReadonlySet<string> = new Set([
  'configmaps',
  'endpoints',
  'events',
  'leases.coordination.k8s.io',
  'namespaces',
  'nodes',
  'secrets',
  'serviceaccounts',
  'services',
]);

export class ObjectStore {
  private readonly objects = new Map<string, Map<string, Map<string, JsonObject>>>();
  private readonly ring: EventRing;
  private readonly listeners = new Set<(event: StoreEvent) => void>();
  private readonly undelivered: StoreEvent[] = [];
  private delivering = false;
  private version = 0;
  private readonly options: StoreOptions;

  constructor(options: StoreOptions) {
    this.options = options;
    this.ring = new EventRing(options.eventLimit ?? defaultEventLimit);
  }

  get resourceVersion(): string {
    return String(this.version);
  }

  find(key: ObjectKey): JsonObject | undefined {
    return this.objects.get(resourceKey(key))?.get(key.namespace)?.get(key.name);
  }

  /** Throws 404. */
  get(key: ObjectKey): JsonObject {
    const found = this.find(key);
    if (found === undefined)
      throw new StatusError('NotFound', `${resourceKey(key)} ${JSON.stringify(key.name)} not found`, detailsOf(key));
    return found;
  }

  /** All objects of a resource, or those of one namespace. */
  list(resource: ResourceId, namespace?: string): ObjectList {
    const byNamespace = this.objects.get(resourceKey(resource));
    const namespaces = namespace === undefined ? [...(byNamespace?.keys() ?? [])].sort(compare) : [namespace];
    const items = namespaces.flatMap((name) =>
      [...(byNamespace?.get(name) ?? [])].sort(([a], [b]) => compare(a, b)).map(([, object]) => object),
    );
    return { items, resourceVersion: this.resourceVersion };
  }

  /** Throws 409 when the name is taken. A dry run, here and below, gives the same answer and stores nothing. */
  create(key: ObjectKey, object: JsonObject, dryRun = false): JsonObject {
    const taken = this.find(key);
    if (taken !== undefined) {
      const ending = metadataOf(taken).deletionTimestamp === undefined ? '' : 'object is being deleted: ';
      const message = `${ending}${resourceKey(key)} ${JSON.stringify(key.name)} already exists`;
      throw new StatusError('AlreadyExists', message, detailsOf(key));
    }
    const { name, namespace } = key;
    const generation = withoutGeneration.has(resourceKey(key)) ? undefined : 1;
    const metadata = withFields(withFields(metadataOf(object), noneOwned), {
      name,
      namespace: namespace === '' ? undefined : namespace,
      uid: this.options.newUid(),
      creationTimestamp: timeText(this.options.now().getTime()),
      generation,
    });
    return this.write('ADDED', key, withFields(object, { metadata }), undefined, dryRun);
  }

  /**
   * Replaces an object. Its metadata may name the uid and the resourceVersion it was read with: 409 when they are not
   * those of the stored one. Throws 404. A write that changes nothing gives the stored object. An object that is being
   * deleted goes with its last finalizer, unless a grace period runs.
   */
  update(key: ObjectKey, object: JsonObject, dryRun = false): JsonObject {
    const stored = this.get(key);
    const before = metadataOf(stored);
    const given = metadataOf(object);
    checkPrecondition(key, stored, { uid: textOf(given, 'uid'), resourceVersion: textOf(given, 'resourceVersion') });
    const metadata = withFields(given, picked(before, identityAndOwned));
    const same = withFields(object, { metadata });
    if (sameJson(same, stored)) return stored;
    const next = sameDesire(same, stored) ? same : withNextGeneration(key, same);
    const waits = get(before, 'deletionTimestamp') !== undefined;
    const grace = Number(get(before, 'deletionGracePeriodSeconds') ?? 0);
    if (waits && grace === 0 && !isHeld(key, next)) return this.write('DELETED', key, next, stored, dryRun);
    return this.write('MODIFIED', key, next, stored, dryRun);
  }

  /** Removes an object, or marks it when finalizers or a grace period hold it. Throws 404 and 409. */
  delete(key: ObjectKey, deletion: Deletion = {}, dryRun = false): Deleted {
    const stored = this.get(key);
    checkPrecondition(key, stored, deletion);
    const before = metadataOf(stored);
    const grace = deletion.gracePeriodSeconds ?? 0;
    if (!Number.isSafeInteger(grace) || grace < 0) throw badRequest('gracePeriodSeconds must be a number from 0');
    const running = get(before, 'deletionGracePeriodSeconds');
    // A second deletion may shorten the grace, never prolong it.
    const left = typeof running === 'number' ? Math.min(running, grace) : grace;
    const prepared = deletion.prepare?.(stored) ?? stored;
    if (left === 0 && !isHeld(key, prepared))
      return { object: this.write('DELETED', key, prepared, stored, dryRun), gone: true };
    const since = get(before, 'deletionTimestamp') ?? timeText(this.options.now().getTime() + left * 1000);
    const metadata = withFields(metadataOf(prepared), {
      deletionTimestamp: since,
      deletionGracePeriodSeconds: left,
    });
    const marked = withFields(prepared, { metadata });
    if (sameJson(marked, stored)) return { object: stored, gone: false };
    const next = withNextGeneration(key, marked);
    return { object: this.write('MODIFIED', key, next, stored, dryRun), gone: false };
  }

  /** Changes of a resource after a resourceVersion. Throws 410 when they are forgotten, 400 when it is no number. */
  eventsSince(resource: ResourceId, resourceVersion: string): readonly StoreEvent[] {
    if (!/^\d{1,15}$/.test(resourceVersion))
      throw badRequest(`Invalid value: ${JSON.stringify(resourceVersion)}: resourceVersion is not a number`);
    return this.ring.since(resourceKey(resource), Number(resourceVersion));
  }

  /**
   * Calls `listener` with every change from now on, in order. A change that a listener makes is delivered after the one
   * it reacts to has reached all. Gives back what ends it.
   */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  private write(
    type: StoreEvent['type'],
    key: ObjectKey,
    object: JsonObject,
    previous: JsonObject | undefined,
    dryRun: boolean,
  ): JsonObject {
    if (dryRun) return deepFreeze(object);
    this.version += 1;
    const metadata = withFields(metadataOf(object), { resourceVersion: this.resourceVersion });
    const next = deepFreeze(withFields(object, { metadata }));
    const resource = resourceKey(key);
    const byNamespace = entry(this.objects, resource, () => new Map<string, Map<string, JsonObject>>());
    const byName = entry(byNamespace, key.namespace, () => new Map<string, JsonObject>());
    if (type === 'DELETED') byName.delete(key.name);
    else byName.set(key.name, next);
    if (byName.size === 0) byNamespace.delete(key.namespace);
    const event = { type, resource, object: next, previous, resourceVersion: this.version };
    this.ring.push(event);
    this.deliver(event);
    return next;
  }

  private deliver(event: StoreEvent): void {
    this.undelivered.push(event);
    if (this.delivering) return;
    this.delivering = true;
    try {
      for (let next = this.undelivered.shift(); next !== undefined; next = this.undelivered.shift()) {
        // Who subscribes while an event is delivered gets the next one.
        const current = Array.from(this.listeners);
        for (const listener of current) listener(next);
      }
    } finally {
      this.delivering = false;
    }
  }
}

function finalizersOf(object: JsonObject): readonly JsonValue[] {
  const finalizers = get(metadataOf(object), 'finalizers');
  return isList(finalizers) ? finalizers : [];
}

/** What is being deleted stays while this is so: finalizers of the object, and those of a namespace's content. */
function isHeld(key: ObjectKey, object: JsonObject): boolean {
  if (finalizersOf(object).length > 0) return true;
  const spec = resourceKey(key) === 'namespaces' ? get(object, 'spec') : undefined;
  const finalizers = isObject(spec) ? get(spec, 'finalizers') : undefined;
  return isList(finalizers) && finalizers.length > 0;
}

function detailsOf({ group, plural, name }: ObjectKey): StatusDetails {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}

/** Throws 409 when the stored object is not the expected one. */
export function checkPrecondition(
  key: ObjectKey,
  stored: JsonObject,
  expected: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void {
  const metadata = metadataOf(stored);
  const uid = textOf(metadata, 'uid') ?? '';
  if (expected.uid !== undefined && expected.uid !== uid) {
    throw conflict(key, `Precondition failed: UID in precondition: ${expected.uid}, UID in object meta: ${uid}`);
  }
  const version = textOf(metadata, 'resourceVersion') ?? '';
  if (expected.resourceVersion !== undefined && expected.resourceVersion !== version) {
    throw conflict(key, 'the object has been modified; please apply your changes to the latest version and try again');
  }
}

function conflict(key: ObjectKey, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${resourceKey(key)} ${JSON.stringify(key.name)}: ${why}`;
  return new StatusError('Conflict', message, detailsOf(key));
}

/** `undefined` for what is absent or empty. */
function textOf(object: JsonObject, name: string): string | undefined {
  const value = get(object, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function withNextGeneration(key: ObjectKey, object: JsonObject): JsonObject {
  if (withoutGeneration.has(resourceKey(key))) return object;
  const metadata = metadataOf(object);
  const generation = Number(get(metadata, 'generation') ?? 0) + 1;
  return withFields(object, { metadata: withFields(metadata, { generation }) });
}

/** All but metadata and status is the same: the generation stays. */
function sameDesire(left: JsonObject, right: JsonObject): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every(
    (name) => name === 'metadata' || name === 'status' || sameJson(get(left, name), get(right, name)),
  );
}

/** Those fields, absent ones as `undefined`. */
function picked(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, get(object, name)] as const));
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Frozen parts are frozen throughout: they come from an earlier snapshot. */
function deepFreeze<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value) as JsonValue[]) deepFreeze(item);
  return Object.freeze(value);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
