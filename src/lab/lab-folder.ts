/**
 * Where a running lab is found: a folder of the user, and of nobody else, with its kubeconfig and a record of who runs it.
 */
import { statSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperationalError } from '../io/operational-error.ts';
import { systemErrorCode, systemErrorReason } from '../io/system-error.ts';

/** What `lab status` and `lab down` know of a lab. */
export interface LabRecord {
  readonly name: string;
  /** Of the launcher: when it ends, so does everything. */
  readonly pid: number;
  /** Tells the launcher from a later process with its number; `''` where the system does not say. */
  readonly processStart: string;
  readonly runtime: 'netns' | 'sim';
  readonly nodes: number;
  readonly ipFamily: string;
  readonly server: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

const KUBECONFIG = 'kubeconfig';
const RECORD = 'lab.json';
const MAX_LABS_SHOWN = 1000;

/** Lowercase letters, digits and dashes, as the name of a namespace. */
export function isLabName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name);
}

/** Of all labs of this user. @param environment for XDG_RUNTIME_DIR */
export function labsFolder(environment: Readonly<Record<string, string | undefined>>, uid: number): string {
  const runtime = environment['XDG_RUNTIME_DIR'] ?? '';
  return isOwnFolder(runtime, uid) ? join(runtime, 'sallyport') : join(tmpdir(), `sallyport-${uid}`);
}

/** After `su` and `sudo` the variable often names the folder of somebody else. */
function isOwnFolder(path: string, uid: number): boolean {
  if (path === '') return false;
  try {
    const found = statSync(path);
    return found.isDirectory() && (uid < 0 || found.uid === uid);
  } catch {
    return false;
  }
}

export function labFolder(parent: string, name: string): string {
  return join(parent, name);
}

export function kubeconfigPath(folder: string): string {
  return join(folder, KUBECONFIG);
}

/**
 * Makes the folder of a lab.
 *
 * @throws OperationalError `lab-folder` when somebody else owns what is there
 */
export async function makeLabFolder(parent: string, name: string, uid: number): Promise<string> {
  await makePrivate(parent, uid);
  const folder = labFolder(parent, name);
  await makePrivate(folder, uid);
  return folder;
}

/** Below a folder that everybody may write to, what is there already may be a trap. */
async function makePrivate(folder: string, uid: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!(await isOwn(folder, uid))) throw notOwn(folder);
    await chmod(folder, 0o700);
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    throw new OperationalError('lab-folder', `${folder} cannot be made: ${systemErrorReason(error)}`, {
      hint: 'set XDG_RUNTIME_DIR to a folder of your own',
      exitCode: 4,
      cause: error,
    });
  }
}

/** Whether it is a folder, no link to one, and belongs to this user. */
async function isOwn(folder: string, uid: number): Promise<boolean> {
  const found = await lstat(folder);
  return found.isDirectory() && (uid < 0 || found.uid === uid);
}

function notOwn(folder: string): OperationalError {
  return new OperationalError('lab-folder', `${folder} does not belong to this user`, {
    hint: 'set XDG_RUNTIME_DIR to a folder of your own',
    exitCode: 4,
  });
}

/** Written whole or not at all, and readable by the user alone. */
async function writePrivate(path: string, text: string): Promise<void> {
  const next = `${path}.${process.pid}.new`;
  await writeFile(next, text, { mode: 0o600, flag: 'wx' });
  await rename(next, path);
}

export async function writeKubeconfig(folder: string, text: string): Promise<string> {
  const path = kubeconfigPath(folder);
  await writePrivate(path, text);
  return path;
}

export async function writeRecord(folder: string, record: LabRecord): Promise<void> {
  await writePrivate(join(folder, RECORD), `${JSON.stringify(record)}\n`);
}

/** `undefined` when there is none, or none that this version understands. */
export async function readRecord(folder: string): Promise<LabRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, RECORD), 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is LabRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { name, pid, processStart, runtime, nodes, ipFamily, server, startedAt } = value as Record<string, unknown>;
  return (
    [name, processStart, ipFamily, server, startedAt].every((each) => typeof each === 'string') &&
    (runtime === 'netns' || runtime === 'sim') &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    Number.isSafeInteger(nodes)
  );
}

export async function removeLabFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/**
 * By name. What ended without removing its folder is removed now. What somebody else put there is nobody's lab: a record
 * names a process to end, and a kubeconfig may name a program to run.
 *
 * @throws OperationalError `lab-folder` when the folder of all of them is somebody else's
 */
export async function runningLabs(parent: string, uid = process.getuid?.() ?? -1): Promise<readonly LabRecord[]> {
  let names: string[];
  try {
    if (!(await isOwn(parent, uid))) throw notOwn(parent);
    names = (await readdir(parent)).filter(isLabName).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  const labs: LabRecord[] = [];
  for (const name of names.slice(0, MAX_LABS_SHOWN)) {
    const folder = labFolder(parent, name);
    if (!(await isOwn(folder, uid).catch(() => false))) continue;
    const record = await readRecord(folder);
    if (record === undefined || record.name !== name) continue;
    if (await isRunning(record)) labs.push(record);
    else await removeLabFolder(folder);
  }
  return labs;
}

export async function isRunning({ pid, processStart }: Pick<LabRecord, 'pid' | 'processStart'>): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') return false;
  }
  const start = await startOfProcess(pid);
  return processStart === '' || start === '' || start === processStart;
}

/** Ticks since the machine was started, as /proc has it; `''` where there is no /proc. */
export async function startOfProcess(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name of the program stands in parentheses and may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
