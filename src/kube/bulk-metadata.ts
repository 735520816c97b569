/** `metadata` for `bulk-pods.ts`: the fields of the last one read. */
import type { JsonScanner } from '../yaml/json-scan.ts';
import { RememberedText } from '../yaml/remembered-text.ts';
import { notExpected } from '../yaml/scan-signal.ts';
import { FieldReader, MAX_REMEMBERED, type Memo, members } from './bulk-fields.ts';
import type { LabelPool } from './label-pool.ts';
import { MAX_ANNOTATION_BYTES, OBJECT_META, OWNER_REFERENCE } from './metadata.ts';
import type { Labels, OwnerReference } from './objects.ts';
import { byteLength, dnsLabelProblems, labelKeyProblems, labelValueProblems, subdomainProblems } from './syntax.ts';

const METADATA = members(
  OBJECT_META,
  'name',
  'namespace',
  'labels',
  'annotations',
  'ownerReferences',
  'deletionTimestamp',
  'generateName',
);
const OWNER = members(OWNER_REFERENCE, 'apiVersion', 'kind', 'name', 'controller');

/** Characters of a DNS label. */
const DNS_CHARACTERS = new Uint8Array(128);
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789-') DNS_CHARACTERS[char.charCodeAt(0)] = 1;
const DASH = 45;

export class MetadataReader {
  name = '';
  /** Where the name stands, with its quotes. */
  nameStart = 0;
  nameEnd = 0;
  namespace = '';
  labels: Labels;
  annotations: Labels;
  owner: OwnerReference | undefined;
  terminating = false;

  readonly #scanner: JsonScanner;
  readonly #text: string;
  readonly #labelPool: LabelPool;
  readonly #fields: FieldReader;
  readonly #ownerFields: FieldReader;
  /** The labels that stand in a piece of text. */
  readonly #labelsOf = new Map<string, Labels>();
  readonly #lastLabels: Memo<Labels>;
  readonly #ownerOf = new Map<string, OwnerReference>();
  readonly #lastOwner: Memo<OwnerReference | undefined> = { text: new RememberedText(), value: undefined };
  readonly #validNamespaces = new Set<string>();
  readonly #validLabelKeys = new Set<string>();
  readonly #validAnnotationKeys = new Set<string>();

  constructor(scanner: JsonScanner, labelPool: LabelPool) {
    this.#scanner = scanner;
    this.#text = scanner.text;
    this.#labelPool = labelPool;
    this.#fields = new FieldReader(scanner, METADATA);
    this.#ownerFields = new FieldReader(scanner, OWNER);
    this.labels = labelPool.empty;
    this.annotations = labelPool.empty;
    this.#lastLabels = { text: new RememberedText(), value: labelPool.empty };
  }

  /** Forgets what was read: an object without the field has nothing of it. */
  reset(): void {
    this.name = '';
    this.namespace = '';
    this.labels = this.#labelPool.empty;
    this.annotations = this.#labelPool.empty;
    this.owner = undefined;
    this.terminating = false;
  }

  /** @param depth how many objects and arrays are open around a field's value */
  read(depth: number): void {
    const scanner = this.#scanner;
    if (!this.#fields.enter()) notExpected();
    do {
      switch (this.#fields.next()) {
        case 0:
          this.#readName();
          break;
        case 1:
          this.#readNamespace();
          break;
        case 2:
          this.#readLabels();
          break;
        case 3:
          this.#readAnnotations();
          break;
        case 4:
          this.#readOwners(depth + 2);
          break;
        case 5:
          this.terminating = !scanner.isNull();
          if (this.terminating) scanner.skip(depth);
          break;
        case 6: {
          const prefix = this.#string();
          if (prefix !== '' && subdomainProblems(prefix.endsWith('-') ? `${prefix}x` : prefix).length > 0)
            notExpected();
          break;
        }
        default:
          scanner.skip(depth);
      }
    } while (scanner.nextMember());
  }

  #readName(): void {
    const scanner = this.#scanner;
    scanner.plainString();
    const { stringStart, stringEnd } = scanner;
    const name = this.#text.slice(stringStart, stringEnd);
    const length = stringEnd - stringStart;
    // Nearly every name is a single DNS label, which takes no function that can say what is wrong.
    const isLabel =
      length > 0 &&
      length <= 63 &&
      scanner.stringConsistsOf(DNS_CHARACTERS) &&
      name.charCodeAt(0) !== DASH &&
      name.charCodeAt(length - 1) !== DASH;
    if (!isLabel && (name === '' || subdomainProblems(name).length > 0)) notExpected();
    this.name = name;
    this.nameStart = stringStart - 1;
    this.nameEnd = stringEnd + 1;
  }

