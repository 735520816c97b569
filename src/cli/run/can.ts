import { explainTarget } from '../../engine/target-verdict.ts';
import { type VerdictFormatName, verdictFormats } from '../../report/formats.ts';
import { checkEndTexts, resolveSource, resolveTarget, withProtocol } from '../ends.ts';
import { type LoadOptions, loadInput } from '../load.ts';
import { type EngineOptions, openEngine, readPodCidrs } from '../open-engine.ts';
import { printReport } from '../print-report.ts';

export interface CanOptions extends LoadOptions, EngineOptions {
  readonly namespace?: string | undefined;
  readonly protocol?: string | undefined;
  readonly output: VerdictFormatName;
  readonly full?: true | undefined;
}

/** Sets exit code 1 unless the connection is certainly allowed. */
export async function runCan(source: string, target: string, options: CanOptions): Promise<void> {
  checkEndTexts(source, target);
  const targetText = withProtocol(target, options.protocol);
  const podCidrs = readPodCidrs(options);
  const input = await loadInput(options, {
    example: `sallyport can ${source} ${target}`,
    json: options.output === 'json',
  });
  const engine = openEngine(input.objects, options, podCidrs);
  const namespace = options.namespace ?? input.namespace;
  const from = resolveSource(engine, source, namespace);
  const { verdict, notes } = explainTarget(engine, from, resolveTarget(engine.cluster, targetText, namespace));
  printReport(verdictFormats, options, verdict, (look) => ({ ...look, notes, full: options.full === true }));
  process.exitCode = verdict.allowed ? 0 : 1;
}
