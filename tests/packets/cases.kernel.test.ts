/** Every case of tests/cases as real connections. SALLYPORT_PACKETS=all: all of them, and the whole grids. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareCase, packetCases } from './cases.ts';
import { Enforced } from './enforced.ts';
import { describeKernel } from './kernel.ts';
import { Network } from './network.ts';

describeKernel('packets go where the cases say', () => {
  const everything = process.env['SALLYPORT_PACKETS'] === 'all';
  let network: Network;
  let enforced: Enforced;
  beforeAll(async () => {
    network = await Network.open(3);
    enforced = new Enforced(network);
  });
  afterAll(() => network.close());

  it.each(packetCases().map((file) => [file.folder, file] as const))('%s', async (_folder, file) => {
    const { connections, wrong } = await compareCase(network, enforced, file, { everything });
    expect(wrong).toEqual([]);
    expect(connections).toBeGreaterThan(0);
  });
});