  #readNamespace(): void {
    const namespace = this.#string();
    if (namespace !== '' && !this.#validNamespaces.has(namespace)) {
      if (dnsLabelProblems(namespace).length > 0) notExpected();
      this.#validNamespaces.add(namespace);
    }
    this.namespace = namespace;
  }

  #readLabels(): void {
    const scanner = this.#scanner;
    const last = this.#lastLabels;
    scanner.peek();
    if (scanner.accept(last.text)) {
      this.labels = last.value;
      return;
    }
    const start = scanner.offset;
    const guess = scanner.flatEnd();
    if (guess !== -1) {
      const text = this.#text.slice(start, guess);
      const known = this.#labelsOf.get(text);
      if (known !== undefined) {
        scanner.moveTo(guess);
        if (scanner.remember(start, last.text)) last.value = known;
        this.labels = known;
        return;
      }
    }
    let labels = this.#labelPool.empty;
    if (scanner.enterObject()) {
      const read = new Map<string, string>();
      let count = 0;
      do {
        scanner.memberText();
        const key = scanner.pooledString();
        const value = this.#string();
        if (!this.#isLabel(key, value)) notExpected();
        read.set(key, value);
        count++;
      } while (scanner.nextMember());
      if (read.size !== count) notExpected();
      labels = read;
    }
    const text = this.#text.slice(start, scanner.offset);
    if (this.#labelsOf.size < MAX_REMEMBERED) this.#labelsOf.set(text, labels);
    if (scanner.remember(start, last.text)) last.value = labels;
    this.labels = labels;
  }

  #isLabel(key: string, value: string): boolean {
    if (labelValueProblems(value).length > 0) return false;
    if (this.#validLabelKeys.has(key)) return true;
    if (labelKeyProblems(key).length > 0) return false;
    this.#validLabelKeys.add(key);
    return true;
  }

  #readAnnotations(): void {
    const scanner = this.#scanner;
    if (!scanner.enterObject()) return;
    const annotations = new Map<string, string>();
    let count = 0;
    let bytes = 0;
    do {
      scanner.memberText();
      const key = scanner.pooledString();
      if (!this.#validAnnotationKeys.has(key)) {
        if (labelKeyProblems(key.toLowerCase()).length > 0) notExpected();
        this.#validAnnotationKeys.add(key);
      }
      const escaped = scanner.anyString();
      const value = escaped
        ? (JSON.parse(this.#text.slice(scanner.stringStart - 1, scanner.stringEnd + 1)) as string)
        : scanner.pooledString();
      bytes += byteLength(key) + byteLength(value);
      annotations.set(key, value);
      count++;
    } while (scanner.nextMember());
    if (annotations.size !== count || bytes > MAX_ANNOTATION_BYTES) notExpected();
    this.annotations = annotations;
  }

  #readOwners(depth: number): void {
    const scanner = this.#scanner;
    const last = this.#lastOwner;
    scanner.peek();
    if (scanner.accept(last.text)) {
      this.owner = last.value;
      return;
    }
    const start = scanner.offset;
    if (!scanner.enterArray()) return;
    let count = 0;
    let first: OwnerReference | undefined;
    let controller: OwnerReference | undefined;
    do {
      let apiVersion = '';
      let kind = '';
      let name = '';
      let controls = false;
      if (!this.#ownerFields.enter()) notExpected();
      do {
        switch (this.#ownerFields.next()) {
          case 0:
            apiVersion = this.#string();
            break;
          case 1:
            kind = this.#string();
            break;
          case 2:
            name = this.#string();
            break;
          case 3:
            controls = scanner.boolean();
            break;
          default:
            scanner.skip(depth);
        }
      } while (scanner.nextMember());
      const owner = this.#ownerReference(apiVersion, kind, name);
      if (controls) controller ??= owner;
      if (count++ === 0) first = owner;
    } while (scanner.nextItem());
    this.owner = controller ?? (count === 1 ? first : undefined);
    if (scanner.remember(start, last.text)) last.value = this.owner;
  }

  #ownerReference(apiVersion: string, kind: string, name: string): OwnerReference {
    const known = this.#ownerOf.get(name);
    if (known !== undefined && known.kind === kind && known.apiVersion === apiVersion) return known;
    const owner = { apiVersion, kind, name };
    if (this.#ownerOf.size < MAX_REMEMBERED) this.#ownerOf.set(name, owner);
    return owner;
  }

  #string(): string {
    this.#scanner.plainString();
    return this.#scanner.pooledString();
  }
}
