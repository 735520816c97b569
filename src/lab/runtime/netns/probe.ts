/** Whether pods can be network namespaces here, by trying it in namespaces that are gone at once. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from '../../../io/operational-error.ts';
import { runProcess } from '../../../io/run-process.ts';
import { initScript } from './lab-scripts.ts';
import { initEnv, type NamespaceMode } from './start-init.ts';

export type NetnsProbe =
  | { readonly ok: true; readonly mode: NamespaceMode }
  | { readonly ok: false; readonly reasons: readonly string[]; readonly hint: string };

/** What this machine is like; the real one unless a test says otherwise. */
export interface ProbedMachine {
  readonly platform: string;
  /** Of this process. */
  readonly uid: number;
  hasProgram(name: string): boolean;
  /** As `sysctl` names it; `undefined` when there is none. */
  setting(name: string): string | undefined;
  /** A line for each thing that does not work; none when all does. */
  attempt(mode: NamespaceMode): Promise<readonly string[]>;
}

/** The Debian package that each program is in. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
  ['nsenter', 'util-linux'],
  ['perl', 'perl-base'],
]);

/** Settings that forbid user namespaces, the value that does, and one that does not. */
const CLOSING_SETTINGS = [
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['user.max_user_namespaces', '0', '10000'],
] as const;

const ATTEMPT_MS = 10_000;
const SIMULATE = '--runtime sim needs nothing of the kernel';

/** Never rejects; some 50 ms. */
export async function probeNetns(machine: ProbedMachine = thisMachine()): Promise<NetnsProbe> {
  if (machine.platform !== 'linux') return { ok: false, reasons: ['network namespaces need Linux'], hint: SIMULATE };
  const missing = [...PROGRAMS].filter(([name]) => !machine.hasProgram(name));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
    const names = missing.map(([name]) => name).join(', ');
    return { ok: false, reasons: [`not installed: ${names}`], hint: `sudo apt-get install ${packages}` };
  }
  const rootless = await machine.attempt('user-namespace');
  if (rootless.length === 0) return { ok: true, mode: 'user-namespace' };
  if (machine.uid !== 0) return { ok: false, reasons: rootless, hint: hintFor(rootless, machine) };
  const root = await machine.attempt('root');
  if (root.length === 0) return { ok: true, mode: 'root' };
  return { ok: false, reasons: [...new Set([...rootless, ...root])], hint: hintFor(root, machine) };
}

function hintFor(reasons: readonly string[], machine: ProbedMachine): string {
  const closed = CLOSING_SETTINGS.find(([name, value]) => machine.setting(name) === value);
  if (closed !== undefined) return `sudo sysctl -w ${closed[0]}=${closed[2]}, or start it as root`;
  if (reasons.some((reason) => reason.startsWith('process: '))) {
    return 'a container hides parts of /proc: docker run --privileged, or --security-opt systempaths=unconfined';
  }
  if (reasons.some((reason) => reason.startsWith('namespaces: '))) {
    return 'in a container: docker run --privileged, or a seccomp profile that allows unshare; else start it as root';
  }
  return SIMULATE;
}

function thisMachine(): ProbedMachine {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    hasProgram: (name) => path.split(':').some((folder) => isExecutable(join(folder, name))),
    setting: readSetting,
    attempt: (mode) => attempt(mode, path),
  };
}

async function attempt(mode: NamespaceMode, path: string): Promise<readonly string[]> {
  try {
    const result = await runProcess('perl', [initScript(), '--probe', mode === 'root' ? 'root' : 'user'], {
      timeoutMs: ATTEMPT_MS,
      maxOutputBytes: 64 * 1024,
      env: { ...initEnv(process.env), LC_ALL: 'C', PATH: path },
    });
    if (result.type === 'missing') return ['not installed: perl'];
    if (result.exitCode === 0) return [];
    const lines = `${result.stdout.toString('utf8')}${result.stderr}`.split('\n').filter((line) => line !== '');
    return lines.length === 0 ? [`namespaces: exit code ${result.exitCode}`] : lines;
  } catch (error) {
    if (error instanceof OperationalError) return [error.message];
    throw error;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
