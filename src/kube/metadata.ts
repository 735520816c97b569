/** `metadata` of every kind: decoded, validated, labels shared. */
import type { YamlNode } from '../yaml/node.ts';
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { LabelPool } from './label-pool.ts';
import type { Labels, ObjectMeta, OwnerReference } from './objects.ts';
import { byteLength, dnsLabelProblems, labelKeyProblems, labelValueProblems } from './syntax.ts';

export const OBJECT_META = shape(
  'v1.ObjectMeta',
  'name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields clusterName',
  { dialect: 'go', hints: { label: 'labels', annotation: 'annotations' } },
);
export const OWNER_REFERENCE = shape('v1.OwnerReference', 'apiVersion kind name uid controller blockOwnerDeletion', {
  dialect: 'go',
});

export const MAX_ANNOTATION_BYTES = 256 * 1024;

/** What reading metadata depends on. */
export interface MetadataRules {
  readonly namespaced: boolean;
  readonly defaultNamespace: string;
  readonly nameProblems: (name: string) => readonly string[];
  readonly labels: LabelPool;
}

export interface DecodedMetadata {
  readonly meta: ObjectMeta;
  /** The server would make up the end of the name; `meta.name` is then this prefix. */
  readonly generateName: boolean;
  readonly terminating: boolean;
  /** Where the name stands, or what lacks it. */
  readonly nameNode: YamlNode;
}

/** Reads `metadata` of an object (S3, S24). Errors go to the decoder; the result is always usable. */
export function decodeMetadata(object: Fields, rules: MetadataRules): DecodedMetadata {
  const fields = object.value('metadata', OBJECT_META);
  const name = fields.string('name') ?? '';
  const generateName = fields.string('generateName') ?? '';
  checkName(fields, name, generateName, rules);
  const meta: ObjectMeta = {
    name: name === '' ? generateName : name,
    namespace: namespaceOf(fields, rules),
    labels: decodeLabels(fields, 'labels', rules.labels),
    annotations: decodeAnnotations(fields, rules.labels),
    owner: ownerOf(fields.objects('ownerReferences', OWNER_REFERENCE)),
  };
  return {
    meta,
    generateName: name === '' && generateName !== '',
    terminating: fields.node('deletionTimestamp') !== undefined,
    nameNode: fields.place('name'),
  };
}

/** The labels of a pod template: metadata without a name. */
export function decodeTemplateLabels(template: Fields, labels: LabelPool): Labels {
  return decodeLabels(template.value('metadata', OBJECT_META), 'labels', labels);
}

function checkName(fields: Fields, name: string, generateName: string, rules: MetadataRules): void {
  const { decoder } = fields;
  if (generateName !== '') {
    // The server appends to the prefix, so the prefix alone may end in what a name may not.
    const problems = rules.nameProblems(generateName.endsWith('-') ? `${generateName}x` : generateName);
    decoder.invalid(fields.pathOf('generateName'), fields.place('generateName'), generateName, problems);
  }
  if (name === '') {
    if (generateName !== '') return;
    const detail = 'name or generateName is required';
    decoder.fieldError({ type: 'required', path: fields.pathOf('name'), at: fields.place('name'), detail });
    return;
  }
  decoder.invalid(fields.pathOf('name'), fields.place('name'), name, rules.nameProblems(name));
}

function namespaceOf(fields: Fields, rules: MetadataRules): string {
  const namespace = fields.string('namespace') ?? '';
  if (!rules.namespaced) {
    if (namespace !== '') {
      fields.decoder.warn(
        'ignored-namespace',
        fields.place('namespace'),
        'metadata.namespace is ignored: this kind is cluster-scoped',
      );
    }
    return '';
  }
  if (namespace === '') return rules.defaultNamespace;
  fields.decoder.invalid(fields.pathOf('namespace'), fields.place('namespace'), namespace, dnsLabelProblems(namespace));
  return namespace;
}

function decodeLabels(fields: Fields, name: string, pool: LabelPool): Labels {
  const entries = fields.stringMap(name);
  if (entries.length === 0) return pool.empty;
  const known = pool.find(entries);
  if (known !== undefined) return known;
  const path = fields.pathOf(name);
  let clean = true;
  for (const { key, value, node } of entries) {
    const keyText = String(key.value);
    const keyProblems = labelKeyProblems(keyText);
    const valueProblems = labelValueProblems(value);
    if (keyProblems.length + valueProblems.length > 0) clean = false;
    fields.decoder.invalid(path, key, keyText, keyProblems);
    fields.decoder.invalid(path, node, value, valueProblems);
  }
  return clean ? pool.add(entries) : pool.make(entries);
}

function decodeAnnotations(fields: Fields, pool: LabelPool): Labels {
  const entries = fields.stringMap('annotations');
  if (entries.length === 0) return pool.empty;
  const path = fields.pathOf('annotations');
  let bytes = 0;
  for (const { key, value } of entries) {
    const keyText = String(key.value);
    bytes += byteLength(keyText) + byteLength(value);
    // Annotation keys are checked in lower case, so upper-case prefixes pass.
    const lower = keyText.toLowerCase();
    fields.decoder.invalid(path, key, keyText, labelKeyProblems(lower));
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    const detail = `may not be more than ${MAX_ANNOTATION_BYTES} bytes`;
    fields.decoder.fieldError({ type: 'tooLong', path, at: fields.place('annotations'), detail });
  }
  return pool.make(entries);
}

function ownerOf(references: readonly Fields[]): OwnerReference | undefined {
  if (references.length === 0) return undefined;
  const owners = references.map((reference) => ({
    controller: reference.bool('controller') ?? false,
    owner: {
      apiVersion: reference.string('apiVersion') ?? '',
      kind: reference.string('kind') ?? '',
      name: reference.string('name') ?? '',
    },
  }));
  const chosen = owners.find(({ controller }) => controller) ?? (owners.length === 1 ? owners[0] : undefined);
  return chosen?.owner;
}
