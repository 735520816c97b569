/**
 * `npm run docs`: writes what the documentation takes from the program, that is the command reference and the output
 * in every `console` block. `npm run docs:check` fails when something of it is stale.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderMetricsReference } from '../src/agent/metrics/metrics-reference.ts';
import { renderCommandReference } from '../src/cli/command-reference.ts';
import { renderRuleReference } from '../src/cli/rule-reference.ts';
import buildWhenStale from './build-when-stale.mjs';
import { refreshConsoleBlocks, splitWords } from './console-blocks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'dist/cli/main.js');
const commandReference = 'docs/reference/commands.md';
const ruleReference = 'docs/reference/rules.md';
const metricsReference = 'docs/reference/metrics.md';
const checkOnly = process.argv.includes('--check');

/** @param {string} command */
function run(command) {
  const words = splitWords(command);
  const [program, name] = words;
  /** @type {string[]} */
  let args;
  if (program === 'npx' && name === 'sallyport') args = words.slice(2);
  else if (program === 'npm' && name === 'start') args = ['demo', ...words.slice(words[2] === '--' ? 3 : 2)];
  else throw new Error(`a console block runs \`${command}\`; only \`npx sallyport\` and \`npm start\` are known`);
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', COLUMNS: '100' };
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], { cwd: root, env, encoding: 'utf8' });
  if (status === null || status === 70) throw new Error(`\`${command}\` broke:\n${stderr}`);
  return stdout + stderr;
}

function* pages() {
  for (const name of readdirSync(root)) if (name.endsWith('.md')) yield name;
  for (const folder of ['docs', 'examples']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (entry.endsWith('.md')) yield `${folder}/${entry}`;
    }
  }
}

buildWhenStale();
/** @type {string[]} */
const stale = [];
/**
 * @param {string} page
 * @param {string} before
 * @param {string} after
 */
function settle(page, before, after) {
  if (before === after) return;
  stale.push(page);
  if (!checkOnly) writeFileSync(join(root, page), after);
}

settle(commandReference, readFileSync(join(root, commandReference), 'utf8'), renderCommandReference());
settle(ruleReference, readFileSync(join(root, ruleReference), 'utf8'), renderRuleReference());
settle(metricsReference, readFileSync(join(root, metricsReference), 'utf8'), renderMetricsReference());
for (const page of pages()) {
  const text = readFileSync(join(root, page), 'utf8');
  settle(page, text, refreshConsoleBlocks(text, run));
}

for (const page of stale) console.log(`${checkOnly ? 'stale' : 'written'}: ${page}`);
if (checkOnly && stale.length > 0) {
  console.error('Run `npm run docs` and commit the result.');
  process.exitCode = 1;
}
