import type { Clock } from '../../io/kubernetes/clock.ts';
import type { Rest } from '../api/rest/rest.ts';
import type { StoreEvent } from '../api/store/event-ring.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { SyncResult } from './work-loop.ts';

/** What every controller has. */
export interface Surroundings {
  readonly rest: Rest;
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** Up to date whenever `observe` and `sync` are called, and after each write. */
  readonly index: ClusterIndex;
}

/** An object that is there at the start is observed as `ADDED`. */
export type Observed = Pick<StoreEvent, 'type' | 'resource' | 'object' | 'previous'>;

export interface Controller {
  readonly name: string;
  /** Names the keys that a change makes dirty; writes nothing. */
  observe(change: Observed, dirty: (key: string) => void): void;
  sync(key: string): SyncResult | undefined;
}

/** The key of an object: `namespace/name`, and `/name` for what belongs to the cluster. */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
