/**
 * Files of a git revision, read from the object store: nothing is checked out, so no hook, filter or attribute of the
 * repository runs. git gets argument lists only, and no user text where it could be taken for an option.
 */
import { resolve } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { OperationalError } from './operational-error.ts';
import { maxInputBytes, toSource, tooLarge } from './read-file.ts';
import { runProcess } from './run-process.ts';
import { isManifestPath } from './walk-folder.ts';

const gitTimeoutMs = 60_000;
const maxListBytes = 256 * 1024 * 1024;
/** All files of one revision together, as for files of a folder. */
const maxTotalBytes = 4 * maxInputBytes;

export interface GitFiles {
  /** Named `REVISION:path`. */
  readonly sources: readonly SourceText[];
  /** Paths that the revision does not have. */
  readonly missing: readonly string[];
  /** What could not be read as text. */
  readonly failures: readonly OperationalError[];
}

export class GitRepository {
  /** The folder that git runs in. */
  private readonly folder: string;
  /** The top of the work tree. */
  readonly top: string;

  private constructor(folder: string, top: string) {
    this.folder = folder;
    this.top = top;
  }

  /** The repository around a folder; `undefined` when there is none, or no git. */
  static async around(folder: string): Promise<GitRepository | undefined> {
    const result = await git(folder, ['rev-parse', '--show-toplevel']);
    if (result.exitCode !== 0) return undefined;
    return new GitRepository(folder, result.stdout.toString('utf8').replace(/\n$/, ''));
  }

  /** The commit that a revision names; `undefined` when it names none. */
  async commitOf(revision: string): Promise<string | undefined> {
    requireRevision(revision);
    const result = await git(this.folder, [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${revision}^{commit}`,
    ]);
    const commit = result.stdout.toString('utf8').trim();
    return result.exitCode === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
  }

  /** The best common ancestor of two revisions; `undefined` when they have none. */
  async mergeBase(a: string, b: string): Promise<string | undefined> {
    const [first, second] = [await this.commitOf(a), await this.commitOf(b)];
    if (first === undefined || second === undefined) return undefined;
    const result = await git(this.folder, ['merge-base', first, second]);
    const commit = result.stdout.toString('utf8').trim();
    return result.exitCode === 0 && commit !== '' ? commit : undefined;
  }

  /**
   * The manifests of a commit below some paths, which are relative to `from`; a path that names a file is read whatever
   * its extension. Links and submodules are not followed.
   *
   * @param name how the revision is called in the names of texts
   * @throws OperationalError `git-failed`, `input-too-large`
   */
  async read(commit: string, name: string, from: string, paths: readonly string[]): Promise<GitFiles> {
    const entries: TreeEntry[] = [];
    const missing: string[] = [];
    for (const path of paths) {
      const inside = this.pathInside(from, path);
      const found = await this.list(commit, inside);
      const wanted = found.filter((entry) => entry.path === inside || isManifestPath(entry.path));
      if (found.length === 0) missing.push(path);
      entries.push(...wanted);
    }
    const unique = [...new Map(entries.map((entry) => [entry.path, entry])).values()];
    const total = unique.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > maxTotalBytes) throw new OperationalError('input-too-large', `${name}: larger than 2 GiB`);
    for (const { path, bytes } of unique) if (bytes > maxInputBytes) throw tooLarge(`${name}:${path}`, maxInputBytes);
    return { ...(await this.contents(name, unique)), missing };
  }

  private pathInside(from: string, path: string): string {
    const full = resolve(from, path);
    if (full === this.top) return '';
    if (!full.startsWith(`${this.top}/`)) {
      throw new OperationalError('outside-repository', `${path}: not in the repository ${this.top}`, { exitCode: 2 });
    }
    return full.slice(this.top.length + 1);
  }

  private async list(commit: string, path: string): Promise<readonly TreeEntry[]> {
    const args = ['ls-tree', '-r', '-z', '-l', '--full-tree', commit, ...(path === '' ? [] : ['--', path])];
    const result = await git(this.top, args, maxListBytes);
    if (result.exitCode !== 0) throw failed('ls-tree', result.stderr);
    return result.stdout.toString('utf8').split('\0').flatMap(treeEntry);
  }

  private async contents(name: string, entries: readonly TreeEntry[]): Promise<Omit<GitFiles, 'missing'>> {
    if (entries.length === 0) return { sources: [], failures: [] };
    const input = entries.map(({ object }) => `${object}\n`).join('');
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes + 200, 0);
    const result = await git(this.top, ['cat-file', '--batch'], bytes, input);
    if (result.exitCode !== 0) throw failed('cat-file', result.stderr);
    const sources: SourceText[] = [];
    const failures: OperationalError[] = [];
    let at = 0;
    for (const { path } of entries) {
      const line = result.stdout.indexOf(0x0a, at);
      const header = /^[0-9a-f]+ blob (\d+)$/.exec(result.stdout.subarray(at, line).toString('latin1'));
      if (line < 0 || header === null) throw failed('cat-file', 'it printed something unexpected');
      const size = Number(header[1]);
      try {
        sources.push(toSource(`${name}:${path}`, result.stdout.subarray(line + 1, line + 1 + size)));
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        failures.push(error);
      }
      at = line + 1 + size + 1;
    }
    return { sources, failures };
  }
}

interface TreeEntry {
  readonly object: string;
  readonly bytes: number;
  readonly path: string;
}

/** `100644 blob 89e6c98d    1234\tpath`; only files. */
function treeEntry(text: string): TreeEntry[] {
  const match = /^(\d{6}) blob ([0-9a-f]{40,64}) +(\d+)\t([^]+)$/.exec(text);
  if (match === null || match[1] === '120000') return [];
  return [{ object: match[2] ?? '', bytes: Number(match[3]), path: match[4] ?? '' }];
}

/** What begins with a dash would be an option, whatever `--end-of-options` is worth in old versions of git. */
export function requireRevision(revision: string): void {
  if (revision !== '' && !revision.startsWith('-') && !/[\0\n]/.test(revision)) return;
  throw new OperationalError('usage', `${JSON.stringify(revision)} is not a git revision`, {
    hint: 'for example main, HEAD~1, a tag or a commit',
    exitCode: 2,
  });
}

interface GitResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function git(folder: string, args: readonly string[], maxOutputBytes = 1 << 20, input = ''): Promise<GitResult> {
  const result = await runProcess(
    'git',
    ['-C', folder, '--no-pager', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', ...args],
    {
      timeoutMs: gitTimeoutMs,
      maxOutputBytes,
      input,
      env: {
        ...process.env,
        // Paths are paths, a partial clone stays as it is, and nobody is asked for a password.
        GIT_LITERAL_PATHSPECS: '1',
        GIT_NO_LAZY_FETCH: '1',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_TERMINAL_PROMPT: '0',
      },
    },
  );
  return result.type === 'missing' ? { exitCode: -1, stdout: Buffer.alloc(0), stderr: 'git is not installed' } : result;
}

function failed(command: string, stderr: string): OperationalError {
  const [reason = 'it gave no reason'] = stderr.split('\n').filter((line) => line.trim() !== '');
  return new OperationalError('git-failed', `git ${command} failed: ${reason}`);
}
