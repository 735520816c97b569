/** Objects and lists in the form that a client wants. */
import { get, type JsonObject, type JsonValue } from '../json.ts';
import type { Resource } from '../resources.ts';
import { apiVersionOf, inVersion } from '../rest/api-version.ts';
import { badRequest } from '../status-error.ts';
import { metadataOf } from '../field-values.ts';
import { tableOf, type TableOptions } from '../tables/table-of.ts';
import type { ObjectForm } from './accept.ts';

/** What rows of tables carry besides their cells. */
export type RowObject = TableOptions['includeObject'];

export interface Shown {
  readonly form: ObjectForm;
  readonly rowObject: RowObject;
  /** `additionalPrinterColumns` of a custom resource. */
  readonly columns: TableOptions['columns'];
  /** Since 1970: ages are counted up to it. */
  readonly nowMs: number;
}

/** @throws StatusError 400 */
export function rowObjectOf(query: URLSearchParams): RowObject {
  const text = query.get('includeObject') ?? '';
  if (text === '') return 'Metadata';
  if (text === 'Metadata' || text === 'None' || text === 'Object') return text;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
}

/** Subresources have kinds of their own. */
function shownAs(resource: Resource, object: JsonObject): JsonObject {
  return get(object, 'kind') === resource.kind ? inVersion(resource, object) : object;
}

export function showObject(resource: Resource, object: JsonObject, shown: Shown): JsonObject {
  const { form } = shown;
  switch (form.kind) {
    case 'object':
      return shownAs(resource, object);
    case 'partial':
      return partialObject(form.version, object);
    case 'table':
      return tableFor(resource, [object], shown, metadataOf(object));
  }
}

export function showList(
  resource: Resource,
  items: readonly JsonObject[],
  resourceVersion: string,
  shown: Shown,
): JsonObject {
  const { form } = shown;
  const metadata = { resourceVersion };
  switch (form.kind) {
    case 'object':
      return {
        kind: `${resource.kind}List`,
        apiVersion: apiVersionOf(resource),
        metadata,
        items: items.map((item) => shownAs(resource, item)),
      };
    case 'partial':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${form.version}`,
        metadata,
        items: items.map((item) => partialObject(form.version, item)),
      };
    case 'table':
      return tableFor(resource, items, shown, metadata);
  }
}

/**
 * What stands in a bookmark: nothing but a resourceVersion. `marksEnd` says that everything that there is has been sent.
 */
export function bookmarkObject(
  resource: Resource,
  resourceVersion: string,
  marksEnd: boolean,
  shown: Shown,
): JsonObject {
  const annotations = marksEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata: JsonObject = { resourceVersion, creationTimestamp: null, ...annotations };
  const { form } = shown;
  if (form.kind === 'object') return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
  const partial = partialObject(form.version, { metadata });
  if (form.kind === 'partial') return partial;
  const table = tableFor(resource, [], shown, { resourceVersion });
  const columns = get(table, 'columnDefinitions');
  const cells: readonly JsonValue[] = Array.isArray(columns) ? columns.map(() => '') : [];
  return { ...table, rows: [{ cells, object: shown.rowObject === 'None' ? null : partial }] };
}

function partialObject(version: string, object: JsonObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: metadataOf(object) };
}

function tableFor(resource: Resource, objects: readonly JsonObject[], shown: Shown, metadata: JsonObject): JsonObject {
  const { form, rowObject, columns, nowMs } = shown;
  const resourceVersion = get(metadata, 'resourceVersion');
  const table = tableOf({
    resource,
    objects: objects.map((object) => shownAs(resource, object)),
    includeObject: rowObject,
    nowMs,
    columns,
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  });
  return form.kind === 'table' && form.version === 'v1beta1' ? { ...table, apiVersion: 'meta.k8s.io/v1beta1' } : table;
}
