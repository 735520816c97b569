import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { PodStreams } from '../../pod-streams.ts';
import type { StreamRoute } from './exec-query.ts';
import { forwardFailure } from './forward-failure.ts';
import { readPort } from './port-forward-query.ts';
import { SpdyConnection } from './spdy/spdy-connection.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';

/** The second stream of a pair must come by then. */
const PAIR_TIMEOUT_MS = 30_000;

interface Pair {
  readonly port: number;
  data: SpdyStream | undefined;
  error: SpdyStream | undefined;
  readonly cancelTimeout: () => void;
}

export interface SpdyPortForwardOptions {
  readonly transport: Duplex;
  readonly clock: Clock;
  readonly pods: PodStreams;
  readonly route: StreamRoute;
  readonly unexpected: (error: unknown) => void;
}

/**
 * Connections to ports of a pod, for as long as the client wants: a pair of streams each, one for data and one for what
 * went wrong, which share a request number.
 */
export function forwardOverSpdy(options: SpdyPortForwardOptions): SpdyConnection {
  const { transport, clock, pods, route, unexpected } = options;
  const pairs = new Map<string, Pair>();
  const accept = (headers: ReadonlyMap<string, string>): ((stream: SpdyStream) => void) | undefined => {
    const port = readPort(headers.get('port') ?? '');
    const type = headers.get('streamtype');
    const request = headers.get('requestid');
    if (port === undefined || request === undefined || (type !== 'data' && type !== 'error')) return undefined;
    const known = pairs.get(request);
    if (known !== undefined && (known.port !== port || known[type] !== undefined)) return undefined;
    return (stream) => {
      const pair = known ?? begin(request, port);
      pair[type] = stream;
      if (pair.data === undefined || pair.error === undefined) return;
      pair.cancelTimeout();
      pairs.delete(request);
      void forward(pods, route, port, pair.data, pair.error);
    };
  };
  const begin = (request: string, port: number): Pair => {
    const cancelTimeout = clock.after(PAIR_TIMEOUT_MS, () => {
      pairs.delete(request);
      pair.data?.destroy();
      pair.error?.destroy();
    });
    const pair: Pair = { port, data: undefined, error: undefined, cancelTimeout };
    pairs.set(request, pair);
    return pair;
  };
  const closed = (): void => {
    for (const { cancelTimeout } of pairs.values()) cancelTimeout();
    pairs.clear();
  };
  return new SpdyConnection({ transport, clock, accept, closed, unexpected });
}

async function forward(
  pods: PodStreams,
  { namespace, pod }: StreamRoute,
  port: number,
  data: SpdyStream,
  error: SpdyStream,
): Promise<void> {
  error.resume();
  let connection: Duplex;
  try {
    connection = await pods.portForward({ namespace, pod }, port);
  } catch (reason) {
    error.end(forwardFailure(port, pod, reason));
    data.end();
    data.resume();
    return;
  }
  connection.on('error', () => {});
  const toPod = pipeline(data, connection).catch(() => {});
  await pipeline(connection, data).catch(() => {});
  // kubectl waits for this before it closes its side of the data.
  error.end();
  await toPod;
  connection.destroy();
}
