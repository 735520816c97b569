/** What is known of the fields of a resource: from the type table, or from the schema of its definition. */
import { withDefaults } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import type { MessageName } from '../message-table.ts';
import type { StatusCause } from '../status-error.ts';
import { type Conformed, conform } from './conform.ts';

export interface KindShape {
  /** As the type has it, and what does not fit. `stored` was read so before; what is still the same need not be. */
  readonly read: (object: JsonObject, stored?: JsonObject) => Conformed;
  /** With the defaults of the type. */
  readonly fill: (object: JsonObject) => JsonObject;
  /** What the type says against values. */
  readonly check: (object: JsonObject) => readonly StatusCause[];
}

export function messageShape(message: MessageName): KindShape {
  return {
    read: (object, stored) => conform(object, message, stored),
    fill: (object) => withDefaults(object, message),
    check: () => [],
  };
}
