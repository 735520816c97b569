/** All open watches. It listens to the store once, whatever their number. */
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { Rest } from '../rest/rest.ts';
import { StatusError } from '../status-error.ts';
import type { StoreEvent } from '../store/event-ring.ts';
import { resourceKey } from '../store/object-store.ts';
import { SharedEvent } from './shared-event.ts';
import { Watch, type WatchSink, type WatchSpec } from './watch.ts';
import type { WatchOptions } from './watch-request.ts';

const bookmarkEveryMs = 60_000;
/** A watch without a timeout of its own ends after this; clients go on from where it was. */
const longestWatchSeconds = 3600;
const definitions = 'customresourcedefinitions.apiextensions.k8s.io';

export class WatchHub {
  private readonly rest: Rest;
  private readonly clock: Clock;
  private readonly watches = new Map<string, Set<Watch>>();
  private readonly unsubscribe: () => void;
  private cancelBookmarks: () => void;
  private closed = false;

  constructor(rest: Rest, clock: Clock) {
    this.rest = rest;
    this.clock = clock;
    this.unsubscribe = rest.store.subscribe((event) => this.deliver(event));
    this.cancelBookmarks = clock.after(bookmarkEveryMs, () => this.bookmarkAll());
  }

  /** How many are open. */
  get size(): number {
    return [...this.watches.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Opens a watch. The result is what to call when the reader is gone. Throws 400 and 404 before anything is written. */
  open(spec: WatchSpec, options: WatchOptions, sink: WatchSink): () => void {
    const watch = new Watch(spec, sink, this.clock.calendarMs);
    if (this.closed) {
      watch.finish();
      return () => watch.abandon();
    }
    const key = resourceKey(spec.resource);
    const members = this.watches.get(key) ?? new Set<Watch>();
    this.watches.set(key, members.add(watch));
    const seconds = Math.min(options.timeoutSeconds ?? longestWatchSeconds, longestWatchSeconds);
    const cancel = this.clock.after(seconds * 1000, () => end(() => watch.finish()));
    const end = (action: () => void): void => {
      cancel();
      members.delete(watch);
      if (members.size === 0 && this.watches.get(key) === members) this.watches.delete(key);
      action();
    };
    try {
      this.begin(watch, options);
    } catch (error) {
      if (error instanceof StatusError && error.reason === 'Expired') {
        // Clients expect it as the first line of a watch that was opened.
        end(() => watch.fail(error.toStatus()));
        return () => watch.abandon();
      }
      end(() => watch.abandon());
      throw error;
    }
    return () => end(() => watch.abandon());
  }

  /** Ends all of them. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsubscribe();
    this.cancelBookmarks();
    for (const watch of [...this.watches.values()].flatMap((members) => [...members])) watch.finish();
    this.watches.clear();
  }

  private begin(watch: Watch, { start }: WatchOptions): void {
    const { resource, namespace, filter } = watch.spec;
    switch (start.from) {
      case 'current': {
        const { items, resourceVersion } = this.rest.list({ resource, namespace });
        watch.begin(items.filter(filter), resourceVersion, start.marksEnd);
        return;
      }
      case 'version': {
        const events = this.rest.store.eventsSince(resource, start.resourceVersion);
        const shared = events.map((event) => new SharedEvent(event));
        watch.resume(shared, start.resourceVersion);
        return;
      }
      case 'now':
        watch.begin([], this.rest.store.resourceVersion, false);
    }
  }

  /** Called by the store. Watches deal with what they cannot show themselves. */
  private deliver(event: StoreEvent): void {
    const members = this.watches.get(event.resource);
    if (members !== undefined) {
      const shared = new SharedEvent(event);
      for (const watch of members) watch.accept(shared);
    }
    if (event.resource === definitions && event.type !== 'ADDED')
      // After everybody who serves the definition has heard of its end.
      this.clock.after(0, () => this.endUnserved());
  }

  private bookmarkAll(): void {
    const { resourceVersion } = this.rest.store;
    for (const members of this.watches.values()) for (const watch of members) watch.bookmark(resourceVersion);
    if (!this.closed) this.cancelBookmarks = this.clock.after(bookmarkEveryMs, () => this.bookmarkAll());
  }

  private endUnserved(): void {
    for (const members of this.watches.values())
      for (const watch of members) {
        const { group, version, plural, custom } = watch.spec.resource;
        if (custom && this.rest.find(group, version, plural) === undefined) watch.finish();
      }
  }
}
