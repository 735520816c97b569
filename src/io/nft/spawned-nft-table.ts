import type { GenerationField } from '../../dataplane/generation.ts';
import type { NftSet, Ruleset } from '../../dataplane/ruleset.ts';
import { stageTable } from '../../dataplane/split-transaction.ts';
import { OperationalError } from '../operational-error.ts';
import { runProcess } from '../run-process.ts';
import type { Count, NftCounters, NftTable, NftVerifier, TableState } from './nft-driver.ts';
import { classifyNftFailure, NftError } from './nft-error.ts';
import { parseCounters } from './counter-listing.ts';
import { tableDifference } from './table-difference.ts';
import { parseElements, parseTable } from './table-listing.ts';

export interface SpawnedNftTableOptions {
  /** The program with its first arguments, as in `SpawnedNftOptions`. */
  readonly command?: readonly [string, ...string[]];
  readonly timeoutMs?: number;
}

const MAX_LISTING_BYTES = 64 * 1024 * 1024;

/** One short-lived nft for each question. */
export class SpawnedNftTable implements NftTable, NftCounters, NftVerifier {
  private readonly command: readonly [string, ...string[]];
  private readonly timeoutMs: number;

  constructor({ command = ['nft'], timeoutMs = 30_000 }: SpawnedNftTableOptions = {}) {
    this.command = command;
    this.timeoutMs = timeoutMs;
  }

  async read(table: string, field: GenerationField): Promise<TableState | undefined> {
    // Terse: without elements; stateless: without counts; with handles, which change whenever a rule is set.
    const listing = await this.run(['-a', '-s', '-t', 'list', 'table', 'inet', table], { mayBeAbsent: true });
    return listing === undefined ? undefined : parseTable(listing, field);
  }

  async readElements(
    table: string,
    sets: readonly Pick<NftSet, 'name' | 'kind'>[],
  ): Promise<Map<string, Map<string, string>>> {
    if (sets.length === 0) return new Map();
    // One by one, as typed in by a person: in one batch this nft reads only what the last command needs.
    const commands = sets.map(({ kind, name }) => `list ${kind} inet ${table} ${name}\n`).join('');
    return parseElements((await this.run(['-s', '-n', '-i'], { input: commands })) ?? '');
  }

  async difference(table: string, ruleset: Ruleset): Promise<string | undefined> {
    const listing = await this.run(['-a', '-n', '-s', 'list', 'table', 'inet', table], { mayBeAbsent: true });
    return listing === undefined ? 'the table is gone' : tableDifference(listing, ruleset);
  }

  async readCounters(table: string): Promise<Map<string, Count>> {
    const listing = await this.run(['-j', 'list', 'counters', 'table', 'inet', table], { mayBeAbsent: true });
    return listing === undefined ? new Map() : parseCounters(listing, table);
  }

  async remove(table: string): Promise<void> {
    // Deleting what is not there fails, so it is made first.
    const removals = [table, stageTable(table)].map((each) => `add table inet ${each}; delete table inet ${each}`);
    await this.run([removals.join('; ')]);
  }

  /** @returns `undefined` when what was asked for is not there, where that may be */
  private async run(
    args: readonly string[],
    { input = '', mayBeAbsent = false }: { readonly input?: string; readonly mayBeAbsent?: boolean } = {},
  ): Promise<string | undefined> {
    const [program, ...first] = this.command;
    let result;
    try {
      result = await runProcess(program, [...first, ...args], {
        timeoutMs: this.timeoutMs,
        maxOutputBytes: MAX_LISTING_BYTES,
        input,
      });
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      throw new NftError(error.code === 'process-timeout' ? 'nft-timeout' : 'nft-refused', error.message);
    }
    if (result.type === 'missing') throw new NftError('nft-missing', `there is no ${program}`, 'Install nftables.');
    if (result.exitCode === 0) return result.stdout.toString('utf8');
    const failure = classifyNftFailure(result.stderr);
    if (mayBeAbsent && failure.code === 'nft-state-differs') return undefined;
    throw failure;
  }
}
