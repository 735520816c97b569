/** `npm run fuzz:lab` goes on from here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { describeKernel } from '../../packets/kernel.ts';
import { RandomPolicies } from './random-policies.ts';

describeKernel('random policies in a lab: what is predicted is what packets do', () => {
  describe.each([
    { nodes: 2, seeds: [1, 2, 4, 13] },
    { nodes: 3, seeds: [5, 6, 8, 14] },
  ])('$nodes nodes, both families', ({ nodes, seeds }) => {
    let policies: RandomPolicies;
    const total = { allowed: 0, denied: 0 };
    beforeAll(async () => {
      buildWhenStale();
      policies = await RandomPolicies.start({ nodes, ipFamily: 'dual', timeoutMs: 400 });
    });
    afterAll(() => policies.close());

    test.each(seeds)('set %i', async (seed) => {
      const { wrong, connections, allowed, untried } = await policies.compare(seed);
      expect(wrong).toBeUndefined();
      // This kernel may have no SCTP.
      expect(untried).toBeLessThan(connections / 2);
      total.allowed += allowed;
      total.denied += connections - allowed - untried;
    });

    test('much is allowed and much is denied', () => {
      expect(total.allowed).toBeGreaterThan(500);
      expect(total.denied).toBeGreaterThan(500);
    });
  });
});
