/** What the server says when a value has the wrong type, in both dialects. */
import type { YamlNode } from '../yaml/node.ts';
import { type FieldPath, formatPath, goFieldName } from './path.ts';
import type { Shape } from './shape.ts';

/** The words of Go's `encoding/json`; `path` leads to the field of `shape` that was being filled. */
export function goTypeMessage(node: YamlNode, shape: Shape, path: FieldPath, wanted: string): string {
  const struct = shape.goType.slice(shape.goType.indexOf('.') + 1);
  return `json: cannot unmarshal ${goTypeOf(node, wanted)} into Go struct field ${struct}.${goFieldName(path)} of type ${wanted}`;
}

/** The words of the OpenAPI validator that checks custom resources. */
export function schemaTypeMessage(node: YamlNode, path: FieldPath, wanted: string): string {
  const name = formatPath(path);
  const actual = schemaTypeOf(node);
  return `${name}: Invalid value: "${actual}": ${name} in body must be of type ${wanted}: "${actual}"`;
}

/** Advice for a boolean that stands in quotes. */
export function quotedBoolHelp(node: YamlNode): string | undefined {
  if (node.type !== 'scalar' || (node.value !== 'true' && node.value !== 'false')) return undefined;
  return `write it without quotes: ${node.value}`;
}

function goTypeOf(node: YamlNode, wanted: string): string {
  if (node.type === 'mapping') return 'object';
  if (node.type === 'sequence') return 'array';
  if (typeof node.value === 'number')
    return wanted === 'int32' ? `number ${sentNumber(node.raw, node.value)}` : 'number';
  return typeof node.value === 'boolean' ? 'bool' : 'string';
}

/** kubectl writes floats anew before it sends them, and whole numbers as they are, also those beyond 2^53. */
function sentNumber(raw: string, value: number): string {
  return /^[-+]?[0-9]+$/.test(raw) ? raw : String(value);
}

function schemaTypeOf(node: YamlNode): string {
  if (node.type === 'mapping') return 'object';
  if (node.type === 'sequence') return 'array';
  if (node.value === null) return 'null';
  if (typeof node.value === 'number') return Number.isInteger(node.value) ? 'integer' : 'number';
  return typeof node.value;
}
