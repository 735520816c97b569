import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLog, type LogEntry } from '../../../../src/lab/runtime/netns/container-log.ts';
import { lastLines, logOutput } from '../../../../src/lab/runtime/netns/log-output.ts';
import { LogWriter, nanosecondsOf } from '../../../../src/lab/runtime/netns/log-writer.ts';

const T = '2026-01-02T03:04:05.000000000Z';
const entry = (content: string, stream: 'stdout' | 'stderr' = 'stdout'): LogEntry => ({
  time: T,
  stream,
  text: Buffer.from(content),
  whole: content.endsWith('\n'),
});
const plain = { follow: false, timestamps: false } as const;

describe('logs of containers', () => {
  let folder: string;
  let now: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-log-'));
    now = Date.UTC(2026, 0, 2, 3, 4, 5);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const writer = () => new LogWriter(folder, () => nanosecondsOf(now));
  const read = (options: Partial<Parameters<typeof logOutput>[1]> = {}, ended = AbortSignal.abort()) =>
    text(logOutput(folder, { ...plain, ...options }, ended));

  it('are parsed line by line, and what is no such line is left out', () => {
    const lines = `${T} stdout F whole\n${T} stderr P part\nnonsense\n${T} other F x\n${T} stdout F \n${T} stdout F unfin`;
    const { entries, rest } = parseLog(Buffer.from(lines));
    expect(entries).toEqual([entry('whole\n'), entry('part', 'stderr'), entry('\n')]);
    expect(rest.toString()).toBe(`${T} stdout F unfin`);
  });

  it('come out as they went in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\n'), minLength: 1 }), { maxLength: 10 }),
        async (chunks) => {
          const own = mkdtempSync(join(folder, 'case-'));
          const log = new LogWriter(own, () => nanosecondsOf(now));
          for (const chunk of chunks) log.write('stdout', Buffer.from(chunk));
          log.close();
          expect(await text(logOutput(own, plain, AbortSignal.abort()))).toBe(chunks.join(''));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keep lines that are longer than one of their own', async () => {
    const log = writer();
    const long = `${'x'.repeat(50_000)}\n`;
    log.write('stdout', Buffer.from(long));
    expect(await read()).toBe(long);
  });

  it('keep the end of what is too much', async () => {
    const log = writer();
    for (let line = 0; line < 200_000; line++) log.write('stdout', Buffer.from(`${line} ${'x'.repeat(60)}\n`));
    log.close();
    expect(readdirSync(folder)).toHaveLength(2);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(4 << 20);
    expect(await read()).toMatch(/\n199999 x+\n$/);
  });

  it('show times at the beginning of lines, of each stream by itself', async () => {
    const log = writer();
    log.write('stdout', Buffer.from('one '));
    log.write('stderr', Buffer.from('other\n'));
    log.write('stdout', Buffer.from('line\n'));
    expect(await read({ timestamps: true })).toBe(`${T} one ${T} other\nline\n`);
  });

  it('show what is since a time, and so many bytes', async () => {
    const log = writer();
    log.write('stdout', Buffer.from('old\n'));
    now += 1000;
    log.write('stdout', Buffer.from('new\n'));
    expect(await read({ sinceMs: now })).toBe('new\n');
    expect(await read({ sinceMs: now - 1 })).toBe('new\n');
    expect(await read({ sinceMs: now - 1000 })).toBe('old\nnew\n');
    expect(await read({ limitBytes: 5 })).toBe('old\nn');
    expect(await read({ sinceMs: Number.NaN, tailLines: 1 })).toBe('new\n');
  });

  it.each([
    [0, []],
    [1, ['b', 'c']],
    [2, ['a\n', 'b', 'c']],
    [9, ['a\n', 'b', 'c']],
  ])('have %i last lines', (lines, expected) => {
    const entries = [entry('a\n'), entry('b'), entry('c')];
    expect(lastLines(entries, lines).map((each) => each.text.toString())).toEqual(expected);
  });

  it('are followed from the last lines on, without a gap, until they end', async () => {
    const log = writer();
    log.write('stdout', Buffer.from('1\n2\n3\n'));
    const ended = new AbortController();
    const stream = logOutput(folder, { ...plain, follow: true, tailLines: 2 }, ended.signal);
    const heard: string[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      heard.push(chunk.toString());
      if (heard.length === 1) log.write('stdout', Buffer.from('4\n'));
      else ended.abort();
    }
    expect(heard.join('')).toBe('2\n3\n4\n');
  });

  it('of a container without one are empty', async () => {
    expect(await text(logOutput(join(folder, 'none'), plain, AbortSignal.abort()))).toBe('');
    expect(await text(logOutput(join(folder, 'none'), { ...plain, follow: true }, AbortSignal.abort()))).toBe('');
  });
});
