/** A broken invariant: a bug in Sallyport, never a fault of the input. Programs turn it into exit 70. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Throws {@link BugError} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Ends an exhaustive switch: the compiler refuses the call while a case is missing. */
export function assertNever(value: never): never {
  throw new BugError(`unexpected value: ${JSON.stringify(value)}`);
}
