import type { YamlNode } from '../../src/yaml/node.ts';
import { parseManifests } from '../../src/yaml/parse.ts';
import type { ParsedText, ParseOptions } from '../../src/yaml/parse.ts';

export function parse(text: string, options?: ParseOptions): ParsedText {
  return parseManifests({ name: 'test.yaml', text }, options);
}

/** The values alone; the last of duplicate keys wins, as in JSON. */
export function toValue(node: YamlNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'sequence') return node.items.map(toValue);
  return Object.fromEntries(node.entries.map(({ key, value }) => [String(key.value), toValue(value)]));
}

/** The value of the only document of a text that must be free of problems. */
export function valueOf(text: string): unknown {
  const { documents, diagnostics } = parse(text);
  if (diagnostics.length > 0) throw new Error(`${JSON.stringify(text)}: ${diagnostics[0]?.message ?? ''}`);
  if (documents.length !== 1) throw new Error(`${JSON.stringify(text)}: ${documents.length} documents`);
  return documents.map(({ root }) => toValue(root))[0];
}

/** Values of all documents and `code: message` of all diagnostics. */
export function outcome(text: string, options?: ParseOptions): { values: unknown[]; problems: string[] } {
  const { documents, diagnostics } = parse(text, options);
  return {
    values: documents.map(({ root }) => toValue(root)),
    problems: diagnostics.map(({ code, message }) => `${code}: ${message}`),
  };
}

/** Calls `visit` for every node, keys included. Shared nodes are visited each time. */
export function walk(node: YamlNode, visit: (node: YamlNode, isKey: boolean) => void, isKey = false): void {
  visit(node, isKey);
  if (node.type === 'sequence') for (const item of node.items) walk(item, visit);
  if (node.type === 'mapping')
    for (const { key, value } of node.entries) {
      walk(key, visit, true);
      walk(value, visit);
    }
}

/** A copy without offsets that keeps what the text said. */
export function shape(node: YamlNode): unknown {
  if (node.type === 'scalar') return { value: node.value, raw: node.raw, quoted: node.quoted };
  if (node.type === 'sequence') return node.items.map(shape);
  return { entries: node.entries.map(({ key, value }) => [shape(key), shape(value)]) };
}
