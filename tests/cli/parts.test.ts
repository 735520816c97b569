/** The small parts of the command line that a spawned program without a terminal does not show. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BugError } from '../../src/base/assert.ts';
import { ReadingProgress } from '../../src/cli/reading-progress.ts';
import { reportFailure } from '../../src/cli/report-failure.ts';
import { asksForJson } from '../../src/cli/requested-format.ts';
import { terminalFor } from '../../src/cli/terminal.ts';
import { ansiPalette, plainPalette } from '../../src/report/palette.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('whether JSON is asked for', () => {
  it.each<[readonly string[], boolean]>([
    [['map', '-o', 'json'], true],
    [['map', '-ojson'], true],
    [['map', '-o=json'], true],
    [['map', '--output', 'json'], true],
    [['map', '--output=json'], true],
    [['map', '-o', 'json', '-o', 'text'], false],
    [['map', '-o', 'text'], false],
    [['map', '-f', 'json'], false],
    [['map', '-o'], false],
    [['can', '--', '-o', 'json'], false],
  ])('%j: %s', (args, expected) => {
    expect(asksForJson(args)).toBe(expected);
  });
});

describe('a terminal', () => {
  const terminal = { isTTY: true, columns: 80 };

  it.each([
    { what: 'a pipe', stream: {}, env: {}, color: 'auto', colored: false },
    { what: 'a terminal', stream: terminal, env: {}, color: 'auto', colored: true },
    { what: 'a dumb terminal', stream: terminal, env: { TERM: 'dumb' }, color: 'auto', colored: false },
    { what: 'NO_COLOR', stream: terminal, env: { NO_COLOR: '1' }, color: 'auto', colored: false },
    { what: 'an empty NO_COLOR', stream: terminal, env: { NO_COLOR: '' }, color: 'auto', colored: true },
    { what: 'FORCE_COLOR=0', stream: terminal, env: { FORCE_COLOR: '0' }, color: 'auto', colored: false },
    { what: 'FORCE_COLOR in a pipe', stream: {}, env: { FORCE_COLOR: '1' }, color: 'auto', colored: true },
    { what: '--color always', stream: {}, env: { NO_COLOR: '1' }, color: 'always', colored: true },
    { what: '--color never', stream: terminal, env: { FORCE_COLOR: '1' }, color: 'never', colored: false },
  ] as const)('colours: $what', ({ stream, env, color, colored }) => {
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'TERM']) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(terminalFor(stream, { color }).palette).toBe(colored ? ansiPalette : plainPalette);
  });

  it.each([
    { stream: terminal, width: undefined, expected: 80 },
    { stream: { isTTY: true, columns: 400 }, width: undefined, expected: 140 },
    { stream: { columns: 80 }, width: undefined, expected: 100 },
    { stream: terminal, width: 200, expected: 200 },
  ])('is $expected wide', ({ stream, width, expected }) => {
    expect(terminalFor(stream, { width }).width).toBe(expected);
  });
});

describe('progress', () => {
  function watched(isTTY: boolean): { progress: ReadingProgress; at: (ms: number) => void; written: string[] } {
    const written: string[] = [];
    let time = 5_000;
    const progress = new ReadingProgress({ isTTY, write: (text) => written.push(text) }, () => time);
    return { progress, at: (ms) => (time = 5_000 + ms), written };
  }

  it('is silent for a second, then speaks now and then, and leaves nothing behind', () => {
    const { progress, at, written } = watched(true);
    for (const ms of [10, 999, 1_000, 1_100, 1_250]) {
      at(ms);
      progress.update(ms, 2_500_000);
    }
    progress.clear();
    expect(written).toEqual([
      '\r\u001B[Kreading 1000 files, 2.5 MB ...',
      '\r\u001B[Kreading 1250 files, 2.5 MB ...',
      '\r\u001B[K',
    ]);
  });

  it('says nothing at all about a short read', () => {
    const { progress, written } = watched(true);
    progress.update(3, 1_000);
    progress.parsing(3, 1_000);
    progress.clear();
    expect(written).toEqual([]);
  });

  it('announces the parsing of much text before it begins', () => {
    const { progress, written } = watched(true);
    progress.parsing(1, 50_000_000);
    expect(written).toEqual(['\r\u001B[Kparsing 1 file, 50 MB ...']);
  });

  it('says nothing where no terminal is', () => {
    const { progress, at, written } = watched(false);
    at(9_000);
    progress.update(3, 1_000);
    progress.parsing(1, 50_000_000);
    progress.clear();
    expect(written).toEqual([]);
  });
});

describe('a bug', () => {
  function reported(failure: unknown, json: boolean): string {
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    reportFailure(failure, 70, json);
    return written.join('');
  }

  it.each([new BugError('rows are sorted'), new RangeError('Maximum call stack size exceeded'), 'a thrown string'])(
    'is admitted without a stack: %s',
    (failure) => {
      vi.stubEnv('SALLYPORT_DEBUG', undefined);
      const text = reported(failure, false);
      expect(text).toContain('this is a bug in Sallyport');
      expect(text).toContain('report');
      expect(text).not.toMatch(/^\s+at /m);
    },
  );

  it('shows its stack where that is asked for', () => {
    vi.stubEnv('SALLYPORT_DEBUG', '1');
    expect(reported(new BugError('rows are sorted'), false)).toMatch(/^\s+at /m);
  });

  it('is one JSON document for a program', () => {
    vi.stubEnv('SALLYPORT_DEBUG', undefined);
    expect(JSON.parse(reported(new BugError('rows are sorted'), true))).toMatchObject({
      kind: 'Error',
      code: 'bug',
      exitCode: 70,
      message: 'rows are sorted',
    });
  });
});
