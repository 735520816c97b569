import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { decodeText } from './decode-text.ts';
import { OperationalError } from './operational-error.ts';
import { systemErrorCode, systemErrorReason } from './system-error.ts';

const mebibyte = 1024 * 1024;

/** A string cannot be much longer in this runtime (2^29 - 24 UTF-16 units). */
export const maxInputBytes = 512 * mebibyte - 64;

/** What one read gave: text and its size, or `duplicate` when this very file was read before. */
export type FileContent =
  | { readonly type: 'text'; readonly source: SourceText; readonly bytes: number }
  | { readonly type: 'duplicate' };

/**
 * Reads one file, whatever its extension. Pipes such as `/dev/stdin` or a shell's `<(...)` work too.
 *
 * @param seen identities of files that were read already; the file's own is added
 * @throws OperationalError `not-found`, `unreadable`, `input-too-large`, `not-text`
 */
export function readManifestFile(path: string, seen: Set<string>, limitBytes: number = maxInputBytes): FileContent {
  let bytes: Buffer;
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const status = fstatSync(handle, { bigint: true });
    if (status.isFile()) {
      const identity = `${status.dev}:${status.ino}`;
      if (seen.has(identity)) return { type: 'duplicate' };
      seen.add(identity);
      if (status.size > BigInt(limitBytes)) throw tooLarge(path, limitBytes);
    }
    bytes = readAll(handle, path, status.isFile() ? Number(status.size) : 0, limitBytes);
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    const code = systemErrorCode(error) === 'ENOENT' ? 'not-found' : 'unreadable';
    throw new OperationalError(code, `${path}: ${systemErrorReason(error)}`, { cause: error });
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
  return { type: 'text', source: toSource(path, bytes), bytes: bytes.length };
}

/** @throws OperationalError `not-text` */
export function toSource(name: string, bytes: Buffer): SourceText {
  const decoded = decodeText(bytes);
  if (decoded.type === 'text') return { name, text: decoded.text };
  throw new OperationalError('not-text', `${name}: ${decoded.problem}`, {
    hint: decoded.hint.replace('FILE', () => basename(name)),
  });
}

export function tooLarge(name: string, limitBytes: number): OperationalError {
  return new OperationalError('input-too-large', `${name}: larger than ${Math.round(limitBytes / mebibyte)} MiB`, {
    hint: 'split it into several files, one or some namespaces each',
  });
}

function readAll(handle: number, name: string, expectedBytes: number, limitBytes: number): Buffer {
  // One byte more than expected, so that a regular file needs no second buffer to see its end.
  let buffer = Buffer.allocUnsafe(Math.max(expectedBytes + 1, 64 * 1024));
  let filled = 0;
  for (;;) {
    const count = readSync(handle, buffer, filled, buffer.length - filled, null);
    if (count === 0) return buffer.subarray(0, filled);
    filled += count;
    if (filled > limitBytes) throw tooLarge(name, limitBytes);
    if (filled === buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, limitBytes + 1));
      buffer.copy(larger, 0, 0, filled);
      buffer = larger;
    }
  }
}
