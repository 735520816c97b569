/** What happens in the agent, line by line: JSON for machines, words for people. */
import { jsonLine, visible } from '../report/escape.ts';
import type { AgentEvent, AgentObserver } from './events.ts';

export type LogFormat = 'json' | 'text';
type Level = 'info' | 'warn' | 'error';

export interface AgentLogOptions {
  readonly format: LogFormat;
  /** Also transactions that changed a part, which may be a thousand a second. */
  readonly verbose: boolean;
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Lines of one kind and subject are told once a minute; how many were not told stands in the next one. */
const REPEAT_MS = 60_000;
/** Distinct repeated subjects that are remembered. */
const MAX_REMEMBERED = 1000;

export function agentLog(options: AgentLogOptions): AgentObserver {
  const last = new Map<string, { atMs: number; silent: number }>();
  return (event) => {
    const entry = entryOf(event, options.verbose);
    if (entry === undefined) return;
    const { subject } = entry;
    let silent = 0;
    if (subject !== undefined) {
      const now = options.now();
      const before = last.get(subject);
      if (before !== undefined && now - before.atMs < REPEAT_MS) {
        before.silent++;
        return;
      }
      silent = before?.silent ?? 0;
      last.delete(subject);
      last.set(subject, { atMs: now, silent: 0 });
      if (last.size > MAX_REMEMBERED) for (const oldest of [...last.keys()].slice(0, 100)) last.delete(oldest);
    }
    options.write(format(options, entry, event, silent));
  };
}

interface Entry {
  readonly level: Level;
  readonly message: string;
  /** What may be told only now and then; `undefined` for what is always told. */
  readonly subject?: string;
}

function format(
  { format, now }: AgentLogOptions,
  { level, message }: Entry,
  event: AgentEvent,
  silent: number,
): string {
  const time = new Date(now()).toISOString();
  if (format === 'text') {
    const more = silent === 0 ? '' : ` (and ${silent} times before)`;
    return `${time} ${level.padEnd(5)} ${visible(message)}${more}\n`;
  }
  const { type, ...fields } = event;
  const unsaid = silent === 0 ? {} : { suppressed: silent };
  return `${jsonLine({ time, level, event: type, message, ...withoutMessage(fields), ...unsaid })}\n`;
}

/** A message of ours says more than the one in the event. */
function withoutMessage(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== 'message'));
}

function entryOf(event: AgentEvent, verbose: boolean): Entry | undefined {
  switch (event.type) {
    case 'applied': {
      const { full, operations, durationMs, generation, counts } = event;
      if (!full && !verbose) return undefined;
      const what = full ? 'the table was replaced' : `${operations} operations applied`;
      const size = `${counts.chains} chains, ${counts.rules} rules, ${counts.sets} sets, ${counts.elements} elements`;
      return { level: 'info', message: `${what} in ${durationMs.toFixed(1)} ms: generation ${generation}, ${size}` };
    }
    case 'apply-failed': {
      const { reason, message, retryMs } = event;
      return {
        level: 'error',
        message: `nothing was applied: ${message}; the kernel keeps what it has; again in ${(retryMs / 1000).toFixed(1)} s`,
        subject: `apply-failed ${reason}`,
      };
    }
    case 'drift':
      return { level: 'warn', message: `somebody else changed our table: ${event.what}; it is put back` };
    case 'drift-repaired':
      return { level: 'info', message: `the table is as it should be again, ${event.afterMs.toFixed(0)} ms later` };
    case 'quarantined': {
      const { policies, direction, reason } = event;
      return {
        level: 'error',
        message: `the kernel refuses ${policies.join(' with ')}: its pods are denied ${direction} until it changes: ${reason}`,
      };
    }
    case 'quarantine-ended':
      return { level: 'info', message: `no longer in quarantine: ${event.policySet}` };
    case 'relisted':
      return { level: 'info', message: `listed again: ${event.kind}`, subject: `relisted ${event.kind}` };
    case 'watch-failed': {
      const { kind, reason, message } = event;
      return { level: 'warn', message: `watching ${kind}: ${message}`, subject: `watch-failed ${kind} ${reason}` };
    }
    case 'invalid-object': {
      const { object, reason, effect } = event;
      return {
        level: 'error',
        message: `${object} is not understood (${effect}): ${reason}`,
        subject: `invalid-object ${object}`,
      };
    }
    case 'remark':
      return { level: 'warn', message: event.message, subject: `remark ${event.message}` };
    case 'synced':
      return { level: 'info', message: `${event.objects} objects known after ${(event.afterMs / 1000).toFixed(2)} s` };
    case 'api-lost':
      return {
        level: 'warn',
        message: `the API server does not answer; the last known state stays in force: ${event.message}`,
      };
    case 'api-back':
      return { level: 'info', message: `the API server answers again, after ${(event.afterMs / 1000).toFixed(0)} s` };
    case 'precondition': {
      const { name, state, explanation, hint } = event;
      const level = state === 'failed' ? 'error' : state === 'warning' ? 'warn' : 'info';
      return { level, message: `${name}: ${explanation}${hint === '' ? '' : `; ${hint}`}` };
    }
  }
}
