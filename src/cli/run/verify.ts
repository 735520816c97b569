import { passes, type VerifyReport } from '../../intents/report.ts';
import { verifyIntents } from '../../intents/verify.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { type VerifyFormatName, verifyFormats } from '../../report/verify-formats.ts';
import { type LoadOptions, loadInput } from '../load.ts';
import { loadIntents } from '../load-intents.ts';
import { type EngineOptions, openEngine, readPodCidrs } from '../open-engine.ts';
import { printReport } from '../print-report.ts';
import { RejectedInputError } from '../rejected-input-error.ts';

export interface VerifyCommandOptions extends LoadOptions, EngineOptions {
  readonly namespace?: string | undefined;
  readonly output: VerifyFormatName;
  readonly watch?: true | undefined;
  readonly full?: true | undefined;
  readonly brief?: true | undefined;
}

/** Counter-examples of one intent. */
const listed = 5;
const listedWhenFull = 1000;

/** Sets exit code 1 unless every intent holds, or is accepted as unknown. */
export async function runVerify(paths: readonly string[], options: VerifyCommandOptions): Promise<void> {
  if (options.watch === true) await watchVerify(paths, options);
  else process.exitCode = await verifyOnce(paths, options);
}

async function verifyOnce(paths: readonly string[], options: VerifyCommandOptions): Promise<number> {
  if (paths.includes('-') && options.filename.includes('-')) {
    throw new OperationalError('usage', 'intents and manifests cannot both come from standard input', {
      hint: 'give one of them as a file',
      exitCode: 2,
    });
  }
  const podCidrs = readPodCidrs(options);
  const intents = await loadIntents(paths);
  const input = await loadInput(options, {
    example: `sallyport verify ${paths.join(' ')}`,
    json: options.output === 'json',
  });
  const report = verifyIntents(openEngine(input.objects, options, podCidrs), intents, {
    namespace: options.namespace ?? input.namespace,
    examples: options.full === true ? listedWhenFull : listed,
  });
  printReport(verifyFormats, options, report, (look) => ({ ...look, brief: options.brief === true }));
  return exitCodeOf(report);
}

function exitCodeOf({ results }: VerifyReport): number {
  return results.every(passes) ? 0 : 1;
}

/** Verifies again whenever something changes. A failure is shown, and the next change is waited for. */
async function watchVerify(paths: readonly string[], options: VerifyCommandOptions): Promise<never> {
  const watched = [...paths, ...options.filename, ...options.kustomize];
  if (watched.includes('-') || options.filename.length + options.kustomize.length === 0) {
    throw new OperationalError('usage', '--watch needs files or folders to watch', {
      hint: 'name the manifests with -f or -k',
      exitCode: 2,
    });
  }
  const run = async (): Promise<void> => {
    if (process.stdout.isTTY) process.stdout.write('\u001B[2J\u001B[H');
    try {
      await verifyOnce(paths, options);
    } catch (error) {
      if (!(error instanceof OperationalError) && !(error instanceof RejectedInputError)) throw error;
      const { reportFailure } = await import('../report-failure.ts');
      reportFailure(error, error.exitCode, options.output === 'json');
    }
    if (options.quiet !== true) process.stderr.write(`watching ${watched.join(', ')}; Ctrl-C ends\n`);
  };
  await run();
  const { watchFiles } = await import('../../io/watch-files.ts');
  return watchFiles(watched, run);
}
