import { describe, expect, it } from 'vitest';
import { ageOf, humanDuration } from '../../../../src/lab/api/tables/human-duration.ts';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
const year = 365 * day;

describe('durations', () => {
  it.each([
    [-5 * second, '<invalid>'],
    [-1500, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [200 * second, '3m20s'],
    [10 * minute, '10m'],
    [179 * minute, '179m'],
    [180 * minute, '3h'],
    [7 * hour + 5 * minute, '7h5m'],
    [8 * hour + 5 * minute, '8h'],
    [47 * hour, '47h'],
    [48 * hour, '2d'],
    [51 * hour, '2d3h'],
    [8 * day, '8d'],
    [729 * day, '729d'],
    [2 * year, '2y'],
    [2 * year + day, '2y1d'],
    [8 * year + day, '8y'],
  ])('%d ms is %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it.each(['', 'soon', 'x'.repeat(100)])('%j is no time', (text) => {
    expect(ageOf(text, 0)).toBe('<unknown>');
  });
});
