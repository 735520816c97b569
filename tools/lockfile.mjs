/**
 * `npm run lockfile [-- --check]`: makes package-lock.json name every platform's optional package.
 *
 * `npm install` leaves out optional packages that its registry mirror does not carry, and `npm ci` then refuses the
 * lock file everywhere. What is missing is known from the names: platform, processor, C library. No integrity is
 * recorded for these: npm records one when it installs them on that platform.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
/**
 * @typedef {{ license?: string | undefined, engines?: unknown, dev?: boolean, optionalDependencies?: Record<string, string> }} Locked
 */
const lock = /** @type {{ packages: Record<string, Locked> }} */ (JSON.parse(readFileSync(file, 'utf8')));
const platform =
  /(?<os>android|darwin|freebsd|linux|openharmony|win32)-(?<cpu>arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-(?<abi>\w+))?$/;

/** @type {string[]} */
const added = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    if (lock.packages[at] !== undefined) continue;
    const parts = platform.exec(name)?.groups;
    if (parts === undefined) throw new Error(`${path} wants ${name}, whose platform its name does not tell`);
    const scope = `node_modules/${name.split('/')[0]}/`;
    const sibling = Object.entries(lock.packages).find(([key]) => key.startsWith(scope))?.[1];
    const missing = {
      version,
      cpu: [parts['cpu']],
      ...(entry.dev === true ? { dev: true } : {}),
      ...(parts['os'] === 'linux' && parts['abi'] !== undefined
        ? { libc: [parts['abi'].startsWith('musl') ? 'musl' : 'glibc'] }
        : {}),
      license: sibling?.license ?? entry.license,
      optional: true,
      os: [parts['os']],
      ...(sibling?.engines === undefined ? {} : { engines: sibling.engines }),
    };
    lock.packages[at] = missing;
    added.push(name);
  }
}

if (process.argv.includes('--check')) {
  if (added.length > 0) {
    process.stderr.write(`package-lock.json lacks ${added.length} optional packages; run: npm run lockfile\n`);
    process.exitCode = 1;
  }
} else if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`added ${added.length} optional packages\n`);
}
