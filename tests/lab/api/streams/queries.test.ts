import { describe, expect, test } from 'vitest';
import { exitStatus, statusText } from '../../../../src/lab/api/streams/exec-status.ts';
import { readExecQuery, readFlag } from '../../../../src/lab/api/streams/exec-query.ts';
import { readLogQuery } from '../../../../src/lab/api/streams/log-query.ts';
import { readPorts } from '../../../../src/lab/api/streams/port-forward-query.ts';
import { parseTerminalSize, TerminalSizeReader } from '../../../../src/lab/api/streams/terminal-size.ts';
import { StatusError } from '../../../../src/lab/api/status-error.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');

describe('logs', () => {
  const nothing = {
    follow: false,
    timestamps: false,
    previous: false,
    tailLines: undefined,
    limitBytes: undefined,
    sinceMs: undefined,
  };
  const good: readonly (readonly [string, Partial<ReturnType<typeof readLogQuery>>])[] = [
    ['', {}],
    ['container=main&insecureSkipTLSVerifyBackend=false', {}],
    ['follow=true&timestamps=1&previous', { follow: true, timestamps: true, previous: true }],
    ['follow=false&timestamps=0&previous=FALSE', {}],
    ['tailLines=0', { tailLines: 0 }],
    ['tailLines=%2B10&limitBytes=1', { tailLines: 10, limitBytes: 1 }],
    ['sinceSeconds=60', { sinceMs: nowMs - 60_000 }],
    ['sinceTime=2026-01-01T11:00:00Z', { sinceMs: nowMs - 3_600_000 }],
    ['sinceTime=2026-01-01T13:00:00.123456789%2B02:00', { sinceMs: nowMs - 3_600_000 + 123 }],
    ['sinceTime=', {}],
    ['sinceTime=null', {}],
  ];
  test.each(good)('%s', (query, options) => {
    expect(readLogQuery('web', new URLSearchParams(query), nowMs)).toEqual({ ...nothing, ...options });
  });

  const bad: readonly (readonly [string, number, string])[] = [
    ['tailLines=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['tailLines=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['tailLines=1.5', 400, 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['limitBytes=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['sinceSeconds=-9223372036854775809', 400, 'strconv.ParseInt: parsing "-9223372036854775809": value out of range'],
    [`tailLines=${'9'.repeat(10_000)}`, 400, `strconv.ParseInt: parsing "${'9'.repeat(100)}": value out of range`],
    [
      'sinceTime=yesterday',
      400,
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      'tailLines=-1',
      422,
      'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
    ['limitBytes=0', 422, 'PodLogOptions "web" is invalid: limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 422, 'PodLogOptions "web" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'],
    [
      'sinceSeconds=1&sinceTime=2026-01-01T11:00:00Z',
      422,
      'PodLogOptions "web" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    [
      'tailLines=-1&limitBytes=-2',
      422,
      'PodLogOptions "web" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: -2: must be greater than 0]',
    ],
  ];
  test.each(bad)('%.60s is refused', (query, code, message) => {
    const read = (): unknown => readLogQuery('web', new URLSearchParams(query), nowMs);
    expect(read).toThrow(StatusError);
    expect(read).toThrow(expect.objectContaining({ code, message }));
  });
});

describe('exec', () => {
  test.each([
    ['stdin=true&stdout=true&stderr=true', [true, true, true, false], undefined],
    ['stdout=1&tty=1&stderr=1&container=side', [false, true, false, true], 'side'],
    ['stderr&container=', [false, false, true, false], undefined],
  ])('%s', (text, [stdin, stdout, stderr, tty], container) => {
    expect(readExecQuery({ namespace: 'shop', pod: 'web', query: new URLSearchParams(text) })).toEqual({
      target: { namespace: 'shop', pod: 'web', container },
      stdin,
      stdout,
      stderr,
      tty,
    });
  });

  test.each([
    ['x=true', true],
    ['x=1', true],
    ['x', true],
    ['x=', true],
    ['x=yes', true],
    ['x=false', false],
    ['x=False', false],
    ['x=0', false],
    ['y=true', false],
  ])('the flag x in %s', (text, value) => {
    expect(readFlag(new URLSearchParams(text), 'x')).toBe(value);
  });

  test('how it ended', () => {
    const texts = [exitStatus({ exitCode: 0 }, 'exec'), exitStatus({ exitCode: 1, error: 'no' }, 'attach')].map(
      (status) => [statusText(status, true), statusText(status, false)],
    );
    expect(texts).toEqual([
      ['{"metadata":{},"status":"Success"}', ''],
      [
        '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Internal error occurred: error attaching to container: no","reason":"InternalError","details":{"causes":[{"message":"error attaching to container: no"}]},"code":500}',
        'Internal error occurred: error attaching to container: no',
      ],
    ]);
  });
});

test.each([
  ['ports=80', [80]],
  ['ports=80&ports=443', [80, 443]],
  ['ports=80,443&ports=1', [80, 443, 1]],
  ['ports=80&ports=80', [80, 80]],
])('the ports of %s', (text, ports) => {
  expect(readPorts(new URLSearchParams(text))).toEqual(ports);
});

describe('sizes of terminals', () => {
  test.each([
    ['{"Width":80,"Height":24}', { columns: 80, rows: 24 }],
    ['{"Width":65535,"Height":1,"More":[]}\n', { columns: 65_535, rows: 1 }],
    ['{"Width":0,"Height":0}', undefined],
    ['{"Width":65536,"Height":1}', undefined],
    ['{"Width":-1,"Height":1}', undefined],
    ['{"Width":"80","Height":24}', undefined],
    ['{"Width":80.5,"Height":24}', undefined],
    ['{"width":80,"height":24}', undefined],
    ['null', undefined],
    ['[', undefined],
    ['', undefined],
    [`{"Width":80,"Height":24,"More":"${'x'.repeat(2000)}"}`, undefined],
  ])('%.60s', (text, size) => {
    expect(parseTerminalSize(text)).toEqual(size);
  });

  test('one a line, cut anywhere', () => {
    const reader = new TerminalSizeReader();
    const text = '{"Width":80,"Height":24}\n{"Width":1,"Height":2}\n';
    expect(text.split('').flatMap((letter) => [...reader.read(Buffer.from(letter))])).toEqual([
      { columns: 80, rows: 24 },
      { columns: 1, rows: 2 },
    ]);
  });

  test('a line without an end is not kept', () => {
    const reader = new TerminalSizeReader();
    for (let index = 0; index < 100; index += 1) expect(reader.read(Buffer.alloc(64 * 1024, 'x'))).toEqual([]);
    expect(reader.read(Buffer.from('\n{"Width":80,"Height":24}\n'))).toEqual([{ columns: 80, rows: 24 }]);
  });
});
