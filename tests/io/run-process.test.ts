import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/io/run-process.ts';

const limits = { timeoutMs: 20_000, maxOutputBytes: 1_000_000 };
const node = (program: string, more: Partial<typeof limits> = {}) =>
  runProcess(process.execPath, ['-e', program], { ...limits, ...more });

describe('running a program', () => {
  it('gives its exit code and what it printed', async () => {
    const result = await node('process.stdout.write("out"); process.stderr.write("err"); process.exitCode = 3');
    expect(result).toEqual({ type: 'exited', exitCode: 3, stdout: Buffer.from('out'), stderr: 'err' });
  });

  it('hands arguments over without a shell', async () => {
    const words = ['$(echo no)', '; echo no', '*', 'two words', ''];
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
    const result = await runProcess(process.execPath, ['-e', script, '--', ...words], limits);
    expect(result.type === 'exited' ? JSON.parse(result.stdout.toString()) : undefined).toEqual(words);
  });

  it('tells a program that is not there from one that fails', async () => {
    expect(await runProcess('sallyport-no-such-program', [], limits)).toEqual({ type: 'missing' });
  });

  it('ends one that does not end, children that hold its output included', async () => {
    await expect(node('setInterval(() => {}, 1000)', { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'process-timeout',
    });
    const parent = 'require("child_process").spawn("sleep", ["5"], { stdio: "inherit" })';
    const started = performance.now();
    await expect(node(parent, { timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'process-timeout' });
    expect(performance.now() - started).toBeLessThan(4_500);
  });

  it('ends one that prints without end', async () => {
    const endless =
      'const more = () => { while (process.stdout.write("x".repeat(10000))); process.stdout.once("drain", more) }; more()';
    await expect(node(endless)).rejects.toMatchObject({ code: 'process-output-too-large' });
  });

  it('reports one that is killed', async () => {
    await expect(node('process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)')).rejects.toThrow(/SIGTERM/);
  });
});
