import { beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { nameOf, textAt } from '../../../src/lab/api/field-values.ts';
import { StatusError } from '../../../src/lab/api/status-error.ts';
import { type EventRecorder, eventRecorder, type Happening } from '../../../src/lab/events/event-recorder.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';
import { CountingRest } from '../controllers/counting-rest.ts';

let clock: FakeClock;
let rest: CountingRest;
let recorder: EventRecorder;
let errors: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  rest = new CountingRest(clock);
  errors = [];
  recorder = eventRecorder(rest, clock, { perNamespace: 3, onError: (error) => errors.push(error) });
  for (const name of ['default', 'demo']) addNamespace(name);
});

function addNamespace(name: string): void {
  rest.store.create({ group: '', plural: 'namespaces', namespace: '', name }, { apiVersion: 'v1', kind: 'Namespace' });
}

function deleteEvents(): void {
  for (const event of events())
    rest.store.delete({ group: '', plural: 'events', namespace: 'demo', name: nameOf(event) });
}

const web: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'demo', uid: 'u1', resourceVersion: '7', labels: { a: 'b' } },
};
const pulled: Happening = { about: web, type: 'Normal', reason: 'Pulled', message: 'is there', component: 'kubelet' };

const events = (namespace = 'demo') => rest.store.list({ group: '', plural: 'events' }, namespace).items;
const reasons = () => events().map((event) => textAt(event, 'reason'));

test('an Event says what, of what, when and who', () => {
  recorder.record({ ...pulled, fieldPath: 'spec.containers{web}', host: 'lab-1' });
  expect(errors).toEqual([]);
  expect(events()).toHaveLength(1);
  const [{ metadata = {}, ...event } = {}] = events();
  expect(textAt({ metadata }, 'metadata', 'name')).toMatch(/^web\.[0-9a-f]{16}$/);
  expect(event).toEqual({
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'web',
      namespace: 'demo',
      uid: 'u1',
      resourceVersion: '7',
      fieldPath: 'spec.containers{web}',
    },
    reason: 'Pulled',
    message: 'is there',
    source: { component: 'kubelet', host: 'lab-1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
    type: 'Normal',
    reportingComponent: 'kubelet',
    reportingInstance: 'lab-1',
  });
});

test('the same again is counted', () => {
  recorder.record(pulled);
  clock.advance(65_000);
  recorder.record({ ...pulled, about: { ...web, metadata: { name: 'web', namespace: 'demo', uid: 'u1' } } });
  expect(events()).toEqual([
    expect.objectContaining({
      count: 2,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:01:05Z',
    }),
  ]);
});

test.each<[string, Partial<Happening>]>([
  ['another message', { message: 'other' }],
  ['another reason', { reason: 'Failed' }],
  ['another type', { type: 'Warning' }],
  ['another container', { fieldPath: 'spec.containers{b}' }],
  ['another component', { component: 'scheduler' }],
  ['another pod of the same name', { about: { ...web, metadata: { name: 'web', namespace: 'demo', uid: 'u2' } } }],
])('%s is another Event, with another name at the same moment', (_, change) => {
  recorder.record(pulled);
  recorder.record({ ...pulled, ...change });
  expect(events().map(({ count }) => count)).toEqual([1, 1]);
});

test('what belongs to the cluster is told in the namespace default', () => {
  recorder.record({ ...pulled, about: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'lab-1' } } });
  expect(events('default')).toHaveLength(1);
});

test('what happened longest ago goes when there are too many', () => {
  for (const reason of ['A', 'B', 'C']) recorder.record({ ...pulled, reason });
  recorder.record({ ...pulled, reason: 'A' });
  recorder.record({ ...pulled, reason: 'D' });
  expect(new Set(reasons())).toEqual(new Set(['A', 'C', 'D']));
});

test('an Event that somebody deleted is written anew', () => {
  recorder.record(pulled);
  deleteEvents();
  recorder.record(pulled);
  expect(events().map(({ count }) => count)).toEqual([1]);
});

test('a namespace that is gone, going or new again is nothing to fail for', () => {
  recorder.record({ ...pulled, about: { ...web, metadata: { name: 'x', namespace: 'nowhere' } } });
  recorder.record(pulled);
  deleteEvents();
  rest.store.delete({ group: '', plural: 'namespaces', namespace: '', name: 'demo' });
  recorder.record(pulled);
  expect(events()).toEqual([]);
  addNamespace('demo');
  recorder.record(pulled);
  expect(events()).toHaveLength(1);
  expect(errors).toEqual([]);
});

test('other failures are told, not thrown', () => {
  const refusal = new StatusError('Invalid', 'no');
  rest.refuse = () => {
    throw refusal;
  };
  recorder.record(pulled);
  expect(errors).toEqual([refusal]);
});

test('long names and messages are cut to what an Event may have', () => {
  const name = `${'a'.repeat(235)}.${'b'.repeat(10)}`;
  recorder.record({ ...pulled, message: 'm'.repeat(5000), about: { ...web, metadata: { name, namespace: 'demo' } } });
  const [event = {}] = events();
  expect(nameOf(event)).toMatch(/^a{235}\.[0-9a-f]{16}$/);
  expect(textAt(event, 'message')).toHaveLength(1024);
});

test('two recorders may tell of the same object in the same moment', () => {
  recorder.record(pulled);
  eventRecorder(rest, clock, { onError: (error) => errors.push(error) }).record(pulled);
  expect([events().length, errors]).toEqual([2, []]);
});
