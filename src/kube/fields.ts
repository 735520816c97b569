/** Typed access to the fields of a mapping, as the API server's decoder would read them. */
import type { MappingEntry, ScalarNode, YamlNode } from '../yaml/node.ts';
import type { Dialect, ObjectDecoder } from './decoder.ts';
import { checkDuplicates, keyOf } from './duplicates.ts';
import { type FieldPath, field, formatPath, item } from './path.ts';
import type { Shape } from './shape.ts';
import { closest } from './suggest.ts';
import { goTypeMessage, quotedBoolHelp, schemaTypeMessage } from './wrong-type.ts';

export interface Located<T> {
  readonly value: T;
  readonly node: YamlNode;
}

const NO_ENTRIES: readonly MappingEntry[] = [];
const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

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
    // kubectl writes numbers anew before it sends them: 80.0 and 1e3 arrive as 80 and 1000.
    const integral = Number.isInteger(value);
    if (!integral || value > INT32_MAX || value < INT32_MIN) {
      this.#wrongType(node, path, 'int32', 'integer', integral ? undefined : 'write a whole number');
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

  #wrongType(node: YamlNode, path: FieldPath, goType: string, schemaType: string, help?: string, goPath = path): void {
    const message =
      this.dialect === 'schema'
        ? schemaTypeMessage(node, path, schemaType)
        : goTypeMessage(node, this.shape, goPath, goType);
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

function isNull(node: YamlNode): boolean {
  return node.type === 'scalar' && node.value === null;
}

/** Nothing, at the place of `node`. */
function emptyAt(node: YamlNode): YamlNode {
  return { type: 'scalar', value: null, raw: '', quoted: false, start: node.start, end: node.end };
}
