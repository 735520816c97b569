/** One step of the tutorial: shows, types, and checks. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../../io/kubernetes/api-client.ts';
import { probeAgrees } from '../../probe/judge-probes.ts';
import { wrapInto } from '../../report/display-width.ts';
import { renderProbeText } from '../../report/probe-text.ts';
import { asciiSymbols, unicodeSymbols } from '../../report/symbols.ts';
import type { Look } from '../print-report.ts';
import { probeCluster } from '../run/probe-cluster.ts';
import { type KubectlOptions, runKubectl } from './kubectl.ts';
import { type Action, commandLine, type TutorialStep } from './steps.ts';

export interface Classroom {
  readonly kubectl: KubectlOptions;
  readonly client: ApiClient;
  readonly look: Look;
  readonly print: (text: string) => void;
  /** What `$NAME` stands for by now. */
  readonly variables: Map<string, string>;
}

const PROBE_TIMEOUT_MS = 500;

export function renderOpening({ title, text }: TutorialStep, { palette, width }: Look): string {
  return `${[palette.bold(`== ${title}`), ...wrapInto(text, Math.min(width, 100), '')].join('\n')}\n\n`;
}

/** `undefined` when it showed what it teaches, else what was expected. */
export async function takeStep(room: Classroom, { actions, notice }: TutorialStep): Promise<string | undefined> {
  const { look, print } = room;
  const { allowed } = look.ascii ? asciiSymbols : unicodeSymbols;
  for (const action of actions) {
    const wanted = await act(room, action);
    if (wanted !== undefined) return wanted;
  }
  const [first = '', ...rest] = wrapInto(notice, Math.min(look.width, 100) - 2, '');
  const lines = [`${allowed} ${first}`, ...rest.map((line) => `  ${line}`)];
  print(`\n${look.palette.green(lines.join('\n'))}\n\n`);
  return undefined;
}

async function act(room: Classroom, action: Action): Promise<string | undefined> {
  const { look, print, kubectl, variables } = room;
  const { palette } = look;
  const prompt = (line: string): void => print(`${palette.bold(`$ ${line}`)}\n`);
  kubectl.signal.throwIfAborted();
  switch (action.type) {
    case 'file': {
      const { name, text } = action.file;
      await writeFile(join(kubectl.folder, name), text);
      prompt(`cat ${name}`);
      print(palette.dim(text));
      return undefined;
    }
    case 'kubectl': {
      const { args, expect } = action;
      prompt(`kubectl ${commandLine(args)}`);
      const run = await runKubectl(
        kubectl,
        args.map((arg) => substituted(arg, variables)),
        print,
      );
      if (run.output !== '' && !run.output.endsWith('\n')) print('\n');
      if ((run.exitCode === 0) !== (expect.exit === 'success')) {
        return expect.exit === 'success'
          ? `the command should have worked, and ended with exit code ${run.exitCode}`
          : 'nothing should have come back, and something did';
      }
      const missing = expect.shows.find((text) => !run.output.includes(text));
      return missing === undefined ? undefined : `the output should show ${JSON.stringify(missing)}`;
    }
    case 'variable': {
      const { name, args } = action;
      prompt(`${name}=$(kubectl ${commandLine(args)})`);
      const { exitCode, output } = await runKubectl(kubectl, args, () => undefined);
      variables.set(name, output.trim());
      return exitCode === 0 && output.trim() !== '' ? undefined : `${name} should have got a value: ${output.trim()}`;
    }
    case 'probe': {
      prompt('sallyport probe');
      const { report } = await probeCluster(room.client, {
        namespace: [],
        ports: [],
        external: undefined,
        timeoutMs: PROBE_TIMEOUT_MS,
        progress: undefined,
      });
      kubectl.signal.throwIfAborted();
      print(renderProbeText(report, look));
      return probeAgrees(report) ? undefined : 'every connection should have been as predicted';
    }
  }
}

function substituted(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$([A-Z]+)/g, (whole, name: string) => variables.get(name) ?? whole);
}
