/** `sallyport demo` without manifests of one's own: the walk in a lab, which then stays for own experiments. */
import { ApiClient } from '../../io/kubernetes/api-client.ts';
import { systemClock } from '../../io/kubernetes/clock.ts';
import { loadClusterAccess } from '../../io/kubernetes/kubeconfig.ts';
import { labsFolder, runningLabs } from '../../lab/lab-folder.ts';
import { visible } from '../../report/escape.ts';
import { labWalk } from '../demo/lab-walk.ts';
import { Interruption } from '../interruption.ts';
import { type Look, type LookOptions, lookFor } from '../print-report.ts';
import { LabProgress } from '../lab/progress.ts';
import { type LabOptions, type StartedLab, startLab } from '../lab/start-lab.ts';
import { shellWord } from './lab-up.ts';

export interface LabDemoOptions extends LookOptions {
  readonly once?: true | undefined;
  readonly runtime: LabOptions['runtime'];
  readonly quiet?: true | undefined;
}

/** Exit code 1 when something is not as predicted. Ended by a signal it is as if it had ended by itself. */
export async function labDemo(options: LabDemoOptions): Promise<void> {
  const look = lookFor(options);
  const interruption = new Interruption();
  const progress = new LabProgress(process.stderr, options.quiet === true);
  try {
    const begun = Date.now();
    const started = await startLab(
      { name: await labName(), ipFamily: 'ipv4', runtime: options.runtime, flowLog: false },
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
      const walk = labWalk({
        lab: started.lab,
        client,
        look,
        signal: interruption.signal,
        print: (text) => {
          progress.clear();
          process.stdout.write(text);
        },
        onProgress: (text) => progress.step(text),
      });
      if (!(await Promise.race([walk, interruption.happened, started.lab.broken]))) process.exitCode = 1;
      process.stdout.write(closing(started, options.once === true, look));
      if (options.once !== true) await Promise.race([interruption.happened, started.lab.broken]);
    } finally {
      progress.clear();
      client.close();
      await started.close();
    }
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write('\nthe lab has ended, nothing of it remains\n');
  } finally {
    interruption.close();
  }
}

/** `demo`, so that it is easy to name, unless there is one already. */
async function labName(): Promise<string | undefined> {
  const running = await runningLabs(labsFolder(process.env, process.getuid?.() ?? -1));
  return running.some(({ name }) => name === 'demo') ? undefined : 'demo';
}

export async function labClient({ kubeconfig }: StartedLab): Promise<ApiClient> {
  const access = await loadClusterAccess({
    context: undefined,
    kubeconfig,
    environment: {},
    homeFolder: '/',
    clock: systemClock,
  });
  return new ApiClient({ access, compressed: false });
}

export function labOpening({ runtime, simulatedBecause }: StartedLab, tookMs: number, { palette }: Look): string {
  const after = `A lab is running after ${(tookMs / 1000).toFixed(1)} s`;
  if (runtime === 'netns')
    return `${after}: pods are network namespaces, connections are real packets, and the agent enforces the policies.\n`;
  const why = simulatedBecause === undefined ? '' : `\n${visible(simulatedBecause)}`;
  return `${after}. ${palette.yellow('It is simulated: the engine answers, and no packet is sent.')}${why}\n`;
}

function closing({ kubeconfig }: StartedLab, once: boolean, { palette }: Look): string {
  const next = commandLines([
    ['npx sallyport demo -f DIR', 'what your own policies do, step by step'],
    ['npx sallyport lab up -f DIR', 'your own manifests in a lab'],
    ['npx sallyport can shop/web db/svc/postgres:5432 -f DIR', 'why, or why not'],
  ]);
  if (once) return `${palette.bold('== Now with your own manifests')}\n${next}`;
  return `${palette.bold('== The lab is yours')}
Paste this into another terminal, and kubectl talks to it:

export KUBECONFIG=${shellWord(kubeconfig)}

${commandLines([
  ['kubectl get pods -A', 'what is running'],
  ['kubectl exec -n frontend deploy/frontend -- curl -sS --max-time 2 backend-svc.backend', 'allowed'],
  ['kubectl exec -n frontend deploy/frontend -- curl -sS --max-time 2 db-svc.db', 'denied'],
  ['kubectl delete networkpolicy -n db --all', 'open db again'],
  ['npx sallyport probe', 'who can really talk to whom now'],
  ['npx sallyport map --live', 'who may talk to whom now'],
])}
${palette.bold('== Or with your own manifests')}
${next}
Ctrl-C ends the lab, and nothing of it remains.
`;
}

export function commandLines(lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return lines.map(([command, what]) => `  ${command.padEnd(width)}   ${what}\n`).join('');
}
