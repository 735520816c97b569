/** `npm run fuzz:packets -- --churn SECONDS` does so for longer. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { churn } from './churn.ts';
import { describeKernel } from './kernel.ts';
import { Network } from './network.ts';

describeKernel('while pods, policies and the agent come and go', () => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.open(1);
  });
  afterAll(() => network.close());

  it('nothing forbidden is delivered, and nothing allowed is lost', async () => {
    const found = await churn(network, { seconds: 6, seed: 1 });
    expect(found.wrong).toEqual([]);
    expect(found).toMatchObject({ leaked: 0, lost: 0 });
    expect(Math.min(found.forbidden, found.allowed)).toBeGreaterThan(1000);
    expect(found.changes).toBeGreaterThan(10);
  });
});
