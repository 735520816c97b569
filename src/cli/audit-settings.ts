/** `sallyport.yaml`, baselines and rule pages: what an audit reads besides manifests. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { packagedFolder } from '../io/package-root.ts';
import { OperationalError } from '../io/operational-error.ts';
import { readManifestFile } from '../io/read-file.ts';
import { systemErrorReason } from '../io/system-error.ts';
import { closest } from '../kube/suggest.ts';
import { allRules } from '../rules/all-rules.ts';
import { type Baseline, readBaseline } from '../rules/baseline.ts';
import { type AuditConfig, emptyConfig, readConfig } from '../rules/config.ts';
import { engineRules } from '../rules/engine-rules.ts';
import type { SourceText } from '../base/source.ts';
import { RejectedInputError } from './rejected-input-error.ts';

const configName = 'sallyport.yaml';

/** The file that applies, as a path from here: the nearest one up to the root of the repository. */
export function findConfig(folder: string = process.cwd()): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, configName);
    if (existsSync(path)) return relative(process.cwd(), path);
    if (existsSync(join(at, '.git')) || dirname(at) === at) return undefined;
  }
}

/**
 * `file`: the value of `--config`, `false` for `--no-config`.
 *
 * @throws RejectedInputError, OperationalError
 */
export function loadConfig(file: string | false | undefined): AuditConfig {
  const path = file === false ? undefined : (file ?? findConfig());
  if (path === undefined) return emptyConfig;
  const { config, diagnostics } = readConfig(readText(path));
  if (diagnostics.length > 0) throw new RejectedInputError([], diagnostics);
  return config;
}

/** @throws RejectedInputError, OperationalError */
export function loadBaseline(path: string): Baseline {
  const { baseline, diagnostics } = readBaseline(readText(path));
  if (diagnostics.length > 0) throw new RejectedInputError([], diagnostics);
  return baseline;
}

function readText(path: string): SourceText {
  const content = readManifestFile(path, new Set());
  if (content.type === 'text') return content.source;
  throw new OperationalError('unreadable', `${path}: cannot be read`);
}

/** @throws OperationalError exit 2 */
export function requireRules(names: readonly string[]): void {
  const known = [...allRules, ...engineRules].map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const meant = closest(name, known);
    throw new OperationalError('usage', `there is no rule ${JSON.stringify(name)}`, {
      hint: meant === undefined ? 'sallyport audit --list-rules shows them' : `did you mean ${meant}?`,
      exitCode: 2,
    });
  }
}

/** The documentation page of a rule, as Markdown; `undefined` when there is none. */
export function rulePage(name: string): string | undefined {
  const path = join(packagedFolder('docs', 'rules'), `${name}.md`);
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperationalError('unreadable', `${path}: ${systemErrorReason(error)}`, { exitCode: 4, cause: error });
  }
}
