import { describe, expect, it } from 'vitest';
import { probeNetns, type ProbedMachine } from '../../../../src/lab/runtime/netns/probe.ts';

const works = (mode: string) => Promise.resolve(mode === 'none' ? ['x'] : []);

function machine(more: Partial<ProbedMachine>): ProbedMachine {
  return {
    platform: 'linux',
    uid: 1000,
    hasProgram: () => true,
    setting: () => undefined,
    attempt: works,
    ...more,
  };
}

const refused = (...lines: string[]) => ({ attempt: () => Promise.resolve(lines) });
const userRefused = {
  attempt: (mode: string) => Promise.resolve(mode === 'root' ? [] : ['namespaces: unshare: Operation not permitted']),
};

describe('whether pods can be network namespaces', () => {
  it.each([
    ['a user who may', {}, { ok: true, mode: 'user-namespace' }],
    ['root, with a user namespace', { uid: 0 }, { ok: true, mode: 'user-namespace' }],
    ['root, without one', { uid: 0, ...userRefused }, { ok: true, mode: 'root' }],
    [
      'another system',
      { platform: 'darwin' },
      { ok: false, reasons: ['network namespaces need Linux'], hint: '--runtime sim needs nothing of the kernel' },
    ],
    [
      'missing programs',
      { hasProgram: (name: string) => name === 'perl' || name === 'nsenter' },
      { ok: false, reasons: ['not installed: ip, nft'], hint: 'sudo apt-get install iproute2 nftables' },
    ],
    [
      'Ubuntu',
      { ...userRefused, setting: (name: string) => (name.includes('apparmor') ? '1' : undefined) },
      {
        ok: false,
        reasons: ['namespaces: unshare: Operation not permitted'],
        hint: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or start it as root',
      },
    ],
    [
      'no user namespaces left',
      { ...userRefused, setting: (name: string) => (name.startsWith('user.') ? '0' : undefined) },
      { ok: false, hint: 'sudo sysctl -w user.max_user_namespaces=10000, or start it as root' },
    ],
    ['a container', userRefused, { ok: false, hint: expect.stringContaining('seccomp') as string }],
    [
      'a container with a masked /proc',
      refused('process: mount /proc: Operation not permitted'),
      { ok: false, hint: expect.stringContaining('--privileged') as string },
    ],
    [
      'no nftables',
      refused('nft: Error: Could not process rule: Operation not supported'),
      { ok: false, reasons: ['nft: Error: Could not process rule: Operation not supported'] },
    ],
    ['root who may not either', { uid: 0, ...refused('link: no') }, { ok: false, reasons: ['link: no'] }],
  ])('%s', async (_, more, expected) => {
    expect(await probeNetns(machine(more))).toMatchObject(expected);
  });
});
