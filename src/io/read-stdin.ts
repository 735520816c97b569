import { fstatSync } from 'node:fs';
import type { SourceText } from '../base/source.ts';
import { OperationalError } from './operational-error.ts';
import { maxInputBytes, toSource, tooLarge } from './read-file.ts';
import { systemErrorReason } from './system-error.ts';

/** How standard input may be shown in messages. */
export const stdinName = '<stdin>';

/** How long a silent standard input is waited for before the person is told that it is. */
const silenceMs = 2_000;

/** Whether standard input is something that another program or a redirection feeds: a pipe, a file, a socket. */
export function isStdinFed(): boolean {
  try {
    const status = fstatSync(0);
    return status.isFIFO() || status.isFile() || status.isSocket();
  } catch {
    return false;
  }
}

/**
 * Reads standard input to its end.
 *
 * @param onSilence called once when nothing has come for two seconds, or at once on a terminal
 * @throws OperationalError `unreadable`, `input-too-large`, `not-text`
 */
export async function readStdin(onSilence: () => void): Promise<SourceText> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(onSilence, process.stdin.isTTY ? 0 : silenceMs);
  try {
    for await (const chunk of process.stdin) {
      clearTimeout(timer);
      const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      bytes += part.length;
      if (bytes > maxInputBytes) throw tooLarge(stdinName, maxInputBytes);
      chunks.push(part);
    }
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    throw new OperationalError('unreadable', `${stdinName}: ${systemErrorReason(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  return toSource(stdinName, Buffer.concat(chunks));
}
