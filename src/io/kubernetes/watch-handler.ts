/** An object as a reflector keeps it: what the projection made of it, and which version of which object it was. */
export interface WatchedItem<T> {
  /** `''` for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T;
}

/** All objects of a resource, in no order that means anything. */
export interface WatchedItems<T> extends Iterable<WatchedItem<T>> {
  readonly size: number;
  readonly get: (namespace: string, name: string) => WatchedItem<T> | undefined;
}

/** The outcome of a list: the new whole, and how it differs from what was known before. */
export interface Replacement<T> {
  /** Valid only during the call, because later events change it. */
  readonly items: WatchedItems<T>;
  /** New, changed, or another object of the same name. */
  readonly upserted: readonly WatchedItem<T>[];
  /** Gone, and those whose name another object has now. */
  readonly deleted: readonly WatchedItem<T>[];
}

/**
 * What learns of objects. Calls come one at a time and in the order of the changes, with all that one piece of the
 * stream brought; an object that was deleted and made again under its name is a deletion, then an upsert. Must not
 * throw.
 */
export interface WatchHandler<T> {
  /** After each list: at the start, and whenever events may have been missed. */
  readonly onReplace: (replacement: Replacement<T>) => void;
  readonly onUpsert: (items: readonly WatchedItem<T>[]) => void;
  /** With the values as they were last known. */
  readonly onDelete: (items: readonly WatchedItem<T>[]) => void;
}
