/** Typed access to the fields of a mapping, as the API server's decoder would read them. */
import type { MappingEntry, MappingNode, ScalarNode, YamlNode } from '../yaml/node.ts';
import type { Dialect, ObjectDecoder } from './decoder.ts';
import { type FieldPath, field, formatPath, goFieldName, item } from './path.ts';
import { closest } from './suggest.ts';

/** What the API server knows of a kind of mapping: the name of its Go type and the fields it has. */
export interface Shape {
  /** `v1.NetworkPolicyPort`. */
  readonly goType: string;
  readonly fields: ReadonlySet<string>;
  /** Wrong names that spelling alone does not explain: `to` in an ingress rule is meant to be `from`. */
  readonly hints: ReadonlyMap<string, string>;
  /** Object metadata is a Go struct also in custom resources; everything else speaks its parent's dialect. */
  readonly dialect: Dialect | undefined;
  /** Nothing is said about other fields: what the server itself writes (status) grows with every release. */
  readonly open: boolean;
}

/** `fields` are separated by spaces. */
export function shape(
  goType: string,
  fields: string,
  options: {
    readonly hints?: Readonly<Record<string, string>>;
    readonly dialect?: Dialect;
    readonly open?: boolean;
  } = {},
): Shape {
  const hints = new Map(Object.entries(options.hints ?? {}));
  return { goType, fields: new Set(fields.split(' ')), hints, dialect: options.dialect, open: options.open ?? false };
}

export interface Located<T> {
  readonly value: T;
  readonly node: YamlNode;
}

const NO_ENTRIES: readonly MappingEntry[] = [];
const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/** Up to this many keys, comparing each with each is faster than a set. */
const FEW_KEYS = 12;

/**
 * The fields of one mapping. Absent and `null` are the same here (S5-S9); a wrong type is reported and then absent;
 * of a duplicate the last one counts, after the report (S23).
 */
export class Fields {
  readonly decoder: ObjectDecoder;
  readonly shape: Shape;
  readonly path: FieldPath | undefined;
  /** Where to point when something is missing here. */
  readonly at: YamlNode;
  readonly dialect: Dialect;
  readonly #entries: readonly MappingEntry[];

  /** `node` is a mapping, or anything else for the empty mapping at its place (a `null`, a parent that lacks it). */
  constructor(
    decoder: ObjectDecoder,
    shape: Shape,
    path: FieldPath | undefined,
    node: YamlNode,
    dialect: Dialect = decoder.rules.dialect,
  ) {
    this.decoder = decoder;
    this.dialect = shape.dialect ?? dialect;
    this.shape = shape;
    this.path = path;
    this.at = node;
    this.#entries = node.type === 'mapping' ? node.entries : NO_ENTRIES;
    if (node.type === 'mapping') {
      checkDuplicates(decoder, path, node);
      if (shape.open) return;
      for (const entry of node.entries) {
        if (!shape.fields.has(keyOf(entry))) this.#reportUnknown(entry);
      }
    }
  }

  /** Whether the field stands there at all, even as `null`. */
  written(name: string): boolean {
    return this.#entries.some((entry) => keyOf(entry) === name);
  }

  /** How many fields are given; nulls do not count (CRDs prune them). */
  count(): number {
    return this.#entries.reduce((count, entry) => (isNull(entry.value) ? count : count + 1), 0);
  }

