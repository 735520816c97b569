/** What the OpenAPI validator of custom resources complains about, in its words. */
import type { Fields, Located } from './fields.ts';
import { formatPath, item } from './path.ts';

/** `path: Required value` for every field that is absent or null. */
export function requireFields(fields: Fields, ...names: readonly string[]): void {
  for (const name of names) {
    if (fields.node(name) === undefined)
      fields.decoder.fieldError({ type: 'required', path: fields.pathOf(name), at: fields.at });
  }
}

/** An enum: the member, or `undefined` after the complaint. `meant` offers what a wrong value was probably meant to be. */
export function enumValue<T extends string>(
  fields: Fields,
  name: string,
  members: readonly T[],
  meant: (value: string) => T | undefined = (value) =>
    members.find((member) => member.toLowerCase() === value.toLowerCase()),
): T | undefined {
  const value = fields.string(name);
  if (value === undefined) return undefined;
  const member = members.find((known) => known === value);
  if (member !== undefined) return member;
  const suggestion = meant(value);
  fields.decoder.fieldError({
    type: 'unsupported',
    path: fields.pathOf(name),
    at: fields.place(name),
    value,
    detail: `supported values: ${members.map((known) => `"${known}"`).join(', ')}`,
    ...(suggestion === undefined ? {} : { help: `write ${suggestion}` }),
  });
  return undefined;
}

/** An integer within inclusive bounds; out of bounds it is complained about and still given. */
export function boundedInteger(fields: Fields, name: string, minimum: number, maximum: number): number | undefined {
  const value = fields.int32(name);
  if (value === undefined) return undefined;
  const path = fields.pathOf(name);
  const text = formatPath(path);
  if (value < minimum) {
    fields.decoder.invalid(path, fields.place(name), value, [
      `${text} in body should be greater than or equal to ${minimum}`,
    ]);
  }
  if (value > maximum) {
    fields.decoder.invalid(path, fields.place(name), value, [
      `${text} in body should be less than or equal to ${maximum}`,
    ]);
  }
  return value;
}

/** A list that, when it is written, has between `minimum` and `maximum` items. */
export function checkItems(fields: Fields, name: string, minimum: number, maximum: number): void {
  if (fields.node(name)?.type !== 'sequence') return;
  const count = fields.listLength(name);
  const path = fields.pathOf(name);
  const at = fields.place(name);
  if (count < minimum) {
    fields.decoder.invalid(path, at, count, [`${formatPath(path)} in body should have at least ${minimum} items`]);
  }
  if (count > maximum) {
    const detail = `must have at most ${maximum} ${maximum === 1 ? 'item' : 'items'}`;
    fields.decoder.fieldError({ type: 'tooMany', path, at, value: count, detail });
  }
}

/** Min- and MaxProperties 1: exactly one of the fields is given. */
export function checkExactlyOne(fields: Fields): void {
  const count = fields.count();
  const { path, at } = fields;
  const help = `write exactly one of ${[...fields.shape.fields].map((name) => `\`${name}\``).join(', ')}`;
  if (count < 1) {
    const detail = `${formatPath(path)} in body should have at least 1 properties`;
    fields.decoder.fieldError({ type: 'invalid', path, at, value: count, detail, help });
  }
  if (count > 1)
    fields.decoder.fieldError({ type: 'tooMany', path, at, value: count, detail: 'must have at most 1 item', help });
}

/** An object that must not be `{}`. */
export function checkNotEmpty(fields: Fields, help?: string): void {
  if (fields.count() > 0) return;
  const detail = `${formatPath(fields.path)} in body should have at least 1 properties`;
  fields.decoder.fieldError({
    type: 'invalid',
    path: fields.path,
    at: fields.at,
    value: 0,
    detail,
    ...(help === undefined ? {} : { help }),
  });
}

/** A string of at most `maximum` characters. */
export function checkLength(fields: Fields, name: string, maximum: number): void {
  const value = fields.node(name);
  if (value?.type !== 'scalar' || typeof value.value !== 'string' || characters(value.value) <= maximum) return;
  fields.decoder.fieldError({
    type: 'tooLong',
    path: fields.pathOf(name),
    at: value,
    detail: `may not be more than ${maximum} bytes`,
  });
}

/** `listType: set`. */
export function checkUnique(fields: Fields, name: string, items: readonly Located<string>[]): void {
  const seen = new Set<string>();
  const path = fields.pathOf(name);
  items.forEach(({ value, node }, index) => {
    if (seen.has(value)) fields.decoder.fieldError({ type: 'duplicate', path: item(path, index), at: node, value });
    seen.add(value);
  });
}

/** The schema counts characters, although the message speaks of bytes. */
function characters(text: string): number {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (isPair) count--;
  }
  return count;
}
