/** What the readers of `bulk-pods.ts` have in common: fields by number, none of them twice. */
import type { JsonScanner } from '../yaml/json-scan.ts';
import { MemberNames } from '../yaml/member-names.ts';
import type { RememberedText } from '../yaml/remembered-text.ts';
import { notExpected } from '../yaml/scan-signal.ts';
import type { Shape } from './shape.ts';

/** Distinct pieces of text whose meaning is remembered; beyond it everything is read anew. */
export const MAX_REMEMBERED = 200_000;

/** A value and the characters that it was read from: the next pod is often of the same workload. */
export interface Memo<T> {
  readonly text: RememberedText;
  value: T;
}

/** Fields by number: those that are read come first and in the order given, so that a `switch` can name them. */
export function members(shape: Shape, ...read: readonly string[]): MemberNames {
  return new MemberNames([...read, ...[...shape.fields].filter((name) => !read.includes(name))]);
}

/** The fields that mappings of one kind have, one mapping of the kind at a time. */
export class FieldReader {
  readonly #scanner: JsonScanner;
  readonly #names: MemberNames;
  /** The pass that last saw each field. */
  readonly #seen: Int32Array;
  #pass = 0;

  constructor(scanner: JsonScanner, names: MemberNames) {
    this.#scanner = scanner;
    this.#names = names;
    this.#seen = new Int32Array(names.count);
  }

  /** Enters a mapping; `false` when it is empty, and then behind it. */
  enter(): boolean {
    this.#pass++;
    return this.#scanner.enterObject();
  }

  /** The number of the next field; strangers and repetitions are unusual. */
  next(): number {
    const id = this.#scanner.member(this.#names);
    if (id === -1 || this.#seen[id] === this.#pass) notExpected();
    this.#seen[id] = this.#pass;
    return id;
  }
}
