import { describe, expect, test } from 'vitest';
import { booleanOf, forceOf, numberOf, propagationOf, requestContext } from '../../../../src/lab/api/server/query.ts';

const user = { username: 'me', uid: '', groups: [] };
const context = (query: string, userAgent = 'kubectl/v1.32.0 (linux/amd64)') =>
  requestContext({ options: 'CreateOptions', user, userAgent, query: new URLSearchParams(query) });
const invalid = expect.objectContaining({ code: 422 }) as unknown as Error;

describe('how a write is asked for', () => {
  test.each([
    ['', { fieldManager: 'kubectl', dryRun: false, fieldValidation: 'Warn' }],
    [
      'fieldManager=kubectl-create&fieldValidation=Strict',
      { fieldManager: 'kubectl-create', fieldValidation: 'Strict' },
    ],
    ['dryRun=All', { dryRun: true }],
    ['dryRun=', { dryRun: false }],
    ['fieldValidation=Ignore', { fieldValidation: 'Ignore' }],
  ])('%s', (query, expected) => {
    expect(context(query)).toMatchObject({ user, ...expected });
  });

  test.each([
    'dryRun=Server',
    'dryRun=All&dryRun=None',
    'fieldValidation=strict',
    `fieldManager=${'x'.repeat(129)}`,
    'fieldManager=a%00b',
  ])('not with %s', (query) => {
    expect(() => context(query)).toThrow(invalid);
  });

  test.each([
    ['node', 'node'],
    ['', 'unknown'],
    [`${'m'.repeat(200)}/1`, 'm'.repeat(128)],
  ])('the user agent %s is a manager', (agent, manager) => {
    expect(context('', agent).fieldManager).toBe(manager);
  });

  test('force is for apply', () => {
    const force = new URLSearchParams('force=true');
    expect(forceOf(force, true)).toBe(true);
    expect(forceOf(new URLSearchParams(), true)).toBe(false);
    expect(() => forceOf(force, false)).toThrow(invalid);
  });

  test('propagation', () => {
    expect(propagationOf('Foreground')).toBe('Foreground');
    expect(propagationOf(undefined)).toBeUndefined();
    expect(() => propagationOf('Sideways')).toThrow(invalid);
  });
});

describe('values', () => {
  test.each([
    ['a=1', true],
    ['a=TRUE', true],
    ['a=f', false],
    ['a=', undefined],
    ['b=1', undefined],
  ])('truth in %s', (query, value) => {
    expect(booleanOf(new URLSearchParams(query), 'a')).toBe(value);
  });

  test.each([
    ['a=30', 30],
    ['a=', undefined],
  ])('a number in %s', (query, value) => {
    expect(numberOf(new URLSearchParams(query), 'a')).toBe(value);
  });

  test.each(['a=-1', 'a=1e3', 'a=9999999999999999'])('no number in %s', (query) => {
    expect(() => numberOf(new URLSearchParams(query), 'a')).toThrow(expect.objectContaining({ code: 400 }));
  });

  test('no truth in maybe', () => {
    expect(() => booleanOf(new URLSearchParams('a=maybe'), 'a')).toThrow(expect.objectContaining({ code: 400 }));
  });
});
