import { fieldMask, type GenerationField } from '../../dataplane/generation.ts';
import { OperationalError } from '../operational-error.ts';
import { runProcess } from '../run-process.ts';
import { MARK_SWEEP_SCRIPT } from './mark-sweep-script.ts';
import { NftError } from './nft-error.ts';

/** The marks of live connections, beside what the rules do to them. */
export interface FlowMarks {
  /**
   * Clears the field in the mark of every connection that the kernel tracks. No rule may set it meanwhile.
   *
   * @returns how many had something in it
   * @throws NftError
   */
  clear(field: GenerationField): Promise<number>;
}

export interface FlowMarksOptions {
  /** What runs perl's command line: nothing, or a program that enters another network namespace. */
  readonly prefix?: readonly string[];
  readonly timeoutMs?: number;
}

export class KernelFlowMarks implements FlowMarks {
  private readonly prefix: readonly string[];
  private readonly timeoutMs: number;

  constructor({ prefix = [], timeoutMs = 60_000 }: FlowMarksOptions = {}) {
    this.prefix = prefix;
    this.timeoutMs = timeoutMs;
  }

  async clear(field: GenerationField): Promise<number> {
    const mask = fieldMask(field).toString(16);
    const [program, ...args] = [...this.prefix, 'perl', '-e', MARK_SWEEP_SCRIPT, mask];
    let result;
    try {
      result = await runProcess(program, args, { timeoutMs: this.timeoutMs, maxOutputBytes: 1024 });
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      throw new NftError(error.code === 'process-timeout' ? 'nft-timeout' : 'nft-ended', error.message);
    }
    if (result.type === 'missing')
      throw new NftError('nft-missing', `there is no ${program}`, 'Install perl (perl-base is enough).');
    const count = /^(\d{1,15})\n$/.exec(result.stdout.toString('latin1'))?.[1];
    if (result.exitCode === 0 && count !== undefined) return Number(count);
    const reason = result.stderr.trim().slice(-300);
    const code = /not permitted|permission/i.test(reason) ? 'nft-not-permitted' : 'nft-refused';
    throw new NftError(code, `the marks of live connections cannot be cleared: ${reason}`, 'Run with CAP_NET_ADMIN.');
  }
}
