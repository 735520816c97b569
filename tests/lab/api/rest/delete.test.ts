import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { Strategy } from '../../../../src/lab/api/kinds/strategy.ts';
import type { DeleteRequest } from '../../../../src/lab/api/rest/rest.ts';
import { seedSystem } from '../../../../src/lab/api/rest/system-seeds.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { LabRest, strict } from './lab-rest.ts';

let lab: LabRest;

/** Thirty seconds for pods on a node. */
const slow: Strategy = {
  gracePeriodSeconds: (pod) => ((pod['spec'] as JsonObject)['nodeName'] === undefined ? 0 : 30),
};

beforeEach(() => {
  lab = new LabRest(new Map([['Pod', slow]]));
});

const remove = (plural: string, name: string, request: DeleteRequest = {}) =>
  lab.rest.delete(lab.target(plural, name), request, strict);
const pod = (spec: JsonObject): JsonObject => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec } });

describe('delete', () => {
  test.each<
    [spec: JsonObject, request: DeleteRequest, gone: boolean, grace: number | undefined, until: string | undefined]
  >([
    [{}, {}, true, undefined, undefined],
    [{}, { gracePeriodSeconds: 10 }, true, undefined, undefined],
    [{ nodeName: 'n' }, {}, false, 30, '2026-01-02T03:04:35Z'],
    [{ nodeName: 'n' }, { gracePeriodSeconds: 1 }, false, 1, '2026-01-02T03:04:06Z'],
    [{ nodeName: 'n' }, { gracePeriodSeconds: -5 }, false, 1, '2026-01-02T03:04:06Z'],
    [{ nodeName: 'n' }, { gracePeriodSeconds: 0 }, true, undefined, undefined],
  ])('a pod with %j, asked with %j', (spec, request, gone, grace, until) => {
    lab.create('pods', pod(spec));
    const result = remove('pods', 'p', request);
    expect(result.gone).toBe(gone);
    expect(metadataOf(result.object)['deletionGracePeriodSeconds']).toBe(grace);
    expect(metadataOf(result.object)['deletionTimestamp']).toBe(until);
  });

  test('kinds without a grace go at once whatever is asked', () => {
    lab.create('configmaps', { metadata: { name: 'c' } });
    expect(remove('configmaps', 'c', { gracePeriodSeconds: 30 }).gone).toBe(true);
    expect(() => remove('configmaps', 'c')).toThrow(expect.objectContaining({ code: 404 }));
  });

  test.each<
    [policy: DeleteRequest['propagationPolicy'], before: readonly string[], finalizers: readonly string[] | undefined]
  >([
    [undefined, [], undefined],
    ['Background', [], undefined],
    ['Background', ['orphan'], undefined],
    ['Foreground', ['example.com/a'], ['example.com/a', 'foregroundDeletion']],
    ['Orphan', ['foregroundDeletion'], ['orphan']],
  ])('%s with finalizers %j', (propagationPolicy, before, finalizers) => {
    lab.create('configmaps', { metadata: { name: 'c', finalizers: before } });
    const { object, gone } = remove('configmaps', 'c', { propagationPolicy });
    expect(gone).toBe(finalizers === undefined);
    expect(metadataOf(object)['finalizers']).toEqual(propagationPolicy === undefined ? before : finalizers);
  });

  test('preconditions', () => {
    const { object } = lab.create('configmaps', { metadata: { name: 'c' } });
    const { uid, resourceVersion } = metadataOf(object) as { readonly uid: string; readonly resourceVersion: string };
    expect(() => remove('configmaps', 'c', { preconditions: { uid: 'x' } })).toThrow(
      expect.objectContaining({
        code: 409,
        message: expect.stringContaining('the UID in the precondition (x) does not match the UID in record') as unknown,
      }),
    );
    expect(() => remove('configmaps', 'c', { preconditions: { uid, resourceVersion: '0' } })).toThrow(
      expect.objectContaining({ code: 409 }),
    );
    expect(remove('configmaps', 'c', { preconditions: { uid, resourceVersion } }).gone).toBe(true);
  });

  test('a namespace waits for its content, and goes when it is finalized', () => {
    seedSystem(lab.rest);
    const spec = { finalizers: ['kubernetes'] };
    lab.create('namespaces', { metadata: { name: 'shop' }, spec });
    const { object, gone } = remove('namespaces', 'shop');
    expect(gone).toBe(false);
    expect(object).toMatchObject({ status: { phase: 'Terminating' }, spec });
    expect(remove('namespaces', 'shop').gone).toBe(false);
    const finalized = lab.update('namespaces', 'shop', { ...object, spec: {} }, {}, 'finalize');
    expect(finalized.object).toMatchObject({ metadata: { name: 'shop' } });
    expect(() => lab.get('namespaces', 'shop')).toThrow(expect.objectContaining({ code: 404 }));
  });

  test.each(['default', 'kube-system', 'kube-public'])('the namespace %s stays', (name) => {
    seedSystem(lab.rest);
    expect(() => remove('namespaces', name)).toThrow(
      expect.objectContaining({
        code: 403,
        message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      }),
    );
  });
});
