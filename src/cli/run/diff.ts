import { connectivityDiff } from '../../engine/semantic-diff.ts';
import type { ConnectivityDiff, DiffRelation } from '../../engine/semantic-diff-results.ts';
import type { KubeObjects } from '../../kube/objects.ts';
import { diffFormats, type DiffFormatName } from '../../report/diff-formats.ts';
import type { DiffReportOptions } from '../../report/diff-options.ts';
import { counterExamples } from '../../report/diff-words.ts';
import { appliedObjects } from '../applied-objects.ts';
import { type DiffSide, diffSides } from '../diff-sides.ts';
import { type LoadContext, type LoadOptions, loadInput, loadTexts } from '../load.ts';
import { type EngineOptions, openEngine, readPodCidrs } from '../open-engine.ts';
import { printReport } from '../print-report.ts';

export interface DiffCommandOptions extends Omit<LoadOptions, 'filename' | 'kustomize'>, EngineOptions {
  readonly output: DiffFormatName;
  readonly exitCode?: true | undefined;
  readonly expect?: Exclude<DiffRelation, 'mixed'> | undefined;
  readonly full?: true | undefined;
}

export async function runDiff(operands: readonly string[], options: DiffCommandOptions): Promise<void> {
  const podCidrs = readPodCidrs(options);
  const live = options.live === true || options.context !== undefined || options.kubeconfig !== undefined;
  const after = pathCount(process.argv);
  const sides = await diffSides(
    { operands: operands.slice(0, operands.length - after), paths: operands.slice(operands.length - after), live },
    process.cwd(),
  );
  const context: LoadContext = { example: 'sallyport diff', json: options.output === 'json' };
  const old = await objectsOf(sides.before, options, context);
  const given = await objectsOf(sides.after, options, context);
  // Against a cluster the question is what applying manifests would do, not what the cluster has beside them.
  const objects = sides.before.type === 'live' ? appliedObjects(old, given) : given;
  const [before, now] = [openEngine(old, options, podCidrs), openEngine(objects, options, podCidrs)];
  const applied = sides.before.type === 'live' ? `with ${sides.after.name} applied` : sides.after.name;
  const names = { before: sides.before.name, after: applied };
  const diff = connectivityDiff(before, now, { names });
  printReport(diffFormats, options, diff, (look): DiffReportOptions => ({ ...look, full: options.full === true }));
  if (options.expect !== undefined && !meets(diff, options.expect)) {
    if (options.quiet !== true) process.stderr.write(disappointment(diff, options.expect));
    process.exitCode = 1;
  }
  if (options.exitCode === true && diff.relation !== 'equivalent') process.exitCode = 1;
}

/** How many operands came after `--`, which the parser drops. */
function pathCount(argv: readonly string[]): number {
  const at = argv.indexOf('--');
  return at < 0 ? 0 : argv.length - at - 1;
}

async function objectsOf(side: DiffSide, options: DiffCommandOptions, context: LoadContext): Promise<KubeObjects> {
  const { ignoreInvalid, quiet, color, width, ascii } = options;
  const common: LoadOptions = { filename: [], kustomize: [], ignoreInvalid, quiet, color, width, ascii };
  switch (side.type) {
    case 'live':
      return (await loadInput({ ...options, live: true, filename: [], kustomize: [] }, context)).objects;
    case 'paths':
      return (await loadInput({ ...common, filename: side.paths }, context)).objects;
    case 'revision': {
      const { sources, missing, failures } = await side.repository.read(
        side.commit,
        side.name,
        process.cwd(),
        side.paths,
      );
      if (missing.length > 0 && options.quiet !== true) {
        process.stderr.write(`${side.name} has no ${missing.join(', ')}; it is compared as if it were empty there\n`);
      }
      return loadTexts(sources, failures, common, context).objects;
    }
  }
}

/** `equivalent` is both; what exists on one side only counts with its connections. */
function meets(diff: ConnectivityDiff, expected: Exclude<DiffRelation, 'mixed'>): boolean {
  return diff.relation === 'equivalent' ? true : diff.relation === expected;
}

function disappointment(diff: ConnectivityDiff, expected: Exclude<DiffRelation, 'mixed'>): string {
  const examples = counterExamples(diff, expected);
  const shown = examples.slice(0, 5).map((line) => `  ${line}\n`);
  const rest = examples.length > 5 ? `  and ${examples.length - 5} more\n` : '';
  return `not ${expected}:\n${shown.join('')}${rest}`;
}
