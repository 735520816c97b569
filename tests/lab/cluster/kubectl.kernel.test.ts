/** Stock kubectl against a lab with real packets, command by command. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { describeKernel } from '../../packets/kernel.ts';
import { editorScript, kubectlCommands, problemOf } from './kubectl-commands.ts';
import { LabProcess } from './lab-process.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';

function hasKubectl(): boolean {
  try {
    execFileSync(kubectl, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const work = mkdtempSync(join(tmpdir(), 'sallyport-kubectl-'));
const editor = join(work, 'editor');
writeFileSync(editor, editorScript);
chmodSync(editor, 0o755);
afterAll(() => rmSync(work, { recursive: true, force: true }));

describeKernel('stock kubectl against a lab', () => {
  const found = hasKubectl();
  describe.skipIf(!found)(found ? 'in order' : 'in order (skipped: there is no kubectl here)', () => {
    let lab: LabProcess;
    beforeAll(async () => {
      buildWhenStale();
      lab = await LabProcess.start(['--runtime', 'netns', '--name', `kubectl-${process.pid}`]);
    });
    afterAll(() => lab.stop());

    const commands = kubectlCommands(editor).map(
      (command) => [`kubectl ${command.args.join(' ').replaceAll('%', '%%')}`, command] as const,
    );
    test.each(commands)('%s', async (_, command) => {
      expect(problemOf(command, await lab.kubectl(kubectl, command.args, command))).toBe(undefined);
    });
  });
});
