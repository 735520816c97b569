/**
 * A map that never changes, and from which one with a few entries changed is made at the cost of the change.
 *
 * The newest version holds all entries; an older one only what it has otherwise, and who came after it. So the newest
 * is as fast as a `Map`, older ones cost a step for each version since, and a version that nobody holds is gone.
 */
export class VersionedMap<K, V> implements ReadonlyMap<K, V> {
  readonly size: number;
  private state: State<K, V>;

  constructor(entries: Iterable<readonly [K, V]> = []) {
    const newest = new Map(entries);
    this.size = newest.size;
    this.state = { newest };
  }

  /** With other values for some keys; `undefined` takes a key out. */
  with(changes: Iterable<readonly [K, V | undefined]>): VersionedMap<K, V> {
    const newest = 'newest' in this.state ? this.state.newest : new Map(this);
    const before = new Map<K, V | undefined>();
    for (const [key, value] of changes) {
      const had = newest.get(key);
      if (had === value) continue;
      if (!before.has(key)) before.set(key, had);
      if (value === undefined) newest.delete(key);
      else newest.set(key, value);
    }
    const next = VersionedMap.around(newest);
    if ('newest' in this.state) this.state = { before, next };
    return next;
  }

  /**
   * The keys that may have another value than in `other`, which is an older or newer version of this map; `undefined`
   * when it is neither.
   */
  keysChangedSince(other: ReadonlyMap<K, unknown>): ReadonlySet<K> | undefined {
    if (!isVersioned(other)) return undefined;
    return keysOnTheWay(other, this) ?? keysOnTheWay(this, other);
  }

  get(key: K): V | undefined {
    let { state } = this;
    while ('next' in state) {
      if (state.before.has(key)) return state.before.get(key);
      state = state.next.state;
    }
    return state.newest.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  entries(): MapIterator<[K, V]> {
    return this.whole().entries();
  }

  keys(): MapIterator<K> {
    return this.whole().keys();
  }

  values(): MapIterator<V> {
    return this.whole().values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.whole()) visit(value, key, this);
  }

  private whole(): ReadonlyMap<K, V> {
    if ('newest' in this.state) return this.state.newest;
    const differing = new Map<K, V | undefined>();
    let state: State<K, V> = this.state;
    while ('next' in state) {
      for (const [key, value] of state.before) if (!differing.has(key)) differing.set(key, value);
      state = state.next.state;
    }
    const whole = new Map(state.newest);
    for (const [key, value] of differing) {
      if (value === undefined) whole.delete(key);
      else whole.set(key, value);
    }
    return whole;
  }

  /** The map becomes ours. */
  private static around<K, V>(newest: Map<K, V>): VersionedMap<K, V> {
    const map = new VersionedMap<K, V>();
    map.state = { newest };
    (map as { size: number }).size = newest.size;
    return map;
  }

  /** What follows directly; for {@link keysOnTheWay}. */
  get step(): { readonly changed: Iterable<K>; readonly next: VersionedMap<K, V> } | undefined {
    return 'next' in this.state ? { changed: this.state.before.keys(), next: this.state.next } : undefined;
  }
}

type State<K, V> =
  | { readonly newest: Map<K, V> }
  /** `before`: what this version has otherwise than the next; `undefined` where it has nothing. */
  | { readonly before: ReadonlyMap<K, V | undefined>; readonly next: VersionedMap<K, V> };

function isVersioned<K>(map: ReadonlyMap<K, unknown>): map is VersionedMap<K, unknown> {
  return map instanceof VersionedMap;
}

function keysOnTheWay<K>(older: VersionedMap<K, unknown>, newer: VersionedMap<K, unknown>): Set<K> | undefined {
  const keys = new Set<K>();
  for (let at = older; at !== newer;) {
    const { step } = at;
    if (step === undefined) return undefined;
    for (const key of step.changed) keys.add(key);
    at = step.next;
  }
  return keys;
}
