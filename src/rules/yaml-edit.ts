/**
 * Edits of YAML and JSON text that leave comments and layout alone.
 *
 * Every function says what the text must mean afterwards, makes the edit, reads the object again and gives
 * `undefined` unless it means exactly that. So odd layouts cost a fix, never a broken manifest.
 */
import type { MappingNode, SequenceNode, YamlNode } from '../yaml/node.ts';
import { readSlice, type Located } from './located-object.ts';
import type { TextEdit } from './text-edit.ts';
import { blockLines, fieldLines, flowText, sameValue, scalarText, valueOf, type YamlValue } from './yaml-value.ts';

/** Adds an item to the end of a list, in the style of the list. */
export function insertItem(list: Located, value: YamlValue): readonly TextEdit[] | undefined {
  const { node } = list;
  if (node.type !== 'sequence') return undefined;
  const expected = [...asList(valueOf(node)), value];
  return verified(list, node, expected, appendToList(list, node, value));
}

/** Removes one item with its lines and the comment right above it. Never the last one: an empty list means something else. */
export function deleteItem(list: Located, index: number): readonly TextEdit[] | undefined {
  const { node } = list;
  const item = node.type === 'sequence' ? node.items[index] : undefined;
  if (node.type !== 'sequence' || item === undefined || node.items.length === 1) return undefined;
  const expected = asList(valueOf(node)).filter((_, i) => i !== index);
  const edit = isFlow(list, node)
    ? deleteBetween(list, node.items[index - 1], item, node.items[index + 1])
    : deleteLines(list, dashOf(list, item), item);
  return verified(list, node, expected, edit);
}

/** Removes a field with its lines and the comment right above it. Never the only one of its mapping. */
export function deleteField(mapping: Located, key: string): readonly TextEdit[] | undefined {
  const { node } = mapping;
  if (node.type !== 'mapping') return undefined;
  const index = node.entries.findIndex((entry) => String(entry.key.value) === key);
  const entry = node.entries[index];
  if (entry === undefined || node.entries.length === 1) return undefined;
  const expected = Object.fromEntries(Object.entries(asRecord(valueOf(node))).filter(([name]) => name !== key));
  const whole = { start: entry.key.start, end: Math.max(entry.key.end, entry.value.end) };
  const before = node.entries[index - 1];
  const after = node.entries[index + 1];
  const edit = isFlow(mapping, node)
    ? deleteBetween(mapping, before && before.value, whole, after && after.key)
    : deleteFieldLines(mapping, node, index, whole);
  return verified(mapping, node, expected, edit);
}

/**
 * Makes one item of two neighbours, which must be mappings without a field in common: takes back a dash too many. Block
 * style only.
 */
export function joinItems(list: Located, index: number): readonly TextEdit[] | undefined {
  const { node, source } = list;
  if (node.type !== 'sequence' || isFlow(list, node)) return undefined;
  const [first, second] = node.items.slice(index, index + 2);
  if (first?.type !== 'mapping' || second?.type !== 'mapping') return undefined;
  if (isFlow(list, first) || isFlow(list, second)) return undefined;
  const joined = { ...asRecord(valueOf(first)), ...asRecord(valueOf(second)) };
  if (Object.keys(joined).length !== first.entries.length + second.entries.length) return undefined;
  const dash = dashOf(list, second);
  const expected = asList(valueOf(node)).flatMap((item, i) => (i === index ? [joined] : i === index + 1 ? [] : [item]));
  return verified(list, node, expected, { source, start: dash, end: dash + 1, text: ' ' });
}

/** Puts another scalar in place of one, quoted where it must be or was. */
export function replaceScalar(at: Located, value: string | number | boolean): readonly TextEdit[] | undefined {
  const { node, source } = at;
  if (node.type !== 'scalar' || node.start === node.end) return undefined;
  const quote = source.text.charAt(node.start);
  const text =
    typeof value === 'string' && quote === '"'
      ? JSON.stringify(value)
      : typeof value === 'string' && quote === "'"
        ? `'${value.replaceAll("'", "''")}'`
        : isJson(at)
          ? JSON.stringify(value)
          : scalarText(value);
  return verified(at, node, value, { source, start: node.start, end: node.end, text });
}

