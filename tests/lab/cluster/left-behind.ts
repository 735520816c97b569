/** What a lab consists of, and what is on the machine outside of it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** Tells it from a later process with the same number. */
  readonly start: string;
  readonly command: string;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly start: string;
}

function statOf(pid: number): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]), start: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Of the process and all that it has started, as far as they live. */
export function treeOf(root: number): readonly ProcessId[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? statOf(pid)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: ProcessId[] = [];
  for (const queue = [root]; queue.length > 0;) {
    const pid = queue.shift() ?? 0;
    const start = statOf(pid)?.start;
    if (start !== undefined) found.push({ pid, start, command: commandOf(pid) });
    queue.push(...(children.get(pid) ?? []));
  }
  return found;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Those that have not ended. */
export function alive(processes: readonly ProcessId[]): readonly ProcessId[] {
  return processes.filter(({ pid, start }) => {
    const stat = statOf(pid);
    return stat !== undefined && stat.start === start && stat.state !== 'Z';
  });
}

/** Mounts, links, named namespaces and tables of the machine; each a line. */
export function machineState(): ReadonlySet<string> {
  const lines = (what: string, text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${what} ${line}`);
  return new Set([
    ...lines('mount', readFileSync('/proc/self/mounts', 'utf8')),
    ...lines('link', readdirSync('/sys/class/net').join('\n')),
    ...lines('namespace', namesIn('/run/netns').join('\n')),
    ...lines('table', tables()),
  ]);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Only root can see them, and only root could have left one. */
function tables(): string {
  return process.getuid?.() === 0 ? execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }) : '';
}

/** Those whose arguments or environment have the secret in them, as far as they may be read. */
export function knownTo(processes: readonly ProcessId[], secret: string): readonly ProcessId[] {
  return processes.filter(({ pid, command }) => {
    let environment = '';
    try {
      environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    } catch {
      // Nobody may read it, or it has ended.
    }
    return command.includes(secret) || environment.includes(secret);
  });
}
