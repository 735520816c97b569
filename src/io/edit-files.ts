import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeText } from './decode-text.ts';
import { OperationalError } from './operational-error.ts';
import { systemErrorReason } from './system-error.ts';

/** A new text for a file, made from what it said before. */
export interface FileEdit {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Writes each file as a whole or not at all: beside it, then in its place, with its permissions; links are followed.
 *
 * A file that no longer says what the edit was made from is left alone, and so is one that is not plain UTF-8. Faults
 * of single files do not stop the others.
 *
 * @returns what could not be written: `file-changed`, `not-editable`, `not-writable`
 */
export function writeEdits(edits: readonly FileEdit[]): readonly OperationalError[] {
  const failures: OperationalError[] = [];
  for (const edit of edits) {
    try {
      writeEdit(edit);
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      failures.push(error);
    }
  }
  return failures;
}

function writeEdit({ path, before, after }: FileEdit): void {
  try {
    const target = realpathSync(path);
    const bytes = readFileSync(target);
    const decoded = decodeText(bytes);
    if (decoded.type !== 'text' || decoded.text !== before) {
      throw new OperationalError('file-changed', `${path}: changed while it was looked at; left as it is`, {
        hint: 'run the command again',
      });
    }
    const mark = byteOrderMark(path, bytes, before);
    replaceFile(target, Buffer.concat([mark, Buffer.from(after, 'utf8')]));
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    throw new OperationalError('not-writable', `${path}: cannot be written: ${systemErrorReason(error)}`, {
      cause: error,
    });
  }
}

/** The text leaves it out; the file keeps it. UTF-16 is not written back. */
function byteOrderMark(path: string, bytes: Buffer, text: string): Buffer {
  const plain = Buffer.from(text, 'utf8');
  for (const mark of [Buffer.alloc(0), Buffer.from([0xef, 0xbb, 0xbf])]) {
    if (Buffer.concat([mark, plain]).equals(bytes)) return mark;
  }
  throw new OperationalError('not-editable', `${path}: not UTF-8; left as it is`, { hint: 'save it as UTF-8' });
}

/** A reader sees the old file or the new one, never half of it, also when the program is killed. */
export function replaceFile(path: string, content: Buffer): void {
  const { mode } = statSync(path, { throwIfNoEntry: false }) ?? { mode: 0o644 };
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const handle = openSync(temporary, 'wx', mode & 0o7777);
  try {
    try {
      let written = 0;
      while (written < content.length) written += writeSync(handle, content, written);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
