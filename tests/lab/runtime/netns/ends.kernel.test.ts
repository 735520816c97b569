/** However a lab ends, nothing of it is left. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeKernel } from '../../../packets/kernel.ts';
import { container, identities, LabUnderTest, sandbox } from './lab-under-test.ts';

/** All network namespaces that a process is in. */
function networks(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // It has just ended, or is somebody else's.
    }
  }
  return found;
}

const links = (): string => readFileSync('/proc/net/dev', 'utf8').replace(/:.*/g, '');
const mounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

/** What has ended but was not yet asked how by whoever has to does not count. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Which process of the lab has this title. */
function pidOf(lab: LabUnderTest, title: string): number {
  const found = lab.processes().find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(title);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no process ${title}`);
  return found;
}

const ways: readonly (readonly [string, (lab: LabUnderTest) => void])[] = [
  ['kill -9 of the launcher', ({ launcher }) => launcher.kill('SIGKILL')],
  ['the end of the launcher', ({ launcher }) => launcher.kill('SIGTERM')],
  ["kill -9 of the lab's program", (lab) => process.kill(pidOf(lab, 'lab-program.ts'), 'SIGKILL')],
  ['kill -9 of the first process', (lab) => process.kill(pidOf(lab, 'sallyport-lab: init'), 'SIGKILL')],
  ['kill -9 of the one that waits outside', ({ outerPid }) => process.kill(outerPid, 'SIGKILL')],
  ['a polite end of the one that waits outside', ({ outerPid }) => process.kill(outerPid, 'SIGTERM')],
];

for (const identity of identities) {
  describeKernel(`the end of a lab, ${identity}`, () => {
    let lab: LabUnderTest;

    beforeEach(async () => {
      lab = await LabUnderTest.open(identity, 1);
      await lab.ask('sandbox', sandbox('one', 'lab-1', ['10.244.0.5', 'fd00:10:244::5']));
      await lab.ask('container', container('one-1', 'one', ['sleep', '100000']));
    });

    afterEach(async () => lab.close());

    it.each(ways)('%s takes everything along', async (_, end) => {
      const before = { links: links(), mounts: mounts() };
      const own = networks();
      const processes = lab.processes();
      expect(processes.length).toBeGreaterThanOrEqual(6);
      const inside = readlinkSync(`/proc/${pidOf(lab, 'sallyport-lab: pod')}/ns/net`);
      expect(own).toContain(inside);
      expect(lab.folderIsThere).toBe(true);
      end(lab);
      await expect
        .poll(() => processes.filter((pid) => pid !== lab.launcher.pid && isRunning(pid)), { timeout: 5000 })
        .toEqual([]);
      await expect.poll(() => lab.folderIsThere, { timeout: 5000 }).toBe(false);
      expect(networks()).not.toContain(inside);
      expect({ links: links(), mounts: mounts() }).toEqual(before);
    });
  });
}
