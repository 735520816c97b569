import { describe, expect, it } from 'vitest';
import type { Transaction } from '../../src/dataplane/transaction.ts';
import { InteractiveNft } from '../../src/io/nft/interactive-nft.ts';
import { KernelNft } from '../../src/io/nft/kernel-nft.ts';

/**
 * A program in the place of nft: complains about lines as nft does; `react` says what else it does with a line before
 * that, and may complain itself.
 */
function program(react = ''): [string, ...string[]] {
  const script = `
    const whole = process.argv.includes('-f');
    const complain = (line, what) => {
      process.stderr.write('Error: ' + what + '\\n' + line + '\\n  ^\\n');
      if (whole) process.exitCode = 1;
    };
    const take = (line) => {
      ${react}
      if (line.startsWith('end_of_line_')) complain(line, 'syntax error, unexpected newline, expecting string');
    };
    let rest = '';
    process.stdin.setEncoding('utf8').on('data', (chunk) => {
      rest += chunk;
      const lines = rest.split('\\n');
      rest = lines.pop();
      for (const line of lines) take(line);
    });`;
  return [process.execPath, '-e', script, '--'];
}

const transaction: Transaction = {
  table: 'sallyport',
  operations: [
    { type: 'delete-elements', set: 's', keys: ['1'] },
    { type: 'delete-elements', set: 's', keys: ['2'] },
  ],
  generation: 1,
};
const line = 'delete element inet sallyport s { 1 }; delete element inet sallyport s { 2 }';

describe('a long-lived nft', () => {
  it('takes a transaction a line, and answers each', async () => {
    const nft = new InteractiveNft({
      command: program(
        `if (line.includes('delete') && line !== ${JSON.stringify(line)}) complain(line, 'No such file or directory');`,
      ),
    });
    await expect(nft.apply(transaction)).resolves.toBeUndefined();
    await expect(nft.apply({ ...transaction, table: 'other' })).rejects.toMatchObject({ code: 'nft-state-differs' });
    await expect(nft.apply(transaction)).resolves.toBeUndefined();
    await nft.close();
  });

  it('is not started for nothing', async () => {
    const nft = new InteractiveNft({ command: ['/nowhere/nft'] });
    await expect(nft.apply({ ...transaction, operations: [] })).resolves.toBeUndefined();
    await expect(nft.apply(transaction)).rejects.toMatchObject({ code: 'nft-missing' });
    await nft.close();
  });

  it('begins anew after it has ended, and says that nobody knows what became of the line', async () => {
    const nft = new InteractiveNft({ command: program(`if (line.includes(' other ')) process.exit(3);`) });
    await expect(nft.apply({ ...transaction, table: 'other' })).rejects.toMatchObject({ code: 'nft-ended' });
    await expect(nft.apply(transaction)).resolves.toBeUndefined();
    await nft.close();
  });

  it('is killed when it hangs', async () => {
    const command = program(
      // Says nothing more, whether the next line came in the same piece or in another.
      `if (line.includes(' other ')) globalThis.hangs = setInterval(() => 0, 1000);
      if (globalThis.hangs !== undefined) return;`,
    );
    const nft = new InteractiveNft({ command, timeoutMs: 300 });
    await expect(nft.apply({ ...transaction, table: 'other' })).rejects.toMatchObject({ code: 'nft-timeout' });
    const patient = new InteractiveNft({ command });
    await expect(patient.apply(transaction)).resolves.toBeUndefined();
    await Promise.all([nft.close(), patient.close()]);
  });

  it('may complain at length', async () => {
    const command = program(`if (line.includes(' other ')) complain(line + 'x'.repeat(2 << 20), 'syntax error');`);
    const nft = new InteractiveNft({ command });
    await expect(nft.apply({ ...transaction, table: 'other' })).rejects.toMatchObject({ code: 'nft-refused' });
    await expect(nft.apply(transaction)).resolves.toBeUndefined();
    await nft.close();
  });
});

describe('whichever way suits', () => {
  it('does without an interactive nft where there is none', async () => {
    // Ends at once unless it is given a file.
    const command: [string, ...string[]] = [
      process.execPath,
      '-e',
      `process.argv.includes('-i') ? process.exit(1) : process.stdin.resume()`,
      '--',
    ];
    const nft = new KernelNft({ command });
    for (let i = 0; i < 5; i++) await expect(nft.apply(transaction)).resolves.toBeUndefined();
    await nft.close();
  });

  it('one after the other, also when one fails', async () => {
    const nft = new KernelNft({
      command: program(`if (line.includes(' other ')) complain(line, 'No such file or directory');`),
    });
    const results = await Promise.allSettled(
      ['one', 'other', 'two'].map((table) => nft.apply({ ...transaction, table })),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await nft.close();
  });
});
