import { describe, expect, it } from 'vitest';
import type { Transaction } from '../../src/dataplane/transaction.ts';
import { SpawnedNft } from '../../src/io/nft/spawned-nft.ts';

const transaction: Transaction = { table: 'sallyport', operations: [{ type: 'replace-table' }], generation: 1 };

/** A program in the place of nft. */
function driver(script: string, timeoutMs = 20_000): SpawnedNft {
  return new SpawnedNft({ command: [process.execPath, '-e', script, '--'], timeoutMs });
}

const failing = (stderr: string): SpawnedNft =>
  driver(`process.stderr.write(${JSON.stringify(stderr)}); process.exitCode = 1; process.stdin.resume()`);

describe('a spawned nft', () => {
  it('reads the transaction from its standard input', async () => {
    const script = `
      let text = '';
      process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
        const wanted = 'add table inet sallyport\\ndelete table inet sallyport\\nadd table inet sallyport\\n';
        process.exitCode = text === wanted && process.argv.slice(-2).join(' ') === '-f -' ? 0 : 1;
      });`;
    await expect(driver(script).apply(transaction)).resolves.toBeUndefined();
  });

  it('is not started for nothing', async () => {
    const nft = new SpawnedNft({ command: ['/nowhere/nft'] });
    await expect(nft.apply({ ...transaction, operations: [] })).resolves.toBeUndefined();
  });

  it.each([
    ['Error: Could not process rule: No such file or directory', 'nft-state-differs'],
    ['/dev/stdin:1:1-3: Error: Could not process rule: File exists', 'nft-state-differs'],
    ['Error: Could not process rule: Device or resource busy', 'nft-state-differs'],
    ['Error: Could not process rule: Operation not permitted', 'nft-not-permitted'],
    ['Operation not permitted (you must be root)', 'nft-not-permitted'],
    ['/dev/stdin:1:1-3: Error: syntax error, unexpected string', 'nft-refused'],
  ])('%s', async (stderr, code) => {
    await expect(failing(stderr).apply(transaction)).rejects.toMatchObject({ code, exitCode: 4 });
  });

  it('may be missing', async () => {
    const nft = new SpawnedNft({ command: ['/nowhere/nft'] });
    await expect(nft.apply(transaction)).rejects.toMatchObject({ code: 'nft-missing' });
  });

  it('may hang', async () => {
    await expect(driver('setInterval(() => 0, 1000)', 200).apply(transaction)).rejects.toMatchObject({
      code: 'nft-timeout',
    });
  });
});
