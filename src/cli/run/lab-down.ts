import { setTimeout as wait } from 'node:timers/promises';
import { OperationalError } from '../../io/operational-error.ts';
import { systemErrorCode } from '../../io/system-error.ts';
import { closest } from '../../kube/suggest.ts';
import {
  isRunning,
  labFolder,
  type LabRecord,
  labsFolder,
  removeLabFolder,
  runningLabs,
} from '../../lab/lab-folder.ts';

const POLL_MS = 50;
/** A lab that is asked to end does so within half a second. */
const PATIENCE_MS = 10_000;
const FORCED_MS = 5000;

export async function labDown(name: string | undefined, { all }: { readonly all?: true | undefined }): Promise<void> {
  const parent = labsFolder(process.env, process.getuid?.() ?? -1);
  const running = await runningLabs(parent);
  const wanted = all === true ? running : chosen(running, name);
  for (const lab of wanted) {
    await end(lab);
    await removeLabFolder(labFolder(parent, lab.name));
    process.stderr.write(`the lab ${lab.name} has ended\n`);
  }
  if (wanted.length > 0) return;
  process.stderr.write(
    name === undefined ? 'no lab is running\n' : `no lab called ${JSON.stringify(name)} is running\n`,
  );
  const meant =
    name === undefined
      ? undefined
      : closest(
          name,
          running.map((lab) => lab.name),
        );
  if (meant !== undefined) process.stderr.write(`did you mean ${meant}?\n`);
  process.exitCode = 1;
}

function chosen(running: readonly LabRecord[], name: string | undefined): readonly LabRecord[] {
  if (name !== undefined) return running.filter((lab) => lab.name === name);
  if (running.length < 2) return running;
  const names = running.map((lab) => lab.name).join(', ');
  throw new OperationalError('usage', `several labs are running: ${names}`, {
    hint: 'name one, or give --all',
    exitCode: 2,
  });
}

async function end(lab: LabRecord): Promise<void> {
  if (await endsAfter(lab, 'SIGTERM', PATIENCE_MS)) return;
  // What it consists of ends with it, however it ends.
  if (await endsAfter(lab, 'SIGKILL', FORCED_MS)) return;
  throw new OperationalError('lab-stays', `the lab ${lab.name} (process ${lab.pid}) does not end`, { exitCode: 4 });
}

async function endsAfter(lab: LabRecord, signal: NodeJS.Signals, patienceMs: number): Promise<boolean> {
  try {
    process.kill(lab.pid, signal);
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return true;
    throw error;
  }
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += POLL_MS) {
    if (!(await isRunning(lab))) return true;
    await wait(POLL_MS);
  }
  return false;
}
