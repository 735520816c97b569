/** Makes a failing input small: leaves out whatever can be left out while it still fails. */

/** All places in a JSON value where something can be left out, outermost first. */
function* places(value: unknown, path: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, index): [number, unknown] => [index, item]).reverse()
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  for (const [key] of entries) yield [...path, key];
  for (const [key, child] of entries) yield* places(child, [...path, key]);
}

function without<T>(value: T, path: readonly (string | number)[]): T {
  const copy = structuredClone(value);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
  return copy;
}

/** `fails` must be true for `input`, and false for inputs that are not comparable (refused, unreadable). */
export function minimise<T>(input: T, fails: (candidate: T) => boolean, maxTries = 20_000): T {
  let best = input;
  let tries = 0;
  for (let again = true; again;) {
    again = false;
    for (const path of places(best)) {
      if (++tries > maxTries) return best;
      const candidate = without(best, path);
      if (!fails(candidate)) continue;
      best = candidate;
      again = true;
      break;
    }
  }
  return best;
}
