/** `npm start [-- OPTIONS]`: the demonstration, built first when that was left out or the source has changed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const args = process.argv.slice(2);

/** What pods that are network namespaces are made with. */
const labPrograms = ['ip', 'nft', 'nsenter', 'perl'];
const withoutLab = ['-f', '-k', '-h', '--filename', '--kustomize', '--static', '--help', 'sim', '--runtime=sim'];

if (!existsSync(new URL('../node_modules/typescript', import.meta.url))) {
  console.error('The dependencies are not installed yet. Run: npm ci');
  process.exit(1);
}
const { default: buildWhenStale } = await import('./build-when-stale.mjs');
try {
  buildWhenStale();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
const wantsLab = !args.some((arg) => withoutLab.includes(arg) || withoutLab.includes(arg.split('=')[0] ?? ''));
if (process.platform === 'linux' && wantsLab) {
  const { ensurePrograms } = await import('./system-packages.mjs');
  const missing = ensurePrograms(labPrograms);
  // The demonstration goes on without them and says what it is then.
  if (missing !== undefined) console.error(`For real packets ${missing}\n`);
}

const child = spawn(process.execPath, [main, 'demo', ...args], { stdio: 'inherit' });
// The demonstration ends in order and says with which code; from a terminal it has the signal already.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  console.error(`The demonstration cannot be started: ${error.message}`);
  process.exitCode = 70;
});
child.on('exit', (status, signal) => {
  if (signal === null) process.exit(status ?? 70);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
