/** Manifests into a lab, with messages as kubectl's and the place in the file. */
import type { InputSpec } from '../../io/read-inputs.ts';
import { readInputs } from '../../io/read-inputs.ts';
import { OperationalError } from '../../io/operational-error.ts';
import type { Lab, LabObject } from '../../lab/lab.ts';
import { labManifests } from '../../lab/manifests.ts';
import { countOf } from '../../report/wording.ts';
import { ReadingProgress } from '../reading-progress.ts';
import { RejectedInputError } from '../rejected-input-error.ts';

export interface ManifestOptions {
  readonly filename: readonly string[];
  readonly kustomize: readonly string[];
  readonly quiet?: true | undefined;
}

/**
 * Nothing when nothing is named: standard input is not read unless it is asked for with `-f -`.
 *
 * @throws RejectedInputError
 */
export async function readLabManifests({ filename, kustomize }: ManifestOptions): Promise<readonly LabObject[]> {
  const specs: InputSpec[] = [
    ...filename.map((path): InputSpec => ({ type: 'path', path })),
    ...kustomize.map((path): InputSpec => ({ type: 'kustomize', path })),
  ];
  if (specs.length === 0) return [];
  const progress = new ReadingProgress(process.stderr);
  const { sources, failures } = await readInputs(specs, {
    onProgress: (files, bytes) => progress.update(files, bytes),
    onStdinSilence: () => process.stderr.write('reading manifests from standard input ...\n'),
  });
  progress.clear();
  const { objects, diagnostics } = labManifests(sources);
  if (failures.length > 0 || diagnostics.some(({ severity }) => severity === 'error'))
    throw new RejectedInputError(failures, diagnostics, false);
  if (objects.length > 0) return objects;
  const names = specs.map(({ path }) => (path === '-' ? 'standard input' : path)).join(', ');
  throw new OperationalError('no-objects', `${names}: no Kubernetes objects found`, {
    hint: 'give the folder that holds the manifests; templates must be rendered first (helm template, kustomize build)',
    exitCode: 3,
  });
}

const MAX_SHOWN = 20;

/**
 * How many were applied.
 *
 * @throws OperationalError `refused` when the API server of the lab refuses one
 */
export async function applyManifests(lab: Lab, objects: readonly LabObject[]): Promise<number> {
  const { applied, refused } = await lab.apply(objects);
  for (const { place, warnings } of applied)
    for (const warning of warnings) process.stderr.write(`${place}: warning: ${warning}\n`);
  if (refused.length === 0) return applied.length;
  const shown = refused.slice(0, MAX_SHOWN).map(({ place, message }) => `${place}: ${message}`);
  const rest = refused.length - shown.length;
  const lines = rest === 0 ? shown : [...shown, `and ${rest} more`];
  throw new OperationalError(
    'refused',
    `the API server refuses ${countOf(refused.length, 'object')}:\n${lines.join('\n')}`,
    {
      exitCode: 3,
    },
  );
}
