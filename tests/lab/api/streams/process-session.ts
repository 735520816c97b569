/** A session with a real process of this machine: what `exec` in a container is to the lab. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { ExecExit, ExecSession } from '../../../../src/lab/runtime/exec-session.ts';

export function processSession(
  argv: readonly [string, ...string[]],
  options: { readonly stdin: boolean },
): ExecSession {
  const [program, ...words] = argv;
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  if (!options.stdin) child.stdin.end();
  const exit = new Promise<ExecExit>((resolve) => {
    child.on('error', () =>
      resolve({ exitCode: 127, error: `exec: "${program}": executable file not found in $PATH` }),
    );
    child.on('close', (code, signal) =>
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }),
    );
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    resize: () => {},
    close: () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    },
  };
}
