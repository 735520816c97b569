import type { Exposure } from '../engine/results.ts';
import type { MapIndex } from './map-index.ts';
import type { MapOptions } from './map-options.ts';

/**
 * The exposures that belong to a report with a focus: those of the described workloads, unless only what they send was
 * asked for; all of the map's when the outside itself is described.
 */
export function exposuresInView(
  index: MapIndex,
  { focus, show }: Pick<MapOptions, 'focus' | 'show'>,
): readonly Exposure[] {
  const { exposed, peers } = index.map;
  const outside = peers.some((peer) => peer.type === 'external' && focus?.has(peer.id) === true);
  if (outside) return show === 'in' ? [] : exposed;
  if (show === 'out') return [];
  return focus === undefined ? exposed : exposed.filter((exposure) => focus.has(exposure.to));
}
