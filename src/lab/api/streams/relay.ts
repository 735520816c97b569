import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExecExit, ExecSession } from '../../runtime/exec-session.ts';

/** The client's ends of a session; what it did not ask for is `undefined`. */
export interface RemoteEnds {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
}

/**
 * Connects a program with a client until the program has ended and all its output has been taken. Each side waits for
 * the other: nothing is gathered. When the client goes away the ends fail, and whoever called must close the session.
 */
export async function relay(session: ExecSession, ends: RemoteEnds): Promise<ExecExit> {
  feed(ends.stdin, session.stdin);
  await Promise.all([carry(session.stdout, ends.stdout), carry(session.stderr, ends.stderr)]);
  const exit = await session.exit;
  ends.stdin?.unpipe(session.stdin);
  ends.stdin?.resume();
  return exit;
}

async function carry(from: Readable, to: Writable | undefined): Promise<void> {
  // Reads what nobody wants to see, too: a full pipe would stop the program.
  if (to === undefined) {
    from.on('error', () => {});
    from.resume();
    return;
  }
  try {
    await pipeline(from, to);
  } catch {
    // One of them broke. Of the program we shall hear how it ended, of the client that it is gone.
  }
}

function feed(from: Readable | undefined, to: Writable): void {
  // A program that does not read to the end is no error; what it does not want is thrown away.
  const discard = (): void => {
    from?.unpipe(to);
    from?.resume();
  };
  to.on('error', discard);
  to.on('close', discard);
  from?.on('error', () => {});
  from?.pipe(to);
}
