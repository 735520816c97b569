import { type MapOptions, connectivityMap } from '../engine/connectivity.ts';
import type { MapGrouping } from '../engine/connectivity-views.ts';
import type { Engine } from '../engine/engine.ts';
import type { ConnectivityMap } from '../engine/results.ts';

export interface DrawableMap {
  readonly map: ConnectivityMap;
  readonly by: MapGrouping;
  /** What was done to make it complete, for the reader. */
  readonly note?: string;
}

/**
 * A map for people. One that is cut off would show open workloads as shut, so a map with too many connections to list
 * is drawn by namespace, which says less but nothing wrong.
 */
export function drawableMap(engine: Engine, options: MapOptions = {}): DrawableMap {
  const map = connectivityMap(engine, options);
  const by = options.by ?? 'workload';
  if (map.leftOut === undefined || by === 'namespace') return { map, by };
  const total = (map.leftOut + map.connections.length).toLocaleString('en-US');
  return {
    map: connectivityMap(engine, { ...options, by: 'namespace' }),
    by: 'namespace',
    note: `${total} connections are too many to draw by ${by}, so this is by namespace; -n, --from and --to narrow it down`,
  };
}
