/** Manifests to Kubernetes objects: the door to this folder. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { YamlNode } from '../yaml/node.ts';
import { JsonValues } from '../yaml/json.ts';
import { parseManifests, type SkippedKind } from '../yaml/parse.ts';
import { type BulkDocument, type BulkItems, readBulk } from './bulk-read.ts';
import { classify } from './classify.ts';
import { ObjectCollection } from './collection.ts';
import type { KindDefinition } from './kinds.ts';
import { LabelPool } from './label-pool.ts';
import { decodeObject } from './object.ts';
import { notEvaluated } from './not-evaluated.ts';
import type { KubeObjects } from './objects.ts';

export type { SkippedKind } from '../yaml/parse.ts';

/** One text of documents. */
export interface ManifestInput {
  /** What messages call it. */
  readonly name: string;
  readonly text: string;
}

export interface ReadOptions {
  /** Where objects land that name no namespace; `default` unless told otherwise (S3). */
  readonly defaultNamespace?: string;
}

export interface ReadResult {
  /** Valid objects only. */
  readonly objects: KubeObjects;
  /**
   * Warnings about kinds that count and are not read, without a place; then errors (each rejects its object or document)
   * and warnings, in the order of the input.
   */
  readonly diagnostics: readonly Diagnostic[];
  /** Kinds that are not read, sorted by apiVersion and kind. */
  readonly skipped: readonly SkippedKind[];
  /** Objects left out because the API server would reject them. */
  readonly rejected: number;
}

/**
 * Reads manifests as `kubectl apply` and the API server would: decode, default, validate. Never throws on any input;
 * everything that is wrong is a diagnostic.
 */
export function readManifests(inputs: readonly ManifestInput[], options: ReadOptions = {}): ReadResult {
  const reader = new ManifestsReader(options.defaultNamespace ?? 'default');
  // Not copies: spans then point into the very texts that were given.
  for (const input of inputs) reader.read(input);
  return reader.result();
}

/** Enough to fix a folder by; what is beyond is a number. */
const MAX_DIAGNOSTICS = 1000;

/** The kind that items of a typed list have when they do not say. */
interface Inherited {
  readonly apiVersion: string;
  readonly definition: KindDefinition;
}

class ManifestsReader {
  readonly #defaultNamespace: string;
  readonly #labels = new LabelPool();
  readonly #collection = new ObjectCollection();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #skipped = new Map<string, { apiVersion: string; kind: string; count: number }>();
  #rejected = 0;
  #hiddenErrors = 0;
  #hiddenWarnings = 0;

  constructor(defaultNamespace: string) {
    this.#defaultNamespace = defaultNamespace;
  }

  read(source: SourceText): void {
    const bulk = readBulk(source, this.#defaultNamespace, this.#labels);
    if (bulk !== undefined) {
      this.#readBulk(bulk, source);
      return;
    }
    const wants = (apiVersion: string, kind: string): boolean => classify(apiVersion, kind).type !== 'other';
    const { skipped } = parseManifests(source, {
      wants,
      visit: {
        onDocument: ({ root }) => this.#readNode(root, source, undefined),
        onDiagnostic: (diagnostic) => this.#report([diagnostic]),
      },
    });
    for (const { apiVersion, kind, count } of skipped) this.#skip(apiVersion, kind, count);
  }

  result(): ReadResult {
    const hidden = this.#hiddenErrors + this.#hiddenWarnings;
    const skipped = [...this.#skipped.values()].sort(
      (a, b) => compareText(a.apiVersion, b.apiVersion) || compareText(a.kind, b.kind),
    );
    const diagnostics: Diagnostic[] = [...notEvaluated(skipped), ...this.#diagnostics];
    if (hidden > 0) {
      diagnostics.push({
        severity: this.#hiddenErrors > 0 ? 'error' : 'warning',
        code: 'more-problems',
        message: `${this.#hiddenErrors} more errors and ${this.#hiddenWarnings} more warnings are not shown`,
      });
    }
    return { objects: this.#collection.objects(), diagnostics, skipped, rejected: this.#rejected };
  }

  #readBulk(documents: readonly BulkDocument[], source: SourceText): void {
    const values = new JsonValues(source.text);
    for (const { start, end, apiVersion, kind, items, isPod } of documents) {
      const found = classify(apiVersion, kind);
      if (found.type === 'other') this.#skip(apiVersion, kind, 1);
      else if (items !== undefined && (isPod || found.type === 'list')) {
        const definition = found.type === 'list' ? found.items : undefined;
        this.#readBulkItems(items, values, source, definition === undefined ? undefined : { apiVersion, definition });
      } else this.#readNode(values.at(start, end), source, undefined);
    }
  }

  #readBulkItems(items: BulkItems, values: JsonValues, source: SourceText, inherited: Inherited | undefined): void {
    const { pods, starts, ends } = items;
    for (let i = 0; i < pods.length; i++) {
      const pod = pods[i];
      const start = starts[i] ?? 0;
      const end = ends[i] ?? 0;
      if (pod === undefined) this.#readNode(values.at(start, end), source, inherited);
      else {
        const duplicate = this.#collection.addOne(pod, source, start, end);
        if (duplicate !== undefined) this.#report([duplicate]);
      }
    }
  }

  #readNode(node: YamlNode, source: SourceText, inherited: Inherited | undefined): void {
    const span: Span = { source, start: node.start, end: node.end };
    if (node.type !== 'mapping') {
      this.#add('warning', 'not-kubernetes', 'not a Kubernetes object: not a mapping; skipped', span);
      return;
    }
    const apiVersion = entry(node, 'apiVersion') ?? inherited?.apiVersion;
    const kind = entry(node, 'kind') ?? inherited?.definition.kind;
    if (apiVersion === undefined || kind === undefined) {
      this.#reportIncomplete(node, span, apiVersion, kind);
      return;
    }
    const found = classify(apiVersion, kind);
    switch (found.type) {
      case 'other':
        this.#skip(apiVersion, kind, 1);
        break;
      case 'wrong': {
        const at = node.entries.find(({ key }) => key.value === 'apiVersion')?.value ?? node;
        this.#rejected++;
        this.#add('error', 'unknown-kind', found.message, { source, start: at.start, end: at.end }, found.help);
        break;
      }
      case 'list':
        this.#readList(node, source, found.items === undefined ? undefined : { apiVersion, definition: found.items });
        break;
      case 'known':
        this.#readObject(node, source, apiVersion, found.definition);
        break;
    }
  }

