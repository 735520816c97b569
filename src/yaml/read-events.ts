/** js-yaml's events, also where go-yaml is laxer about indentation than the YAML specification. */
import { EVENT_ID, YAMLException, parseEvents } from 'js-yaml';
import type { Event } from 'js-yaml';

/** Every shallow line costs one more reading of the text: this bounds them together, in characters. */
const MAX_REREAD = 4_000_000;

/**
 * The events of `text`. go-yaml lets the continuation lines of a quoted scalar stand at any column; js-yaml wants them
 * indented. Such a line break is blanked out for the parser only: places stay what they are, and the value of the
 * scalar comes from the original text.
 *
 * @throws YAMLException
 */
export function readEvents(text: string, maxDepth: number): Event[] {
  let masked = text;
  let first = text.length;
  let last = -1;
  for (let reread = 0; ; reread += text.length) {
    try {
      const events = parseEvents(masked, { maxDepth });
      return last === -1 ? events : events.map((event) => withoutShortcut(event, first, last));
    } catch (error) {
      const gap = error instanceof YAMLException && reread < MAX_REREAD ? shallowBreak(masked, error) : undefined;
      if (gap === undefined) throw error;
      masked = `${masked.slice(0, gap.start)}${' '.repeat(gap.end - gap.start)}${masked.slice(gap.end)}`;
      first = Math.min(first, gap.start);
      last = Math.max(last, gap.end);
    }
  }
}

/** The blanks, with at least one line break, before the place that is not indented enough. */
function shallowBreak(text: string, error: YAMLException): { start: number; end: number } | undefined {
  if (error.reason !== 'deficient indentation') return undefined;
  const end = error.mark?.position ?? 0;
  let start = end;
  while (start > 0 && ' \n\r'.includes(text.charAt(start - 1))) start--;
  return /[\r\n]/.test(text.slice(start, end)) ? { start, end } : undefined;
}

/** A scalar around a blanked line break looks as if its text could be taken as it stands: it cannot. */
function withoutShortcut(event: Event, first: number, last: number): Event {
  if (event.type !== EVENT_ID.SCALAR || !event.fast || event.valueEnd <= first || event.valueStart >= last)
    return event;
  return { ...event, fast: false };
}
