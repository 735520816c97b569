import { describe, expect, test } from 'vitest';
import { serverSideApply } from '../../../../src/lab/api/apply/server-side-apply.ts';
import type { JsonObject } from '../../../../src/lab/api/json.ts';

const apply = (live: JsonObject, applied: JsonObject, manager: string, force = false, time = '2026-01-01T00:00:00Z') =>
  serverSideApply(live, applied, { manager, apiVersion: 'apps/v1', message: 'Deployment', force, time });

const deployment = (spec: JsonObject): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec,
});
const containers = (...items: readonly JsonObject[]) => ({ template: { spec: { containers: items } } });
const managersOf = (object: JsonObject) =>
  (object['metadata'] as { managedFields: { manager: string; time: string; fieldsV1: JsonObject }[] }).managedFields;

describe('server-side apply', () => {
  test('a new object is owned by its manager', () => {
    const made = apply({}, deployment({ replicas: 2 }), 'kubectl');
    expect(made).toEqual({
      ...deployment({ replicas: 2 }),
      metadata: {
        name: 'web',
        managedFields: [
          {
            manager: 'kubectl',
            operation: 'Apply',
            apiVersion: 'apps/v1',
            time: '2026-01-01T00:00:00Z',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:spec': { 'f:replicas': {} } },
          },
        ],
      },
    });
  });

  test('the same again changes nothing, not even the time', () => {
    const made = apply({}, deployment({ replicas: 2 }), 'a');
    expect(apply(made, deployment({ replicas: 2 }), 'a', false, '2027-01-01T00:00:00Z')).toEqual(made);
  });

  test('another manager that wants another value is refused, in the words of the server', () => {
    const live = apply({}, deployment({ replicas: 2, ...containers({ name: 'c', image: '1' }) }), 'a');
    expect(() => apply(live, deployment({ replicas: 3 }), 'b')).toThrow(
      expect.objectContaining({
        code: 409,
        message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
        details: {
          causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.replicas' }],
        },
      }),
    );
    expect(() => apply(live, deployment({ replicas: 3, ...containers({ name: 'c', image: '2' }) }), 'b')).toThrow(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .spec.replicas\n- .spec.template.spec.containers[name="c"].image',
    );
  });

  test('the same value is shared, force takes a different one away', () => {
    const live = apply({}, deployment({ replicas: 2, paused: true }), 'a');
    const both = apply(live, deployment({ replicas: 2 }), 'b');
    expect(managersOf(both).map(({ manager }) => manager)).toEqual(['b', 'a']);
    const forced = apply(live, deployment({ replicas: 3 }), 'b', true);
    expect(forced['spec']).toEqual({ replicas: 3, paused: true });
    expect(managersOf(forced).map(({ fieldsV1 }) => fieldsV1)).toEqual([
      { 'f:spec': { 'f:replicas': {} } },
      { 'f:spec': { 'f:paused': {} } },
    ]);
  });

  test('what a manager no longer names goes, unless another owns it', () => {
    const live = apply({}, deployment({ replicas: 2, paused: true }), 'a');
    const shared = apply(live, deployment({ replicas: 2 }), 'b');
    const left = apply(shared, deployment({ minReadySeconds: 1 }), 'a');
    expect(left['spec']).toEqual({ replicas: 2, minReadySeconds: 1 });
  });

  test('items of keyed lists are owned one by one, and go one by one', () => {
    const live = apply({}, deployment(containers({ name: 'a', image: '1' }, { name: 'b', image: '1' })), 'x');
    const more = apply(live, deployment(containers({ name: 'c', image: '1' })), 'y');
    expect(more['spec']).toEqual(
      containers({ name: 'a', image: '1' }, { name: 'b', image: '1' }, { name: 'c', image: '1' }),
    );
    const less = apply(more, deployment(containers({ name: 'b', image: '2' })), 'x');
    expect(less['spec']).toEqual(containers({ name: 'b', image: '2' }, { name: 'c', image: '1' }));
  });

  test('lists without a key are replaced as a whole', () => {
    const np = (peers: readonly JsonObject[]): JsonObject => ({
      spec: { podSelector: {}, ingress: [{ from: peers }] },
    });
    const options = {
      manager: 'a',
      apiVersion: 'networking.k8s.io/v1',
      message: 'NetworkPolicy' as const,
      force: false,
      time: 't',
    };
    const live = serverSideApply({}, np([{ podSelector: {} }]), options);
    expect(serverSideApply(live, np([]), options)['spec']).toEqual({ podSelector: {}, ingress: [{ from: [] }] });
    expect(() => serverSideApply(live, np([]), { ...options, manager: 'b' })).toThrow(/: \.spec\.ingress$/);
  });
});
