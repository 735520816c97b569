/** What the operands of `diff` name: two sides, each files, a git revision, standard input or a live cluster. */
import { existsSync } from 'node:fs';
import { GitRepository, requireRevision } from '../io/git.ts';
import { OperationalError } from '../io/operational-error.ts';

export type DiffSide =
  | { readonly type: 'paths'; readonly name: string; readonly paths: readonly string[] }
  | { readonly type: 'live'; readonly name: string }
  | {
      readonly type: 'revision';
      readonly name: string;
      readonly repository: GitRepository;
      readonly commit: string;
      readonly paths: readonly string[];
    };

export interface DiffOperands {
  /** Before `--`, or all when there is none. */
  readonly operands: readonly string[];
  /** After `--`. */
  readonly paths: readonly string[];
  readonly live: boolean;
}

export interface DiffSides {
  readonly before: DiffSide;
  readonly after: DiffSide;
}

/** @throws OperationalError exit 2 */
export async function diffSides({ operands, paths, live }: DiffOperands, folder: string): Promise<DiffSides> {
  const [first, second, more] = operands;
  if (more !== undefined) throw usage(`diff takes two sides, and ${JSON.stringify(more)} is a third one`);
  if (operands.filter((operand) => operand === '-').length > 1) {
    throw usage('standard input can only be one of the two sides');
  }
  const context = new SideContext(folder, paths);
  if (live) {
    if (first === undefined && paths.length > 0) {
      return { before: { type: 'live', name: 'the cluster' }, after: context.workTree() };
    }
    if (first === undefined || second !== undefined) {
      throw usage('--live is one side, so exactly one other is needed', 'for example sallyport diff --live k8s/');
    }
    if (await context.isRange(first)) throw usage('--live is one side, and a range of revisions names two');
    return { before: { type: 'live', name: 'the cluster' }, after: await context.side(first) };
  }
  if (first === undefined) {
    throw usage(
      'nothing to compare',
      'name two folders (sallyport diff old/ new/) or a git revision (sallyport diff main.. -- k8s/)',
    );
  }
  if (second !== undefined) return { before: await context.side(first), after: await context.side(second) };
  if (await context.isRange(first)) return context.range(first);
  const before = await context.side(first);
  if (before.type !== 'revision') {
    throw usage(`${first}: there is nothing to compare it with`, 'name a second folder, a git revision, or --live');
  }
  return { before, after: context.workTree(before.paths) };
}

class SideContext {
  private readonly folder: string;
  private readonly paths: readonly string[];
  private repository: Promise<GitRepository | undefined> | undefined;

  constructor(folder: string, paths: readonly string[]) {
    this.folder = folder;
    this.paths = paths;
  }

  /** `a..b`, `a..`, `..b`, `a...b`: unless there is a file of that name. */
  async isRange(text: string): Promise<boolean> {
    return text !== '..' && text.includes('..') && !this.isPath(text) && (await this.git()) !== undefined;
  }

  async range(text: string): Promise<DiffSides> {
    const three = text.includes('...');
    const separator = three ? '...' : '..';
    const at = text.indexOf(separator);
    const from = text.slice(0, at) || 'HEAD';
    const to = text.slice(at + separator.length);
    const after = to === '' ? this.workTree() : await this.revision(to);
    if (!three) return { before: await this.revision(from), after };
    const { repository } = await this.revision(from);
    const other = to === '' ? 'HEAD' : to;
    if (to !== '') await this.revision(to);
    const base = await repository.mergeBase(from, other);
    if (base === undefined) throw usage(`${from} and ${other} have no common ancestor`);
    const before = { type: 'revision', name: `${from}...`, repository, commit: base, paths: this.inTree() } as const;
    return { before, after };
  }

  async side(text: string): Promise<DiffSide> {
    if (text === '-') return { type: 'paths', name: 'standard input', paths: ['-'] };
    if (this.paths.length === 0 && this.isPath(text)) return { type: 'paths', name: text, paths: [text] };
    return this.revision(text);
  }

  workTree(paths: readonly string[] = this.inTree()): DiffSide {
    return { type: 'paths', name: 'the work tree', paths };
  }

  /** `REVISION` or `REVISION:path`. */
  private async revision(text: string): Promise<Extract<DiffSide, { type: 'revision' }>> {
    const repository = await this.git();
    if (repository === undefined) {
      throw new OperationalError('not-found', `${text}: no such file or folder, and this is no git repository`, {
        exitCode: 2,
      });
    }
    requireRevision(text);
    const commit = await repository.commitOf(text);
    if (commit !== undefined) return { type: 'revision', name: text, repository, commit, paths: this.inTree() };
    const colon = text.indexOf(':');
    if (colon > 0) {
      const inner = await repository.commitOf(text.slice(0, colon));
      const path = text.slice(colon + 1) || '.';
      if (inner !== undefined) {
        return { type: 'revision', name: text.slice(0, colon), repository, commit: inner, paths: [path] };
      }
    }
    throw new OperationalError('not-found', `${text}: neither a file or folder nor a git revision`, {
      hint: 'a shallow clone (actions/checkout without fetch-depth: 0) lacks the other branch',
      exitCode: 2,
    });
  }

  private inTree(): readonly string[] {
    return this.paths.length > 0 ? this.paths : ['.'];
  }

  private isPath(text: string): boolean {
    return existsSync(text);
  }

  private git(): Promise<GitRepository | undefined> {
    this.repository ??= GitRepository.around(this.folder);
    return this.repository;
  }
}

function usage(message: string, hint?: string): OperationalError {
  return new OperationalError('usage', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
