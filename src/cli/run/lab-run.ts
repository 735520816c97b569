/** `sallyport lab run`: a lab for as long as one command takes. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { OperationalError } from '../../io/operational-error.ts';
import { systemErrorCode, systemErrorReason } from '../../io/system-error.ts';
import { visible } from '../../report/escape.ts';
import type { ColorChoice } from '../terminal.ts';
import { terminalFor } from '../terminal.ts';
import { applyManifests, readLabManifests } from '../lab/apply-manifests.ts';
import { openFlowFile } from '../lab/flow-file.ts';
import { LabProgress } from '../lab/progress.ts';
import { type LabOptions, startLab } from '../lab/start-lab.ts';

export interface LabRunOptions extends Omit<LabOptions, 'flowLog' | 'name' | 'port'> {
  readonly filename: readonly string[];
  readonly kustomize: readonly string[];
  readonly flowLog?: string | undefined;
  readonly wait?: number | undefined;
  readonly quiet?: true | undefined;
  readonly color: ColorChoice;
}

const WAIT_SECONDS = 120;
const MAX_WAITING_SHOWN = 10;

export async function labRun(words: readonly string[], options: LabRunOptions): Promise<void> {
  const { palette } = terminalFor(process.stderr, { color: options.color });
  const manifests = await readLabManifests(options);
  const flows = openFlowFile(options.flowLog);
  const progress = new LabProgress(process.stderr, options.quiet === true);
  const warn = (text: string): void => {
    progress.clear();
    if (options.quiet !== true) process.stderr.write(`${palette.yellow('warning')}: ${visible(text)}\n`);
  };
  const reports = {
    onProgress: (text: string) => progress.step(text),
    onRemark: warn,
    onFlow: (line: string) => flows?.write(line),
  };
  const interrupted = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => interrupted.abort(signal);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const started = await startLab({ ...options, flowLog: flows !== undefined }, reports);
    try {
      if (started.simulatedBecause !== undefined)
        warn(`everything is simulated, no packet is sent: ${started.simulatedBecause}`);
      progress.step('applying the manifests');
      await applyManifests(started.lab, manifests);
      progress.step('waiting for the pods');
      const waitSeconds = options.wait ?? WAIT_SECONDS;
      const { waiting } = await Promise.race([started.lab.whenReady(waitSeconds * 1000), aborted(interrupted.signal)]);
      progress.clear();
      if (waiting.length > 0) throw notReady(waiting, waitSeconds);
      process.exitCode = await runInside(words, started.kubeconfig, interrupted.signal);
    } finally {
      progress.clear();
      await started.close();
      await flows?.close();
    }
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.exitCode = 128 + constants.signals[interrupted.signal.reason as NodeJS.Signals];
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => reject(new Error('interrupted'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

function notReady(waiting: readonly string[], seconds: number): OperationalError {
  const shown = waiting.slice(0, MAX_WAITING_SHOWN);
  const rest = waiting.length - shown.length;
  const lines = rest === 0 ? shown : [...shown, `and ${rest} more`];
  return new OperationalError('lab-not-ready', `not ready after ${seconds} s:\n${lines.join('\n')}`, {
    hint: '--any-image runs a stand-in for images that the lab does not know; --wait gives more time',
    exitCode: 4,
  });
}

/** Its exit code, or 128 and the number of the signal that ended it. */
function runInside(words: readonly string[], kubeconfig: string, signal: AbortSignal): Promise<number> {
  const [program = '', ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: kubeconfig } });
    const pass = (): void => {
      child.kill(signal.reason as NodeJS.Signals);
    };
    signal.addEventListener('abort', pass, { once: true });
    child.once('error', (error) => {
      const missing = systemErrorCode(error) === 'ENOENT';
      const what = missing ? `there is no program ${JSON.stringify(program)}` : systemErrorReason(error);
      reject(new OperationalError('command-failed', `the command cannot be run: ${what}`, { exitCode: 2 }));
    });
    child.once('exit', (code, ended) => {
      signal.removeEventListener('abort', pass);
      resolve(ended === null ? (code ?? 1) : 128 + constants.signals[ended]);
    });
  });
}
