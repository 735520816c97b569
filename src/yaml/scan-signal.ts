/** How reading by `JsonScanner` ends early: constants that are thrown, because no error and no stack is wanted. */

/** The text is not JSON here (or too deep, or a number is too large): thrown, one object, no stack. */
export const NOT_JSON = { name: 'not JSON' } as const;
/** Well-formed as far as read, but not what the caller asked for. */
export const NOT_EXPECTED = { name: 'not expected' } as const;
/** The window ends before the value does: enlarge it and read the value again. Only `attempt` handles it. */
export const NEED_MORE = { name: 'need more' } as const;

/** Whether something caught is one of these signals and not a fault of the program. */
export function isScanSignal(caught: unknown): boolean {
  return caught === NOT_JSON || caught === NOT_EXPECTED || caught === NEED_MORE;
}

export function signal(what: typeof NOT_JSON | typeof NOT_EXPECTED | typeof NEED_MORE): never {
  // oxlint-disable-next-line typescript/only-throw-error -- control flow between two functions of this project, never an error
  throw what;
}

/** Ends the current attempt: the value is not of the kind that the caller handles. */
export function notExpected(): never {
  return signal(NOT_EXPECTED);
}
