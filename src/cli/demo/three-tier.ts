/** The walk through `examples/three-tier`. */
import { invariant } from '../../base/assert.ts';
import type { SourceText } from '../../base/source.ts';
import { type Engine, createEngine } from '../../engine/engine.ts';
import { packageRoot, packagedFolder } from '../../io/package-root.ts';
import { readInputs } from '../../io/read-inputs.ts';
import { readManifests } from '../../kube/read.ts';
import { buildCluster } from '../../model/cluster.ts';
import type { Look } from '../print-report.ts';
import { type Question, renderStep } from './step.ts';

const example = 'examples/three-tier';

interface Lesson {
  readonly title: string;
  readonly text: string;
  /** Folders of the example that are applied so far. */
  readonly folders: readonly string[];
  readonly questions: readonly Question[];
}

const frontendToBackend: Question = { source: 'frontend/frontend', target: 'backend/svc/backend-svc:80' };
const frontendToDb: Question = { source: 'frontend/frontend', target: 'db/svc/db-svc:80' };
const frontendToDns: Question = { source: 'frontend/frontend', target: 'kube-system/svc/kube-dns:53/udp' };

const lessons: readonly Lesson[] = [
  {
    title: '1. No policy',
    text:
      'Three tiers (frontend, backend, db) and the DNS of the cluster. Without policies every pod may talk to every ' +
      'other pod and to the internet, so the frontend reaches the database directly.',
    folders: ['app'],
    questions: [frontendToDb],
  },
  {
    title: '2. Default deny',
    text:
      'One policy in each of the three namespaces selects every pod and allows nothing. Both gates of every pod are ' +
      'shut. kube-system has no policy; it stays open and is not drawn again.',
    folders: ['app', '1-default-deny'],
    questions: [frontendToBackend],
  },
  {
    title: '3. Allow what the application needs',
    text:
      'frontend to backend and backend to db, each opened at both ends. The direct way from frontend to db stays shut. ' +
      'One thing is missing, and it is the classic one: nobody can look up names.',
    folders: ['app', '1-default-deny', '2-allow'],
    questions: [frontendToBackend, frontendToDns],
  },
  {
    title: '4. Allow DNS',
    text: 'Lookups are allowed for frontend and backend; db opens no connections and needs none. The application works.',
    folders: ['app', '1-default-deny', '2-allow', '3-dns'],
    questions: [frontendToDns, frontendToDb],
  },
];

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
    folders.map((folder) => ({ type: 'path', path: packagedFolder(...example.split('/'), folder) })),
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
