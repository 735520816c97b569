/** The real kubectl, against the lab. */
import { spawn } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { OperationalError } from '../../io/operational-error.ts';
import { systemErrorReason } from '../../io/system-error.ts';

export interface KubectlRun {
  /** 128 and more when a signal ended it. */
  readonly exitCode: number;
  /** Standard output and error as they came, cut off when it is too much. */
  readonly output: string;
}

export interface KubectlOptions {
  readonly program: string;
  readonly kubeconfig: string;
  /** Where it runs, and where its caches go. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 90_000;
const MAX_OUTPUT = 256 * 1024;

/** @throws OperationalError `no-kubectl` */
export async function findKubectl(path: string): Promise<string> {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, 'kubectl');
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // The next folder may have it.
    }
  }
  throw new OperationalError('no-kubectl', 'there is no kubectl on the PATH', {
    hint: 'https://kubernetes.io/docs/tasks/tools/ says how to get it; npm start needs none',
    exitCode: 4,
  });
}

/** @throws OperationalError when it cannot be run; the signal's reason when that ends it */
export function runKubectl(
  { program, kubeconfig, folder, signal }: KubectlOptions,
  args: readonly string[],
  onOutput: (text: string) => void,
): Promise<KubectlRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, '.cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let output = '';
    const take = (text: string): void => {
      if (output.length < MAX_OUTPUT) output += text;
      onOutput(text);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);
    const end = (): void => {
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', end, { once: true });
    child.once('error', (error) => {
      reject(
        new OperationalError('no-kubectl', `${program}: ${systemErrorReason(error)}`, { exitCode: 4, cause: error }),
      );
    });
    child.once('close', (code) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else resolve({ exitCode: code ?? 128, output });
    });
  });
}