  #readList(node: YamlNode, source: SourceText, inherited: Inherited | undefined): void {
    if (node.type !== 'mapping') return;
    const items = node.entries.findLast(({ key }) => key.value === 'items')?.value;
    if (items === undefined || (items.type === 'scalar' && items.value === null)) return;
    if (items.type === 'sequence') {
      for (const item of items.items) this.#readNode(item, source, inherited);
      return;
    }
    this.#rejected++;
    const message = `json: cannot unmarshal ${items.type === 'mapping' ? 'object' : 'string'} into Go struct field List.items of type []runtime.RawExtension`;
    this.#add('error', 'wrong-type', message, { source, start: items.start, end: items.end }, '`items` is a list');
  }

  #readObject(node: YamlNode, source: SourceText, apiVersion: string, definition: KindDefinition): void {
    const decoded = decodeObject(node, apiVersion, definition, {
      source,
      defaultNamespace: this.#defaultNamespace,
      labels: this.#labels,
    });
    this.#report(decoded.diagnostics);
    if (decoded.rejected) {
      this.#rejected++;
      return;
    }
    const { nameNode } = decoded;
    const duplicate = this.#collection.add(definition.kind, decoded, {
      source,
      start: nameNode.start,
      end: nameNode.end,
    });
    if (duplicate !== undefined) this.#report([duplicate]);
  }

  #reportIncomplete(node: YamlNode, span: Span, apiVersion: string | undefined, kind: string | undefined): void {
    if (apiVersion === undefined && kind === undefined) {
      const help = 'a Kubernetes object has `apiVersion` and `kind`';
      this.#add('warning', 'not-kubernetes', 'not a Kubernetes object: no apiVersion and no kind; skipped', span, help);
      return;
    }
    if (isHelmChart(node)) {
      this.#add('warning', 'not-kubernetes', 'not a Kubernetes object: the description of a Helm chart; skipped', span);
      return;
    }
    this.#rejected++;
    const missing = kind === undefined ? 'Kind' : 'apiVersion';
    this.#add(
      'error',
      'missing-kind',
      `Object '${missing}' is missing`,
      span,
      'every object has `apiVersion` and `kind`',
    );
  }

  #skip(apiVersion: string, kind: string, count: number): void {
    const name = `${apiVersion}\u0000${kind}`;
    const known = this.#skipped.get(name);
    if (known === undefined) this.#skipped.set(name, { apiVersion, kind, count });
    else known.count += count;
  }

  #add(severity: Diagnostic['severity'], code: string, message: string, span: Span, help?: string): void {
    this.#report([{ severity, code, message, span, ...(help === undefined ? {} : { help }) }]);
  }

  #report(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      if (this.#diagnostics.length < MAX_DIAGNOSTICS) this.#diagnostics.push(diagnostic);
      else if (diagnostic.severity === 'error') this.#hiddenErrors++;
      else this.#hiddenWarnings++;
    }
  }
}

/** A field of the top level that must be a non-empty string; otherwise it counts as missing. */
function entry(node: YamlNode, name: string): string | undefined {
  if (node.type !== 'mapping') return undefined;
  const value = node.entries.findLast(({ key }) => key.value === name)?.value;
  return value?.type === 'scalar' && typeof value.value === 'string' && value.value !== '' ? value.value : undefined;
}

/** `Chart.yaml` has an apiVersion, but is nothing that a cluster knows. */
function isHelmChart(node: YamlNode): boolean {
  const apiVersion = entry(node, 'apiVersion');
  return (
    (apiVersion === 'v1' || apiVersion === 'v2') &&
    entry(node, 'name') !== undefined &&
    entry(node, 'version') !== undefined
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
