import { describe, expect, test } from 'vitest';
import { labManifests } from '../../src/lab/manifests.ts';

const read = (text: string) => labManifests([{ name: 'k8s/all.yaml', text }]);

describe('manifests for a lab', () => {
  test('one by one, with the line of each', () => {
    const { objects, diagnostics } = read(
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n# nothing\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {app: "yes"}}\n',
    );
    expect(diagnostics).toEqual([]);
    expect(objects).toEqual([
      { object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }, place: 'k8s/all.yaml:1' },
      {
        object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b', labels: { app: 'yes' } } },
        place: 'k8s/all.yaml:7',
      },
    ]);
  });

  test('the items of lists, with the lines of their own', () => {
    const { objects } = read(
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n- {apiVersion: v1, kind: ConfigMap}\n',
    );
    expect(objects.map(({ object, place }) => [object['kind'], place])).toEqual([
      ['Secret', 'k8s/all.yaml:4'],
      ['ConfigMap', 'k8s/all.yaml:7'],
    ]);
  });

  test('numbers, truth and keys as a conversion to JSON makes them', () => {
    const { objects } = read('{apiVersion: v1, kind: ConfigMap, data: {a: 010, b: on, c: "010", 1: x, e: null}}');
    expect(objects[0]?.object['data']).toEqual({ a: 8, b: true, c: '010', '1': 'x', e: null });
  });

  test('our own documents are left out, what is no object is told with its place', () => {
    expect(read('apiVersion: sallyport.dev/v1\nkind: Intents\n')).toEqual({ objects: [], diagnostics: [] });
    const { diagnostics } = read('a: b\n---\n- 1\n---\n{kind: 7, apiVersion: v1}\n');
    expect(diagnostics.map(({ severity, code }) => [severity, code])).toEqual([
      ['error', 'no-object'],
      ['error', 'no-object'],
      ['error', 'no-object'],
    ]);
  });

  test('keys that mean something to JavaScript are only keys', () => {
    const { objects } = read('{apiVersion: v1, kind: ConfigMap, data: {__proto__: {a: b}, constructor: c}}');
    const data = objects[0]?.object['data'] as Record<string, unknown>;
    expect(Object.keys(data)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });
});
