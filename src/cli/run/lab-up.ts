/** `sallyport lab up`: a lab in the foreground. */
import { visible } from '../../report/escape.ts';
import { countOf } from '../../report/wording.ts';
import { Interruption } from '../interruption.ts';
import type { ColorChoice } from '../terminal.ts';
import { terminalFor } from '../terminal.ts';
import { applyManifests, readLabManifests } from '../lab/apply-manifests.ts';
import { openFlowFile } from '../lab/flow-file.ts';
import { LabProgress } from '../lab/progress.ts';
import { type LabOptions, startLab } from '../lab/start-lab.ts';

export interface LabUpOptions extends Omit<LabOptions, 'flowLog' | 'name'> {
  readonly name: string;
  readonly filename: readonly string[];
  readonly kustomize: readonly string[];
  readonly flowLog?: string | undefined;
  readonly quiet?: true | undefined;
  readonly color: ColorChoice;
}

/** It is usable before, so what takes longer is told and not waited for. */
const READY_MS = 20_000;
const MAX_WAITING_SHOWN = 10;

export async function labUp(options: LabUpOptions): Promise<void> {
  const { palette } = terminalFor(process.stderr, { color: options.color });
  const say = (text: string): void => {
    if (options.quiet !== true) process.stderr.write(`${text}\n`);
  };
  const interruption = new Interruption();
  const stopped = interruption.happened.catch(() => undefined);
  const manifests = await readLabManifests(options);
  const flows = openFlowFile(options.flowLog);
  const progress = new LabProgress(process.stderr, options.quiet === true);
  const reports = {
    onProgress: (text: string) => progress.step(text),
    onRemark: (text: string) => {
      progress.clear();
      process.stderr.write(`${palette.yellow('warning')}: ${visible(text)}\n`);
    },
    onFlow: (line: string) => flows?.write(line),
  };
  const begun = Date.now();
  const started = await startLab({ ...options, flowLog: flows !== undefined }, reports);
  try {
    progress.clear();
    if (started.simulatedBecause !== undefined)
      reports.onRemark(`everything is simulated, no packet is sent: ${started.simulatedBecause}`);
    if (manifests.length > 0) {
      progress.step('applying the manifests');
      const count = await applyManifests(started.lab, manifests);
      progress.step('waiting for the pods');
      const { waiting } = await Promise.race([started.lab.whenReady(READY_MS), stopped.then(() => ({ waiting: [] }))]);
      progress.clear();
      say(`applied ${countOf(count, 'object')}`);
      for (const line of waiting.slice(0, MAX_WAITING_SHOWN)) reports.onRemark(`not ready: ${line}`);
      if (waiting.length > MAX_WAITING_SHOWN) reports.onRemark(`and ${waiting.length - MAX_WAITING_SHOWN} more`);
    }
    say(
      `${palette.bold(`The lab ${started.name} is running`)} (${started.runtime}, ${countOf(options.nodes ?? 1, 'node')}, ${options.ipFamily}), after ${((Date.now() - begun) / 1000).toFixed(1)} s.`,
    );
    say('');
    process.stdout.write(`export KUBECONFIG=${shellWord(started.kubeconfig)}\n`);
    say('');
    say('Paste that line into another terminal, and kubectl talks to it. For example:');
    for (const [command, what] of examples) say(`  ${command.padEnd(52)} ${palette.dim(what)}`);
    say('');
    say('Ctrl-C ends it, and nothing of it remains.');
    await Promise.race([stopped, started.lab.broken]);
    progress.clear();
  } finally {
    await started.close();
    await flows?.close();
    interruption.close();
  }
}

const examples = [
  ['kubectl run web --image=nginx --expose --port=80', 'a web server and its Service'],
  ['kubectl run -it --rm try --image=busybox -- sh', 'a shell in another pod'],
  ['sallyport probe', 'who can really talk to whom, against the prediction'],
  ['sallyport map --live', 'who may talk to whom'],
] as const;

/** As a POSIX shell reads it. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_/.:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
