/** One node to the objects it stands for. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText } from '../base/source.ts';
import type { YamlNode } from '../yaml/node.ts';
import { ObjectDecoder } from './decoder.ts';
import { Fields } from './fields.ts';
import type { KindDefinition } from './kinds.ts';
import type { LabelPool } from './label-pool.ts';
import { decodeMetadata } from './metadata.ts';
import type { KubeObject, ObjectMeta } from './objects.ts';

export interface DecodeOptions {
  /** Absent when the nodes come from JSON values instead of text. */
  readonly source: SourceText | undefined;
  /** Where objects land that name no namespace. */
  readonly defaultNamespace: string;
  /** Shared by all objects of one input. */
  readonly labels: LabelPool;
  /** The object comes from a cluster that has accepted it (D11). */
  readonly stored?: boolean;
}

export interface DecodedObject {
  /** Usually one; none when the object is rejected, one per subset for Endpoints. */
  readonly objects: readonly KubeObject[];
  readonly meta: ObjectMeta;
  /** The server would complete `meta.name`, which is only a prefix. */
  readonly generateName: boolean;
  readonly nameNode: YamlNode;
  readonly rejected: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Decodes, defaults and validates one object of a known kind and version (S4-S49, S145-S168). */
export function decodeObject(
  node: YamlNode,
  apiVersion: string,
  definition: KindDefinition,
  options: DecodeOptions,
): DecodedObject {
  const rules =
    options.stored === true
      ? { ...definition.rules, unknownFields: 'warning' as const, stored: true }
      : definition.rules;
  const decoder = new ObjectDecoder(options.source, rules, () =>
    objectLabel(node, definition, options.defaultNamespace),
  );
  const fields = new Fields(decoder, definition.shape, undefined, node);
  const metadata = decodeMetadata(fields, {
    namespaced: definition.namespaced,
    defaultNamespace: options.defaultNamespace,
    nameProblems: definition.nameProblems,
    labels: options.labels,
  });
  const { meta, generateName, nameNode } = metadata;
  const objects = definition.decode(fields, { apiVersion, meta, span: decoder.span(node) }, metadata, options.labels);
  const { rejected } = decoder;
  return {
    objects: rejected ? [] : objects,
    meta,
    generateName,
    nameNode,
    rejected,
    diagnostics: decoder.diagnostics(node),
  };
}

/** `Kind namespace/name`; read again from the node, because it is needed only for messages. */
function objectLabel(node: YamlNode, definition: KindDefinition, defaultNamespace: string): string {
  const metadata = child(node, 'metadata');
  const name = text(child(metadata, 'name')) || text(child(metadata, 'generateName')) || '<unnamed>';
  if (!definition.namespaced) return `${definition.kind} ${name}`;
  return `${definition.kind} ${text(child(metadata, 'namespace')) || defaultNamespace}/${name}`;
}

function child(node: YamlNode | undefined, name: string): YamlNode | undefined {
  if (node?.type !== 'mapping') return undefined;
  return node.entries.findLast(({ key }) => key.value === name)?.value;
}

function text(node: YamlNode | undefined): string {
  // Not what a boolean or a number was read as: a pod called `y` is looked for under that name.
  return node?.type === 'scalar' && node.value !== null ? (typeof node.value === 'string' ? node.value : node.raw) : '';
}
