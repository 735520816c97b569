/** The demonstration and the tutorial where no packet can be sent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageFolder, runSallyport } from '../cli/run-sallyport.ts';
import { LabHome } from './lab-home.ts';
import { expectDemo, expectTutorial, whyNoKubectl } from './lab-walks.ts';

let home: LabHome;
beforeEach(() => {
  home = new LabHome();
});
afterEach(() => home.remove());

describe('npm start', () => {
  it('--once predicts and measures every step, simulated', () => expectDemo(home, 'sim'), 150_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves the lab running until %s, which ends it in order',
    async (signal) => {
      const child = spawn(process.execPath, ['tools/start.mjs', '--runtime', 'sim'], {
        cwd: packageFolder,
        env: { PATH: process.env['PATH'] ?? '', ...home.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      try {
        const closed = once(child, 'close');
        let output = '';
        for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
          output += chunk;
          if (output.includes('Ctrl-C ends the lab')) break;
        }
        expect(output).toContain(`export KUBECONFIG=${home.path}/sallyport/demo/kubeconfig\n`);
        expect(home.leftovers()).toEqual(['demo']);
        child.kill(signal);
        expect(await closed).toEqual([0, null]);
        expect(home.leftovers()).toEqual([]);
      } finally {
        child.kill('SIGKILL');
      }
    },
    120_000,
  );
});

describe('lab up', () => {
  it('ends in order when one Ctrl-C comes twice, from the terminal and from npx', async () => {
    const child = spawn(process.execPath, ['dist/cli/main.js', 'lab', '--runtime', 'sim'], {
      cwd: packageFolder,
      env: { PATH: process.env['PATH'] ?? '', ...home.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const closed = once(child, 'close');
      for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
        if (chunk.includes('export KUBECONFIG')) break;
      }
      expect(home.leftovers()).toEqual(['lab']);
      child.kill('SIGINT');
      setImmediate(() => child.kill('SIGINT'));
      expect(await closed).toEqual([0, null]);
      expect(home.leftovers()).toEqual([]);
    } finally {
      child.kill('SIGKILL');
    }
  }, 60_000);
});

describe('lab tutorial', () => {
  it('says where kubectl is to be had when there is none', async () => {
    const empty = join(home.path, 'bin');
    mkdirSync(empty);
    const { exitCode, stdout, stderr } = await runSallyport(['lab', 'tutorial', '--yes', '--runtime', 'sim'], {
      env: { ...home.env, PATH: empty },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
    expect(stderr).toContain('there is no kubectl on the PATH');
    expect(stderr).toContain('https://kubernetes.io/docs/tasks/tools/');
    expect(home.leftovers()).toEqual([]);
  });

  describe.skipIf(whyNoKubectl !== '')(`with kubectl${whyNoKubectl === '' ? '' : ` (${whyNoKubectl})`}`, () => {
    it('shows what every step teaches, simulated', () => expectTutorial(home, 'sim'), 180_000);
  });
});
