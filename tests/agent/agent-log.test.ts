import { describe, expect, test } from 'vitest';
import { agentLog, type AgentLogOptions } from '../../src/agent/agent-log.ts';
import type { AgentEvent } from '../../src/agent/events.ts';

function logging(more: Partial<AgentLogOptions> = {}) {
  const lines: string[] = [];
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
  const log = agentLog({
    format: 'text',
    verbose: false,
    write: (line) => lines.push(line),
    now: () => clock.now,
    ...more,
  });
  return { lines, clock, log };
}

const applied = (full: boolean): AgentEvent => ({
  type: 'applied',
  full,
  operations: 3,
  durationMs: 1.25,
  compileMs: 2,
  latencies: [{ scope: 'policy', ms: 6 }],
  generation: 7,
  generationMoved: true,
  counts: { sets: 1, elements: 2, chains: 3, rules: 4 },
});

const failed: AgentEvent = { type: 'apply-failed', reason: 'nft-missing', message: 'there is no nft', retryMs: 500 };

const every: readonly AgentEvent[] = [
  applied(true),
  failed,
  { type: 'drift', found: 'missing', what: 'the table is gone' },
  { type: 'drift-repaired', afterMs: 21 },
  { type: 'quarantined', policySet: 'in_1', direction: 'ingress', policies: ['a/NetworkPolicy/b'], reason: 'no' },
  { type: 'quarantine-ended', policySet: 'in_1' },
  { type: 'relisted', kind: 'Pod' },
  { type: 'watch-failed', kind: 'Pod', reason: 'api-timeout', message: 'nothing came', count: 2 },
  { type: 'invalid-object', object: 'a/NetworkPolicy/b', reason: 'odd', effect: 'deny' },
  { type: 'remark', message: 'look at this' },
  { type: 'synced', objects: 3, afterMs: 1500 },
  { type: 'api-lost', message: 'refused' },
  { type: 'api-back', afterMs: 5000 },
  { type: 'precondition', name: 'nft', state: 'failed', explanation: 'no nft', hint: 'install it' },
];

describe('the log', () => {
  test('as text has a line for every event that says what it means', () => {
    const { lines, log } = logging();
    for (const event of every) log(event);
    expect(lines).toHaveLength(every.length);
    for (const line of lines) expect(line).toMatch(/^2026-01-01T00:00:00\.000Z (info|warn|error) +\S.*\n$/);
    expect(lines[0]).toContain('the table was replaced in 1.3 ms: generation 7, 3 chains, 4 rules, 1 sets, 2 elements');
    expect(lines[13]).toContain('error nft: no nft; install it');
  });

  test('as JSON has the fields of the event', () => {
    const { lines, log } = logging({ format: 'json' });
    for (const event of every) log(event);
    const values = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(values.map(({ event }) => event)).toEqual(every.map(({ type }) => type));
    expect(values[0]).toMatchObject({
      level: 'info',
      generation: 7,
      counts: { rules: 4 },
      time: '2026-01-01T00:00:00.000Z',
    });
    expect(values[1]).toMatchObject({ level: 'error', reason: 'nft-missing', retryMs: 500 });
    expect(values[1]?.['message']).toMatch(/^nothing was applied: there is no nft; the kernel keeps what it has/);
  });

  test.each([
    [false, 0],
    [true, 1],
  ])('tells of small changes only when asked (%s)', (verbose, count) => {
    const { lines, log } = logging({ verbose });
    log(applied(false));
    expect(lines).toHaveLength(count);
  });

  test('repeats itself once a minute, with how often it did not', () => {
    const { lines, clock, log } = logging({ format: 'json' });
    for (let second = 0; second < 61; second++) {
      log(failed);
      clock.now += 1000;
    }
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ suppressed: 59 });
  });

  test('remembers only so much', () => {
    const { lines, log } = logging();
    for (let i = 0; i < 3000; i++) log({ type: 'remark', message: `remark ${i}` });
    log({ type: 'remark', message: 'remark 0' });
    expect(lines).toHaveLength(3001);
  });

  test('gives nobody a line of his own', () => {
    const { lines, log } = logging();
    log({ type: 'remark', message: 'a\n2026 error forged\u001b[2J\u2028b' });
    expect(lines.join('').trimEnd()).not.toMatch(/[\n\u2028\u009b]/);
  });
});
