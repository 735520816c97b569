import { describe, expect, test } from 'vitest';
import { featureStatus, possibleObservation } from '../../src/agent/known-words.ts';
import { FEATURES } from '../../src/dataplane/feature-probe.ts';
import type { MissingFeature } from '../../src/io/nft/probe-nft.ts';

function missing(...names: readonly string[]): MissingFeature[] {
  return names.map((name) => {
    const feature = FEATURES.find((known) => known.name === name);
    if (feature === undefined) throw new Error(`no feature ${name}`);
    return { feature, reason: 'syntax error\nadd rule' };
  });
}

const wanted = { log: { group: 5, oneOfAllowed: 100 }, counters: true, hits: true };

describe('what is told of packets', () => {
  test.each([
    [[], wanted],
    [['counters'], { ...wanted, counters: false, hits: false }],
    [['samples'], { ...wanted, log: { group: 5 } }],
    [['the packet log'], { counters: true, hits: true }],
    [['counters', 'the packet log', 'samples'], { counters: false, hits: false }],
  ])('without %j', (names, possible) => {
    expect(possibleObservation(wanted, missing(...names))).toEqual(possible);
  });

  test('is not more than what was asked for', () => {
    expect(possibleObservation({}, missing('counters'))).toEqual({ counters: false, hits: false });
    expect(possibleObservation({ log: { group: 5 } }, missing('samples'))).toEqual({ log: { group: 5 } });
  });
});

test.each([
  [[], 'ok', /all that the rules need/],
  [['counters'], 'warning', /policies hold.*counters \(syntax error\)$/],
  [['identities', 'counters'], 'failed', /lacks what policies need: identities \(syntax error\)$/],
] as const)('%j is %s', (names, state, words) => {
  const status = featureStatus(missing(...names));
  expect(status.state).toBe(state);
  expect(status.explanation).toMatch(words);
});
