/** What somebody at a terminal answers: a line, read without taking Ctrl-C away from the terminal. */
import type { ReadStream } from 'node:tty';

export type Answer = 'go on' | 'leave';

/** Return goes on, `q` leaves, and so does the end of the input. @throws the signal's reason */
export function awaitReturn(input: ReadStream, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (): void => {
      input.off('data', onData).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
      input.pause();
    };
    const onData = (chunk: Buffer | string): void => {
      text += String(chunk);
      if (!text.includes('\n')) return;
      done();
      resolve(/^\s*q(uit)?\s*$/i.test(text) ? 'leave' : 'go on');
    };
    const onEnd = (): void => {
      done();
      resolve('leave');
    };
    const onAbort = (): void => {
      done();
      reject(signal.reason);
    };
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    input.on('data', onData).on('end', onEnd);
    input.resume();
  });
}
