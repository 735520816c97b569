import { spawn } from 'node:child_process';
import { OperationalError } from './operational-error.ts';
import { systemErrorCode, systemErrorReason } from './system-error.ts';

export interface RunOptions {
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** The whole environment of the program; this program's own when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What the program reads from its standard input; nothing when absent. */
  readonly input?: string;
}

export type ProcessResult =
  | { readonly type: 'exited'; readonly exitCode: number; readonly stdout: Buffer; readonly stderr: string }
  /** There is no such program on the PATH. */
  | { readonly type: 'missing' };

const maxErrorBytes = 64 * 1024;

/**
 * Runs a program with an argument list (never a shell) until it ends.
 *
 * @throws OperationalError `process-timeout`, `process-output-too-large`, `process-failed`
 */
export function runProcess(program: string, args: readonly string[], options: RunOptions): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      shell: false,
      windowsHide: true,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    // It may end before it has read everything; its exit code says why.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let stdoutBytes = 0;
    let stderrBytes = 0;
    let failure: OperationalError | undefined;
    const stop = (error: OperationalError): void => {
      failure ??= error;
      child.kill('SIGKILL');
      // Its own children may hold the pipes open; without this the promise would wait for them.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(
      () =>
        stop(new OperationalError('process-timeout', `${program} did not finish within ${options.timeoutMs / 1000} s`)),
      options.timeoutMs,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes > options.maxOutputBytes) {
        stop(
          new OperationalError(
            'process-output-too-large',
            `${program} printed more than ${options.maxOutputBytes} bytes`,
          ),
        );
        return;
      }
      stdout.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderrBytes < maxErrorBytes) stderr.push(chunk);
      stderrBytes += chunk.length;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      if (systemErrorCode(error) === 'ENOENT') resolve({ type: 'missing' });
      else
        reject(
          new OperationalError('process-failed', `cannot run ${program}: ${systemErrorReason(error)}`, {
            cause: error,
          }),
        );
    });
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      if (failure !== undefined) reject(failure);
      else if (exitCode === null)
        reject(new OperationalError('process-failed', `${program} was ended by ${signal ?? 'a signal'}`));
      else
        resolve({
          type: 'exited',
          exitCode,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr).toString('utf8'),
        });
    });
  });
}
