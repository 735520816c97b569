/** Typed access to the fields of a configuration, with a diagnostic for everything that is not as it should be. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import { closest } from '../kube/suggest.ts';
import type { MappingNode, YamlNode } from '../yaml/node.ts';
import { parseManifests } from '../yaml/parse.ts';

export class ConfigReader {
  readonly #source: SourceText;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(source: SourceText) {
    this.#source = source;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** `undefined` for an empty file and for one that cannot be read; the latter is a diagnostic. */
  root(): ConfigField | undefined {
    const { documents, diagnostics } = parseManifests(this.#source);
    this.#diagnostics.push(...diagnostics.filter(({ severity }) => severity === 'error'));
    const [first, second] = documents;
    if (second !== undefined) this.report(second.root, 'a configuration is one document');
    if (first === undefined || isNull(first.root)) return undefined;
    if (first.root.type === 'mapping') return new ConfigField(this, first.root, '');
    this.report(first.root, 'a configuration is a mapping');
    return undefined;
  }

  span(node: YamlNode): Span {
    return { source: this.#source, start: node.start, end: node.end };
  }

  report(node: YamlNode, message: string, help?: string): void {
    this.#diagnostics.push({
      severity: 'error',
      code: 'config',
      message,
      span: this.span(node),
      ...(help === undefined ? {} : { help }),
    });
  }
}

/** A mapping of the configuration. */
export class ConfigField {
  readonly #reader: ConfigReader;
  readonly #node: MappingNode;
  readonly #path: string;

  constructor(reader: ConfigReader, node: MappingNode, path: string) {
    this.#reader = reader;
    this.#node = node;
    this.#path = path;
    const seen = new Set<string>();
    for (const { key } of node.entries) {
      const name = String(key.value);
      if (seen.has(name)) reader.report(key, `\`${name}\` is written twice`);
      seen.add(name);
    }
  }

  get span(): Span {
    return this.#reader.span(this.#node);
  }

  /** Reports every other key. */
  allow(names: readonly string[], what = 'setting'): void {
    for (const { key } of this.#node.entries) {
      const name = String(key.value);
      if (names.includes(name)) continue;
      const meant = closest(name, names);
      const help =
        meant !== undefined
          ? `did you mean \`${meant}\`?`
          : names.length <= 12
            ? `known: ${names.join(', ')}`
            : 'sallyport audit --list-rules shows them';
      this.#reader.report(key, `unknown ${what} \`${name}\`${this.#path === '' ? '' : ` in ${this.#path}`}`, help);
    }
  }

  fault(message: string, help: string): void {
    this.#reader.report(this.#node, message, help);
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  isScalar(name: string): boolean {
    return this.#value(name)?.type === 'scalar';
  }

  isFalse(name: string): boolean {
    const node = this.#value(name);
    return node?.type === 'scalar' && node.value === false;
  }

  mapping(name: string): ConfigField | undefined {
    const node = this.#value(name);
    if (node === undefined || isNull(node)) return undefined;
    const path = this.#path === '' ? name : `${this.#path}.${name}`;
    if (node.type === 'mapping') return new ConfigField(this.#reader, node, path);
    this.#reader.report(node, `\`${path}\` is a mapping`);
    return undefined;
  }

  mappings(name: string): readonly ConfigField[] {
    return this.#items(name).flatMap((node) => {
      if (node.type === 'mapping') return [new ConfigField(this.#reader, node, `${this.#path}.${name}`)];
      this.#reader.report(node, `every item of \`${name}\` is a mapping`);
      return [];
    });
  }

  text(name: string): string | undefined {
    const node = this.#value(name);
    if (node === undefined) return undefined;
    return this.#text(node, name);
  }

  texts(name: string): readonly string[] | undefined {
    if (!this.has(name)) return undefined;
    return this.#items(name).flatMap((node) => this.#text(node, name) ?? []);
  }

  word<const Word extends string>(name: string, words: readonly Word[], what = 'value'): Word | undefined {
    const node = this.#value(name);
    return node === undefined ? undefined : this.#word(node, name, words, what);
  }

  words<const Word extends string>(name: string, words: readonly Word[], what = 'value'): readonly Word[] | undefined {
    if (!this.has(name)) return undefined;
    return this.#items(name).flatMap((node) => this.#word(node, name, words, what) ?? []);
  }

  number(name: string): number | undefined {
    const node = this.#value(name);
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'number') return node.value;
    this.#reader.report(node, `\`${name}\` is a number`);
    return undefined;
  }

  boolean(name: string): boolean | undefined {
    const node = this.#value(name);
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.#reader.report(node, `\`${name}\` is true or false`);
    return undefined;
  }

  #value(name: string): YamlNode | undefined {
    return this.#node.entries.findLast(({ key }) => String(key.value) === name)?.value;
  }

  #items(name: string): readonly YamlNode[] {
    const node = this.#value(name);
    if (node === undefined || isNull(node)) return [];
    if (node.type === 'sequence') return node.items;
    this.#reader.report(node, `\`${name}\` is a list`);
    return [];
  }

  #text(node: YamlNode, name: string): string | undefined {
    // Dates and numbers are texts here, as written.
    if (node.type === 'scalar' && node.value !== null) return node.quoted ? String(node.value) : node.raw;
    this.#reader.report(node, `\`${name}\` is a text`);
    return undefined;
  }

  #word<Word extends string>(node: YamlNode, name: string, words: readonly Word[], what: string): Word | undefined {
    const text = node.type === 'scalar' ? node.raw : '';
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    const meant = words.find((candidate) => text.length > 2 && candidate.startsWith(text)) ?? closest(text, words);
    const help =
      meant !== undefined
        ? `did you mean \`${meant}\`?`
        : words.length <= 12
          ? `one of ${words.join(', ')}`
          : 'sallyport audit --list-rules shows them';
    this.#reader.report(node, `unknown ${what} of \`${name}\`${text === '' ? '' : `: ${text}`}`, help);
    return undefined;
  }
}

function isNull(node: YamlNode): boolean {
  return node.type === 'scalar' && node.value === null;
}