  /** The value, unless it is absent or null. */
  node(name: string): YamlNode | undefined {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry !== undefined && entry.key.value === name) return isNull(entry.value) ? undefined : entry.value;
    }
    return undefined;
  }

  /** The value of the field, or else the mapping that lacks it: where to point. */
  place(name: string): YamlNode {
    return this.node(name) ?? this.at;
  }

  pathOf(name: string): FieldPath {
    return field(this.path, name);
  }

  string(name: string, goType = 'string'): string | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'string') return node.value;
    this.#notAString(node, field(this.path, name), goType);
    return undefined;
  }

  bool(name: string): boolean | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.#wrongType(node, field(this.path, name), 'bool', 'boolean', quotedBoolHelp(node));
    return undefined;
  }

  int32(name: string): number | undefined {
    const node = this.node(name);
    return node === undefined ? undefined : this.#asInt32(node, name);
  }

  /** A JSON number is a number, a JSON string is a name; nothing is ever converted (S21). */
  intOrString(name: string): number | string | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'string') return node.value;
    return this.#asInt32(node, name);
  }

  /** A mapping behind a pointer: `undefined` when absent. */
  object(name: string, shape: Shape): Fields | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    const path = field(this.path, name);
    if (node.type === 'mapping') return new Fields(this.decoder, shape, path, node, this.dialect);
    this.#wrongType(node, path, shape.goType, 'object');
    return undefined;
  }

  /** A mapping that is a value: absent means empty. */
  value(name: string, shape: Shape): Fields {
    const found = this.object(name, shape);
    return found ?? new Fields(this.decoder, shape, field(this.path, name), emptyAt(this.place(name)), this.dialect);
  }

  /** A list of mappings. A `null` item is the empty mapping in Go (S8) and an error under a schema. */
  objects(name: string, shape: Shape): readonly Fields[] {
    const list = this.#list(name, `[]${shape.goType}`);
    if (list === undefined) return [];
    const path = field(this.path, name);
    const found: Fields[] = [];
    list.forEach((node, index) => {
      const isNothing = isNull(node) && this.dialect === 'go';
      if (node.type === 'mapping' || isNothing)
        found.push(new Fields(this.decoder, shape, item(path, index), node, this.dialect));
      else this.#wrongType(node, item(path, index), shape.goType, 'object');
    });
    return found;
  }

  /** A list of strings. A `null` item is `""` in Go. */
  strings(name: string, goElement = 'string'): readonly Located<string>[] {
    const list = this.#list(name, `[]${goElement}`);
    if (list === undefined) return [];
    const path = field(this.path, name);
    const found: Located<string>[] = [];
    list.forEach((node, index) => {
      if (node.type === 'scalar' && typeof node.value === 'string') found.push({ value: node.value, node });
      else if (isNull(node) && this.dialect === 'go') found.push({ value: '', node });
      else this.#notAString(node, item(path, index), goElement);
    });
    return found;
  }

  /** The number of items of a list, whatever they are; 0 when absent. */
  listLength(name: string): number {
    const node = this.node(name);
    return node?.type === 'sequence' ? node.items.length : 0;
  }

  /** A map with arbitrary keys: labels and annotations. A `null` value is `""` in Go. */
  stringMap(name: string): readonly { readonly key: ScalarNode; readonly value: string; readonly node: YamlNode }[] {
    const node = this.node(name);
    if (node === undefined) return [];
    const path = field(this.path, name);
    if (node.type !== 'mapping') {
      this.#wrongType(node, path, 'map[string]string', 'object');
      return [];
    }
    checkDuplicates(this.decoder, path, node);
    const found = [];
    for (const { key, value } of node.entries) {
      if (value.type === 'scalar' && typeof value.value === 'string')
        found.push({ key, value: value.value, node: value });
      else if (isNull(value)) found.push({ key, value: '', node: value });
      else this.#notAString(value, field(path, String(key.value)), 'string', path);
    }
    return found;
  }

  #list(name: string, goType: string): readonly YamlNode[] | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (node.type === 'sequence') return node.items;
    this.#wrongType(
      node,
      field(this.path, name),
      goType,
      'array',
      node.type === 'mapping' ? 'write a list: put `- ` in front' : undefined,
    );
    return undefined;
  }

  #notAString(node: YamlNode, path: FieldPath, goType: string, goPath = path): void {
    const help = node.type === 'scalar' ? `quote it: "${node.raw}"` : undefined;
    this.#wrongType(node, path, goType, 'string', help, goPath);
  }

  #asInt32(node: YamlNode, name: string): number | undefined {
    const path = field(this.path, name);
    if (node.type !== 'scalar' || typeof node.value !== 'number') {
      const digits = node.type === 'scalar' && typeof node.value === 'string' && /^\d{1,10}$/.test(node.value);
      this.#wrongType(node, path, 'int32', 'integer', digits ? `write it without quotes: ${node.value}` : undefined);
      return undefined;
    }
    const { value, raw } = node;
    const integral = Number.isInteger(value) && (this.dialect === 'schema' || !isFloatSpelling(raw));
    if (!integral || value > INT32_MAX || value < INT32_MIN) {
      this.#wrongType(
        node,
        path,
        'int32',
        'integer',
        integral ? undefined : 'write a whole number without a decimal point',
      );
      return undefined;
    }
    if (!/^-?(0|[1-9]\d*)$/.test(raw)) {
      this.decoder.warn(
        'ambiguous-scalar',
        node,
        `${formatPath(path)}: ${raw} is read as the number ${value}`,
        `write ${value}`,
      );
    }
    return value;
  }

  /** Go: the first type error in `encoding/json` words. Schema: the OpenAPI validator's words. */
  #wrongType(node: YamlNode, path: FieldPath, goType: string, schemaType: string, help?: string, goPath = path): void {
    if (this.dialect === 'schema') {
      const name = formatPath(path);
      const actual = schemaTypeOf(node);
      const message = `${name}: Invalid value: "${actual}": ${name} in body must be of type ${schemaType}: "${actual}"`;
      this.decoder.decodeError('wrong-type', node, message, help);
      return;
    }
    const struct = this.shape.goType.slice(this.shape.goType.indexOf('.') + 1);
    const message = `json: cannot unmarshal ${goTypeOf(node, goType)} into Go struct field ${struct}.${goFieldName(goPath)} of type ${goType}`;
    this.decoder.decodeError('wrong-type', node, message, help);
  }

  #reportUnknown(entry: MappingEntry): void {
    const name = keyOf(entry);
    const path = formatPath(field(this.path, name));
    const meant = this.shape.hints.get(name) ?? closest(name, this.shape.fields);
    const known = [...this.shape.fields].join(', ');
    const help =
      meant !== undefined ? `did you mean \`${meant}\`?` : known === '' ? undefined : `known fields here: ${known}`;
    if (this.decoder.rules.unknownFields === 'error') {
      this.decoder.decodeError('unknown-field', entry.key, `strict decoding error: unknown field "${path}"`, help);
    } else this.decoder.warn('unknown-field', entry.key, `unknown field "${path}"`, help);
  }
}

