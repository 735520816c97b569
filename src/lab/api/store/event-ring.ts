/** The last changes of the store, so that a watch can go on where it stopped. */
import type { JsonObject } from '../json.ts';
import { StatusError } from '../status-error.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Group and plural, as {@link resourceKey} writes them. */
  readonly resource: string;
  /** After the change; for DELETED the last state, with the resourceVersion of the deletion. */
  readonly object: JsonObject;
  /** Before the change; `undefined` for ADDED. */
  readonly previous: JsonObject | undefined;
  readonly resourceVersion: number;
}

/** Every change of the store has the next resourceVersion, so a position is a subtraction. */
export class EventRing {
  private events: StoreEvent[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  push(event: StoreEvent): void {
    this.events.push(event);
    // Cut back in big steps: one step a change would be quadratic.
    if (this.events.length >= 2 * this.limit) this.events = this.events.slice(-this.limit);
  }

  /**
   * Changes of one resource after `resourceVersion`, oldest first. Throws 410 when some of them are forgotten already.
   * A version from the future has no changes yet.
   */
  since(resource: string, resourceVersion: number): readonly StoreEvent[] {
    const kept = this.events.slice(-this.limit);
    const oldest = kept[0]?.resourceVersion ?? resourceVersion + 1;
    if (resourceVersion + 1 < oldest)
      throw new StatusError('Expired', `too old resource version: ${resourceVersion} (${oldest - 1})`);
    return kept.slice(resourceVersion + 1 - oldest).filter((event) => event.resource === resource);
  }
}
