/** `sallyport lab tutorial`: from three open namespaces to least privilege, typed with the real kubectl. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { visible } from '../../report/escape.ts';
import { asciiSymbols, unicodeSymbols } from '../../report/symbols.ts';
import { Interruption } from '../interruption.ts';
import { type Look, type LookOptions, lookFor } from '../print-report.ts';
import { findKubectl } from '../tutorial/kubectl.ts';
import { awaitReturn } from '../tutorial/return-key.ts';
import { tutorialSteps } from '../tutorial/steps.ts';
import { type Classroom, renderOpening, takeStep } from '../tutorial/take-step.ts';
import { commandLines, labClient, labOpening } from './lab-demo.ts';
import { LabProgress } from '../lab/progress.ts';
import { type LabOptions, type StartedLab, startLab } from '../lab/start-lab.ts';
import { shellWord } from './lab-up.ts';

export interface LabTutorialOptions extends LookOptions {
  readonly yes?: true | undefined;
  readonly runtime: LabOptions['runtime'];
}

/** Sets exit code 1 when a step did not show what it teaches, and that of the signal when one ended it. */
export async function labTutorial(options: LabTutorialOptions): Promise<void> {
  const program = await findKubectl(process.env['PATH'] ?? '');
  const look = lookFor(options);
  const isInteractive = options.yes !== true && process.stdin.isTTY && process.stdout.isTTY;
  const interruption = new Interruption();
  const progress = new LabProgress(process.stderr, false);
  try {
    const begun = Date.now();
    const started = await startLab(
      { ipFamily: 'ipv4', runtime: options.runtime, flowLog: false },
      {
        onProgress: (text) => progress.step(text),
        onRemark: (text) => {
          progress.clear();
          process.stderr.write(`${look.palette.yellow('warning')}: ${visible(text)}\n`);
        },
        onFlow: () => undefined,
      },
    );
    progress.clear();
    const client = await labClient(started);
    try {
      process.stdout.write(`${labOpening(started, Date.now() - begun, look)}\n`);
      interruption.signal.throwIfAborted();
      // It goes with the lab.
      const folder = join(started.folder, 'tutorial');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { kubeconfig } = started;
      const room: Classroom = {
        kubectl: { program, kubeconfig, folder, signal: interruption.signal },
        client,
        look,
        print: (text) => process.stdout.write(text),
        variables: new Map(),
      };
      const lessons = takeSteps(room, isInteractive);
      const end = await Promise.race([lessons, interruption.happened, started.lab.broken]);
      if (end === 'failed') process.exitCode = 1;
      if (end === 'done' && isInteractive) {
        process.stdout.write(afterwards(started, folder, look));
        await Promise.race([untilInterrupted(interruption), started.lab.broken]);
      }
    } finally {
      client.close();
      await started.close();
    }
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.exitCode = interruption.exitCode;
  } finally {
    progress.clear();
    interruption.close();
  }
}

async function takeSteps(room: Classroom, isInteractive: boolean): Promise<'done' | 'failed' | 'left'> {
  const { look, print, kubectl } = room;
  const { denied } = look.ascii ? asciiSymbols : unicodeSymbols;
  for (const step of tutorialSteps) {
    print(renderOpening(step, look));
    if (isInteractive) {
      print(look.palette.dim('Return goes on, q leaves. '));
      if ((await awaitReturn(process.stdin, kubectl.signal)) === 'leave') return 'left';
      print('\n');
    }
    const wanted = await takeStep(room, step);
    if (wanted === undefined) continue;
    print(`\n${look.palette.red(`${denied} This is not what the step shows elsewhere: ${wanted}`)}\n`);
    return 'failed';
  }
  return 'done';
}

/** Ctrl-C at the end is how one leaves. */
async function untilInterrupted(interruption: Interruption): Promise<void> {
  await interruption.happened.catch(() => undefined);
}

function afterwards({ kubeconfig }: StartedLab, folder: string, { palette }: Look): string {
  return `${palette.bold('== The lab is yours')}
It keeps running. Paste this into another terminal, and try what comes to mind:

export KUBECONFIG=${shellWord(kubeconfig)}
cd ${shellWord(folder)}

${commandLines([
  ['kubectl delete -f db.yaml', 'what does this break?'],
  ['kubectl -n backend exec backend -- curl -sS --max-time 2 db-svc.db', 'and how does it look?'],
  ['npx sallyport can backend/backend db/svc/db-svc:80 --live', 'why?'],
  ['npx sallyport map --live', 'who may talk to whom now'],
])}
Ctrl-C ends the lab, and nothing of it remains.
`;
}
