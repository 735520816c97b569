/** Plain JSON values as nodes, so that what an API server sent goes through the same decoders as text. */
import type { MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode } from '../yaml/node.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * A node without a place: every offset is 0, and decoding it takes no source. Children come into being when they are
 * asked for, so what no decoder reads costs nothing and depth does not matter.
 */
export function nodeFromJson(value: JsonValue): YamlNode {
  if (typeof value !== 'object' || value === null) return scalar(value);
  return isArray(value) ? new JsonSequence(value) : new JsonMapping(value);
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function scalar(value: string | number | boolean | null): ScalarNode {
  return {
    type: 'scalar',
    value,
    raw: value === null ? '' : String(value),
    quoted: typeof value === 'string',
    start: 0,
    end: 0,
  };
}

class JsonMapping implements MappingNode {
  readonly type = 'mapping';
  readonly start = 0;
  readonly end = 0;
  readonly #value: { readonly [key: string]: JsonValue };
  #entries: readonly MappingEntry[] | undefined;

  constructor(value: { readonly [key: string]: JsonValue }) {
    this.#value = value;
  }

  get entries(): readonly MappingEntry[] {
    this.#entries ??= Object.entries(this.#value).map(([key, child]) => ({
      key: scalar(key),
      value: nodeFromJson(child),
    }));
    return this.#entries;
  }
}

class JsonSequence implements SequenceNode {
  readonly type = 'sequence';
  readonly start = 0;
  readonly end = 0;
  readonly #value: readonly JsonValue[];
  #items: readonly YamlNode[] | undefined;

  constructor(value: readonly JsonValue[]) {
    this.#value = value;
  }

  get items(): readonly YamlNode[] {
    this.#items ??= this.#value.map(nodeFromJson);
    return this.#items;
  }
}