/** Adds a field to a mapping: behind the field `after` where that is written, else at the end. */
export function addField(
  mapping: Located,
  key: string,
  value: YamlValue,
  options: { readonly after?: string } = {},
): readonly TextEdit[] | undefined {
  const { node } = mapping;
  if (node.type !== 'mapping') return undefined;
  const before = asRecord(valueOf(node));
  if (key in before) return undefined;
  const expected = { ...before, [key]: value };
  const { entries } = node;
  const at = entries.find((entry) => String(entry.key.value) === options.after) ?? entries.at(-1);
  return verified(mapping, node, expected, addFieldEdit(mapping, node, at?.value, key, value));
}

/** Puts another value in place of a field's value or a list item, in block style unless it stands in flow style. */
export function replaceValue(at: Located, value: YamlValue): readonly TextEdit[] | undefined {
  const { node, source } = at;
  if (node.start === node.end) return undefined;
  // A block collection begins on lines of its own; a replacement on one line is as good and simpler.
  const text = flowText(value, isJson(at) ? 'json' : 'flow');
  const block = node.type !== 'scalar' && !isFlow(at, node);
  if (!block) return verified(at, node, value, { source, start: node.start, end: node.end, text });
  if (at.key === undefined)
    return verified(at, node, value, { source, start: node.start, end: contentEnd(at, node), text });
  const colon = source.text.indexOf(':', at.key.end);
  return verified(at, node, value, { source, start: colon + 1, end: contentEnd(at, node), text: ` ${text}` });
}

// ---- block and flow ------------------------------------------------------------------------------------------------

interface Range {
  readonly start: number;
  readonly end: number;
}

function isFlow({ source }: Located, node: YamlNode): boolean {
  const first = source.text.charAt(node.start);
  return first === '{' || first === '[';
}

function isJson({ source, root }: Located): boolean {
  const { text } = source;
  return (
    text.charAt(root.start) === '{' && root.type === 'mapping' && text.charAt(root.entries[0]?.key.start ?? 0) === '"'
  );
}

