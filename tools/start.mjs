/** `npm start [-- OPTIONS]`: the demonstration, built first when that was left out or the source has changed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

if (!existsSync(new URL('../node_modules/typescript', import.meta.url))) {
  console.error('The dependencies are not installed yet. Run: npm ci');
  process.exit(1);
}
const { default: buildWhenStale } = await import('./build-when-stale.mjs');
buildWhenStale();
const { status, signal } = spawnSync(process.execPath, [main, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
if (signal !== null) process.kill(process.pid, signal);
process.exitCode = status ?? 70;
