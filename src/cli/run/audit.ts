import { OperationalError } from '../../io/operational-error.ts';
import { replaceFile } from '../../io/edit-files.ts';
import { readManifests } from '../../kube/read.ts';
import { systemErrorReason } from '../../io/system-error.ts';
import { fails } from '../../report/finding-summary.ts';
import { countOf } from '../../report/wording.ts';
import type { AuditReport } from '../../rules/audit.ts';
import { writeBaseline } from '../../rules/baseline.ts';
import type { FailOn } from '../../rules/config.ts';
import { invalidManifest } from '../../rules/engine-rules.ts';
import { profileReport, rulesOfProfile } from '../../rules/profile-report.ts';
import { type Profile, type ProfileName, profileNamed } from '../../rules/profiles.ts';
import { type AnalysisInput, type AnalysisSettings, analyse } from '../audit-analysis.ts';
import { editsOf, fixInput, patchOf, saveEdits } from '../audit-fix.ts';
import { type AuditFormatName, renderAudit } from '../audit-output.ts';
import { explainRule, renderRuleList, renderRuleListJson } from '../audit-rules.ts';
import { findConfig, loadBaseline, loadConfig, requireRules } from '../audit-settings.ts';
import { type LoadOptions, loadInput } from '../load.ts';
import { type EngineOptions, readPodCidrs } from '../open-engine.ts';
import { lookFor } from '../print-report.ts';
import { RejectedInputError } from '../rejected-input-error.ts';

export interface AuditOptions extends LoadOptions, EngineOptions {
  readonly output: AuditFormatName;
  readonly failOn?: FailOn | undefined;
  readonly rule: readonly string[];
  readonly profile?: ProfileName | undefined;
  readonly fix?: true | undefined;
  readonly fixDryRun?: true | undefined;
  /** `false` for `--no-config`. */
  readonly config?: string | false | undefined;
  readonly baseline?: string | undefined;
  readonly writeBaseline?: string | undefined;
  readonly complete?: true | undefined;
  readonly listRules?: true | undefined;
  readonly explain?: string | undefined;
  readonly watch?: true | undefined;
  readonly full?: true | undefined;
  readonly brief?: true | undefined;
}

/** As linters do: warnings are shown, errors fail. */
const defaultFailOn: FailOn = 'error';

/** Sets exit code 1 when there are findings at or above `--fail-on`. */
export async function runAudit(options: AuditOptions): Promise<void> {
  if (options.explain !== undefined) {
    process.stdout.write(explainRule(options.explain));
  } else if (options.listRules === true) {
    process.stdout.write(options.output === 'json' ? renderRuleListJson() : renderRuleList(lookFor(options)));
  } else if (options.watch === true) await watchAudit(options);
  else process.exitCode = await auditOnce(options);
}

async function auditOnce(options: AuditOptions): Promise<number> {
  checkOptions(options);
  const podCidrs = readPodCidrs(options);
  const config = loadConfig(options.config);
  const loaded = await loadInput(options, {
    example: 'sallyport audit',
    json: options.output === 'json',
    findings: true,
  });
  const profile = options.profile === undefined ? undefined : profileNamed(options.profile);
  const settings: AnalysisSettings = {
    config,
    baseline: options.baseline === undefined ? undefined : loadBaseline(options.baseline),
    only: wantedRules(options.rule, profile),
    complete: loaded.live || (options.complete ?? config.complete ?? false),
    ignoreInvalid: options.ignoreInvalid === true,
    podCidrs,
    allowEgressToLocalNode: options.allowEgressToLocalNode === true,
    today: today(),
  };
  if (options.fixDryRun === true) return showFixes(options, loaded, settings);

  let input: AnalysisInput = loaded;
  if (options.fix === true) input = fixFiles(options, loaded, settings);
  const { report, context, isInvalid } = analyse(input, settings);
  if (options.writeBaseline !== undefined && !isInvalid) {
    return recordBaseline(options.writeBaseline, report, options);
  }
  const failOn = options.failOn ?? config.failOn ?? defaultFailOn;
  const look = lookFor(options);
  const text = { ...look, full: options.full === true, brief: options.brief === true };
  const controls = profile === undefined || isInvalid ? undefined : profileReport(profile, report, context);
  process.stdout.write(renderAudit(report, controls, { format: options.output, failOn, text }));
  if (isInvalid) {
    note(options, 'invalid objects hide what the rest means: correct them, or add --ignore-invalid');
    return 3;
  }
  return fails(report.findings, failOn) ? 1 : 0;
}

/** What the manifests themselves have wrong is always told. */
function wantedRules(names: readonly string[], profile: Profile | undefined): readonly string[] | undefined {
  if (profile === undefined && names.length === 0) return undefined;
  return [...names, ...(profile === undefined ? [] : rulesOfProfile(profile)), invalidManifest.name];
}

