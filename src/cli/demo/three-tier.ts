/** The walk through `examples/three-tier`, told by the engine alone. */
import { invariant } from '../../base/assert.ts';
import type { SourceText } from '../../base/source.ts';
import { type Engine, createEngine } from '../../engine/engine.ts';
import { packageRoot } from '../../io/package-root.ts';
import { readInputs } from '../../io/read-inputs.ts';
import { readManifests } from '../../kube/read.ts';
import { buildCluster } from '../../model/cluster.ts';
import type { Look } from '../print-report.ts';
import { exampleFolder, lessons } from './lessons.ts';
import { renderStep } from './step.ts';

/** Its pods stay as open as they are in the first map. */
const hidden: ReadonlySet<string> = new Set(['kube-system']);

/** The parts of the walk as text, one after the other. */
export async function* threeTierWalk(look: Look): AsyncGenerator<string> {
  for (const { title, text, folders, questions } of lessons) {
    const engine = await engineOf(folders);
    yield renderStep({ title, text, engine, questions, ...(folders.length > 1 ? { hidden, terse: true } : {}) }, look);
  }
}

async function engineOf(folders: readonly string[]): Promise<Engine> {
  const { sources, failures } = await readInputs(
    folders.map((folder) => ({ type: 'path', path: exampleFolder(folder) })),
    { onProgress: () => {}, onStdinSilence: () => {} },
  );
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  const { objects, diagnostics } = readManifests(sources.map(asShipped));
  const [problem] = diagnostics;
  invariant(problem === undefined, `the example is not valid: ${problem?.message ?? ''}`);
  return createEngine(buildCluster(objects));
}

/** Named as in the repository, wherever the package is installed. */
function asShipped({ name, text }: SourceText): SourceText {
  const relative = name.slice(packageRoot().length).replaceAll('\\', '/');
  return { name: relative.replace(/^\//, ''), text };
}
