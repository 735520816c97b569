/** Answers to writes wait until what was written is in force, but not for ever. */
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { Settlement } from '../../settlement.ts';
import { get, type JsonObject } from '../json.ts';
import type { Resource } from '../resources.ts';
import { metadataOf } from '../field-values.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface BarrierOptions {
  readonly settlement: Settlement;
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly longestMs: number;
}

export class WriteBarrier {
  private readonly options: BarrierOptions;

  constructor(options: BarrierOptions) {
    this.options = options;
  }

  /** Resolves when the change is in force, or with the warning that it is not yet. Never rejects. */
  async passed(resource: Resource, written: JsonObject): Promise<string | undefined> {
    // Reviews and the like are answered, and never stored.
    if (!resource.verbs.includes('get')) return undefined;
    const { settlement, clock, store, longestMs } = this.options;
    const version = get(metadataOf(written), 'resourceVersion');
    const resourceVersion = typeof version === 'string' ? version : store.resourceVersion;
    const { group, plural } = resource;
    return new Promise((resolve) => {
      const late = `not in force everywhere after ${longestMs} ms: connections may still be judged as before this change`;
      const cancel = clock.after(longestMs, () => resolve(late));
      const settled = () => {
        cancel();
        resolve(undefined);
      };
      settlement.settled({ resource: { group, plural }, resourceVersion }).then(settled, settled);
    });
  }
}
