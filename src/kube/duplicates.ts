/** Keys that stand twice in one mapping (S23). */
import type { MappingEntry, MappingNode } from '../yaml/node.ts';
import type { ObjectDecoder } from './decoder.ts';
import { type FieldPath, field, formatPath } from './path.ts';

/** Up to this many keys, comparing each with each is faster than a map. */
const FEW_KEYS = 12;

/** The key of an entry, as a JSON conversion makes it. */
export function keyOf(entry: MappingEntry): string {
  const { value } = entry.key;
  return typeof value === 'string' ? value : String(value);
}

/** Reports every key that stands there again. */
export function checkDuplicates(decoder: ObjectDecoder, path: FieldPath | undefined, node: MappingNode): void {
  const { entries } = node;
  if (entries.length > FEW_KEYS) {
    const seen = new Map<string, MappingEntry>();
    for (const entry of entries) {
      const first = seen.get(keyOf(entry));
      if (first === undefined) seen.set(keyOf(entry), entry);
      else reportDuplicate(decoder, path, entry, first);
    }
    return;
  }
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i];
    if (entry === undefined) return;
    for (let j = 0; j < i; j++) {
      const first = entries[j];
      if (first === undefined || first.key.value !== entry.key.value) continue;
      reportDuplicate(decoder, path, entry, first);
      break;
    }
  }
}

function reportDuplicate(
  decoder: ObjectDecoder,
  path: FieldPath | undefined,
  entry: MappingEntry,
  first: MappingEntry,
): void {
  const name = formatPath(field(path, keyOf(entry)));
  const span = decoder.span(first.key);
  const related = span === undefined ? undefined : [{ message: 'first written here', span }];
  const help = 'keep one of them; without strict decoding the last one would silently win';
  decoder.decodeError('duplicate-field', entry.key, `strict decoding error: duplicate field "${name}"`, help, related);
}
