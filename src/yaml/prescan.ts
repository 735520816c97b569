/** Finds `apiVersion` and `kind` of a document without parsing it. */

const LF = 10;
const CR = 13;

export interface KindGuess {
  readonly apiVersion: string;
  readonly kind: string;
}

/** A top-level line `key:` or `key: ...`; the key must be beyond doubt. */
const keyLine = /^([A-Za-z][A-Za-z0-9_./-]*):(?:[ \t]|$)/;
/** A plain or simply quoted value that resolves to itself, and at most a comment behind it. */
const nameLine =
  /^[A-Za-z]+:[ \t]+(?:"([A-Za-z0-9./-]+)"|'([A-Za-z0-9./-]+)'|([A-Za-z][A-Za-z0-9./-]*))[ \t]*(?:[ \t]#.*)?$/;

/**
 * The kind of the document at `text[start, end)`, or `undefined` when there is the least doubt: the answer
 * decides whether a document is left out, so it must never be wrong. Only documents whose root is a block
 * mapping at column 0 with plain keys get an answer.
 */
export function prescanKind(text: string, start: number, end: number): KindGuess | undefined {
  let at = start;
  if (text.startsWith('---', at)) {
    const newline = text.indexOf('\n', at);
    if (newline === -1 || newline >= end || text.slice(at + 3, newline).trim() !== '') return undefined;
    at = newline + 1;
  }
  let apiVersion: string | undefined;
  let kind: string | undefined;
  let sawKey = false;
  /** The last key line was one of ours: an indented line behind it would continue its value. */
  let valueMustEnd = false;
  while (at < end) {
    const newline = text.indexOf('\n', at);
    const lineEnd = newline === -1 || newline > end ? end : newline;
    const next = lineEnd + 1;
    const code = text.charCodeAt(at);
    if (code === LF || code === CR || at === lineEnd) {
      at = next;
      continue;
    }
    if (code === 32) {
      if (!sawKey || valueMustEnd) {
        const line = text.slice(at, lineEnd).trimStart();
        if (line !== '' && line !== '\r' && !line.startsWith('#')) return undefined;
      }
      at = next;
      continue;
    }
    if (code === 35) {
      at = next;
      continue;
    }
    if (code === 45) {
      // An entry of a list that stands at the column of its key.
      const following = text.charCodeAt(at + 1);
      if (!sawKey || valueMustEnd || (at + 1 < lineEnd && following !== 32 && following !== CR)) return undefined;
      at = next;
      continue;
    }
    const line = text.slice(at, text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd);
    const match = keyLine.exec(line);
    if (match === null) return undefined;
    sawKey = true;
    valueMustEnd = false;
    if (match[1] === 'kind' || match[1] === 'apiVersion') {
      const named = nameLine.exec(line);
      const value = named?.[1] ?? named?.[2] ?? named?.[3];
      if (value === undefined) return undefined;
      if (match[1] === 'kind') {
        if (kind !== undefined) return undefined;
        kind = value;
      } else {
        if (apiVersion !== undefined) return undefined;
        apiVersion = value;
      }
      valueMustEnd = true;
    }
    at = next;
  }
  return apiVersion === undefined || kind === undefined ? undefined : { apiVersion, kind };
}
