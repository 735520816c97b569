import { isSameWatched, watchedProjection } from '../../agent/undecoded.ts';
import type { WatchResource } from '../../agent/world.ts';
import type { ApiClient } from '../../io/kubernetes/api-client.ts';
import { projectedFields } from '../../io/kubernetes/object-projection.ts';
import { Reflector } from '../../io/kubernetes/reflector.ts';

/** How an agent watches an API server. */
export function reflectors(client: ApiClient): WatchResource {
  return (resource, handler) =>
    new Reflector({
      client,
      scope: { resource },
      project: watchedProjection(resource),
      fields: projectedFields(resource),
      isSame: isSameWatched,
      handler,
      random: Math.random,
    });
}
