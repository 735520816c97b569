import type { ApiObject, JsonObject } from './api-object.ts';
import { ItemMap } from './item-map.ts';
import type { WatchedItem, WatchHandler } from './watch-handler.ts';

export interface ObjectSetOptions<T> {
  /** What is kept of an object; `undefined` when nothing can be made of it. */
  readonly project: (object: JsonObject) => T | undefined;
  /** Whether two values mean the same to the handler, which then does not hear of the change. */
  readonly isSame?: ((a: T, b: T) => boolean) | undefined;
  readonly handler: WatchHandler<T>;
}

/** The objects of one resource as last known, and the changes that the handler has yet to hear of. */
export class ObjectSet<T> {
  readonly #options: ObjectSetOptions<T>;
  #items = new ItemMap<T>();
  #pending: { readonly type: 'upsert' | 'delete'; readonly items: WatchedItem<T>[] } | undefined;
  /** Events that said nothing new: duplicates, and deletions of what was not there. */
  duplicates = 0;
  /** Changes that are none to the handler. */
  unchanged = 0;
  /** Objects that the projection could make nothing of. */
  unreadable = 0;

  constructor(options: ObjectSetOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#items.size;
  }

  /** Puts an object of a list into a set of its own. What is known already is not projected again, which also saves memory. */
  collect(object: ApiObject, into: ItemMap<T>): void {
    const known = this.#items.get(object.namespace, object.name);
    const item = known !== undefined && isSameVersion(known, object) ? known : this.#project(object, known, into);
    if (item !== undefined) into.set(item);
    else into.delete(object.namespace, object.name);
  }

  /** Everything is as in `items` from now on, which becomes ours. */
  replace(items: ItemMap<T>): void {
    this.flush();
    const before = this.#items;
    const upserted: WatchedItem<T>[] = [];
    const deleted: WatchedItem<T>[] = [];
    for (const item of before) if (items.get(item.namespace, item.name)?.uid !== item.uid) deleted.push(item);
    for (const item of items) {
      const known = before.get(item.namespace, item.name);
      if (known === undefined || known.uid !== item.uid || known.value !== item.value) upserted.push(item);
    }
    this.#items = items;
    this.#options.handler.onReplace({ items, upserted, deleted });
  }

  upsert(object: ApiObject): void {
    const known = this.#items.get(object.namespace, object.name);
    if (known !== undefined && isSameVersion(known, object)) {
      this.duplicates++;
      return;
    }
    const item = this.#project(object, known, this.#items);
    if (known !== undefined && (item === undefined || known.uid !== item.uid)) {
      this.#items.delete(object.namespace, object.name);
      this.#add('delete', known);
    }
    if (item === undefined) return;
    this.#items.set(item);
    if (known !== undefined && known.uid === item.uid && known.value === item.value) this.unchanged++;
    else this.#add('upsert', item);
  }

  delete(object: ApiObject): void {
    const known = this.#items.get(object.namespace, object.name);
    // Another object may have the name by now.
    if (known === undefined || known.uid !== object.uid) {
      this.duplicates++;
      return;
    }
    this.#items.delete(object.namespace, object.name);
    this.#add('delete', known);
  }

  /** Tells the handler. */
  flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    if (pending.type === 'upsert') this.#options.handler.onUpsert(pending.items);
    else this.#options.handler.onDelete(pending.items);
  }

  #add(type: 'upsert' | 'delete', item: WatchedItem<T>): void {
    if (this.#pending !== undefined && this.#pending.type !== type) this.flush();
    this.#pending ??= { type, items: [] };
    this.#pending.items.push(item);
  }

  #project(object: ApiObject, known: WatchedItem<T> | undefined, home: ItemMap<T>): WatchedItem<T> | undefined {
    const { namespace, name, uid, resourceVersion, json } = object;
    const value = this.#options.project(json);
    if (value === undefined) {
      this.unreadable++;
      return undefined;
    }
    const isSuccessor = known !== undefined && known.uid === uid;
    const isSame = isSuccessor && this.#options.isSame?.(known.value, value) === true;
    return {
      namespace: home.shared(namespace),
      name,
      uid: isSuccessor ? known.uid : uid,
      resourceVersion,
      value: isSame ? known.value : value,
    };
  }
}

function isSameVersion<T>(item: WatchedItem<T>, object: ApiObject): boolean {
  return item.uid === object.uid && item.resourceVersion === object.resourceVersion && object.resourceVersion !== '';
}
