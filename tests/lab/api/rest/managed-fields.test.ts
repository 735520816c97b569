import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import { entriesOf, inOrder, withWriter } from '../../../../src/lab/api/rest/managed-fields.ts';

const writer = (manager: string) => ({
  manager,
  apiVersion: 'v1',
  subresource: undefined,
  time: '2026-01-01T00:00:00Z',
});

const pod = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({ metadata, spec });
const container = (name: string, more: JsonObject = {}): JsonObject => ({ name, image: 'nginx', ...more });

/** Owner and fields after `a` made the first state and `b` the second. */
function owners(before: JsonObject, next: JsonObject): Readonly<Record<string, unknown>> {
  const made = withWriter(before, undefined, 'Pod', writer('a'));
  const changed = withWriter(next, made, 'Pod', writer('b'));
  return Object.fromEntries(entriesOf(changed).map((entry) => [JSON.stringify(entry['manager']), entry['fieldsV1']]));
}

const item = (name: string) => `k:{"name":"${name}"}`;
const whole = { '.': {}, 'f:name': {}, 'f:image': {} };
const containers = (fields: JsonObject) => ({ 'f:spec': { 'f:containers': fields } });

describe('owners of fields', () => {
  test.each<[what: string, before: JsonObject, next: JsonObject, owners: JsonObject]>([
    [
      'nothing changed',
      pod({ containers: [container('x')] }),
      pod({ containers: [container('x')] }),
      { '"a"': containers({ [item('x')]: whole }) },
    ],
    [
      'a field of an item changed',
      pod({ containers: [container('x')] }),
      pod({ containers: [container('x', { image: 'httpd' })] }),
      {
        '"a"': containers({ [item('x')]: { '.': {}, 'f:name': {} } }),
        '"b"': containers({ [item('x')]: { 'f:image': {} } }),
      },
    ],
    [
      'an item came',
      pod({ containers: [container('x')] }),
      pod({ containers: [container('x'), container('y')] }),
      { '"a"': containers({ [item('x')]: whole }), '"b"': containers({ [item('y')]: whole }) },
    ],
    [
      'an item went',
      pod({ containers: [container('x'), container('y')] }),
      pod({ containers: [container('y')] }),
      { '"a"': containers({ [item('y')]: whole }) },
    ],
    [
      'a list that is owned as a whole',
      pod({ containers: [container('x', { args: ['1'] })] }),
      pod({ containers: [container('x', { args: ['1', '2'] })] }),
      {
        '"a"': containers({ [item('x')]: whole }),
        '"b"': containers({ [item('x')]: { 'f:args': {} } }),
      },
    ],
    [
      'a set',
      pod({}, { finalizers: ['x/a'] }),
      pod({}, { finalizers: ['x/a', 'x/b'] }),
      {
        '"a"': { 'f:spec': {}, 'f:metadata': { 'f:finalizers': { 'v:"x/a"': {} } } },
        '"b"': { 'f:metadata': { 'f:finalizers': { 'v:"x/b"': {} } } },
      },
    ],
    [
      'a map that went',
      pod({ hostNetwork: true }, { labels: { k: 'v' } }),
      pod({ hostNetwork: true }),
      { '"a"': { 'f:spec': { 'f:hostNetwork': {} } } },
    ],
    [
      'what only the server writes',
      pod({ hostNetwork: true }),
      pod({ hostNetwork: true }, { resourceVersion: '5', generation: 2, uid: 'x' }),
      { '"a"': { 'f:spec': { 'f:hostNetwork': {} } } },
    ],
  ])('%s', (_, before, next, expected) => {
    expect(owners(before, next)).toEqual(expected);
  });

  test('the status belongs to whoever writes it there', () => {
    const status = { ...writer('kubelet'), subresource: 'status' };
    const changed = withWriter({ status: { phase: 'Running' } }, {}, 'Pod', status);
    expect(entriesOf(changed)).toEqual([
      {
        manager: 'kubelet',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:status': { 'f:phase': {} } },
        subresource: 'status',
      },
    ]);
  });

  test('appliers come first, then what is older', () => {
    const entry = (operation: string, time: string) => ({ operation, time });
    const [a, b, c] = [entry('Update', '2'), entry('Update', '1'), entry('Apply', '3')];
    expect(inOrder([a, b, c])).toEqual([c, b, a]);
  });
});
