import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { OperationalError } from './operational-error.ts';
import { maxInputBytes, toSource } from './read-file.ts';
import { runProcess, type ProcessResult } from './run-process.ts';
import { systemErrorReason } from './system-error.ts';

const kustomizeTimeoutMs = 60_000;

/** In the order in which they are tried. */
const renderers: readonly { readonly program: string; readonly args: readonly string[] }[] = [
  { program: 'kubectl', args: ['kustomize'] },
  { program: 'kustomize', args: ['build'] },
];

/**
 * Renders a kustomization with whichever of kubectl and kustomize is installed. The text is named
 * `kustomize:FOLDER`: places in it are places in the rendered manifests, not in the files of the folder.
 *
 * @throws OperationalError `not-found`, `kustomize-missing`, `kustomize-failed` and those of `runProcess`
 */
export async function renderKustomization(path: string): Promise<SourceText> {
  // An absolute path cannot be taken for an option.
  const folder = resolve(kustomizationFolder(path));
  for (const { program, args } of renderers) {
    const result = await runProcess(program, [...args, folder], {
      timeoutMs: kustomizeTimeoutMs,
      maxOutputBytes: maxInputBytes,
    });
    if (result.type === 'missing' || lacksCommand(result)) continue;
    if (result.exitCode === 0) return toSource(`kustomize:${path}`, result.stdout);
    throw new OperationalError(
      'kustomize-failed',
      `${path}: ${program} ${args.join(' ')} failed: ${firstLines(result.stderr)}`,
      {
        hint: `run it alone to see everything: ${program} ${args.join(' ')} ${path}`,
      },
    );
  }
  throw new OperationalError(
    'kustomize-missing',
    `${path}: -k needs kubectl or kustomize, and neither is on the PATH`,
    {
      hint: 'install one of them (https://kubectl.docs.kubernetes.io/installation/), or render elsewhere and use -f',
    },
  );
}

function kustomizationFolder(path: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
    throw new OperationalError('input-unsupported', `${path}: -k takes a local folder, not a URL`, {
      hint: `render it first: kubectl kustomize ${path} | sallyport map -f -`,
      exitCode: 2,
    });
  }
  try {
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch (error) {
    throw new OperationalError('not-found', `${path}: ${systemErrorReason(error)}`, { cause: error });
  }
}

/** A kubectl older than 1.14 has no `kustomize`. */
function lacksCommand(result: Extract<ProcessResult, { type: 'exited' }>): boolean {
  return result.exitCode !== 0 && /unknown command "kustomize"/.test(result.stderr);
}

function firstLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, 5).join('\n  ') || 'it gave no reason';
}
