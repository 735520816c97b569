/** Custom resources: the columns that their definition asks for. */
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { numberAt, textAt } from '../field-values.ts';
import { ageOf, timeOf } from './human-duration.ts';
import { firstAt, type JsonPath, parseJsonPath } from './json-path.ts';
import { AGE, age, type Column, NAME, nameOf, type Printer } from './printer.ts';

/** `definitions` is `additionalPrinterColumns` of the version; without any there is the age. */
export function customPrinter(definitions: readonly JsonValue[]): Printer {
  const columns = definitions.flatMap((definition) => (isObject(definition) ? [readColumn(definition)] : []));
  if (columns.length === 0)
    return { columns: [NAME, AGE], cells: (object, nowMs) => [nameOf(object), age(object, nowMs)] };
  return {
    columns: [NAME, ...columns.map(({ column }) => column)],
    cells: (object, nowMs) => [
      nameOf(object),
      ...columns.map(({ column, path }) => cell(path === undefined ? undefined : firstAt(object, path), column, nowMs)),
    ],
  };
}

interface CustomColumn {
  readonly column: Column;
  readonly path: JsonPath | undefined;
}

function readColumn(definition: JsonObject): CustomColumn {
  const name = textAt(definition, 'name');
  const column: Column = {
    name,
    type: textAt(definition, 'type'),
    format: textAt(definition, 'format'),
    description:
      textAt(definition, 'description') ||
      `Custom resource definition column (in JSONPath format): ${textAt(definition, 'jsonPath')}`,
    priority: numberAt(definition, 'priority') ?? 0,
  };
  return { column, path: parseJsonPath(textAt(definition, 'jsonPath')) };
}

/** A value that is not of the column's type is none. */
function cell(value: JsonValue | undefined, { type }: Column, nowMs: number): JsonValue {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return timeOf(value) === undefined ? '<invalid>' : ageOf(value, nowMs);
    default:
      return null;
  }
}
