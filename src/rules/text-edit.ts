/** Changes of a text, and applying several of them at once. */
import type { SourceText } from '../base/source.ts';

/** Puts `text` in place of `[start, end)` (UTF-16 offsets) of the source. */
export interface TextEdit {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Edits that belong together: all of them are made, or none. */
export type EditGroup = readonly TextEdit[];

export interface AppliedEdits {
  /** The new text of every source that changed, in the order in which sources were first edited. */
  readonly texts: ReadonlyMap<SourceText, string>;
  readonly applied: readonly EditGroup[];
  /** Groups that touch what an earlier group touches: to be asked for again on the new text. */
  readonly deferred: readonly EditGroup[];
}

/**
 * Applies groups in their order, each as a whole. A group that overlaps or touches an earlier one is left for the next
 * round, because its offsets speak of a text that is gone. Equal groups count once.
 */
export function applyEdits(groups: readonly EditGroup[]): AppliedEdits {
  const taken = new Map<SourceText, TextEdit[]>();
  const applied: EditGroup[] = [];
  const deferred: EditGroup[] = [];
  const seen = new Set<string>();
  const sourceIds = new Map<SourceText, number>();
  for (const group of groups) {
    const key = groupKey(group, sourceIds);
    if (seen.has(key)) continue;
    seen.add(key);
    const collides = group.some((edit) => (taken.get(edit.source) ?? []).some((other) => touches(edit, other)));
    if (collides) {
      deferred.push(group);
      continue;
    }
    applied.push(group);
    for (const edit of group) {
      const list = taken.get(edit.source);
      if (list === undefined) taken.set(edit.source, [edit]);
      else list.push(edit);
    }
  }
  const texts = new Map<SourceText, string>();
  for (const [source, edits] of taken) texts.set(source, splice(source.text, edits));
  return { texts, applied, deferred };
}

function groupKey(group: EditGroup, sourceIds: Map<SourceText, number>): string {
  return JSON.stringify(
    group.map(({ source, start, end, text }) => {
      let id = sourceIds.get(source);
      if (id === undefined) sourceIds.set(source, (id = sourceIds.size));
      return [id, start, end, text];
    }),
  );
}

/** Neighbours count as touching: two insertions at one place have no order of their own. */
function touches(a: TextEdit, b: TextEdit): boolean {
  return a.start <= b.end && b.start <= a.end;
}

function splice(text: string, edits: readonly TextEdit[]): string {
  const sorted = edits.toSorted((a, b) => a.start - b.start);
  let result = '';
  let at = 0;
  for (const edit of sorted) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}
