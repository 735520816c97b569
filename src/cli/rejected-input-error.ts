import type { Diagnostic } from '../base/diagnostic.ts';
import type { FailureExitCode, OperationalError } from '../io/operational-error.ts';

/** The input cannot be answered from: what could not be read, and every fault in what could. */
export class RejectedInputError extends Error {
  override readonly name = 'RejectedInputError';
  readonly failures: readonly OperationalError[];
  readonly diagnostics: readonly Diagnostic[];
  /** Whether `--ignore-invalid` would go on without the faulty parts: not without tests, for instance. */
  readonly ignorable: boolean;

  constructor(failures: readonly OperationalError[], diagnostics: readonly Diagnostic[], ignorable = true) {
    super('the input was rejected');
    this.failures = failures;
    this.diagnostics = diagnostics;
    this.ignorable = ignorable;
  }

  /** 2 when nothing but the way it was asked is at fault. */
  get exitCode(): FailureExitCode {
    const usageOnly = this.failures.length > 0 && this.failures.every((failure) => failure.exitCode === 2);
    return usageOnly && !this.diagnostics.some(({ severity }) => severity === 'error') ? 2 : 3;
  }
}
