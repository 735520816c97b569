/** Times as fields of type `Time` have them: RFC 3339, to the second. */

export function timeText(calendarMs: number): string {
  return `${new Date(calendarMs).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since 1970; `undefined` when it is no time. */
export function timeMs(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
