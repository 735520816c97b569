/**
 * Programs that come with the system's packages, not with npm: installed where that is allowed, otherwise the one line
 * that does it is told. `node tools/system-packages.mjs PROGRAM...` does so and fails when one is still missing.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The Debian package that each program is in. @type {Readonly<Record<string, string>>} */
const packages = {
  conntrack: 'conntrack',
  ip: 'iproute2',
  iptables: 'iptables',
  nft: 'nftables',
  nsenter: 'util-linux',
  perl: 'perl-base',
  setpriv: 'util-linux',
  tcpdump: 'tcpdump',
  unshare: 'util-linux',
};

/** A user's PATH often lacks where these programs are. */
export const systemPath = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'].join(':');

/** @param {string} program */
function isThere(program) {
  return systemPath.split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs what is missing when this is root on a system with apt-get. Why some are still missing, with the line to
 * paste; `undefined` when all are there.
 * @param {readonly string[]} programs
 * @returns {string | undefined}
 */
export function ensurePrograms(programs) {
  const missing = programs.filter((program) => !isThere(program));
  if (missing.length === 0) return undefined;
  const names = [...new Set(missing.map((program) => packages[program] ?? program))];
  const paste = `sudo apt-get install -y ${names.join(' ')}`;
  const reason = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: ${paste}`;
  if (process.getuid?.() !== 0 || !isThere('apt-get')) return reason;
  console.error(`Installing ${names.join(', ')} with apt-get...`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8' };
  const install = ['install', '-qq', '-y', '--no-install-recommends', ...names];
  for (const args of [['update', '-qq'], install]) {
    const { status, stderr } = spawnSync('apt-get', args, /** @type {{ encoding: 'utf8' }} */ (options));
    // An update may fail for a source that nothing here needs.
    if (status !== 0 && args === install) return `${reason} (apt-get: ${stderr.trim()})`;
  }
  return programs.every(isThere) ? undefined : reason;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const reason = ensurePrograms(process.argv.slice(2));
  if (reason !== undefined) {
    console.error(reason);
    process.exitCode = 1;
  }
}
