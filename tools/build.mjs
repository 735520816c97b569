/**
 * `npm run build`: compiles `src/` into `dist/`: the library module by module, with declarations, and the command line as a
 * bundle of a few files (docs/decisions/011-bundled-command-line.md).
 *
 * The new tree is made beside the old one and then takes its place, so that a failed build leaves the last good one and
 * no file of a module that is gone stays behind.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const next = join(root, `dist.next-${process.pid}`);
const last = join(root, `dist.last-${process.pid}`);

/** The file whose time says when the last build began. */
export const buildStamp = join(dist, '.built');

export function build() {
  const begun = new Date().toISOString();
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  try {
    mkdirSync(next, { recursive: true });
    writeFileSync(join(next, '.built'), `${begun}\n`);
    const run = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', next], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (run.status !== 0) throw new Error('the TypeScript compiler reported errors; dist/ is as it was before');
    // Of the floors above the library only the bundle is wanted.
    for (const folder of ['io', 'agent', 'lab', 'cli']) rmSync(join(next, folder), { recursive: true, force: true });
    buildSync({
      absWorkingDir: root,
      entryPoints: [
        { in: 'src/cli/main.ts', out: 'main' },
        // Processes of their own: the lab, and what it starts.
        { in: 'src/cli/lab-server.ts', out: 'lab-server' },
        { in: 'src/lab/dns/dns-program.ts', out: 'dns-program' },
      ],
      outdir: join(next, 'cli'),
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      logLevel: 'warning',
    });
    chmodSync(join(next, 'cli/main.js'), 0o755);
    // Scripts of the lab, which perl reads.
    for (const source of ['netns/perl', 'programs']) {
      const [folder = source] = source.split('/');
      cpSync(join(root, 'src/lab/runtime', source), join(next, 'lab-programs', folder), {
        recursive: true,
        filter: (path) => !/\.[^/.]+$/.test(path) || path.endsWith('.pl'),
      });
    }
    if (existsSync(dist)) renameSync(dist, last);
    renameSync(next, dist);
  } finally {
    for (const folder of [next, last]) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build();
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
