/** `--fix` and `--fix-dry-run`. */
import { existsSync } from 'node:fs';
import type { SourceText } from '../base/source.ts';
import { type FileEdit, writeEdits } from '../io/edit-files.ts';
import type { OperationalError } from '../io/operational-error.ts';
import { readManifests } from '../kube/read.ts';
import { visible } from '../report/escape.ts';
import { type FixedSources, fixSources } from '../rules/fix-sources.ts';
import { type AnalysisInput, type AnalysisSettings, analyse } from './audit-analysis.ts';

/** The texts after all fixes, and what an audit of them says. Nothing is written. */
export function fixInput(input: AnalysisInput, settings: AnalysisSettings): FixedSources {
  const { report, isInvalid } = analyse(input, settings);
  if (isInvalid) return { sources: input.sources, report, made: [] };
  const before = faultsOf(input);
  return fixSources(input.sources, report, {
    isEditable: ({ name }) => existsSync(name),
    analyse: (sources) => {
      const { objects, diagnostics } = readManifests(sources);
      const next: AnalysisInput = { objects, sources, diagnostics };
      return faultsOf(next) > before ? undefined : analyse(next, settings).report;
    },
  });
}

function faultsOf({ diagnostics }: AnalysisInput): number {
  return diagnostics.length;
}

export function editsOf(before: readonly SourceText[], after: readonly SourceText[]): readonly FileEdit[] {
  return before.flatMap((source, index): FileEdit[] => {
    const text = after[index]?.text ?? source.text;
    return text === source.text ? [] : [{ path: source.name, before: source.text, after: text }];
  });
}

export function saveEdits(edits: readonly FileEdit[]): readonly OperationalError[] {
  return writeEdits(edits);
}

/** A patch that `git apply` and `patch -p1` take. */
export async function patchOf(edits: readonly FileEdit[]): Promise<string> {
  // Only who asks for a patch pays for loading it.
  const { createTwoFilesPatch } = await import('diff');
  return edits
    .map(({ path, before, after }) => {
      // As git writes it: never from the root.
      const name = visible(path.replace(/^(?:\.?\/)+/, ''));
      const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, undefined, undefined, { context: 3 });
      return patch.replace(/^=+\n/, '');
    })
    .join('');
}
