/** 400 for bodies that do not fit their type, and what `fieldValidation` makes of fields that nobody knows. */
import { isList, isObject, type JsonValue } from '../json.ts';
import type { Resource } from '../resources.ts';
import { badRequest, type StatusCause, type StatusError } from '../status-error.ts';
import type { WrongType } from './conform.ts';
import type { RequestContext } from './rest.ts';
import { fieldCause } from './invalid.ts';

/** `Deployment in version "v1" cannot be handled as a Deployment: …` */
export function cannotBeHandled(
  resource: Pick<Resource, 'kind'>,
  given: { readonly kind: string; readonly version: string },
  why: string,
): StatusError {
  const { kind, version } = given;
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: ${why}`);
}

/** Go's complaint about a value of another type. */
export function wrongTypeText({ field, message, wanted, value, problem }: WrongType): string {
  if (problem !== undefined) return problem;
  const name = field.replaceAll(/\[\d+\]/g, '');
  return `json: cannot unmarshal ${goTypeOf(value, wanted)} into Go struct field ${message}.${name} of type ${goName(wanted)}`;
}

function goName(wanted: string): string {
  if (wanted === 'Time' || wanted === 'MicroTime') return `v1.${wanted}`;
  if (wanted === 'IntOrString') return 'intstr.IntOrString';
  return wanted === 'bytes' ? '[]uint8' : wanted;
}

function goTypeOf(value: JsonValue, wanted: string): string {
  if (isList(value)) return 'array';
  if (isObject(value)) return 'object';
  if (typeof value === 'number') return wanted.startsWith('int') ? `number ${value}` : 'number';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** The same complaint as the schema of a custom resource has it. */
export function wrongTypeCause({ path, wanted, value, problem }: WrongType): StatusCause {
  if (problem !== undefined) return fieldCause('invalid', path, problem, value);
  const actual = schemaTypeOf(value);
  return fieldCause(
    'type',
    path,
    `${path} in body must be of type ${schemaName(wanted)}: ${JSON.stringify(actual)}`,
    actual,
  );
}

function schemaName(wanted: string): string {
  if (wanted.startsWith('[]')) return 'array';
  if (wanted.startsWith('map[') || wanted.startsWith('v1.')) return 'object';
  if (wanted === 'bool') return 'boolean';
  if (wanted === 'double') return 'number';
  return wanted.startsWith('int') ? 'integer' : 'string';
}

function schemaTypeOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Fields that nobody knows and fields that stand twice, as both the refusal and the warnings name them. */
export function strictProblems(unknown: readonly string[], duplicate: readonly string[]): readonly string[] {
  return [
    ...duplicate.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
}

/** Warnings that `problems` give, or the refusal. */
export function judgeFields(
  problems: readonly string[],
  context: RequestContext,
  refuse: (why: string) => StatusError,
): readonly string[] {
  if (problems.length === 0 || context.fieldValidation === 'Ignore') return [];
  if (context.fieldValidation === 'Warn') return problems;
  throw refuse(`strict decoding error: ${problems.join(', ')}`);
}
