import type { Readable, Writable } from 'node:stream';

export interface ExecExit {
  /** 128 + signal when a signal ended it. */
  readonly exitCode: number;
  /** Why it could not run at all; the exit code is then 126 or 127. */
  readonly error?: string | undefined;
}

/** A program that somebody talks to. None of its streams may be left unread. */
export interface ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Ends at once with a terminal: everything is on `stdout` then. */
  readonly stderr: Readable;
  /** After both outputs have ended. Never rejects. */
  readonly exit: Promise<ExecExit>;
  /** Of the terminal; ignored without one. */
  resize(columns: number, rows: number): void;
  /** Nobody listens any more: ends what `exec` has started, and only detaches from what `attach` found. */
  close(): void;
}
