import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';

export interface HttpQuestion {
  readonly path: string;
  /** Of the `Host` header, unless the headers have one. */
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly https: boolean;
}

/** A status line is far shorter. */
const MAX_HEAD = 16_384;

/** The status code of the answer. Rejects when there is none; the connection is closed in any case. */
export function httpStatus(connection: Duplex, question: HttpQuestion, signal: AbortSignal): Promise<number> {
  const stream = question.https ? connect({ socket: connection, rejectUnauthorized: false }) : connection;
  return new Promise<number>((resolve, reject) => {
    let head = '';
    const end = (): void => {
      signal.removeEventListener('abort', end);
      reject(new Error('EOF'));
      stream.destroy();
      connection.destroy();
    };
    stream.on('error', () => end());
    stream.on('close', end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    stream.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const line = head.indexOf('\n');
      if (line < 0 && head.length < MAX_HEAD) return;
      const code = /^HTTP\/1\.[01] ([0-9]{3})/.exec(head.slice(0, Math.max(line, 0)))?.[1];
      if (code === undefined) reject(new Error('malformed HTTP response'));
      else resolve(Number(code));
      end();
    });
    stream.on('end', end);
    stream.write(requestText(question));
  });
}

function requestText({ path, host, headers, https }: HttpQuestion): string {
  const named = new Map(headers.map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
  const standard: readonly (readonly [string, string])[] = [
    ['Host', host],
    ['User-Agent', 'kube-probe/1.32'],
    ['Accept', '*/*'],
  ];
  const all = [
    ...standard.filter(([name]) => !named.has(name.toLowerCase())),
    ...[...named.values()].filter(([, value]) => value !== ''),
    ['Connection', 'close'] as const,
  ];
  const lines = [`GET ${targetOf(path, https)} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${oneLine(value)}`)];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** As URLs are written: nothing of it can end the line. */
function targetOf(path: string, https: boolean): string {
  const base = https ? 'https://pod' : 'http://pod';
  const url = URL.parse(path.startsWith('/') ? path : `/${path}`, base);
  return url === null ? '/' : `${url.pathname}${url.search}`;
}

function oneLine(value: string): string {
  return value.replaceAll(/[\r\n\0]/g, ' ');
}
