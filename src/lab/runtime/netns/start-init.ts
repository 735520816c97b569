/** Starts the first process of a lab, which starts the lab's program inside of new namespaces. */
import { spawn, type ChildProcess } from 'node:child_process';
import { initScript } from './lab-scripts.ts';

export type NamespaceMode = 'user-namespace' | 'root';

export interface StartInitOptions {
  readonly mode: NamespaceMode;
  /** The lab's program and its arguments. It gets an IPC channel, and `INIT_VARIABLE` in its environment. */
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * The folder of this lab, with what tells others how to find it. When the lab ends, however it ends, its files are
   * removed, and itself.
   */
  readonly runtimeFolder: string;
  /** More handles for the lab's program, by the same order from number 5. */
  readonly inheritFds?: readonly number[];
  /** Where its outputs go. */
  readonly stdout?: 'ignore' | 'inherit' | 'pipe';
  readonly stderr?: 'ignore' | 'inherit' | 'pipe';
}

/**
 * The process that is returned ends when the lab's program ends, with its exit code; its IPC channel is that of the lab's
 * program. Everything ends when this process does, or when the returned one is killed.
 */
export function startInit(options: StartInitOptions): ChildProcess {
  const { mode, argv, env, runtimeFolder, inheritFds = [], stdout = 'inherit', stderr = 'inherit' } = options;
  const passed = inheritFds.map((_, index) => String(5 + index));
  const child = spawn(
    'perl',
    [
      initScript(),
      '--mode',
      mode === 'root' ? 'root' : 'user',
      '--folder',
      runtimeFolder,
      '--life',
      '3',
      ...(passed.length === 0 ? [] : ['--pass', passed.join(',')]),
      '--',
      ...argv,
    ],
    {
      // A life line that is never written to: it ends with this process.
      stdio: ['ignore', stdout, stderr, 'pipe', 'ipc', ...inheritFds],
      // What the terminal says is for this process alone.
      detached: true,
      env: initEnv(env),
    },
  );
  const [, , , lifeLine] = child.stdio;
  lifeLine?.on('error', () => undefined);
  return child;
}

/** Programs of the system are not always on a user's PATH; what changes perl for a user must not change it here. */
export function initEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const own = Object.entries(env).filter(([name]) => !name.startsWith('PERL'));
  return { ...Object.fromEntries(own), PATH: `${env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}
