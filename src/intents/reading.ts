/** Reading mappings, lists and texts of an intents file, with every fault told at its place. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import { closest } from '../kube/suggest.ts';
import type { MappingNode, YamlNode } from '../yaml/node.ts';

/** More faults than this in one file help nobody. */
const maxProblems = 100;

/** The faults of one file. */
export class Reading {
  readonly source: SourceText;
  readonly diagnostics: Diagnostic[] = [];

  constructor(source: SourceText) {
    this.source = source;
  }

  span({ start, end }: YamlNode): Span {
    return { source: this.source, start, end };
  }

  fault(node: YamlNode, message: string, help?: string): void {
    if (this.diagnostics.length >= maxProblems) return;
    this.diagnostics.push({
      severity: 'error',
      code: 'invalid-intent',
      message,
      span: this.span(node),
      ...(help === undefined ? {} : { help }),
    });
  }

  /** The fields of a mapping; anything else, an unknown field or a field given twice is a fault. */
  fields(node: YamlNode, what: string, known: readonly string[]): Fields | undefined {
    if (node.type !== 'mapping') {
      this.fault(node, `${what} must be a mapping, not ${kindOf(node)}`, `its fields are ${known.join(', ')}`);
      return undefined;
    }
    const values = new Map<string, YamlNode>();
    for (const { key, value } of node.entries) {
      const name = String(key.value);
      if (values.has(name)) this.fault(key, `${what} has ${JSON.stringify(name)} twice`, 'keep one of them');
      else if (known.includes(name)) values.set(name, value);
      else {
        const meant = closest(name, known);
        const help = meant === undefined ? `known fields here: ${known.join(', ')}` : `did you mean \`${meant}\`?`;
        this.fault(key, `${what} has no field ${JSON.stringify(name)}`, help);
      }
    }
    return new Fields(this, node, what, values);
  }

  text(node: YamlNode, what: string): string | undefined {
    if (node.type === 'scalar' && typeof node.value === 'string') return node.value;
    const help = node.type === 'scalar' && node.value !== null ? `quote it: "${node.raw}"` : undefined;
    this.fault(node, `${what} must be a text, not ${kindOf(node)}`, help);
    return undefined;
  }

  /** A list, or one thing that stands for the list of it. */
  list(node: YamlNode): readonly YamlNode[] {
    return node.type === 'sequence' ? node.items : [node];
  }
}

export class Fields {
  readonly node: MappingNode;
  readonly #reading: Reading;
  readonly #what: string;
  readonly #values: ReadonlyMap<string, YamlNode>;

  constructor(reading: Reading, node: MappingNode, what: string, values: ReadonlyMap<string, YamlNode>) {
    this.#reading = reading;
    this.node = node;
    this.#what = what;
    this.#values = values;
  }

  /** `null` is as good as absent. */
  get(name: string): YamlNode | undefined {
    const value = this.#values.get(name);
    return value?.type === 'scalar' && value.value === null ? undefined : value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The value, or a fault when it is missing. */
  required(name: string): YamlNode | undefined {
    const value = this.get(name);
    if (value === undefined) this.#reading.fault(this.node, `${this.#what} needs \`${name}\``);
    return value;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : this.#reading.text(value, `\`${name}\``);
  }

  flag(name: string): boolean {
    const value = this.get(name);
    if (value === undefined) return false;
    if (value.type === 'scalar' && typeof value.value === 'boolean') return value.value;
    this.#reading.fault(value, `\`${name}\` must be true or false`);
    return false;
  }

  /** One of some words. */
  word<const Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    const value = this.get(name);
    if (text === undefined || value === undefined) return undefined;
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    const meant = closest(text, words);
    const help = meant === undefined ? undefined : `did you mean \`${meant}\`?`;
    this.#reading.fault(value, `\`${name}\` must be ${words.join(' or ')}, not ${JSON.stringify(clipped(text))}`, help);
    return undefined;
  }
}

export function kindOf(node: YamlNode): string {
  if (node.type === 'mapping') return 'a mapping';
  if (node.type === 'sequence') return 'a list';
  if (node.value === null) return 'nothing';
  return typeof node.value === 'string' ? 'a text' : `a ${typeof node.value}`;
}

export function clipped(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
