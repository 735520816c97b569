/** What the API server says, as the planner holds it. */
import type { ChangeScope, NodePlanner, ObjectKey } from '../dataplane/node-planner.ts';
import type { Clock } from '../io/kubernetes/clock.ts';
import type { ReflectorState } from '../io/kubernetes/reflector.ts';
import { apiVersionOf, type KubeResource } from '../io/kubernetes/resource.ts';
import type { WatchedItem, WatchHandler } from '../io/kubernetes/watch-handler.ts';
import type { KubeObject } from '../kube/objects.ts';
import { moreUrgent } from '../dataplane/node-planner.ts';
import type { AgentObserver } from './events.ts';
import { MAX_INVALID_SHOWN, type InvalidObject, type KindStatus } from './status.ts';
import { UndecodedObject, type Watched } from './undecoded.ts';

/** What keeps the objects of one kind current: a reflector, or a script in tests. */
export interface Watcher {
  readonly state: ReflectorState;
  whenSynced(): Promise<void>;
  /** That the handler has been told everything up to that version. */
  whenReached(resourceVersion: string): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export type WatchResource = (resource: KubeResource, handler: WatchHandler<Watched>) => Watcher;

export type ResourceName = Pick<KubeResource, 'group' | 'plural'>;

export interface WorldOptions {
  readonly resources: readonly KubeResource[];
  readonly watch: WatchResource;
  readonly planner: NodePlanner;
  readonly clock: Clock;
  readonly observe: AgentObserver;
  /** Something is not as it was. */
  readonly onChange: (scope: ChangeScope) => void;
}

interface Kind {
  readonly resource: KubeResource;
  readonly watcher: Watcher;
  relists: number;
  failures: number;
}

export class World {
  private readonly options: WorldOptions;
  private readonly kinds: readonly Kind[];
  private readonly invalid = new Map<string, InvalidObject>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.kinds = options.resources.map((resource) => ({
      resource,
      watcher: options.watch(resource, this.handler(resource)),
      relists: 0,
      failures: 0,
    }));
  }

  /** Until the signal; rejects only when there is a bug. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.kinds.map(({ watcher }) => watcher.run(signal)));
  }

  /** Everything was told at least once. */
  async whenSynced(): Promise<void> {
    await Promise.all(this.kinds.map(({ watcher }) => watcher.whenSynced()));
  }

  /** The planner knows this change; at once for resources that are not watched. */
  async whenReached({ group, plural }: ResourceName, resourceVersion: string): Promise<void> {
    const kind = this.kinds.find(({ resource }) => resource.group === group && resource.plural === plural);
    await kind?.watcher.whenReached(resourceVersion);
  }

  get objectCount(): number {
    return this.kinds.reduce((sum, { watcher }) => sum + watcher.state.items, 0);
  }

  /** Whether the server answers any of the watches, as far as is known. */
  get reachable(): boolean {
    return this.kinds.some(({ watcher: { state } }) => state.phase === 'watching' || state.phase === 'absent');
  }

  kindStatus(): readonly KindStatus[] {
    return this.kinds.map(({ resource, watcher: { state } }) => ({
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      phase: state.phase,
      synced: state.synced,
      objects: state.items,
      relists: state.relists,
      lastEventAgeMs: state.lastEventAgeMs,
      lastError: state.lastError?.message,
    }));
  }

  get invalidCount(): number {
    return this.invalid.size;
  }

  invalidObjects(): readonly InvalidObject[] {
    const shown: InvalidObject[] = [];
    for (const object of this.invalid.values()) {
      if (shown.length === MAX_INVALID_SHOWN) break;
      shown.push(object);
    }
    return shown;
  }

  /** Tells of lists and failures since the last time. */
  report(): void {
    const { observe } = this.options;
    for (const kind of this.kinds) {
      const { relists, errors, lastError } = kind.watcher.state;
      for (; kind.relists < relists; kind.relists++) observe({ type: 'relisted', kind: kind.resource.kind });
      const failures = [...errors.values()].reduce((sum, count) => sum + count, 0);
      if (failures > kind.failures && lastError !== undefined) {
        const { code: reason, message } = lastError;
        observe({ type: 'watch-failed', kind: kind.resource.kind, reason, message, count: failures - kind.failures });
      }
      kind.failures = failures;
    }
  }

  private handler({ kind }: KubeResource): WatchHandler<Watched> {
    return {
      onReplace: ({ upserted, deleted }) => this.change(kind, upserted, deleted),
      onUpsert: (items) => this.change(kind, items, []),
      onDelete: (items) => this.change(kind, [], items),
    };
  }

  private change(kind: string, items: readonly WatchedItem<Watched>[], gone: readonly WatchedItem<Watched>[]): void {
    const { planner, onChange } = this.options;
    // The watched kinds are kinds of KubeObject.
    const keyOf = ({ namespace, name }: WatchedItem<Watched>): ObjectKey => {
      return { kind: kind as KubeObject['kind'], namespace, name };
    };
    const deleted = gone.map(keyOf);
    for (const key of deleted) if (this.invalid.size > 0) this.invalid.delete(labelOf(key));
    // First, so that what replaces an object of the same name does not find it.
    let scope = deleted.length === 0 ? undefined : planner.change({ upserted: [], deleted });
    const upserted: KubeObject[] = [];
    for (const item of items) {
      const object = this.understood(keyOf(item), item.value);
      if (object !== undefined) upserted.push(object);
    }
    if (upserted.length > 0) {
      const second = planner.change({ upserted, deleted: [] });
      if (second !== undefined) scope = moreUrgent(scope, second);
    }
    if (scope !== undefined) onChange(scope);
  }

  /** The object to take for it; `undefined` where nothing changes. */
  private understood(key: ObjectKey, value: Watched): KubeObject | undefined {
    const label = labelOf(key);
    if (!(value instanceof UndecodedObject)) {
      if (this.invalid.size > 0) this.invalid.delete(label);
      return value;
    }
    const { planner, clock, observe } = this.options;
    const known = this.invalid.get(label);
    // What was in force under the name stays in force: nobody can say what should take its place.
    const hasGood = known === undefined ? planner.object(key) !== undefined : known.effect === 'last-good';
    const effect = hasGood ? 'last-good' : value.standIn === undefined ? 'ignored' : 'deny';
    const { reason } = value;
    this.invalid.set(label, { object: label, reason, effect, since: known?.since ?? clock.calendarMs() });
    observe({ type: 'invalid-object', object: label, reason, effect });
    return hasGood ? undefined : value.standIn;
  }
}

function labelOf({ kind, namespace, name }: ObjectKey): string {
  return namespace === '' ? `${kind}/${name}` : `${namespace}/${kind}/${name}`;
}