function appendToList(list: Located, node: SequenceNode, value: YamlValue): TextEdit | undefined {
  const { source } = list;
  const last = node.items.at(-1);
  const style = isJson(list) ? 'json' : 'flow';
  if (isFlow(list, node)) {
    if (last === undefined) return { source, start: node.start, end: node.end, text: `[${flowText(value, style)}]` };
    return { source, start: last.end, end: last.end, text: `, ${likeSibling(list, last, flowText(value, style))}` };
  }
  if (last === undefined) return undefined;
  const column = columnOf(list, dashOf(list, last));
  const lines =
    isFlow(list, last) && typeof value === 'object'
      ? [likeSibling(list, last, flowText(value, style))]
      : blockLines(value);
  return insertLines(
    list,
    last,
    column,
    lines.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`),
  );
}

/** `{ a: b }` where the item before is written so. */
function likeSibling({ source }: Located, sibling: YamlNode, text: string): string {
  if (!source.text.startsWith('{ ', sibling.start) || !/^\{.+\}$/.test(text)) return text;
  return `{ ${text.slice(1, -1)} }`;
}

function addFieldEdit(
  mapping: Located,
  node: MappingNode,
  previous: YamlNode | undefined,
  key: string,
  value: YamlValue,
): TextEdit | undefined {
  const { source } = mapping;
  if (isFlow(mapping, node)) {
    const style = isJson(mapping) ? 'json' : 'flow';
    const field = flowText({ [key]: value }, style).slice(1, -1);
    if (previous === undefined) return { source, start: node.start, end: node.end, text: `{${field}}` };
    return { source, start: previous.end, end: previous.end, text: `, ${field}` };
  }
  const [first] = node.entries;
  if (previous === undefined || first === undefined) return undefined;
  return insertLines(mapping, previous, columnOf(mapping, first.key.start), fieldLines(key, value));
}

/** New lines below the line on which something ends. */
function insertLines(at: Located, after: Range, column: number, lines: readonly string[]): TextEdit {
  const { source } = at;
  const end = lineEnd(at, contentEnd(at, after));
  const newline = source.text.charAt(end) === '\r' || source.text.includes('\r\n') ? '\r\n' : '\n';
  const indent = ' '.repeat(column);
  return { source, start: end, end, text: lines.map((line) => `${newline}${indent}${line}`).join('') };
}

/** The whole lines of something that begins at `start` and is alone on its lines. */
function deleteLines(at: Located, start: number, range: Range): TextEdit | undefined {
  const { source } = at;
  const { text } = source;
  const begin = lineStart(at, start);
  if (text.slice(begin, start).trim() !== '') return undefined;
  const end = lineEnd(at, contentEnd(at, range));
  const from = attachedComments(text, begin, start - begin);
  // The line break goes too: the one behind, or at the end of the text the one before.
  if (text.charAt(end) === '\r' && text.charAt(end + 1) === '\n')
    return { source, start: from, end: end + 2, text: '' };
  if (text.charAt(end) === '\n') return { source, start: from, end: end + 1, text: '' };
  return { source, start: from === 0 ? 0 : from - 1, end, text: '' };
}

/** The first field of a list item shares its line with the dash: the next field then moves up to it. */
function deleteFieldLines(mapping: Located, node: MappingNode, index: number, whole: Range): TextEdit | undefined {
  const { source } = mapping;
  const begin = lineStart(mapping, whole.start);
  if (source.text.slice(begin, whole.start).trim() === '') return deleteLines(mapping, whole.start, whole);
  const next = node.entries[index + 1];
  if (index > 0 || next === undefined) return undefined;
  return { source, start: whole.start, end: next.key.start, text: '' };
}

function deleteBetween(
  { source }: Located,
  before: Range | undefined,
  range: Range,
  after: Range | undefined,
): TextEdit | undefined {
  if (after !== undefined) return { source, start: range.start, end: after.start, text: '' };
  return before && { source, start: before.end, end: range.end, text: '' };
}

/** Where comment lines begin that stand right above a line and are indented like it. */
function attachedComments(text: string, begin: number, indent: number): number {
  let from = begin;
  while (from > 0) {
    const previous = text.lastIndexOf('\n', from - 2) + 1;
    const line = text.slice(previous, from);
    if (line.trimStart().charAt(0) !== '#' || line.length - line.trimStart().length !== indent) break;
    from = previous;
  }
  return from;
}

function dashOf({ source }: Located, item: Range): number {
  return source.text.lastIndexOf('-', item.start - 1);
}

/** A block scalar may end behind its last line break. */
function contentEnd({ source }: Located, { start, end }: Range): number {
  let at = end;
  while (at > start && ' \t\r\n'.includes(source.text.charAt(at - 1))) at--;
  return at;
}

function lineStart({ source }: Located, offset: number): number {
  return source.text.lastIndexOf('\n', offset - 1) + 1;
}

/** Before the line break, behind what else is on the line: a comment. */
function lineEnd({ source }: Located, offset: number): number {
  const { text } = source;
  const newline = text.indexOf('\n', offset);
  if (newline === -1) return text.length;
  return text.charAt(newline - 1) === '\r' && newline > offset ? newline - 1 : newline;
}

function columnOf(at: Located, offset: number): number {
  return offset - lineStart(at, offset);
}

// ---- certainty -----------------------------------------------------------------------------------------------------

function verified(
  at: Located,
  changed: YamlNode,
  expected: YamlValue,
  edit: TextEdit | undefined,
): readonly TextEdit[] | undefined {
  const { root, source } = at;
  if (edit === undefined || edit.start > edit.end || occurrences(root, changed) !== 1) return undefined;
  const { text } = source;
  const after = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  const end = Math.max(root.end, edit.end) + edit.text.length - (edit.end - edit.start);
  const start = Math.min(root.start, edit.start);
  const result = readSlice({ source: { name: source.name, text: after }, start: Math.min(root.start, start), end });
  if (result === undefined) return undefined;
  return sameValue(valueOf(result), valueOf(root, new Map([[changed, expected]]))) ? [edit] : undefined;
}

/** More than once: an anchor, and the edit would change places that were not meant. */
function occurrences(root: YamlNode, wanted: YamlNode): number {
  let count = 0;
  const open: YamlNode[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node === wanted) count++;
    if (node.type === 'sequence') open.push(...node.items);
    else if (node.type === 'mapping') for (const { value } of node.entries) open.push(value);
  }
  return count;
}

function asList(value: YamlValue): readonly YamlValue[] {
  return Array.isArray(value) ? (value as readonly YamlValue[]) : [];
}

function asRecord(value: YamlValue): Readonly<Record<string, YamlValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, YamlValue>>)
    : {};
}
