/**
 * `npm run lab:kubectl -- 1.29 1.32 1.35`: every command of `kubectl-commands.ts` with stock binaries of these versions, each
 * against a lab of its own, as a table in Markdown.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectlFolder } from '../../../tools/kubectl.mjs';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { editorScript, kubectlCommands, problemOf } from './kubectl-commands.ts';
import { LabProcess } from './lab-process.ts';

const versions = process.argv.slice(2);
if (versions.length === 0) {
  process.stderr.write('usage: npm run lab:kubectl -- VERSION...   (1.29, 1.32, ...)\n');
  process.exit(2);
}
buildWhenStale();
const work = mkdtempSync(join(tmpdir(), 'sallyport-kubectl-'));
const editor = join(work, 'editor');
writeFileSync(editor, editorScript);
chmodSync(editor, 0o755);
const commands = kubectlCommands(editor);
const results = new Map<string, readonly (string | undefined)[]>();
try {
  for (const version of versions) {
    const kubectl = join(kubectlFolder(version), 'kubectl');
    const lab = await LabProcess.start(['--runtime', 'netns', '--name', `matrix-${process.pid}`]);
    const problems: (string | undefined)[] = [];
    try {
      for (const command of commands) {
        const ran = await lab.kubectl(kubectl, command.args, { ...command, env: { ...command.env, HOME: work } });
        problems.push(problemOf(command, ran));
        process.stderr.write(problems.at(-1) === undefined ? '.' : 'F');
      }
    } finally {
      await lab.stop();
    }
    process.stderr.write(
      `\n${version}: ${problems.filter((problem) => problem === undefined).length} of ${commands.length}\n`,
    );
    results.set(version, problems);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const rows = commands.map(({ args }, index) => {
  const cells = versions.map((version) => (results.get(version)?.[index] === undefined ? '✓' : '✗'));
  return `| \`${args
    .map((word) => (word === editor ? 'editor' : word))
    .join(' ')
    .replaceAll('|', String.raw`\|`)
    .replaceAll('\n', ' ')}\` | ${cells.join(' | ')} |`;
});
process.stdout.write(
  `| kubectl … | ${versions.join(' | ')} |\n| --- |${' --- |'.repeat(versions.length)}\n${rows.join('\n')}\n`,
);
let failed = 0;
for (const version of versions) {
  results.get(version)?.forEach((problem, index) => {
    if (problem === undefined) return;
    failed++;
    process.stdout.write(`\n${version}: kubectl ${commands[index]?.args.join(' ') ?? ''}\n${problem}\n`);
  });
}
process.exitCode = failed === 0 ? 0 : 1;
