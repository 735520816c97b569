/** Manifest texts as objects that can be sent to an API server. */
import type { Diagnostic } from '../base/diagnostic.ts';
import { positionAt, type SourceText } from '../base/source.ts';
import { intentsApiVersion } from '../intents/read-intents.ts';
import type { YamlNode } from '../yaml/node.ts';
import { type ManifestDocument, parseManifests } from '../yaml/parse.ts';
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue } from './api/json.ts';
import { textAt } from './api/field-values.ts';
import type { LabObject } from './lab.ts';

export interface LabManifests {
  readonly objects: readonly LabObject[];
  /** What is no YAML; documents without a kind. */
  readonly diagnostics: readonly Diagnostic[];
}

/** In text order; the items of lists one by one. Documents of our own kinds are left out. */
export function labManifests(sources: readonly SourceText[]): LabManifests {
  const objects: LabObject[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const source of sources) {
    const parsed = parseManifests(source, { wants: (apiVersion) => apiVersion !== intentsApiVersion });
    diagnostics.push(...parsed.diagnostics);
    for (const document of parsed.documents) {
      const { line } = positionAt(source, document.root.start);
      const place = `${source.name}:${line}`;
      const found = objectsIn(document.root, source.name, place, source);
      if (found === undefined) diagnostics.push(noObject(source, document));
      else objects.push(...found);
    }
  }
  return { objects, diagnostics };
}

/** `undefined` when it is no object of Kubernetes. */
function objectsIn(root: YamlNode, name: string, place: string, source: SourceText): readonly LabObject[] | undefined {
  const value = jsonOf(root);
  if (!isObject(value) || textAt(value, 'kind') === '' || textAt(value, 'apiVersion') === '') return undefined;
  const items = get(value, 'items');
  if (!textAt(value, 'kind').endsWith('List') || !isList(items)) return [{ object: value, place }];
  const nodes = root.type === 'mapping' ? root.entries.find(({ key }) => key.value === 'items')?.value : undefined;
  return items.flatMap((item, index) => {
    if (!isObject(item)) return [];
    const node = nodes?.type === 'sequence' ? nodes.items[index] : undefined;
    const itemPlace = node === undefined ? place : `${name}:${positionAt(source, node.start).line}`;
    return [{ object: item, place: itemPlace }];
  });
}

function noObject(source: SourceText, { start, end }: ManifestDocument): Diagnostic {
  return {
    severity: 'error',
    code: 'no-object',
    message: 'this document has no apiVersion and kind',
    span: { source, start, end },
  };
}

/** As a conversion to JSON makes it: of a key that stands twice the last counts. The parser has bounded the depth. */
export function jsonOf(node: YamlNode): JsonValue {
  switch (node.type) {
    case 'scalar':
      return node.value;
    case 'sequence':
      return node.items.map(jsonOf);
    case 'mapping':
      return objectOf(node.entries.map(({ key, value }) => [String(key.value), jsonOf(value)]));
  }
}

function objectOf(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  return fromEntries(new Map(entries));
}
