/** From `-f`, `-k` or `--live` to the objects that the answers are made from. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText } from '../base/source.ts';
import { intentsApiVersion } from '../intents/read-intents.ts';
import { OperationalError } from '../io/operational-error.ts';
import { type InputSpec, type ReadInputsResult, readInputs } from '../io/read-inputs.ts';
import { isStdinFed, stdinName } from '../io/read-stdin.ts';
import { notEvaluated } from '../kube/not-evaluated.ts';
import { type ReadResult, readManifests, type SkippedKind } from '../kube/read.ts';
import type { KubeObjects } from '../kube/objects.ts';
import { renderDiagnosticsJson } from '../report/diagnostics-json.ts';
import { renderDiagnostics } from '../report/diagnostics.ts';
import { countOf } from '../report/wording.ts';
import { ReadingProgress } from './reading-progress.ts';
import { RejectedInputError } from './rejected-input-error.ts';
import { terminalFor, type ColorChoice } from './terminal.ts';

export interface LoadOptions {
  readonly filename: readonly string[];
  readonly kustomize: readonly string[];
  readonly live?: true | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly ignoreInvalid?: true | undefined;
  readonly quiet?: true | undefined;
  readonly color?: ColorChoice | undefined;
  readonly width?: number | undefined;
  readonly ascii?: true | undefined;
}

export interface LoadContext {
  /** How the command is typed, for hints. */
  readonly example: string;
  /** Notes and warnings as JSON on standard error. */
  readonly json: boolean;
  /** The caller shows what is wrong with objects itself, as findings; only what cannot be read at all is thrown. */
  readonly findings?: true;
}

export interface LoadedInput {
  readonly objects: KubeObjects;
  /** Where ends live that name no namespace: that of the context, or `default`. */
  readonly namespace: string;
  /** Every text that was read; empty for a live cluster. */
  readonly sources: readonly SourceText[];
  readonly diagnostics: readonly Diagnostic[];
  readonly live: boolean;
}

/** Warnings shown before the rest is counted; the answer is what the person came for. */
const maxWarnings = 20;
const maxKindsNamed = 5;

/** The objects of {@link loadInput} alone. */
export async function loadObjects(options: LoadOptions, context: LoadContext): Promise<KubeObjects> {
  return (await loadInput(options, context)).objects;
}

/**
 * Reads and checks the input; says on standard error what was skipped and what looks wrong. An empty live cluster is
 * an answer; an empty input of manifests is a slip.
 *
 * @throws RejectedInputError when something cannot be read or would be rejected by the API server
 * @throws OperationalError when there is no input, or nothing in it that we know; exit 4 for an unreachable cluster
 */
export async function loadInput(options: LoadOptions, context: LoadContext): Promise<LoadedInput> {
  if (isLive(options)) return loadLive(options, context);
  const specs = inputSpecs(options, context.example);
  const progress = new ReadingProgress(process.stderr);
  const read = await readInputs(specs, {
    onProgress: (files, bytes) => progress.update(files, bytes),
    onStdinSilence: () => {
      if (options.quiet !== true)
        process.stderr.write('reading manifests from standard input (-f reads files and folders) ...\n');
    },
  });
  progress.parsing(read.sources.length, read.bytes);
  const result = readManifests(read.sources);
  progress.clear();
  const { objects, diagnostics } = result;
  const told = context.findings === true ? [] : diagnostics;
  requireValid(options, read.failures, told);
  tell(options, context, { ...result, diagnostics: told, failures: read.failures });
  if (context.findings !== true || result.rejected === 0) requireObjects(read, result, specs);
  return { objects, namespace: 'default', sources: read.sources, diagnostics, live: false };
}

/** Texts that were read already. None at all, or none with an object that we know, is an answer here. */
export function loadTexts(
  sources: readonly SourceText[],
  failures: readonly OperationalError[],
  options: LoadOptions,
  context: LoadContext,
): LoadedInput {
  const result = readManifests(sources);
  requireValid(options, failures, result.diagnostics);
  tell(options, context, { ...result, failures });
  const { objects, diagnostics } = result;
  return { objects, namespace: 'default', sources, diagnostics, live: false };
}

/** A context or a kubeconfig has no other meaning than that the cluster is meant. */
function isLive({ live, context, kubeconfig }: LoadOptions): boolean {
  return live === true || context !== undefined || kubeconfig !== undefined;
}

async function loadLive(options: LoadOptions, context: LoadContext): Promise<LoadedInput> {
  if (options.filename.length + options.kustomize.length > 0) {
    const given = options.live === true ? '--live' : options.context === undefined ? '--kubeconfig' : '--context';
    throw new OperationalError('usage', `${given} reads a cluster, -f and -k read manifests: give one of them`, {
      hint: 'what manifests would change in a cluster is a question for sallyport diff',
      exitCode: 2,
    });
  }
  // Only who reads a cluster pays for loading the client.
  const { openLiveCluster } = await import('../io/kubernetes/open-live.ts');
  const progress = new ReadingProgress(process.stderr);
  try {
    const cluster = await openLiveCluster(options);
    const { objects, diagnostics, count } = await cluster.read((total) => progress.listing(total));
    progress.clear();
    const told = context.findings === true ? [] : diagnostics;
    requireValid(options, [], told);
    const rejected = diagnostics.filter(({ severity }) => severity === 'error').length;
    tell(options, context, { diagnostics: told, failures: [], skipped: [], rejected });
    if (count === 0 && options.quiet !== true && !context.json)
      process.stderr.write(`${cluster.description} has no objects that matter to network policy\n`);
    return { objects, namespace: cluster.namespace, sources: [], diagnostics, live: true };
  } finally {
    progress.clear();
  }
}

