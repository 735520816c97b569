import { Zone } from '../dns/zone.ts';
import type { RuntimeContext } from '../lab-cluster.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { SimRuntime } from '../runtime/sim/sim-runtime.ts';
import { simVerdict } from './sim-verdict.ts';

/** The runtime that sends no packets. */
export function openSim({ store, networks, feed, clock }: RuntimeContext): Promise<Runtime> {
  const zone = new Zone(networks);
  feed.attach({
    replace: (changes) => {
      zone.clear();
      zone.apply(changes);
      return Promise.resolve(true);
    },
    publish: (changes) => {
      zone.apply(changes);
      return Promise.resolve(true);
    },
  });
  return Promise.resolve(new SimRuntime({ networks, clock, random: Math.random, zone, verdict: simVerdict(store) }));
}
