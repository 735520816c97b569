import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileOutput } from '../../../src/agent/flow-log/file-output.ts';
import { MAX_WAITING_BYTES } from '../../../src/agent/flow-log/flow-output.ts';
import { StreamOutput } from '../../../src/agent/flow-log/stream-output.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';

let folder: string;
let clock: FakeClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-flows-'));
  clock = new FakeClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const content = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('a file', () => {
  it('is appended to, and is not for everybody', async () => {
    const path = join(folder, 'flows');
    for (const line of ['one\n', 'two\n']) {
      const output = new FileOutput({ path, clock });
      expect(output.write(line)).toBe(true);
      await output.close();
    }
    expect(content('flows')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o007).toBe(0);
  });

  it.each([
    [2, ['flows', 'flows.1', 'flows.2']],
    [0, ['flows']],
  ])('is turned over before it is too large; kept: %s', async (kept, names) => {
    const output = new FileOutput({ path: join(folder, 'flows'), clock, maxBytes: 10, kept });
    for (const line of ['11111\n', '22222\n', '33333\n', '44444\n']) {
      output.write(line);
      await output.close();
    }
    expect(readdirSync(folder).sort()).toEqual(names);
    expect(names.map(content)).toEqual(['44444\n', '33333\n', '22222\n'].slice(0, names.length));
  });

  it('takes a line that is longer than the file may be', async () => {
    const output = new FileOutput({ path: join(folder, 'flows'), clock, maxBytes: 3 });
    output.write('12345\n');
    await output.close();
    expect(content('flows')).toBe('12345\n');
  });

  it('that cannot be written is told once, tried again after a while, and never waited for', async () => {
    const told: (string | undefined)[] = [];
    const path = join(folder, 'later', 'flows');
    const output = new FileOutput({ path, clock, onFailure: (reason) => told.push(reason) });
    expect(output.write('lost\n')).toBe(true);
    await output.close();
    expect(told).toEqual(['no such file or folder']);
    expect(output.write('refused\n')).toBe(false);
    clock.advance(5000);
    expect(output.write('lost too\n')).toBe(true);
    await output.close();
    mkdirSync(join(folder, 'later'));
    clock.advance(5000);
    expect(output.write('kept\n')).toBe(true);
    await output.close();
    expect(told).toEqual(['no such file or folder', undefined]);
    expect(readFileSync(path, 'utf8')).toBe('kept\n');
  });

  it('takes no more than it may hold', async () => {
    const output = new FileOutput({ path: join(folder, 'flows'), clock });
    const line = `${'x'.repeat(MAX_WAITING_BYTES / 2)}\n`;
    expect([output.write(line), output.write(line)]).toEqual([true, false]);
    await output.close();
    expect(output.write(line)).toBe(true);
    await output.close();
    expect(existsSync(join(folder, 'flows'))).toBe(true);
    chmodSync(join(folder, 'flows'), 0o600);
  });
});

describe('a stream', () => {
  it('that nobody reads takes no more after a while', () => {
    const stuck = new Writable({ write: () => undefined });
    const output = new StreamOutput(stuck);
    const line = 'x'.repeat(1 << 16);
    let taken = 0;
    while (taken < 100 && output.write(line)) taken++;
    expect(taken).toBe(17);
  });

  it('that is gone takes nothing, and ends nobody', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const output = new StreamOutput(broken);
    expect(output.write('one\n')).toBe(true);
    await new Promise((resolve) => {
      broken.once('close', resolve);
    });
    expect(output.write('two\n')).toBe(false);
    await output.close();
  });
});