function checkDuplicates(decoder: ObjectDecoder, path: FieldPath | undefined, node: MappingNode): void {
  const { entries } = node;
  if (entries.length > FEW_KEYS) {
    const seen = new Map<string, MappingEntry>();
    for (const entry of entries) {
      const first = seen.get(keyOf(entry));
      if (first === undefined) seen.set(keyOf(entry), entry);
      else reportDuplicate(decoder, path, entry, first);
    }
    return;
  }
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i];
    if (entry === undefined) return;
    for (let j = 0; j < i; j++) {
      const first = entries[j];
      if (first === undefined || first.key.value !== entry.key.value) continue;
      reportDuplicate(decoder, path, entry, first);
      break;
    }
  }
}

function reportDuplicate(
  decoder: ObjectDecoder,
  path: FieldPath | undefined,
  entry: MappingEntry,
  first: MappingEntry,
): void {
  const name = formatPath(field(path, keyOf(entry)));
  const span = decoder.span(first.key);
  const related = span === undefined ? undefined : [{ message: 'first written here', span }];
  const help = 'keep one of them; without strict decoding the last one would silently win';
  decoder.decodeError('duplicate-field', entry.key, `strict decoding error: duplicate field "${name}"`, help, related);
}

function keyOf(entry: MappingEntry): string {
  const { value } = entry.key;
  return typeof value === 'string' ? value : String(value);
}

export function isNull(node: YamlNode): boolean {
  return node.type === 'scalar' && node.value === null;
}

/** Nothing, at the place of `node`. */
function emptyAt(node: YamlNode): YamlNode {
  return { type: 'scalar', value: null, raw: '', quoted: false, start: node.start, end: node.end };
}

function isFloatSpelling(raw: string): boolean {
  return /[.eE]/.test(raw) && !/^[-+]?0[xX]/.test(raw);
}

function goTypeOf(node: YamlNode, wanted: string): string {
  if (node.type === 'mapping') return 'object';
  if (node.type === 'sequence') return 'array';
  if (typeof node.value === 'number') return wanted === 'int32' ? `number ${node.raw}` : 'number';
  return typeof node.value === 'boolean' ? 'bool' : 'string';
}

function schemaTypeOf(node: YamlNode): string {
  if (node.type === 'mapping') return 'object';
  if (node.type === 'sequence') return 'array';
  if (node.value === null) return 'null';
  if (typeof node.value === 'number') return Number.isInteger(node.value) ? 'integer' : 'number';
  return typeof node.value;
}

function quotedBoolHelp(node: YamlNode): string | undefined {
  if (node.type !== 'scalar' || (node.value !== 'true' && node.value !== 'false')) return undefined;
  return `write it without quotes: ${node.value}`;
}
