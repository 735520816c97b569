import { describe, expect, it } from 'vitest';
import { RestService } from '../../src/lab/api/rest/rest-service.ts';
import { seedSystem } from '../../src/lab/api/rest/system-seeds.ts';
import { ObjectStore } from '../../src/lab/api/store/object-store.ts';
import { labNetworks } from '../../src/lab/networks.ts';
import { createSystemObjects, keepApiService } from '../../src/lab/system-objects.ts';
import { FakeClock } from '../io/kubernetes/fake-clock.ts';

const KEPT = [
  { group: '', plural: 'services', namespace: 'default', name: 'kubernetes' },
  { group: 'discovery.k8s.io', plural: 'endpointslices', namespace: 'default', name: 'kubernetes' },
  { group: '', plural: 'endpoints', namespace: 'default', name: 'kubernetes' },
];

function system(): { store: ObjectStore; clock: FakeClock; stop: () => void } {
  const clock = new FakeClock();
  const networks = labNetworks(1, 'ipv4');
  let uids = 0;
  const newUid = (): string => `00000000-0000-4000-8000-${String((uids += 1)).padStart(12, '0')}`;
  const store = new ObjectStore({ now: () => new Date(clock.calendarMs()), newUid });
  const rest = new RestService({ store, networks, clock, random: () => 0.5, newUid, strategies: new Map() });
  seedSystem(rest);
  createSystemObjects(rest, networks);
  return { store, clock, stop: keepApiService(store, rest, networks, clock) };
}

describe('the Service of the API', () => {
  it.each(KEPT)('$plural comes back after it was deleted', (key) => {
    const { store, clock } = system();
    const before = store.get(key);
    store.delete(key);
    expect(store.find(key)).toBeUndefined();
    clock.advance(500);
    expect(store.get(key)['spec']).toEqual(before['spec']);
    expect(store.get(key)).not.toBe(before);
  });

  it('comes back as a whole, and every time', () => {
    const { store, clock } = system();
    for (let time = 0; time < 3; time += 1) {
      for (const key of KEPT) store.delete(key);
      clock.advance(500);
      expect(KEPT.map((key) => store.find(key) === undefined)).toEqual([false, false, false]);
    }
  });

  it('is not that of DNS, which stays away', () => {
    const { store, clock } = system();
    const dns = { group: '', plural: 'services', namespace: 'kube-system', name: 'kube-dns' };
    store.delete(dns);
    clock.advance(60_000);
    expect(store.find(dns)).toBeUndefined();
  });

  it('is not kept any more when the lab ends', () => {
    const { store, clock, stop } = system();
    for (const key of KEPT.slice(0, 1)) store.delete(key);
    stop();
    clock.advance(60_000);
    expect(KEPT.map((key) => store.find(key) === undefined)).toEqual([true, false, false]);
  });
});
