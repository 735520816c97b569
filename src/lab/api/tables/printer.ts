/** How objects of one kind become the rows of a table. */
import type { JsonObject, JsonValue } from '../json.ts';
import { textAt, metadataOf } from '../field-values.ts';
import { ageOf } from './human-duration.ts';

/** As the definition of a column goes over the wire. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 1 and more: only with `-o wide`. */
  readonly priority: number;
}

export interface Printer {
  readonly columns: readonly Column[];
  /** One cell a column. `nowMs` is the calendar's, since 1970. */
  readonly cells: (object: JsonObject, nowMs: number) => readonly JsonValue[];
  /** That it has ended, say. */
  readonly conditions?: (object: JsonObject) => readonly JsonObject[];
}

export function column(name: string, description: string, type = 'string'): Column {
  return { name, type, format: '', description, priority: 0 };
}

export function wideColumn(name: string, description: string, type = 'string'): Column {
  return { name, type, format: '', description, priority: 1 };
}

export const NAME: Column = {
  ...column('Name', 'Unique within its namespace, or within the cluster.'),
  format: 'name',
};
export const AGE: Column = column('Age', 'Time since the object was created.');

export function nameOf(object: JsonObject): string {
  return textAt(metadataOf(object), 'name');
}

export function age(object: JsonObject, nowMs: number): string {
  return ageOf(textAt(metadataOf(object), 'creationTimestamp'), nowMs);
}

export function orNone(text: string): string {
  return text === '' ? '<none>' : text;
}
