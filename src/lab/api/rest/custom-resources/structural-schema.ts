/** The schema of a custom resource as the server uses it: read once from the definition, which has no references. */
import { get, isList, isObject, type JsonObject, type JsonValue } from '../../json.ts';
import { isTrueAt, numberAt, givenObjectAt, objectAt, textAt, textsInPlace } from '../../field-values.ts';
import { readPattern, type TextPattern } from './text-pattern.ts';

export interface Schema {
  /** `''` when any is right. */
  readonly type: string;
  readonly format: string;
  readonly intOrString: boolean;
  /** Fields that the schema does not name stay. */
  readonly preserve: boolean;
  /** Has apiVersion, kind and metadata of its own. */
  readonly embedded: boolean;
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, Schema>;
  /** Of the values of a map; `true` when they may be anything. */
  readonly additional: Schema | true | undefined;
  readonly items: Schema | undefined;
  readonly required: readonly string[];
  readonly enum: readonly JsonValue[] | undefined;
  readonly defaultValue: JsonValue | undefined;
  readonly bounds: Bounds;
  readonly pattern: TextPattern | undefined;
  readonly listType: string;
  readonly listKeys: readonly string[];
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
}

export interface Bounds {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
}

/** Lets everything through. */
export const anything: Schema = readSchema({ 'x-kubernetes-preserve-unknown-fields': true });

/** `props` is `openAPIV3Schema`; whatever is of a wrong type in it says nothing. */
export function readSchema(props: JsonObject): Schema {
  const schemas = (name: string) => {
    const list = get(props, name);
    return (isList(list) ? list : []).filter(isObject).map(readSchema);
  };
  const additional = get(props, 'additionalProperties');
  const items = givenObjectAt(props, 'items');
  const not = givenObjectAt(props, 'not');
  const members = get(props, 'enum');
  const pattern = textAt(props, 'pattern');
  return {
    type: textAt(props, 'type'),
    format: textAt(props, 'format'),
    intOrString: isTrueAt(props, 'x-kubernetes-int-or-string'),
    preserve: isTrueAt(props, 'x-kubernetes-preserve-unknown-fields'),
    embedded: isTrueAt(props, 'x-kubernetes-embedded-resource'),
    nullable: isTrueAt(props, 'nullable'),
    properties: new Map(
      Object.entries(objectAt(props, 'properties')).flatMap(([name, value]) =>
        isObject(value) ? [[name, readSchema(value)] as const] : [],
      ),
    ),
    additional: isObject(additional) ? readSchema(additional) : additional === true ? true : undefined,
    items: items === undefined ? undefined : readSchema(items),
    required: textsInPlace(props, 'required'),
    enum: isList(members) ? members : undefined,
    defaultValue: get(props, 'default'),
    bounds: readBounds(props),
    pattern: pattern === '' ? undefined : readPattern(pattern),
    listType: textAt(props, 'x-kubernetes-list-type'),
    listKeys: textsInPlace(props, 'x-kubernetes-list-map-keys'),
    allOf: schemas('allOf'),
    anyOf: schemas('anyOf'),
    oneOf: schemas('oneOf'),
    not: not === undefined ? undefined : readSchema(not),
  };
}

function readBounds(props: JsonObject): Bounds {
  return {
    minimum: numberAt(props, 'minimum'),
    maximum: numberAt(props, 'maximum'),
    exclusiveMinimum: isTrueAt(props, 'exclusiveMinimum'),
    exclusiveMaximum: isTrueAt(props, 'exclusiveMaximum'),
    multipleOf: numberAt(props, 'multipleOf'),
    minLength: numberAt(props, 'minLength'),
    maxLength: numberAt(props, 'maxLength'),
    minItems: numberAt(props, 'minItems'),
    maxItems: numberAt(props, 'maxItems'),
    minProperties: numberAt(props, 'minProperties'),
    maxProperties: numberAt(props, 'maxProperties'),
  };
}

/** Paths of what the lab does not evaluate in a schema: CEL rules, and patterns that it cannot run safely. */
export function notEvaluated(props: JsonObject, path: string): readonly string[] {
  const found: string[] = [];
  collectNotEvaluated(props, path, found);
  return found;
}

const mostNotEvaluated = 10;

function collectNotEvaluated(props: JsonObject, path: string, found: string[]): void {
  if (found.length >= mostNotEvaluated) return;
  if (isList(get(props, 'x-kubernetes-validations'))) found.push(`${path}.x-kubernetes-validations`);
  const pattern = textAt(props, 'pattern');
  if (pattern !== '' && readPattern(pattern) === undefined) found.push(`${path}.pattern`);
  for (const [name, value] of Object.entries(objectAt(props, 'properties')))
    if (isObject(value)) collectNotEvaluated(value, `${path}.properties[${name}]`, found);
  for (const name of ['items', 'additionalProperties', 'not']) {
    const inner = givenObjectAt(props, name);
    if (inner !== undefined) collectNotEvaluated(inner, `${path}.${name}`, found);
  }
}
