/** The files that a container of the simulation has: what is mounted, a few of /etc, and what was written. */
const MAX_WRITTEN = 4 * 1024 * 1024;
const MAX_FILES = 10_000;

export class SimFiles {
  private readonly files = new Map<string, Buffer>();
  private readonly folders = new Set<string>(['/', '/etc', '/tmp']);
  private written = 0;

  constructor(files: readonly { readonly path: string; readonly content: Uint8Array }[], folders: readonly string[]) {
    for (const { path, content } of files) this.put(path, Buffer.from(content));
    for (const folder of folders) this.addFolder(absolute(folder, '/'));
  }

  read(path: string): Buffer | undefined {
    return this.files.get(absolute(path, '/'));
  }

  isFolder(path: string): boolean {
    return this.folders.has(absolute(path, '/'));
  }

  /** Names in a folder, sorted. */
  list(path: string): readonly string[] {
    const folder = absolute(path, '/');
    const prefix = folder === '/' ? '/' : `${folder}/`;
    const names = new Set<string>();
    for (const each of [...this.files.keys(), ...this.folders])
      if (each.startsWith(prefix) && each !== folder) names.add(each.slice(prefix.length).split('/')[0] ?? '');
    return [...names].sort();
  }

  /** Why it cannot be written, in the words of the system; `undefined` when it was. */
  write(path: string, content: Buffer, append: boolean): string | undefined {
    const file = absolute(path, '/');
    if (this.folders.has(file)) return 'Is a directory';
    if (!this.folders.has(parentOf(file))) return 'No such file or directory';
    this.written += content.length;
    if (this.written > MAX_WRITTEN || this.files.size >= MAX_FILES) return 'No space left on device';
    this.files.set(file, append ? Buffer.concat([this.files.get(file) ?? Buffer.alloc(0), content]) : content);
    return undefined;
  }

  remove(path: string): boolean {
    return this.files.delete(absolute(path, '/'));
  }

  makeFolder(path: string): void {
    if (this.folders.size < MAX_FILES) this.addFolder(absolute(path, '/'));
  }

  private put(path: string, content: Buffer): void {
    const file = absolute(path, '/');
    this.files.set(file, content);
    this.addFolder(parentOf(file));
  }

  private addFolder(path: string): void {
    for (let folder = path; !this.folders.has(folder); folder = parentOf(folder)) this.folders.add(folder);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** Without `.`, `..` and double slashes. */
export function absolute(path: string, from: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${from}/${path}`).split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  return `/${parts.join('/')}`;
}
