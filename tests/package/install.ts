import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));

export interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

export interface InstalledPackage {
  /** What the tarball holds. */
  readonly files: readonly PackedFile[];
  /** A project that has Sallyport as its one dependency. */
  readonly project: string;
  /** The unpacked package. */
  readonly folder: string;
  remove(): void;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

interface Needed {
  readonly folder: string;
  /** The package that has it for itself, because another version is installed for all. */
  readonly owner: string | undefined;
}

/** The packages that Sallyport needs at run time, as installed here. */
function runtimeDependencies(): Needed[] {
  const found = new Map<string, Needed>();
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const { name: owner, dependencies = {} } = manifestOf(folder);
    for (const name of Object.keys(dependencies)) {
      const own = join(folder, 'node_modules', name);
      const isOwn = folder !== root && existsSync(own);
      const dependency = isOwn ? own : join(root, 'node_modules', name);
      if (found.has(dependency)) continue;
      found.set(dependency, { folder: dependency, owner: isOwn ? owner : undefined });
      open.push(dependency);
    }
  }
  return [...found.values()];
}

/**
 * Packs what `npm publish` would send and installs it somewhere else, without a network and without npm's cache: the
 * dependencies are packed from `node_modules` and handed over as tarballs too.
 */
export function installPackage(): InstalledPackage {
  // A blank in the path, because people have such folders.
  const base = mkdtempSync(join(realpathSync(tmpdir()), 'sallyport package '));
  const project = join(base, 'project');
  mkdirSync(project);
  const needed = runtimeDependencies();
  const folders = [root, ...needed.map(({ folder }) => folder)];
  const packed = JSON.parse(
    // The build has been made before the tests; `prepare` would make it again below other tests' feet.
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', base, ...folders),
  ) as readonly { readonly name: string; readonly filename: string; readonly files: readonly PackedFile[] }[];
  const dependencies: Record<string, string> = {};
  const overrides: Record<string, Record<string, string>> = {};
  for (const [index, { name, filename }] of packed.entries()) {
    const owner = needed[index - 1]?.owner;
    if (owner === undefined) dependencies[name] = `file:../${filename}`;
    else overrides[owner] = { ...overrides[owner], [name]: `file:${join(base, filename)}` };
  }
  const manifest = { private: true, type: 'module', dependencies, overrides };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  npm(project, 'install', '--offline', '--no-audit', '--no-fund', '--cache', join(base, 'cache'));
  return {
    files: packed[0]?.files ?? [],
    project,
    folder: join(project, 'node_modules/sallyport'),
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

function npm(cwd: string, ...args: readonly string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program that the project's packages brought, as `npx` would. */
export function runInstalled(project: string, program: string, ...args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(join(project, 'node_modules/.bin', program), args, {
    cwd: project,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}
