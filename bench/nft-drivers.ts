/**
 * `npm run bench -- nft` (Linux, root): how long one change takes by each way into the kernel, beside a hundred thousand
 * elements, in one interleaved run in a network namespace of its own.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NftSet } from '../src/dataplane/ruleset.ts';
import type { Operation, Transaction } from '../src/dataplane/transaction.ts';
import { KernelNft } from '../src/io/nft/kernel-nft.ts';
import type { NftDriver } from '../src/io/nft/nft-driver.ts';
import { SpawnedNft } from '../src/io/nft/spawned-nft.ts';
import { median, percentile } from './measure.ts';

const rounds = 200;
const table = 'sallyport_bench';
const map: NftSet = { name: 'peer4', kind: 'map', type: 'ipv4_addr : classid', interval: false, elements: new Map() };
const empty: NftSet = { ...map, name: 'empty4' };

const change = (...operations: Operation[]): Transaction => ({ table, operations, generation: 1 });

function elements(first: number, count: number): Map<string, string> {
  const entries = Array.from({ length: count }, (_, index): [string, string] => [
    `${first}.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    `1000:${((index % 5000) + 1).toString(16)}`,
  ]);
  return new Map(entries);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** In a process that was given a netlink socket. */
async function measure(netlinkFd: number): Promise<void> {
  const drivers: readonly [string, NftDriver][] = [
    ['an nft each', new SpawnedNft()],
    ['a running nft', new KernelNft()],
    ['netlink socket', new KernelNft({ netlinkFd })],
  ];
  const many = elements(10, 100_000);
  const one = new Map([...drivers].map(([name]): [string, number[]] => [name, []]));
  const bulk = new Map([...drivers].map(([name]): [string, number[]] => [name, []]));
  const [, , [, raw] = ['', new SpawnedNft()]] = drivers;
  const setUp = change({ type: 'replace-table' }, { type: 'add-set', set: map }, { type: 'add-set', set: empty });
  // Each learns what the sets are; the table is the same.
  for (const [, driver] of drivers) await driver.apply(setUp);
  await raw.apply(change({ type: 'add-elements', set: 'peer4', elements: many }));
  for (let round = 0; round < rounds; round++) {
    for (const [name, driver] of drivers) {
      const key = `11.0.0.${round}`;
      const add = change({ type: 'add-elements', set: 'peer4', elements: new Map([[key, '1000:1']]) });
      const took = await timed(() => driver.apply(add));
      await driver.apply(change({ type: 'delete-elements', set: 'peer4', keys: [key] }));
      one.get(name)?.push(took);
      if (round % 40 > 0) continue;
      bulk
        .get(name)
        ?.push(await timed(() => driver.apply(change({ type: 'add-elements', set: 'empty4', elements: many }))));
      await raw.apply(change({ type: 'delete-elements', set: 'empty4', keys: [...many.keys()] }));
    }
  }
  for (const [, driver] of drivers) await driver.close?.();
  const base = median(one.get('a running nft') ?? []);
  process.stdout.write('one element beside 100,000                p50        p99     x a running nft\n');
  for (const [name, times] of one) {
    const [half, most] = [median(times), percentile(times, 0.99)];
    process.stdout.write(
      `  ${name.padEnd(32)} ${half.toFixed(2).padStart(8)} ms ${most.toFixed(2).padStart(8)} ms ${(half / base).toFixed(2).padStart(8)}\n`,
    );
  }
  process.stdout.write('100,000 elements at once\n');
  for (const [name, times] of bulk)
    process.stdout.write(`  ${name.padEnd(32)} ${median(times).toFixed(0).padStart(8)} ms\n`);
}

/** Starts itself again where there is such a socket and nothing else. */
export function benchNftDrivers(): number {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const self = [process.execPath, '--import', at('../tools/typescript.mjs'), at('./nft-drivers.ts'), '{}'];
  const args = ['--net', 'perl', at('../deploy/netlink-launcher.pl'), ...self];
  return spawnSync('unshare', args, { stdio: 'inherit' }).status ?? 1;
}

const fd = Number(process.argv[2]);
if (process.argv[1] === fileURLToPath(import.meta.url)) await measure(fd);
