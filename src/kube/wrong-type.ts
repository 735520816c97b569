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

/** Whether a number is written with a point or an exponent, which Go's integers refuse even when it is whole. */
export function isFloatSpelling(raw: string): boolean {
  return /[.eE]/.test(raw) && !/^[-+]?0[xX]/.test(raw);
}

/** Advice for a boolean that stands in quotes. */
export function quotedBoolHelp(node: YamlNode): string | undefined {
  if (node.type !== 'scalar' || (node.value !== 'true' && node.value !== 'false')) return undefined;
  return `write it without quotes: ${node.value}`;
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
