/**
 * What the GitHub Action does: audit with annotations, comparison with the base as a comment, intents. Every step runs;
 * the job fails when one of them does.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { putComment } from './comment.mjs';

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const env = process.env;

/** More than this no step prints. */
const maxBuffer = 64 * 1024 * 1024;

/** @param {string} name */
const words = (name) => (env[name] ?? '').split(/\s+/).filter((word) => word !== '');

/** @param {readonly string[]} args */
function sallyport(args) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    maxBuffer,
    env: { ...env, NO_COLOR: '1' },
  });
  if (error !== undefined) throw error;
  if (stderr !== '') process.stderr.write(stderr);
  return { status: status ?? 70, stdout };
}

/** @param {readonly string[]} args */
function git(args) {
  const { status, stdout } = spawnSync('git', [...args], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * The pull request that the job runs for, from the event that started it; empty outside of GitHub.
 *
 * @returns {{ base?: string, number?: number }}
 */
function readPullRequest() {
  const file = env['GITHUB_EVENT_PATH'];
  if (file === undefined || file === '') return {};
  const event = /** @type {{ pull_request?: { number?: unknown, base?: { sha?: unknown } } }} */ (
    JSON.parse(readFileSync(file, 'utf8'))
  );
  const { number, base } = event.pull_request ?? {};
  return {
    ...(typeof base?.sha === 'string' ? { base: base.sha } : {}),
    ...(typeof number === 'number' && Number.isInteger(number) ? { number } : {}),
  };
}

/** Shallow checkouts do not have the base: it is fetched then. @param {string} revision */
function ensureRevision(revision) {
  if (revision.startsWith('-')) throw new Error(`base ${JSON.stringify(revision)} is no revision`);
  if (git(['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]) !== undefined) return revision;
  git(['fetch', '--no-tags', '--depth=1', 'origin', revision]);
  if (git(['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]) !== undefined) return revision;
  const fetched = git(['rev-parse', '--verify', '--quiet', 'FETCH_HEAD^{commit}']);
  if (fetched === undefined) throw new Error(`the base ${revision} cannot be fetched; check out with fetch-depth: 0`);
  return fetched;
}

async function main() {
  const paths = words('SALLYPORT_PATH');
  if (paths.length === 0) throw new Error('the input path names no manifests');
  const files = paths.flatMap((path) => ['-f', path]);
  /** @type {string[]} */
  const failed = [];

  const audit = sallyport(['audit', ...files, '-o', 'github', '--fail-on', env['SALLYPORT_FAIL_ON'] || 'error']);
  process.stdout.write(audit.stdout);
  if (audit.status !== 0) failed.push('audit');
  const sarif = env['SALLYPORT_SARIF'] ?? '';
  if (sarif !== '') {
    const report = sallyport(['audit', ...files, '-o', 'sarif', '--fail-on', 'never', '-q']);
    appendFileSync(sarif, report.stdout, { flag: 'w' });
  }

  const intents = words('SALLYPORT_INTENTS');
  if (intents.length > 0) {
    const verify = sallyport(['verify', ...intents, ...files, '-o', 'github']);
    process.stdout.write(verify.stdout);
    if (verify.status !== 0) failed.push('verify');
  }

  const pullRequest = readPullRequest();
  const base = env['SALLYPORT_BASE'] || pullRequest.base;
  if (base !== undefined && base !== '') {
    const range = `${ensureRevision(base)}..`;
    const diff = sallyport(['diff', range, '-o', 'md', '--', ...paths]);
    if (diff.status !== 0) failed.push('diff');
    const summary = env['GITHUB_STEP_SUMMARY'];
    if (summary !== undefined && summary !== '') appendFileSync(summary, diff.stdout);
    else process.stdout.write(diff.stdout);
    const expect = env['SALLYPORT_EXPECT'] ?? '';
    if (expect !== '' && sallyport(['diff', range, '--expect', expect, '-q', '--', ...paths]).status !== 0) {
      failed.push(`diff --expect ${expect}`);
    }
    const { number } = pullRequest;
    const token = env['SALLYPORT_TOKEN'] ?? '';
    if (env['SALLYPORT_COMMENT'] === 'true' && token !== '' && number !== undefined && diff.stdout !== '') {
      await comment(diff.stdout, number, token);
    }
  }
  if (failed.length > 0) {
    console.error(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

/**
 * A comment that cannot be written is no reason to fail: pull requests from forks have no right to.
 *
 * @param {string} body
 * @param {number} number
 * @param {string} token
 */
async function comment(body, number, token) {
  try {
    const api = env['GITHUB_API_URL'] || 'https://api.github.com';
    const made = await putComment({ api, repository: env['GITHUB_REPOSITORY'] ?? '', number, token, body });
    console.log(`comment ${made}`);
  } catch (error) {
    console.log(`::warning title=Sallyport::the comment was not written: ${message(error).replaceAll(/\s+/g, ' ')}`);
  }
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
} catch (error) {
  console.log(`::error title=Sallyport::${message(error).replaceAll('%', '%25').replaceAll(/\s+/g, ' ')}`);
  process.exitCode = 1;
}
