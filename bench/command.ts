/** Whole runs of the built program: wall time and peak resident memory. */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

const reportPeak =
  "data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak-kb '+process.resourceUsage().maxRSS+'\\n'))";

export interface CommandRun {
  readonly ms: number;
  readonly peakMegabytes: number;
  readonly exitCode: number | null;
  readonly outputBytes: number;
}

/** Runs `node ARGS` once with its output read and counted. */
export function runCommand(args: readonly string[]): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, ['--import', reportPeak, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let outputBytes = 0;
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (outputBytes += chunk.length));
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
    child.on('error', reject);
    child.on('close', (exitCode) => {
      const peak = /peak-kb (\d+)/.exec(errors);
      resolve({
        ms: performance.now() - start,
        peakMegabytes: peak === null ? Number.NaN : Number(peak[1]) / 1000,
        exitCode,
        outputBytes,
      });
    });
  });
}
