import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../src/lab/api/json.ts';
import { decodeBody, decodeObjectBody } from '../../../../src/lab/api/rest/decode-body.ts';
import { duplicateKeys } from '../../../../src/lab/api/rest/duplicate-keys.ts';
import { namespaceBody } from './recorded-namespace.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const builtIn = { custom: false };

describe('bodies', () => {
  test.each<[type: string | undefined, text: string, value: JsonValue, duplicates: readonly string[]]>([
    [undefined, '{"a":1}', { a: 1 }, []],
    ['application/json; charset=utf-8', '{"a":{"b":1,"b":2}}', { a: { b: 2 } }, ['a.b']],
    ['application/json-patch+json', '[{"op":"test","op":"add"}]', [{ op: 'add' }], ['[0].op']],
    ['application/merge-patch+json', '{"x":null}', { x: null }, []],
    ['application/yaml', 'a:\n- b: "1"\n  b: 2\n', { a: [{ b: 2 }] }, ['a[0].b']],
    ['application/apply-patch+yaml', '{"a":"{{ .Values.x }}"}', { a: '{{ .Values.x }}' }, []],
    ['application/apply-patch+yaml', 'a: &x {b: 1}\nc: *x\n', { a: { b: 1 }, c: { b: 1 } }, []],
    [
      'application/json',
      '{"__proto__":{"x":1},"constructor":2}',
      JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
      [],
    ],
    ['application/yaml', '__proto__: {x: 1}', JSON.parse('{"__proto__":{"x":1}}'), []],
  ])('%s %s', (type, text, value, duplicates) => {
    const decoded = decodeBody(type, bytes(text));
    expect(JSON.stringify(decoded.value)).toBe(JSON.stringify(value));
    expect(decoded.duplicateFields).toEqual(duplicates);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test.each<[what: string, type: string, body: Uint8Array, code: number, message: string]>([
    [
      'another type',
      'text/html',
      bytes('{}'),
      415,
      'accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
    ['no JSON', 'application/json', bytes('{'), 400, "couldn't get version/kind; json parse error: "],
    ['a list', 'application/json', bytes('[]'), 400, 'cannot unmarshal array'],
    ['nothing', 'application/json', bytes(''), 400, 'json parse error'],
    ['no UTF-8', 'application/json', Uint8Array.of(0xff), 400, 'not UTF-8'],
    ['too deep', 'application/json', bytes(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`), 400, 'nested too deeply'],
    [
      'much too deep',
      'application/json',
      bytes(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`),
      400,
      'nested too deeply',
    ],
    ['deep YAML', 'application/yaml', bytes(`${'{a: '.repeat(100)}1${'}'.repeat(100)}`), 400, 'error decoding YAML: '],
    [
      'too large',
      'application/json',
      new Uint8Array(3 * 1024 * 1024 + 1),
      413,
      'Request entity too large: limit is 3145728',
    ],
    ['infinite', 'application/json', bytes('{"a":[1e999]}'), 400, 'json: cannot unmarshal number'],
    ['two documents', 'application/yaml', bytes('a: 1\n---\nb: 2\n'), 400, 'one document is wanted and there are 2'],
    ['many aliases', 'application/yaml', bytes(laughs()), 400, 'error decoding YAML: '],
    ['a protobuf body of nothing', 'application/vnd.kubernetes.protobuf', bytes('k8s'), 400, ''],
  ])('%s is refused', (_, type, body, code, message) => {
    expect(() => decodeObjectBody(type, body, builtIn)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('custom resources take no protobuf', () => {
    const type = 'application/vnd.kubernetes.protobuf';
    expect(decodeObjectBody(type, namespaceBody, builtIn).value).toMatchObject({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'x' },
    });
    expect(() => decodeObjectBody(type, namespaceBody, { custom: true })).toThrow(
      expect.objectContaining({
        code: 415,
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
      }),
    );
  });
});

function laughs(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i += 1)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
  return lines.join('\n');
}

test.each<[text: string, paths: readonly string[]]>([
  ['{}', []],
  ['{"a":{"a":1},"b":{"a":1}}', []],
  ['{"a":1,"b":2,"a":3,"a":4}', ['a', 'a']],
  ['{"a":[{"b":1},{"b":1,"b":2}]}', ['a[1].b']],
  ['{"a":"x","\\u0061":1}', ['a']],
  ['{"x":"a\\"b","y":["{\\"x\\":1}","x"],"x":1}', ['x']],
  ['[[1,2],{"k":[],"k":[]}]', ['[1].k']],
])('duplicates in %s', (text, paths) => {
  expect(duplicateKeys(text)).toEqual(paths);
});
