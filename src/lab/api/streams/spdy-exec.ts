import type { Duplex } from 'node:stream';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { ExecSession } from '../../runtime/exec-session.ts';
import type { SpdyExecProtocol } from './channel-protocol.ts';
import type { ExecQuery } from './exec-query.ts';
import { exitStatus, statusText } from './exec-status.ts';
import { relay } from './relay.ts';
import { SpdyConnection } from './spdy/spdy-connection.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';
import { TerminalSizeReader } from './terminal-size.ts';

/** All streams that were announced in the query must be there by then. */
const STREAMS_TIMEOUT_MS = 30_000;

type StreamType = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

export interface SpdyExecOptions {
  readonly transport: Duplex;
  readonly clock: Clock;
  readonly protocol: SpdyExecProtocol;
  readonly session: ExecSession;
  readonly query: ExecQuery;
  readonly action: 'exec' | 'attach';
  readonly unexpected: (error: unknown) => void;
}

/**
 * Talks for a session over a SPDY connection of its own, with a stream for each thing, until either is over. The session
 * is closed by whoever notices that the transport is.
 */
export function execOverSpdy(options: SpdyExecOptions): void {
  const { transport, clock, protocol, session, query, action, unexpected } = options;
  const missing = new Set<string>(streamTypes(query, protocol));
  const streams = new Map<string, SpdyStream>();
  const cancelTimeout = clock.after(STREAMS_TIMEOUT_MS, () => connection.destroy());

  const run = async (): Promise<void> => {
    streams.get('resize')?.on('data', readSizes(session));
    for (const type of ['error', 'stdout', 'stderr']) streams.get(type)?.resume();
    const exit = await relay(session, {
      stdin: streams.get('stdin'),
      stdout: streams.get('stdout'),
      stderr: streams.get('stderr'),
    });
    streams.get('error')?.end(statusText(exitStatus(exit, action), protocol.statusJson));
    connection.goAway();
  };

  const connection = new SpdyConnection({
    transport,
    clock,
    accept: (headers) => {
      const type = headers.get('streamtype') ?? '';
      if (!missing.delete(type)) return undefined;
      return (stream) => {
        streams.set(type, stream);
        if (missing.size > 0) return;
        cancelTimeout();
        run().catch(unexpected);
      };
    },
    closed: () => cancelTimeout(),
    unexpected,
  });
}

function streamTypes(query: ExecQuery, protocol: SpdyExecProtocol): readonly StreamType[] {
  return [
    'error',
    ...(query.stdin ? (['stdin'] as const) : []),
    ...(query.stdout ? (['stdout'] as const) : []),
    ...(query.stderr ? (['stderr'] as const) : []),
    ...(query.tty && protocol.resize ? (['resize'] as const) : []),
  ];
}

function readSizes(session: ExecSession): (bytes: Buffer) => void {
  const reader = new TerminalSizeReader();
  return (bytes) => {
    for (const { columns, rows } of reader.read(bytes)) session.resize(columns, rows);
  };
}
