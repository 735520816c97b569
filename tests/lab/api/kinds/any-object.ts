/** Objects of a kind with anything in them: often of the right type, sometimes not. */
import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../../src/lab/api/json.ts';
import { type Field, type MessageName, messageType } from '../../../../src/lab/api/message-table.ts';
import type { Resource } from '../../../../src/lab/api/resources.ts';

const words = [
  '',
  'a',
  'web',
  'A b',
  '80',
  '10.96.0.10',
  'fd00::1',
  '::ffff:1.2.3.4',
  '10.0.0.0/8',
  'None',
  'Always',
  'ClusterIP',
  'NodePort',
  'LoadBalancer',
  'ExternalName',
  'RollingUpdate',
  'Localhost',
  'IPv4',
  'In',
  'x/y/z',
  '__proto__',
  'constructor',
  '2026-01-01T00:00:00Z',
  '🙂'.repeat(70),
  '1e3',
  '9'.repeat(50),
];

const text = fc.oneof({ arbitrary: fc.constantFrom(...words), weight: 4 }, { arbitrary: fc.string(), weight: 1 });
const number = fc.oneof(
  fc.constantFrom(0, -1, 1, 80, 65_536, 30_000, 2 ** 31, -(2 ** 40), 0.5, Number.MAX_VALUE),
  fc.integer(),
);

const anything: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

const deepest = 7;

export function anyObject(resource: Resource): fc.Arbitrary<JsonObject> {
  const { group, version, kind, message } = resource;
  if (message === undefined) throw new Error(`${kind} has no type`);
  return anyMessage(message, 0).map((object) => ({
    ...object,
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
  }));
}

function anyMessage(name: MessageName, depth: number): fc.Arbitrary<JsonObject> {
  const fields = [...messageType(name).fields.values()];
  // All at once would be large; a few of them, chosen anew each time.
  return fc
    .subarray(fields, { minLength: 0, maxLength: Math.min(fields.length, 6) })
    .chain((chosen) =>
      fc.tuple(...chosen.map((field) => anyField(field, depth).map((value) => [field.name, value] as const))),
    )
    .map((entries) => Object.fromEntries(entries));
}

function anyField(field: Field, depth: number): fc.Arbitrary<JsonValue> {
  const one = anyOne(field, depth);
  const right: fc.Arbitrary<JsonValue> =
    field.many === 'one'
      ? one
      : field.many === 'list'
        ? fc.array(one, { maxLength: 3 })
        : fc.dictionary(text, one, { maxKeys: 3 }).map((map) => ({ ...map }));
  return fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: anything, weight: 1 });
}

function anyOne({ type }: Field, depth: number): fc.Arbitrary<JsonValue> {
  if ('message' in type) return depth >= deepest ? fc.constant({}) : anyMessage(type.message, depth + 1);
  switch (type.scalar) {
    case 'bool':
      return fc.boolean();
    case 'int32':
    case 'int64':
    case 'double':
      return number;
    case 'IntOrString':
      return fc.oneof(number, text);
    case 'FieldsV1':
    case 'Json':
      return anything;
    default:
      return text;
  }
}
