import { describe, expect, test } from 'vitest';
import { checkListVersion, watchOptions } from '../../../../src/lab/api/server/watch-request.ts';

const watch = (query: string) => watchOptions(new URLSearchParams(query), '50');
const list = (query: string) => checkListVersion(new URLSearchParams(query), '50');

describe('where a watch begins', () => {
  test.each([
    ['', { from: 'current', marksEnd: false }],
    ['resourceVersion=0', { from: 'current', marksEnd: false }],
    ['resourceVersion=20', { from: 'version', resourceVersion: '20' }],
    ['resourceVersion=50', { from: 'version', resourceVersion: '50' }],
    [
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      { from: 'current', marksEnd: true },
    ],
    [
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=7',
      { from: 'current', marksEnd: false },
    ],
    ['sendInitialEvents=false&resourceVersionMatch=NotOlderThan', { from: 'now' }],
    [
      'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=7',
      { from: 'version', resourceVersion: '7' },
    ],
  ])('%s', (query, start) => {
    expect(watch(query).start).toEqual(start);
  });

  test('bookmarks and timeout', () => {
    expect(watch('allowWatchBookmarks=true&timeoutSeconds=300')).toMatchObject({
      bookmarks: true,
      timeoutSeconds: 300,
    });
    expect(watch('')).toMatchObject({ bookmarks: false, timeoutSeconds: undefined });
  });

  test.each([
    ['resourceVersion=51', 504],
    ['resourceVersion=abc', 400],
    ['resourceVersionMatch=Exact&resourceVersion=5', 422],
    ['sendInitialEvents=true', 422],
    ['sendInitialEvents=true&resourceVersionMatch=Exact', 422],
    ['timeoutSeconds=soon', 400],
  ])('not with %s', (query, code) => {
    expect(() => watch(query)).toThrow(expect.objectContaining({ code }));
  });

  test('a version from another life says so in its causes', () => {
    const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }];
    const details = { causes, retryAfterSeconds: 1 };
    expect(() => watch('resourceVersion=51')).toThrow(expect.objectContaining({ details }));
  });
});

describe('what a list may ask for', () => {
  test.each([
    '',
    'limit=500',
    'resourceVersion=0',
    'resourceVersion=3',
    'resourceVersion=3&resourceVersionMatch=NotOlderThan',
    'resourceVersion=50&resourceVersionMatch=Exact',
  ])('%s', (query) => {
    expect(() => list(query)).not.toThrow();
  });

  test.each([
    ['resourceVersion=51', 504],
    ['resourceVersion=3&resourceVersionMatch=Exact', 410],
    ['resourceVersion=0&resourceVersionMatch=Exact', 422],
    ['resourceVersionMatch=Exact', 422],
    ['resourceVersion=3&resourceVersionMatch=Newest', 422],
    ['continue=abc', 400],
    ['limit=many', 400],
  ])('not %s', (query, code) => {
    expect(() => list(query)).toThrow(expect.objectContaining({ code }));
  });
});
