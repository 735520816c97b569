import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { annotation } from './missing-ownership.ts';

/** Catalogue NP605: the day on which somebody wanted to look at the policy again is over. */
export const reviewOverdue = defineRule({
  name: 'review-overdue',
  severity: 'warning',
  category: 'upkeep',
  summary: 'the review date of a policy has passed, or is no date',
  fixable: false,
  detectors: [],
  catalogue: ['NP605'],
  *check(context) {
    const { today } = context.settings;
    for (const policy of context.policies()) {
      const found = annotation(policy, 'reviewBy', context);
      if (found === undefined) continue;
      const date = dateOf(found.value);
      if (date !== undefined && (today === undefined || date >= today)) continue;
      const place = placeOf(policy, 'metadata', 'annotations', found.key);
      yield {
        message:
          date === undefined
            ? `${found.key} is ${JSON.stringify(found.value)}, which is no date`
            : `the policy was to be reviewed by ${date}`,
        why:
          date === undefined
            ? 'A date that cannot be read never comes.'
            : 'Exceptions that were meant for a while stay open until somebody looks.',
        help:
          date === undefined
            ? 'write it as YYYY-MM-DD'
            : 'check whether it is still needed, then move the date or remove the policy',
        ...(place === undefined ? {} : { place }),
        object: objectId(policy),
        confidence: 'certain',
        key: found.value,
      };
    }
  },
});

/** The day of an ISO 8601 date or time, if there is such a day. */
function dateOf(text: string): string | undefined {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})(?:$|[T ])/.exec(text) ?? [];
  const days = [31, isLeap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1];
  const isDay = days !== undefined && Number(day) >= 1 && Number(day) <= days;
  return isDay ? `${year}-${month}-${day}` : undefined;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
