import { afterAll, beforeAll, expect, it } from 'vitest';
import { Enforced } from './enforced.ts';
import { describeKernel } from './kernel.ts';
import { changeUnderFlows, liveChanges } from './live-flows.ts';
import { Network } from './network.ts';

describeKernel('connections that live while policy changes', () => {
  let network: Network;
  let enforced: Enforced;
  beforeAll(async () => {
    network = await Network.open(2);
    enforced = new Enforced(network);
  });
  afterAll(() => network.close());

  it.each(liveChanges)('$what', async (change) => {
    const flows = await changeUnderFlows(network, enforced, change);
    expect(flows.filter(({ expected }) => expected === 'cut')).toHaveLength(6);
    const wrong = flows.filter(({ expected, lastAfterMs }) => (lastAfterMs === undefined) !== (expected === 'goes on'));
    expect(wrong).toEqual([]);
  });
});
