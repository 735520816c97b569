/**
 * What the API server does with objects of one kind beyond storing them: what it fills in, what it refuses and in which
 * words. Generic rules (names, labels, metadata, defaults of the type table) are not here but in `../rest`.
 */
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { LabNetworks } from '../../networks.ts';
import type { JsonObject } from '../json.ts';
import type { StatusCause } from '../status-error.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** What a kind may look at; never to write. */
export interface ClusterView {
  readonly store: ObjectStore;
  readonly networks: LabNetworks;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
}

/** Every method gets and gives whole objects and changes none that it was given. May throw `StatusError` (403, 422). */
export interface Strategy {
  /** Before validation; `object` has its defaults from the type table and lost its status. */
  prepareCreate?(object: JsonObject, cluster: ClusterView): JsonObject;
  /** The same for replacements: what the server keeps whatever the client says. Status is dealt with by `../rest`. */
  prepareUpdate?(next: JsonObject, before: JsonObject, cluster: ClusterView): JsonObject;
  /** All that is wrong with it, in the server's words and order: `{ reason: 'FieldValueInvalid', message: 'Invalid value: …', field }`. */
  validate?(object: JsonObject, cluster: ClusterView): readonly StatusCause[];
  /** What may not change; `validate` is called besides. */
  validateUpdate?(next: JsonObject, before: JsonObject, cluster: ClusterView): readonly StatusCause[];
  /** `Warning` headers. */
  warnings?(object: JsonObject): readonly string[];
  /** Seconds that a deletion waits without other words; 0 when absent. */
  gracePeriodSeconds?(object: JsonObject): number;
}
