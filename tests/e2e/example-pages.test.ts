import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { splitWords } from '../../tools/console-blocks.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = readdirSync(join(root, 'examples'));

/** The commands that an example's page tells people to run. */
const commands = folders.flatMap((folder) =>
  [...readFileSync(join(root, 'examples', folder, 'README.md'), 'utf8').matchAll(/^npx sallyport (.*)$/gm)].map(
    ([, command = '']) => [folder, command] as const,
  ),
);

describe('the pages of the examples', () => {
  it('each have something to run', () => {
    expect(folders.filter((folder) => !commands.some(([of]) => of === folder))).toEqual([]);
  });

  it.each(commands)('%s: %s', (_folder, command) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, ['dist/cli/main.js', ...splitWords(command)], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(/^(?:can|audit) /.test(command) ? [0, 1] : [0]).toContain(status);
    expect(stdout.length).toBeGreaterThan(20);
  });
});