function checkOptions(options: AuditOptions): void {
  requireRules(options.rule);
  const conflict = (message: string, hint: string): never => {
    throw new OperationalError('usage', message, { hint, exitCode: 2 });
  };
  if (options.fix === true && options.fixDryRun === true)
    conflict('--fix and --fix-dry-run exclude each other', 'give one of them');
  if (options.fix === true && options.filename.includes('-')) {
    conflict('--fix cannot write to standard input', 'use --fix-dry-run, or name the files with -f');
  }
  if ((options.fix === true || options.fixDryRun === true) && options.live === true) {
    conflict('--fix changes files, not a cluster', 'give the manifests with -f');
  }
  if (options.writeBaseline !== undefined && options.rule.length + (options.profile === undefined ? 0 : 1) > 0) {
    conflict('a baseline holds the findings of all rules', 'leave out --rule and --profile');
  }
}

/** Patch on standard output, the rest beside it. */
async function showFixes(options: AuditOptions, input: AnalysisInput, settings: AnalysisSettings): Promise<number> {
  const { sources, report, made } = fixInput(input, settings);
  process.stdout.write(await patchOf(editsOf(input.sources, sources)));
  note(options, `${countOf(made.length, 'fix').replace('fixs', 'fixes')} offered; ${left(report)}`);
  return fails(report.findings, options.failOn ?? settings.config.failOn ?? defaultFailOn) ? 1 : 0;
}

function fixFiles(options: AuditOptions, input: AnalysisInput, settings: AnalysisSettings): AnalysisInput {
  const { sources, made } = fixInput(input, settings);
  const edits = editsOf(input.sources, sources);
  const failures = saveEdits(edits);
  if (failures.length > 0) throw new RejectedInputError(failures, []);
  if (made.length === 0) {
    note(options, 'nothing to fix');
    return input;
  }
  for (const description of new Set(made)) {
    const times = made.filter((other) => other === description).length;
    note(options, `fixed: ${description}${times > 1 ? ` (${times} times)` : ''}`);
  }
  note(options, `${countOf(edits.length, 'file')} changed`);
  return reread(sources);
}

function recordBaseline(path: string, report: AuditReport, options: AuditOptions): number {
  const recorded = [...report.findings, ...report.suppressed.filter(({ suppressedBy }) => suppressedBy === 'baseline')];
  try {
    replaceFile(path, Buffer.from(writeBaseline(recorded), 'utf8'));
  } catch (error) {
    throw new OperationalError('not-writable', `${path}: cannot be written: ${systemErrorReason(error)}`, {
      exitCode: 2,
      cause: error,
    });
  }
  note(options, `${countOf(recorded.length, 'finding')} recorded in ${path}; use it with --baseline ${path}`);
  return 0;
}

function reread(sources: AnalysisInput['sources']): AnalysisInput {
  const { objects, diagnostics } = readManifests(sources);
  return { objects, sources, diagnostics };
}

/** Audits again whenever something changes. A failure is shown, and the next change is waited for. */
async function watchAudit(options: AuditOptions): Promise<never> {
  const paths = [...options.filename, ...options.kustomize];
  if (paths.length === 0 || paths.includes('-')) {
    throw new OperationalError('usage', '--watch needs files or folders to watch', {
      hint: 'name them with -f',
      exitCode: 2,
    });
  }
  const run = async (): Promise<void> => {
    if (process.stdout.isTTY) process.stdout.write('\u001B[2J\u001B[H');
    try {
      await auditOnce(options);
    } catch (error) {
      const { reportFailure } = await import('../report-failure.ts');
      if (!(error instanceof OperationalError) && !(error instanceof RejectedInputError)) throw error;
      reportFailure(error, error.exitCode, options.output === 'json');
    }
  };
  const waiting = (): void => note(options, `watching ${paths.join(', ')}; Ctrl-C ends`);
  await run();
  const config =
    typeof options.config === 'string' ? options.config : options.config === false ? undefined : findConfig();
  const { watchFiles } = await import('../../io/watch-files.ts');
  const again = async (): Promise<void> => {
    await run();
    waiting();
  };
  return watchFiles(config === undefined ? paths : [...paths, config], again, waiting);
}

function left(report: AuditReport): string {
  return report.findings.length === 0 ? 'no finding is left' : `${countOf(report.findings.length, 'finding')} left`;
}

function note(options: AuditOptions, text: string): void {
  if (options.quiet !== true) process.stderr.write(`${text}\n`);
}

/** The UTC day; SOURCE_DATE_EPOCH makes it repeatable. */
function today(): string {
  const epoch = Number(process.env['SOURCE_DATE_EPOCH'] ?? Number.NaN);
  const date = Number.isSafeInteger(epoch) ? new Date(epoch * 1000) : new Date();
  return date.toISOString().slice(0, 10);
}
