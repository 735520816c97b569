/** Small kinds. */
import type { JsonObject } from '../json.ts';
import { numberAt, givenObjectAt, objectAt, listAt, textAt, metadataOf } from '../field-values.ts';
import { ageOf } from './human-duration.ts';
import { age, AGE, column, NAME, nameOf, type Printer, wideColumn } from './printer.ts';
import { selectorText } from './selector-text.ts';

/** What kinds have that have no printer of their own. */
export const plainPrinter: Printer = {
  columns: [NAME, AGE],
  cells: (object, nowMs) => [nameOf(object), age(object, nowMs)],
};

export const namespacePrinter: Printer = {
  columns: [NAME, column('Status', 'Active, or Terminating while its objects go.'), AGE],
  cells: (object, nowMs) => [nameOf(object), textAt(objectAt(object, 'status'), 'phase'), age(object, nowMs)],
};

export const configMapPrinter: Printer = {
  columns: [NAME, column('Data', 'Number of its entries.', 'integer'), AGE],
  cells: (object, nowMs) => [nameOf(object), size(object, 'data') + size(object, 'binaryData'), age(object, nowMs)],
};

export const secretPrinter: Printer = {
  columns: [
    NAME,
    column('Type', 'What programs take it for.'),
    column('Data', 'Number of its entries.', 'integer'),
    AGE,
  ],
  cells: (object, nowMs) => [nameOf(object), textAt(object, 'type'), size(object, 'data'), age(object, nowMs)],
};

function size(object: JsonObject, name: string): number {
  return Object.keys(objectAt(object, name)).length;
}

export const serviceAccountPrinter: Printer = {
  columns: [NAME, column('Secrets', 'Number of Secrets that its pods may use.', 'integer'), AGE],
  cells: (object, nowMs) => [nameOf(object), listAt(object, 'secrets').length, age(object, nowMs)],
};

export const networkPolicyPrinter: Printer = {
  columns: [NAME, column('Pod-Selector', 'Which pods of its namespace it is for.'), AGE],
  cells: (object, nowMs) => [
    nameOf(object),
    selectorText(objectAt(objectAt(object, 'spec'), 'podSelector')),
    age(object, nowMs),
  ],
};

export const leasePrinter: Printer = {
  columns: [NAME, column('Holder', 'Who has it now.'), AGE],
  cells: (object, nowMs) => [nameOf(object), textAt(objectAt(object, 'spec'), 'holderIdentity'), age(object, nowMs)],
};

export const definitionPrinter: Printer = {
  columns: [NAME, column('Created At', 'When it was created.', 'date')],
  cells: (object) => [nameOf(object), textAt(metadataOf(object), 'creationTimestamp')],
};

export const eventPrinter: Printer = {
  columns: [
    column('Last Seen', 'Time since it happened last.'),
    column('Type', 'Normal or Warning.'),
    column('Reason', 'What happened, in a word.'),
    column('Object', 'What it happened to.'),
    wideColumn('Subobject', 'The part that it happened to.'),
    wideColumn('Source', 'Who says so.'),
    column('Message', 'What happened.'),
    wideColumn('First Seen', 'Time since it happened first.'),
    wideColumn('Count', 'How often it happened.', 'integer'),
    { ...NAME, priority: 1 },
  ],
  cells: (event, nowMs) => {
    const involved = objectAt(event, 'involvedObject');
    const kind = textAt(involved, 'kind').toLowerCase();
    const name = textAt(involved, 'name');
    const first = ageOf(textAt(event, 'firstTimestamp') || textAt(event, 'eventTime'), nowMs);
    const last = textAt(event, 'lastTimestamp');
    const series = givenObjectAt(event, 'series');
    return [
      series === undefined
        ? last === ''
          ? first
          : ageOf(last, nowMs)
        : ageOf(textAt(series, 'lastObservedTime'), nowMs),
      textAt(event, 'type'),
      textAt(event, 'reason'),
      name === '' ? kind : `${kind}/${name}`,
      textAt(involved, 'fieldPath'),
      sourceText(event),
      textAt(event, 'message').trim(),
      first,
      series === undefined ? numberAt(event, 'count') || 1 : (numberAt(series, 'count') ?? 0),
      nameOf(event),
    ];
  },
};

function sourceText(event: JsonObject): string {
  const source = objectAt(event, 'source');
  const parts = [
    textAt(source, 'component') || textAt(event, 'reportingComponent'),
    textAt(source, 'host') || textAt(event, 'reportingInstance'),
  ];
  return parts.filter((part) => part !== '').join(', ');
}
