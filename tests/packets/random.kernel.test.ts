/** `npm run fuzz:packets` goes on from here. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeKernel } from './kernel.ts';
import { Network } from './network.ts';
import { RandomComparison, randomClusterNodes } from './random.ts';

describeKernel('random clusters: oracle, engine and packets agree', () => {
  let network: Network;
  let comparison: RandomComparison;
  beforeAll(async () => {
    network = await Network.open(randomClusterNodes);
    comparison = new RandomComparison(network);
  });
  afterAll(() => network.close());

  const perTest = 10;
  it.each([1, 2, 3, 4])('tens of them, %i', async (part) => {
    let denied = 0;
    for (let seed = (part - 1) * perTest + 1; seed <= part * perTest; seed++) {
      const { connections, allowed, wrong } = await comparison.compare(seed);
      expect(wrong, `seed ${seed}`).toEqual([]);
      denied += connections - allowed;
    }
    expect(denied).toBeGreaterThan(100);
  });

  it('a large one', async () => {
    const { connections, wrong } = await comparison.compareLarge(1);
    expect(wrong).toEqual([]);
    expect(connections).toBeGreaterThan(500);
  });

  it('a policy that one node does not enforce is noticed', async () => {
    // Found by trying: many connections of this cluster are denied on more than one node.
    const seed = 4;
    expect((await comparison.compare(seed)).wrong).toEqual([]);
    const tables = network.nodes.map((node) => node.host.namespace);
    for (const namespace of tables) namespace.run(['nft', 'delete', 'table', 'inet', 'sallyport']);
    expect((await comparison.tryAgain()).wrong).not.toEqual([]);
  });
});

describeKernel('in a user namespace', () => {
  it('packets go where the oracle says', async () => {
    const network = await Network.open(randomClusterNodes, { rootless: true });
    try {
      const comparison = new RandomComparison(network);
      for (let seed = 101; seed <= 105; seed++) expect((await comparison.compare(seed)).wrong).toEqual([]);
    } finally {
      await network.close();
    }
  });
});
