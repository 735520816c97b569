/** Watchers that say what the test tells them to, without a server. */
import { watchedProjection, isSameWatched, type Watched } from '../../src/agent/undecoded.ts';
import type { Watcher, WatchResource } from '../../src/agent/world.ts';
import { apiObject, type JsonObject } from '../../src/io/kubernetes/api-object.ts';
import { ItemMap } from '../../src/io/kubernetes/item-map.ts';
import { ObjectSet } from '../../src/io/kubernetes/object-set.ts';
import type { ReflectorPhase, ReflectorState } from '../../src/io/kubernetes/reflector.ts';
import { OperationalError } from '../../src/io/operational-error.ts';
import type { Manifest } from '../oracle/manifest.ts';

class ScriptedWatcher implements Watcher {
  phase: ReflectorPhase = 'listing';
  synced = false;
  relists = -1;
  lastError: OperationalError | undefined;
  readonly errors = new Map<string, number>();
  set: ObjectSet<Watched> | undefined;
  #announce: () => void = () => undefined;
  readonly #whenSynced = new Promise<void>((resolve) => (this.#announce = resolve));

  get state(): ReflectorState {
    const { phase, synced, errors, lastError, set } = this;
    const [items, relists] = [set?.size ?? 0, Math.max(0, this.relists)];
    const none = { resourceVersion: '', lastEventAgeMs: 0, watches: 1, duplicates: 0, unchanged: 0, unreadable: 0 };
    return { phase, synced, items, relists, errors, lastError, ...none };
  }

  whenSynced(): Promise<void> {
    return this.#whenSynced;
  }

  /** What it says is known at once. */
  whenReached(): Promise<void> {
    return this.#whenSynced;
  }

  run(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
  }

  listed(): void {
    this.phase = 'watching';
    this.relists++;
    this.synced = true;
    this.#announce();
  }
}

export class ScriptedWatchers {
  readonly #watchers = new Map<string, ScriptedWatcher>();
  #version = 0;
  readonly #uids = new Map<string, string>();

  readonly watch: WatchResource = (resource, handler) => {
    const watcher = new ScriptedWatcher();
    watcher.set = new ObjectSet({ project: watchedProjection(resource), isSame: isSameWatched, handler });
    this.#watchers.set(resource.kind, watcher);
    return watcher;
  };

  /** Every kind is listed, whole. */
  list(objects: readonly (Manifest | JsonObject)[]): void {
    for (const [kind, watcher] of this.#watchers) {
      const items = new ItemMap<Watched>();
      for (const object of objects)
        if (object['kind' as keyof typeof object] === kind) watcher.set?.collect(this.#stored(object), items);
      watcher.set?.replace(items);
      watcher.listed();
    }
  }

  apply(...objects: readonly (Manifest | JsonObject)[]): void {
    for (const object of objects) this.#of(object).set?.upsert(this.#stored(object));
    this.#flush();
  }

  remove(...objects: readonly (Manifest | JsonObject)[]): void {
    for (const object of objects) {
      this.#of(object).set?.delete(this.#stored(object));
      this.#uids.delete(labelOf(object));
    }
    this.#flush();
  }

  fail(message: string): void {
    for (const watcher of this.#watchers.values()) {
      watcher.phase = 'waiting';
      watcher.lastError = new OperationalError('api-unreachable', message, { exitCode: 4 });
      watcher.errors.set('api-unreachable', (watcher.errors.get('api-unreachable') ?? 0) + 1);
    }
  }

  #of(object: Manifest | JsonObject): ScriptedWatcher {
    const watcher = this.#watchers.get(String(object['kind' as keyof typeof object]));
    if (watcher === undefined) throw new Error('nobody watches this kind');
    return watcher;
  }

  #flush(): void {
    for (const { set } of this.#watchers.values()) set?.flush();
  }

  #stored(object: Manifest | JsonObject) {
    const json = object as JsonObject;
    const label = labelOf(object);
    const uid = this.#uids.get(label) ?? `uid-${++this.#version}`;
    this.#uids.set(label, uid);
    const metadata = { ...(json['metadata'] as JsonObject), uid, resourceVersion: String(++this.#version) };
    const stored = apiObject({ ...json, metadata });
    if (stored === undefined) throw new Error('not an object of the API');
    return stored;
  }
}

function labelOf(object: Manifest | JsonObject): string {
  const { kind, metadata } = object as Manifest;
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
