import { describe, expect, it } from 'vitest';
import { FEATURES } from '../../src/dataplane/feature-probe.ts';
import { probeNft } from '../../src/io/nft/probe-nft.ts';

/** A program in the place of nft, which refuses what it does not know, and everything that it is not told to check. */
function knowing(unknown: string, reason: string): [string, ...string[]] {
  const script = `
    let text = '';
    process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
      const refuses = !process.argv.includes('--check') || (${JSON.stringify(unknown)} !== '' && text.includes(${JSON.stringify(unknown)}));
      if (refuses) process.stderr.write(${JSON.stringify(reason)});
      process.exitCode = refuses ? 1 : 0;
    });`;
  return [process.execPath, '-e', script, '--'];
}

describe('what nft knows', () => {
  it('is everything', async () => {
    expect(await probeNft({ command: knowing('', '') })).toEqual([]);
  });

  it.each([
    ['log prefix', 'the packet log', false],
    ['reject with tcp reset', 'TCP resets', true],
    ['numgen', 'samples', false],
  ])('without %s', async (unknown, name, essential) => {
    const missing = await probeNft({
      command: knowing(unknown, 'Error: Could not process rule: No such file or directory'),
    });
    expect(missing.map(({ feature }) => [feature.name, feature.essential])).toEqual([[name, essential]]);
    expect(missing[0]?.reason).toContain('No such file or directory');
  });

  it('cannot be found out without the right to ask', async () => {
    const command = knowing('add table', 'Error: Could not process rule: Operation not permitted');
    await expect(probeNft({ command })).rejects.toMatchObject({ code: 'nft-not-permitted' });
    await expect(probeNft({ command: ['/nowhere/nft'] })).rejects.toMatchObject({ code: 'nft-missing' });
  });

  it('is asked about one table for each feature', () => {
    const tables = FEATURES.map(({ text }) => /^add table inet (\w+)\n/.exec(text)?.[1]);
    expect(new Set(tables).size).toBe(FEATURES.length);
    for (const [index, { text }] of FEATURES.entries())
      expect(text.split(` ${tables[index]}`).length).toBeGreaterThan(2);
  });
});
