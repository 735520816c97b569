/**
 * The one table of types: which fields a message has, how they travel, merge and default. Protobuf decoding, strict
 * field errors, OpenAPI, `explain`, strategic merge patches and server-side apply all read it.
 *
 * A field is written as one line, `NUMBER TYPE [MARK…] [=DEFAULT]`:
 *
 * - NUMBER is the protobuf number, `-` for what never travels as protobuf.
 * - TYPE is a scalar or a message; `?` says that its zero value differs from its absence, `[]` a list, `{}` a map from
 *   strings. A name that begins with `+` is a message of its own in protobuf whose fields are inline in JSON.
 * - MARKS: `merge` or `merge=KEY` (a strategic merge patch merges the list), `retainKeys`, and for server-side apply
 *   `set`, `map=KEY,KEY` (lists are atomic otherwise) and `atomic` (a message or a map that is owned as a whole).
 * - DEFAULT is JSON.
 */
import { BugError } from '../../base/assert.ts';
import { accessMessages } from './types/access.ts';
import { clusterPolicyMessages } from './types/cluster-policy.ts';
import { containerMessages } from './types/container.ts';
import { coreMessages } from './types/core.ts';
import { customResourceMessages } from './types/custom-resource.ts';
import { metaMessages } from './types/meta.ts';
import { networkMessages } from './types/network.ts';
import { nodeMessages } from './types/node.ts';
import { podMessages } from './types/pod.ts';
import { serviceMessages } from './types/service.ts';
import { volumeMessages } from './types/volume.ts';
import { workloadMessages } from './types/workload.ts';
import type { JsonValue } from './json.ts';

const MESSAGES = {
  ...accessMessages,
  ...clusterPolicyMessages,
  ...containerMessages,
  ...coreMessages,
  ...customResourceMessages,
  ...metaMessages,
  ...networkMessages,
  ...nodeMessages,
  ...podMessages,
  ...serviceMessages,
  ...volumeMessages,
  ...workloadMessages,
};

export type MessageName = keyof typeof MESSAGES;

const SCALARS = [
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'bytes',
  'Time',
  'MicroTime',
  'Quantity',
  'IntOrString',
  'FieldsV1',
  'Json',
] as const;

/** What is not a message of the table. `FieldsV1` and `Json` are any JSON. */
export type Scalar = (typeof SCALARS)[number];

export type FieldType = { readonly scalar: Scalar } | { readonly message: MessageName };

/** How server-side apply sees a list; what is not `map` or `set` has one owner as a whole. */
export type ListKind =
  | { readonly type: 'atomic' }
  | { readonly type: 'set' }
  | { readonly type: 'map'; readonly keys: readonly string[] };

export interface Field {
  /** As in JSON. */
  readonly name: string;
  /** In protobuf; `undefined` when it never travels so. */
  readonly number: number | undefined;
  readonly type: FieldType;
  readonly many: 'one' | 'list' | 'map';
  /** The zero value is a value: it differs from absence. */
  readonly pointer: boolean;
  /** Its fields are those of the message it stands in. */
  readonly inline: boolean;
  /** A strategic merge patch merges the list: by this key, or as a set of primitives when there is none. */
  readonly merge: { readonly key: string | undefined } | undefined;
  /** A strategic merge patch may bring `$retainKeys`. */
  readonly retainKeys: boolean;
  readonly list: ListKind;
  /** Server-side apply: owned as a whole although it is a message or a map. */
  readonly atomic: boolean;
  readonly defaultValue: JsonValue | undefined;
}

export interface Message {
  readonly name: MessageName;
  /** By JSON name, inline messages opened. */
  readonly fields: ReadonlyMap<string, Field>;
  /** By protobuf number, inline messages closed. */
  readonly numbered: ReadonlyMap<number, Field>;
}

const read = new Map<MessageName, Message>();

export const messageNames: readonly MessageName[] = (Object.keys(MESSAGES) as MessageName[]).sort();

export function messageType(name: MessageName): Message {
  const known = read.get(name);
  if (known !== undefined) return known;
  const message = readMessage(name);
  read.set(name, message);
  return message;
}

function readMessage(name: MessageName): Message {
  const fields = new Map<string, Field>();
  const numbered = new Map<number, Field>();
  for (const [key, line] of Object.entries(MESSAGES[name])) {
    const field = readField(key, line);
    if (field.number !== undefined) numbered.set(field.number, field);
    if (!field.inline) fields.set(field.name, field);
    else if ('message' in field.type)
      for (const [inner, value] of messageType(field.type.message).fields) fields.set(inner, value);
  }
  return { name, fields, numbered };
}

const LINE =
  /^(?<number>-|\d+) (?<pointer>\??)(?<many>\[\]|\{\}|)(?<type>\w+)(?<marks>(?: [^ =]+(?:=[^ ]+)?)*?)(?: =(?<value>.*))?$/;

function readField(key: string, line: string): Field {
  const { number = '', pointer = '', many = '', type = '', marks = '', value } = LINE.exec(line)?.groups ?? {};
  if (type === '') throw new BugError(`field ${key} is not readable: ${line}`);
  const marked = new Map(marks.split(' ').map((mark) => splitMark(mark)));
  const keys = marked.get('map');
  const list: ListKind =
    keys !== undefined ? { type: 'map', keys: keys.split(',') } : { type: marked.has('set') ? 'set' : 'atomic' };
  return {
    name: key.replace(/^\+/, ''),
    number: number === '-' ? undefined : Number(number),
    type: fieldType(type),
    many: many === '[]' ? 'list' : many === '{}' ? 'map' : 'one',
    pointer: pointer === '?',
    inline: key.startsWith('+'),
    merge: marked.has('merge') ? { key: marked.get('merge') } : undefined,
    retainKeys: marked.has('retainKeys'),
    list,
    atomic: marked.has('atomic'),
    defaultValue: value === undefined ? undefined : (JSON.parse(value) as JsonValue),
  };
}

function splitMark(mark: string): [name: string, value: string | undefined] {
  const [name = '', value] = mark.split('=');
  return [name, value];
}

function fieldType(text: string): FieldType {
  const scalar = SCALARS.find((known) => known === text);
  if (scalar !== undefined) return { scalar };
  if (Object.hasOwn(MESSAGES, text)) return { message: text as MessageName };
  throw new BugError(`type ${text} is neither a scalar nor in the table`);
}
