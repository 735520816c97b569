/** What Services, Ingresses and routes offer to the outside, before and after. */
import { viewItems } from './connectivity-views.ts';
import type { Engine } from './engine.ts';
import { exposures } from './exposure.ts';
import { facesOutside } from './exposure-doors.ts';
import type { Exposure } from './results.ts';
import type { Side } from './semantic-diff-ports.ts';
import type { ExposureChange } from './semantic-diff-results.ts';

export function exposureChanges(engines: Readonly<Record<Side, Engine>>): readonly ExposureChange[] {
  const [old, now] = [exposuresOf(engines.before), exposuresOf(engines.after)];
  const changes: ExposureChange[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const [before, after] = [old.get(key), now.get(key)];
    if (before !== undefined && after !== undefined && sameExposure(before, after)) continue;
    const { via, to } = after ?? before ?? { via: '', to: '' };
    changes.push({
      via,
      to,
      change: kindOf(before, after),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    });
  }
  return changes.sort((a, b) => compare(a.via, b.via) || compare(a.to, b.to));
}

function exposuresOf(engine: Engine): ReadonlyMap<string, Exposure> {
  const { services, ingresses, httpRoutes } = engine.cluster;
  if (ingresses.length + httpRoutes.length === 0 && !services.some(facesOutside)) return new Map();
  const found = new Map<string, Exposure>();
  for (const { exposure } of exposures(engine, viewItems(engine, 'workload'))) {
    // One way may come in several parts with different reasons; they are told apart by their order.
    let key = `${exposure.via} ${exposure.to}`;
    while (found.has(key)) key += ' +';
    found.set(key, exposure);
  }
  return found;
}

function kindOf(before: Exposure | undefined, after: Exposure | undefined): ExposureChange['change'] {
  if (before?.certain === false || after?.certain === false) return 'unclear';
  const was = before?.allowed === true;
  const is = after?.allowed === true;
  return was === is ? 'changed' : is ? 'opened' : 'closed';
}

function sameExposure(a: Exposure, b: Exposure): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