function requireValid(
  { ignoreInvalid }: LoadOptions,
  failures: readonly OperationalError[],
  diagnostics: readonly Diagnostic[],
): void {
  if (ignoreInvalid === true) return;
  if (failures.length > 0 || diagnostics.some(({ severity }) => severity === 'error'))
    throw new RejectedInputError(failures, diagnostics);
}

function inputSpecs({ filename, kustomize }: LoadOptions, example: string): readonly InputSpec[] {
  const specs: InputSpec[] = [
    ...filename.map((path): InputSpec => ({ type: 'path', path })),
    ...kustomize.map((path): InputSpec => ({ type: 'kustomize', path })),
  ];
  if (specs.length > 0) return specs;
  if (isStdinFed()) return [{ type: 'path', path: '-' }];
  throw new OperationalError('no-input', 'no manifests given', {
    hint: `name a file or folder with -f, a kustomization with -k, a cluster with --live, or pipe manifests in: ${example} -f k8s/`,
    exitCode: 2,
  });
}

/** Nothing that we know in the whole input is a slip (a wrong folder), not a cluster without policies. */
function requireObjects(read: ReadInputsResult, result: ReadResult, specs: readonly InputSpec[]): void {
  if (Object.values(result.objects).some((list: readonly unknown[]) => list.length > 0)) return;
  const names = specs.map(({ path }) => (path === '-' ? 'standard input' : path)).join(', ');
  if (result.rejected > 0 || read.failures.length > 0) {
    throw new OperationalError('no-objects', `${names}: nothing is left when what is invalid is ignored`);
  }
  const skipped = result.skipped.reduce((sum, { count }) => sum + count, 0);
  if (skipped > 0) {
    throw new OperationalError(
      'no-objects',
      `${names}: none of the ${countOf(skipped, 'object')} matters to network policy`,
      {
        hint: `found ${kindsText(result.skipped)}; give the folder with the workloads, Services and policies`,
      },
    );
  }
  if (read.sources.length === 0) {
    throw new OperationalError('no-objects', `${names}: no file ending in .yaml, .yml or .json`, {
      hint: 'give the folder that holds the manifests; templates must be rendered first (helm template, kustomize build)',
    });
  }
  const empty = read.sources.every(({ text }) => text.trim() === '');
  if (empty) {
    throw new OperationalError('no-objects', `${names}: empty`, {
      hint: read.sources.some(({ name }) => name === stdinName)
        ? 'the command before the pipe printed nothing; run it alone to see why'
        : 'the text with the manifests is missing; was a download or a redirection cut short?',
    });
  }
  throw new OperationalError('no-objects', `${names}: no Kubernetes objects found`, {
    hint: 'every document needs apiVersion and kind; templates must be rendered first (helm template, kustomize build)',
  });
}

interface ReadingRemarks {
  readonly diagnostics: readonly Diagnostic[];
  readonly failures: readonly OperationalError[];
  readonly skipped: readonly SkippedKind[];
  readonly rejected: number;
}

function tell(options: LoadOptions, context: LoadContext, result: ReadingRemarks): void {
  if (options.quiet === true) return;
  const { palette, width } = terminalFor(process.stderr, { color: options.color ?? 'auto', width: options.width });
  const found: Diagnostic[] = [...result.diagnostics];
  if (context.json) {
    if (found.length > 0) process.stderr.write(renderDiagnosticsJson(found));
    return;
  }
  const lines: string[] = [];
  for (const failure of result.failures) lines.push(`${palette.yellow('ignored')}: ${failure.message}`);
  const warnings = renderDiagnostics(found, {
    palette,
    width,
    excerpts: true,
    limit: maxWarnings,
    ascii: options.ascii === true,
  });
  if (result.rejected > 0 && context.findings !== true) {
    lines.push(
      `${palette.yellow('ignored')}: ${countOf(result.rejected, 'invalid object')}; the answer is without ${result.rejected === 1 ? 'it' : 'them'}`,
    );
  }
  // Kinds that do matter have a warning of their own.
  // Nor is it news that our own documents are no manifests.
  const unneeded = result.skipped.filter(
    (kind) => notEvaluated([kind]).length === 0 && kind.apiVersion !== intentsApiVersion,
  );
  const skipped = unneeded.reduce((sum, { count }) => sum + count, 0);
  if (skipped > 0) {
    lines.push(
      palette.dim(
        `skipped ${countOf(skipped, 'object')} that ${skipped === 1 ? 'does' : 'do'} not matter to network policy: ${kindsText(unneeded)}`,
      ),
    );
  }
  process.stderr.write(warnings + lines.map((line) => `${line}\n`).join(''));
}

function kindsText(skipped: readonly SkippedKind[]): string {
  const byKind = new Map<string, number>();
  for (const { kind, count } of skipped) byKind.set(kind, (byKind.get(kind) ?? 0) + count);
  const kinds = [...byKind].sort(([, a], [, b]) => b - a);
  const named = kinds.slice(0, maxKindsNamed).map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}`));
  const rest = kinds.length - named.length;
  return named.join(', ') + (rest > 0 ? ` and ${countOf(rest, 'other kind')}` : '');
}
