/** Whether real packets can be sent here, and if not, why and what to do about it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ensurePrograms } from '../../tools/system-packages.mjs';
import { env } from './namespaces.ts';

/** Where nobody sees what was left out, nothing may be. */
export const mayBeSkipped = (process.env['CI'] ?? '') === '';

/** Why packets cannot be tested here, with the line to paste; `undefined` when they can. Installs what it may. */
export function whyNoPackets(): string | undefined {
  if (process.platform !== 'linux') return 'real packets need Linux';
  const missing = ensurePrograms(['ip', 'nft', 'nsenter', 'perl', 'setpriv', 'tcpdump', 'unshare']);
  if (missing !== undefined) return missing;
  const root = process.getuid?.() === 0;
  const user = root ? [] : ['--user', '--map-root-user'];
  const inside = (...argv: readonly string[]) =>
    spawnSync('unshare', [...user, '--net', ...argv], { encoding: 'utf8', env });
  const empty = inside('true');
  if (empty.status !== 0)
    return root ? `no network namespaces: ${empty.stderr.trim()}` : whyNoUser(empty.stderr.trim());
  const table = inside('nft', 'add table inet sallyport_probe');
  return table.status === 0 ? undefined : `nftables does not work here: ${table.stderr.trim()}`;
}

function whyNoUser(stderr: string): string {
  const settings = [
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['user.max_user_namespaces', '0', '10000'],
  ] as const;
  const closed = settings.find(([name, value]) => setting(name) === value);
  const paste = closed === undefined ? 'sudo npm test' : `sudo sysctl -w ${closed[0]}=${closed[2]}`;
  return `no user namespaces (${stderr}): ${paste}`;
}

function setting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
