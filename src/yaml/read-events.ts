/** js-yaml's events, also where go-yaml is laxer about indentation than the YAML specification. */
import { EVENT_ID, YAMLException, parseEvents } from 'js-yaml';
import type { Event } from 'js-yaml';
import type { YamlBudget } from './budget.ts';

/**
 * The events of `text`. go-yaml lets the continuation lines of a quoted scalar stand at any column; js-yaml wants them
 * indented. Such a line break is blanked out for the parser only: places stay what they are, and the value of the
 * scalar comes from the original text.
 *
 * @throws YAMLException
 */
export function readEvents(text: string, budget: YamlBudget): Event[] {
  // It counts scalars and attempts as levels too; the composer counts exactly.
  const maxDepth = budget.limits.maxDepth + 2;
  let masked = text;
  let first = text.length;
  let last = -1;
  for (;;) {
    try {
      const events = parseEvents(masked, { maxDepth });
      return last === -1 ? events : events.map((event) => withoutShortcut(event, first, last));
    } catch (error) {
      const gap = error instanceof YAMLException ? shallowBreak(masked, error) : undefined;
      if (gap === undefined || !budget.reread(text.length)) throw error;
      masked = `${masked.slice(0, gap.start)}${' '.repeat(gap.end - gap.start)}${masked.slice(gap.end)}`;
      first = Math.min(first, gap.start);
      last = Math.max(last, gap.end);
    }
  }
}

/** What stands, with at least one line break, before the place that is not indented enough: blanks and a comment. */
function shallowBreak(text: string, error: YAMLException): { start: number; end: number } | undefined {
  if (error.reason !== 'deficient indentation') return undefined;
  const end = error.mark?.position ?? 0;
  let start = end;
  while (start > 0 && ' \n\r'.includes(text.charAt(start - 1))) start--;
  if (!/[\r\n]/.test(text.slice(start, end))) return undefined;
  const line = text.slice(Math.max(text.lastIndexOf('\n', start - 1), text.lastIndexOf('\r', start - 1)) + 1, start);
  const comment = line.search(/(?<=^|[\s,[{])#/);
  if (comment === -1) return { start, end };
  // Without its end the comment would go on, so it goes with it; unless it may be the inside of a quoted scalar.
  return /["']/.test(line.slice(comment)) ? undefined : { start: start - line.length + comment, end };
}

/** A scalar around a blanked line break looks as if its text could be taken as it stands: it cannot. */
function withoutShortcut(event: Event, first: number, last: number): Event {
  if (event.type !== EVENT_ID.SCALAR || !event.fast || event.valueEnd <= first || event.valueStart >= last)
    return event;
  return { ...event, fast: false };
}
