/** The walk through `examples/three-tier` in a running lab: every step predicted, and measured. */
import type { ApiClient } from '../../io/kubernetes/api-client.ts';
import { OperationalError } from '../../io/operational-error.ts';
import type { Lab } from '../../lab/lab.ts';
import { probeAgrees } from '../../probe/judge-probes.ts';
import { wrapInto } from '../../report/display-width.ts';
import { renderProbeText } from '../../report/probe-text.ts';
import { asciiSymbols, unicodeSymbols } from '../../report/symbols.ts';
import { countOf } from '../../report/wording.ts';
import type { Look } from '../print-report.ts';
import { applyManifests, readLabManifests } from '../lab/apply-manifests.ts';
import { probeCluster } from '../run/probe-cluster.ts';
import { renderCalls, tryByName } from './by-name.ts';
import { exampleFolder, type Lesson, lessons } from './lessons.ts';
import { renderQuestion } from './step.ts';

export interface LabWalkOptions {
  readonly lab: Lab;
  readonly client: ApiClient;
  readonly look: Look;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  /** What takes a moment. */
  readonly onProgress: (text: string) => void;
}

const READY_MS = 60_000;
const TIMEOUT_MS = 500;

/** Whether everything that was measured is as predicted. @throws OperationalError when pods do not get ready */
export async function labWalk(options: LabWalkOptions): Promise<boolean> {
  const { look, print, signal } = options;
  let [connections, wrong] = [0, 0];
  for (const [index, lesson] of lessons.entries()) {
    const found = await takeLesson(options, lesson, index);
    signal.throwIfAborted();
    connections += found.connections;
    wrong += found.wrong;
  }
  const text =
    wrong === 0
      ? look.palette.green(`All ${connections} connections of the four steps are as predicted.`)
      : look.palette.red(`${countOf(wrong, 'connection')} of ${connections} are not as predicted.`);
  print(`${text}\n\n`);
  return wrong === 0;
}

async function takeLesson(
  { lab, client, look, signal, print, onProgress }: LabWalkOptions,
  { title, text, folders, questions }: Lesson,
  index: number,
): Promise<{ readonly connections: number; readonly wrong: number }> {
  const { palette, width } = look;
  const folder = folders.at(-1) ?? '';
  onProgress(`applying examples/three-tier/${folder}`);
  const objects = await readLabManifests({ filename: [exampleFolder(folder)], kustomize: [] });
  const count = await applyManifests(lab, objects);
  signal.throwIfAborted();
  print(`${[palette.bold(`== ${title}`), ...wrapInto(text, Math.min(width, 100), '')].join('\n')}\n\n`);
  if (index === 0) {
    onProgress('waiting for the pods');
    const { waiting } = await lab.whenReady(READY_MS);
    signal.throwIfAborted();
    if (waiting.length > 0)
      throw new OperationalError('lab-not-ready', `not ready: ${waiting.join('; ')}`, { exitCode: 4 });
  }
  print(palette.dim(`applied ${countOf(count, 'object')} of examples/three-tier/${folder}\n\n`));
  onProgress('connecting');
  const { engine, report } = await probeCluster(client, {
    namespace: [],
    ports: [],
    external: undefined,
    timeoutMs: TIMEOUT_MS,
    progress: undefined,
  });
  const calls = await tryByName(client, engine);
  signal.throwIfAborted();
  print(renderProbeText(report, look));
  if (index === 0) print(`${palette.dim(wrapInto(legend(look), Math.min(width, 100), '').join('\n'))}\n`);
  print(`\n${renderCalls(calls, look)}\n`);
  const question = questions.at(-1);
  if (question !== undefined) print(`${renderQuestion(engine, question, look, true)}\n`);
  const unlike = report.disagreements.length + calls.filter(({ agrees }) => !agrees).length;
  return {
    connections: report.judged.length + calls.length,
    wrong: probeAgrees(report) ? unlike : Math.max(unlike, 1),
  };
}

function legend({ ascii }: Look): string {
  const { allowed, denied } = ascii ? asciiSymbols : unicodeSymbols;
  return (
    `Every pod has connected to every other one: ${allowed} every port was reached, ${denied} none, ` +
    'otherwise those that were; ! would mark what is not as predicted.'
  );
}
