import type { WatchedItem, WatchedItems } from './watch-handler.ts';

/** Items by namespace, then by name: a string that joins both would be a tenth of what a pod takes. */
export class ItemMap<T> implements WatchedItems<T> {
  readonly #namespaces = new Map<string, { readonly namespace: string; readonly items: Map<string, WatchedItem<T>> }>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): WatchedItem<T> | undefined {
    return this.#namespaces.get(namespace)?.items.get(name);
  }

  /** The one string that all items of a namespace share. */
  shared(namespace: string): string {
    return this.#namespaces.get(namespace)?.namespace ?? namespace;
  }

  set(item: WatchedItem<T>): void {
    const { namespace, name } = item;
    let found = this.#namespaces.get(namespace);
    if (found === undefined) {
      found = { namespace, items: new Map() };
      this.#namespaces.set(namespace, found);
    }
    const { size } = found.items;
    found.items.set(name, item);
    this.#size += found.items.size - size;
  }

  delete(namespace: string, name: string): void {
    const found = this.#namespaces.get(namespace);
    if (found === undefined || !found.items.delete(name)) return;
    this.#size--;
    if (found.items.size === 0) this.#namespaces.delete(namespace);
  }

  *[Symbol.iterator](): Iterator<WatchedItem<T>> {
    for (const { items } of this.#namespaces.values()) yield* items.values();
  }
}
