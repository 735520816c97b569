/** What the demonstration and the tutorial print, in any runtime. */
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { runProgram, runSallyport } from '../cli/run-sallyport.ts';
import type { LabHome } from './lab-home.ts';

/** Said in the names of tests. */
export const whyNoKubectl = missingKubectl();

function missingKubectl(): string {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return '';
  } catch {
    return 'there is no kubectl';
  }
}

export async function expectDemo(home: LabHome, runtime: 'netns' | 'sim'): Promise<void> {
  const args = ['tools/start.mjs', '--once', '--runtime', runtime];
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, args, { env: home.env, timeoutMs: 120_000 });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.startsWith('A lab is running after ')).toBe(true);
  expect(stdout.includes('simulated')).toBe(runtime === 'sim');
  const [, open = '', closed = '', nameless = '', working = ''] = stdout.split(/^== (?=\d\.)/m);
  // Open, then shut, then open where the example says.
  expect(callsOf(open)).toEqual(['answered', 'answered', 'answered']);
  expect(callsOf(closed)).toEqual(['no name', 'no name', 'no name']);
  expect(callsOf(nameless)).toEqual(['no name', 'no name', 'no name']);
  expect(callsOf(working)).toEqual(['answered', 'answered', 'no answer']);
  expect(nameless).toMatch(/^1 backend\/Deployment\/backend +✗ +8080 +✗ +✗ +✗$/m);
  expect(working).toMatch(/^3 frontend\/Deployment\/frontend +8080 +✗ +✗ +53,53\/udp +✗$/m);
  expect(working).toMatch(/^All \d+ connections of the four steps are as predicted\.$/m);
  expect(home.leftovers()).toEqual([]);
}

/** The last column of what was tried with curl. */
function callsOf(step: string): readonly string[] {
  return [...step.matchAll(/^\w+ → \w+-svc\.\w+ .*$/gm)].map(([row]) => row.split(/ {3,}/)[2] ?? '');
}

export async function expectTutorial(home: LabHome, runtime: 'netns' | 'sim'): Promise<void> {
  const args = ['lab', 'tutorial', '--yes', '--runtime', runtime];
  const { exitCode, stdout, stderr } = await runSallyport(args, { env: home.env, timeoutMs: 150_000 });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(
    stdout
      .split(/^== /m)
      .slice(1)
      .map((step) => step.slice(0, 2)),
  ).toEqual(['1.', '2.', '3.', '4.', '5.', '6.', '7.', '8.']);
  expect(stdout.match(/^✓ /gm)).toHaveLength(8);
  expect(stdout.includes('simulated')).toBe(runtime === 'sim');
  expect(stdout).toContain(
    '$ kubectl expose pod backend --name=backend-svc -n backend --port=80\nservice/backend-svc exposed\n',
  );
  expect(stdout.match(/^HTTP 200$/gm)).toHaveLength(5);
  expect(stdout.match(/^curl: \(28\) Resolving timed out after \d+ milliseconds$/gm)).toHaveLength(4);
  expect(stdout.match(/^curl: \(28\) Connection timed out after \d+ milliseconds$/gm)).toHaveLength(2);
  expect(stdout).toMatch(/^(\d+) connections: \1 as predicted$/m);
  expect(home.leftovers()).toEqual([]);
}
