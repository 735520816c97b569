import { readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from './operational-error.ts';
import { systemErrorReason } from './system-error.ts';

const manifestName = /\.(?:ya?ml|json)$/i;

/** More entries than any checked-in or dumped cluster has; a walk beyond it is a mistake such as `-f /`. */
const maxEntries = 1_000_000;

export interface FolderWalk {
  /** Files with a manifest's extension, depth first, names in code-unit order within a folder. */
  readonly files: readonly string[];
  /** Folders and links that could not be followed. */
  readonly failures: readonly OperationalError[];
}

/**
 * Every manifest below a folder. Hidden folders and `node_modules` are passed over, as are the `._*` shadow files
 * of macOS. Symbolic links are followed; a folder that is reached twice (a loop, two links) is read once.
 *
 * @throws OperationalError `folder-too-large` beyond `limit` entries
 */
export function walkFolder(root: string, limit: number = maxEntries): FolderWalk {
  const files: string[] = [];
  const failures: OperationalError[] = [];
  const visited = new Set<string>();
  let entries = 0;
  // A stack instead of recursion: the depth of a folder tree is input too.
  const pending: { readonly path: string; readonly folder: boolean }[] = [{ path: root, folder: true }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (!next.folder) {
      files.push(next.path);
      continue;
    }
    const children = listFolder(next.path, visited, failures);
    entries += children.length;
    if (entries > limit) {
      throw new OperationalError(
        'folder-too-large',
        `${root}: more than ${limit.toLocaleString('en-US')} files and folders`,
        {
          hint: 'give the folder that holds the manifests',
        },
      );
    }
    for (const child of children.reverse()) {
      const path = join(next.path, child.name);
      const type = entryType(path, child, failures);
      if (type === 'folder' && !isSkippedFolder(child.name)) pending.push({ path, folder: true });
      if (type === 'file' && manifestName.test(child.name) && !child.name.startsWith('._'))
        pending.push({ path, folder: false });
    }
  }
  return { files, failures };
}

/** The same choice for a path in a tree that is not on disk, separated by slashes. */
export function isManifestPath(path: string): boolean {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  return manifestName.test(name) && !name.startsWith('._') && !parts.some(isSkippedFolder);
}

function isSkippedFolder(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules';
}

function listFolder(path: string, visited: Set<string>, failures: OperationalError[]): Dirent[] {
  try {
    const real = realpathSync(path);
    if (visited.has(real)) return [];
    visited.add(real);
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    failures.push(
      new OperationalError('unreadable', `${path}: cannot read the folder: ${systemErrorReason(error)}`, {
        cause: error,
      }),
    );
    return [];
  }
}

function entryType(path: string, entry: Dirent, failures: OperationalError[]): 'file' | 'folder' | 'other' {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return 'other';
  try {
    const target = statSync(path);
    if (target.isDirectory()) return 'folder';
    return target.isFile() ? 'file' : 'other';
  } catch (error) {
    // Editors leave dangling lock links such as `.#app`; only a link that poses as a manifest is a fault.
    if (manifestName.test(entry.name)) {
      failures.push(
        new OperationalError('unreadable', `${path}: cannot follow the symbolic link: ${systemErrorReason(error)}`, {
          cause: error,
        }),
      );
    }
    return 'other';
  }
}
