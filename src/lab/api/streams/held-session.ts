import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { ExecSession } from '../../runtime/exec-session.ts';

/**
 * The session, read from now on although its client is not ready yet (a process that has ended may lose what nobody has
 * begun to read), and closed once at most, unless it ends by itself.
 */
export function holdSession(session: ExecSession): ExecSession {
  let over = false;
  void session.exit.finally(() => {
    over = true;
  });
  const stdout = hold(session.stdout);
  const stderr = hold(session.stderr);
  return {
    stdin: session.stdin,
    stdout,
    stderr,
    exit: session.exit,
    resize: (columns, rows) => {
      if (!over) session.resize(columns, rows);
    },
    close: () => {
      stdout.destroy();
      stderr.destroy();
      if (over) return;
      over = true;
      session.close();
    },
  };
}

/** Whatever breaks the one breaks the other; nobody else needs to hear of it. */
function hold(output: Readable): Readable {
  const held = new PassThrough();
  held.on('error', () => {});
  return pipeline(output, held, () => {});
}
