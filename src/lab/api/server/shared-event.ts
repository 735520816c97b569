import { seenThrough, type ObjectFilter } from '../store/selection.ts';
import type { StoreEvent } from '../store/event-ring.ts';

/**
 * A change on its way to many watches. What one of them has made of it the others of the same form send too: the text is
 * made once, however many watch.
 */
export class SharedEvent {
  readonly event: StoreEvent;
  private readonly texts = new Map<string, string>();

  constructor(event: StoreEvent) {
    this.event = event;
  }

  /** What a watch with that filter says of it; `undefined` when it says nothing. */
  typeFor(filter: ObjectFilter): StoreEvent['type'] | undefined {
    return seenThrough(filter, this.event)?.type;
  }

  /** `key` tells apart all that `make` depends on besides the change. */
  text(key: string, make: () => string): string {
    const known = this.texts.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.texts.set(key, made);
    return made;
  }
}
