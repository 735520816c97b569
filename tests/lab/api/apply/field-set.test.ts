import { describe, expect, test } from 'vitest';
import { FieldSet, fieldsOf } from '../../../../src/lab/api/apply/field-set.ts';

describe('the fields that an object sets', () => {
  test('keyed lists by their keys with defaults, atomic ones as a whole, and nothing that the server owns', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', labels: { app: 'x' }, finalizers: ['f/g'], uid: 'u' },
      spec: {
        nodeSelector: { disk: 'ssd' },
        containers: [{ name: 'web', args: ['x'], ports: [{ containerPort: 80 }] }],
      },
      status: { phase: 'Running' },
    };
    expect(fieldsOf(pod, 'Pod').toJson()).toEqual({
      'f:metadata': { 'f:finalizers': { 'v:"f/g"': {} }, 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:containers': {
          'k:{"name":"web"}': {
            '.': {},
            'f:args': {},
            'f:name': {},
            'f:ports': {
              'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
            },
          },
        },
        'f:nodeSelector': {},
      },
    });
  });

  test('the lists of a network policy have one owner', () => {
    const policy = { spec: { podSelector: { matchLabels: { a: 'b' } }, ingress: [{ from: [] }] } };
    expect(fieldsOf(policy, 'NetworkPolicy').toJson()).toEqual({ 'f:spec': { 'f:ingress': {}, 'f:podSelector': {} } });
  });

  test('objects without a type: fields one by one, lists as a whole', () => {
    const thing = { metadata: { annotations: { a: 'b' } }, spec: { deep: { x: 1 }, list: [{ name: 'a' }] } };
    const set = fieldsOf(thing, undefined);
    expect(set.toJson()).toEqual({
      'f:metadata': { 'f:annotations': { 'f:a': {} } },
      'f:spec': { 'f:deep': { 'f:x': {} }, 'f:list': {} },
    });
    expect(FieldSet.fromJson(set.toJson()).toJson()).toEqual(set.toJson());
    expect(fieldsOf({ kind: 'Thing' }, undefined).toJson()).toEqual({});
  });
});
