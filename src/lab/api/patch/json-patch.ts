/** JSON patch (RFC 6902). */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue, sameJson } from '../json.ts';
import { badRequest, StatusError } from '../status-error.ts';

const mostOperations = 10_000;
/** All that `copy` copies, in characters: a few of them could otherwise double a document many times. */
const mostCopied = 3 * 1024 * 1024;

/** The patched document. Throws a {@link StatusError}: 400 for what is no patch, 422 for what does not fit. */
export function applyJsonPatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isList(patch)) throw badRequest('a JSON patch is a list of operations');
  if (patch.length > mostOperations)
    throw new StatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`,
    );
  let copied = 0;
  return patch.reduce<JsonValue>((document, operation, index) => {
    if (!isObject(operation)) throw badRequest(`operation ${index} of the JSON patch is not an object`);
    if (operation['op'] === 'copy') {
      copied += JSON.stringify(read(document, pathOf(operation, 'from', index), index)).length;
      if (copied > mostCopied) throw new StatusError('RequestEntityTooLarge', 'the JSON patch copies too much');
    }
    return applyOperation(document, operation, index);
  }, target);
}

function applyOperation(document: JsonValue, operation: JsonObject, index: number): JsonValue {
  const path = pathOf(operation, 'path', index);
  switch (operation['op']) {
    case 'add':
      return add(document, path, valueOf(operation, index), index);
    case 'remove':
      return remove(document, path, index);
    case 'replace':
      read(document, path, index);
      return change(document, path, index, (container, name) => set(container, name, valueOf(operation, index)));
    case 'move': {
      const from = pathOf(operation, 'from', index);
      if (from.length < path.length && from.every((name, at) => name === path[at]))
        throw misfit(index, `${pointer(from)} cannot move into itself`);
      const value = read(document, from, index);
      if (sameJson(from, path)) return document;
      return add(remove(document, from, index), path, value, index);
    }
    case 'copy':
      return add(document, path, read(document, pathOf(operation, 'from', index), index), index);
    case 'test':
      if (!sameJson(read(document, path, index), valueOf(operation, index)))
        throw misfit(index, `testing value ${pointer(path)} failed`);
      return document;
    default:
      throw badRequest(`operation ${index} of the JSON patch: unexpected kind ${JSON.stringify(operation['op'])}`);
  }
}

function valueOf(operation: JsonObject, index: number): JsonValue {
  const value = get(operation, 'value');
  if (value === undefined) throw badRequest(`operation ${index} of the JSON patch has no value`);
  return value;
}

function pathOf(operation: JsonObject, field: 'path' | 'from', index: number): readonly string[] {
  const text = get(operation, field);
  if (typeof text !== 'string') throw badRequest(`operation ${index} of the JSON patch has no ${field}`);
  if (text === '') return [];
  if (!text.startsWith('/')) throw badRequest(`operation ${index} of the JSON patch: ${field} must begin with /`);
  return text
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pointer(path: readonly string[]): string {
  return path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function misfit(index: number, what: string): StatusError {
  return new StatusError(
    'Invalid',
    `the server rejected our request due to an error in our request: operation ${index} of the JSON patch: ${what}`,
  );
}

type Container = JsonObject | readonly JsonValue[];

function containerOf(value: JsonValue | undefined, path: readonly string[], index: number): Container {
  if (isObject(value) || isList(value)) return value;
  throw misfit(index, `there is no ${pointer(path)}`);
}

/** An existing item of a list: no sign, no leading zero. */
function position(list: readonly JsonValue[], name: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(name)) return undefined;
  return Number(name) < list.length ? Number(name) : undefined;
}

function child(container: Container, name: string): JsonValue | undefined {
  if (!isList(container)) return get(container, name);
  const at = position(container, name);
  return at === undefined ? undefined : container[at];
}

function read(document: JsonValue, path: readonly string[], index: number): JsonValue {
  let value = document;
  for (const [depth, name] of path.entries()) {
    const found = child(containerOf(value, path.slice(0, depth), index), name);
    if (found === undefined) throw misfit(index, `there is no ${pointer(path.slice(0, depth + 1))}`);
    value = found;
  }
  return value;
}

/** A copy of the document in which the container of the last name is what `edit` makes of it. */
function change(
  document: JsonValue,
  path: readonly string[],
  index: number,
  edit: (container: Container, name: string) => Container,
): JsonValue {
  const last = path.at(-1);
  // The whole document: as if it were the one item of a list.
  if (last === undefined) return child(edit([document], '0'), '0') ?? null;
  const containers: Container[] = [];
  for (let depth = 0; depth < path.length; depth += 1)
    containers.push(containerOf(read(document, path.slice(0, depth), index), path.slice(0, depth), index));
  let changed: Container = edit(containers.at(-1) ?? {}, last);
  for (let depth = path.length - 2; depth >= 0; depth -= 1)
    changed = set(containers[depth] ?? {}, path[depth] ?? '', changed);
  return changed;
}

function set(container: Container, name: string, value: JsonValue): Container {
  if (isList(container)) return container.with(Number(name), value);
  return fromEntries(new Map(Object.entries(container)).set(name, value));
}

function add(document: JsonValue, path: readonly string[], value: JsonValue, index: number): JsonValue {
  if (path.length === 0) return value;
  return change(document, path, index, (container, name) => {
    if (!isList(container)) return set(container, name, value);
    const at = name === '-' || name === String(container.length) ? container.length : position(container, name);
    if (at === undefined) throw misfit(index, `${pointer(path)} is not within the list of ${container.length}`);
    return container.toSpliced(at, 0, value);
  });
}

function remove(document: JsonValue, path: readonly string[], index: number): JsonValue {
  if (path.length === 0) throw misfit(index, 'the whole document cannot be removed');
  read(document, path, index);
  return change(document, path, index, (container, name) => {
    if (isList(container)) return container.toSpliced(Number(name), 1);
    return fromEntries(Object.entries(container).filter(([key]) => key !== name));
  });
}
