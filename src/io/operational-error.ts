/**
 * The exit codes of the command line that stand for a failure. 0 and 1 are answers; 70 is a bug.
 * 2 usage, 3 input unreadable or invalid, 4 the cluster, the kernel or the machine failed.
 */
export type FailureExitCode = 2 | 3 | 4;

export interface OperationalErrorOptions {
  /** What to do about it, one sentence or a command to type. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** 3 unless told. */
  readonly exitCode?: FailureExitCode;
}

/**
 * Something outside the program went wrong: a file that cannot be read, a tool that is not installed. Thrown in
 * `io`, caught by the programs, shown without a stack trace. Faults *in* the input are diagnostics instead, and
 * broken invariants are `BugError`s.
 */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: FailureExitCode;

  constructor(code: string, message: string, options: OperationalErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 3;
  }
}
