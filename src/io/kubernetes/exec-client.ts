/** Runs a program in a container of a pod, as `kubectl exec` does without a terminal. */
import type { IncomingMessage } from 'node:http';
import type { RawData, WebSocket } from 'ws';
import { OperationalError } from '../operational-error.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, connectionError, malformedError, responseError, timeoutError } from './api-error.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { Deadline } from './deadline.ts';

export interface PodExecRequest {
  readonly namespace: string;
  readonly pod: string;
  /** The one that the server takes for the default when absent. */
  readonly container?: string | undefined;
  readonly argv: readonly [string, ...string[]];
  /** All of its standard input. Needs a server of Kubernetes 1.30 or later: before, no client could end it. */
  readonly stdin?: string | Uint8Array | undefined;
  /** Until the program has ended; 30 s when absent. */
  readonly timeoutMs?: number | undefined;
  /** Of standard output and error together; 1 MiB when absent. */
  readonly maxOutputBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PodExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;
/** Version 4 knows exit codes; version 5 can end standard input. */
const V4 = 'v4.channel.k8s.io';
const V5 = 'v5.channel.k8s.io';

const defaultTimeoutMs = 30_000;
const defaultMaxOutputBytes = 1024 * 1024;
/** Of the Status at the end, and of a refusal. */
const maxStatusBytes = 64 * 1024;
/** Standard input is sent in pieces of this. */
const stdinPieceBytes = 64 * 1024;

/**
 * Whatever exit code the program has is a result; that it could not be run is an error.
 *
 * @throws ApiError, OperationalError `api-unreachable`, `api-certificate`, `api-timeout`, `api-malformed`,
 * `exec-unsupported`, `exec-failed`, `exec-timeout`, `exec-output`, those of the credentials, and the signal's reason
 */
export async function execInPod(
  { access, clock }: Pick<ApiClient, 'access' | 'clock'>,
  request: PodExecRequest,
): Promise<PodExecResult> {
  const { namespace, pod, signal, timeoutMs = defaultTimeoutMs } = request;
  const what = `exec in pod ${namespace}/${pod}`;
  for (let renewed = false; ; renewed = true) {
    const deadline = new Deadline(clock, signal);
    try {
      deadline.signal.throwIfAborted();
      const socket = await dial(what, access, request);
      deadline.arm('run', timeoutMs, () =>
        socket.readyState === socket.CONNECTING
          ? timeoutError(what, `no answer after ${timeoutMs / 1000} s`)
          : new OperationalError(
              'exec-timeout',
              `${what}: ${request.argv[0]} did not end within ${timeoutMs / 1000} s`,
              {
                hint: 'does the program wait for something that never comes? Raise the time limit if it only is slow',
                exitCode: 4,
              },
            ),
      );
      return await talk(what, socket, request, deadline.signal);
    } catch (error) {
      if (renewed || !(error instanceof ApiError) || error.status !== 401) throw error;
      access.credentials.invalidate();
    } finally {
      deadline.close();
    }
  }
}

/** The library is loaded by those who need it only. */
async function dial(what: string, access: ClusterAccess, request: PodExecRequest): Promise<WebSocket> {
  const { authorization, clientCertificate: cert, clientKey: key } = await access.credentials.current();
  const ca = await access.certificateAuthority();
  const { WebSocket } = await import('ws');
  const url = new URL(access.server);
  const segments = ['api', 'v1', 'namespaces', request.namespace, 'pods', request.pod, 'exec'];
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${segments.map(encodeURIComponent).join('/')}`;
  if (request.container !== undefined) url.searchParams.set('container', request.container);
  for (const word of request.argv) url.searchParams.append('command', word);
  for (const stream of request.stdin === undefined ? ['stdout', 'stderr'] : ['stdin', 'stdout', 'stderr'])
    url.searchParams.set(stream, 'true');
  const secure = url.protocol === 'https:';
  try {
    return new WebSocket(url, request.stdin === undefined ? [V5, V4] : [V5], {
      headers: {
        'User-Agent': 'sallyport',
        ...Object.fromEntries(
          Object.entries(access.headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
        ),
        // As everywhere: a secret is not sent where anybody on the way may read it.
        ...(authorization === undefined || !secure ? {} : { Authorization: authorization }),
      },
      perMessageDeflate: false,
      rejectUnauthorized: !access.insecureSkipVerify,
      ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    throw connectionError(what, error);
  }
}

async function talk(
  what: string,
  socket: WebSocket,
  { argv, stdin, maxOutputBytes = defaultMaxOutputBytes }: PodExecRequest,
  signal: AbortSignal,
): Promise<PodExecResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const status: Buffer[] = [];
  let outputBytes = 0;
  let statusBytes = 0;
  let end: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      end = () => reject(signal.reason);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      socket.on('unexpected-response', (_request, response) => {
        refusal(what, response).then(reject, reject);
      });
      socket.on('error', (error) => reject(handshakeError(what, error)));
      socket.on('open', () => {
        if (stdin !== undefined) sendStdin(socket, stdin).catch(reject);
      });
      socket.on('message', (data: RawData) => {
        const message = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
        const payload = message.subarray(1);
        switch (message[0]) {
          case CHANNEL.stdout:
          case CHANNEL.stderr:
            outputBytes += payload.length;
            if (outputBytes > maxOutputBytes) reject(outputError(what, argv[0], maxOutputBytes));
            else (message[0] === CHANNEL.stdout ? stdout : stderr).push(payload);
            return;
          case CHANNEL.error:
            statusBytes += payload.length;
            if (statusBytes > maxStatusBytes) reject(malformedError(what, 'the status does not end'));
            else status.push(payload);
            return;
          default:
        }
      });
      // Output may come behind the status; only after the end is everything there.
      socket.on('close', () => resolve());
    });
    const exitCode = readExitCode(what, argv[0], Buffer.concat(status).toString('utf8'));
    return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
  } finally {
    signal.removeEventListener('abort', end);
    socket.on('error', () => {});
    socket.terminate();
  }
}

async function sendStdin(socket: WebSocket, stdin: string | Uint8Array): Promise<void> {
  const bytes =
    typeof stdin === 'string' ? Buffer.from(stdin) : Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength);
  for (let offset = 0; offset < bytes.length; offset += stdinPieceBytes) {
    if (socket.readyState !== socket.OPEN) return;
    const piece = bytes.subarray(offset, offset + stdinPieceBytes);
    // The program may end without reading all of it; the connection then says how.
    await new Promise<void>((resolve) => {
      socket.send(Buffer.concat([Buffer.from([CHANNEL.stdin]), piece]), () => resolve());
    });
  }
  if (socket.readyState === socket.OPEN) socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]), () => {});
}

async function refusal(what: string, response: IncomingMessage): Promise<Error> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400)
    return malformedError(what, `it redirects (HTTP ${status}) to ${response.headers.location ?? 'nowhere'}`);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > maxStatusBytes) break;
  }
  return responseError(what, status, Buffer.concat(parts).toString('utf8'));
}

function handshakeError(what: string, error: Error): OperationalError {
  // The server answered the handshake without any of the protocols that we offered.
  if (!/subprotocol/.test(error.message)) return connectionError(what, error);
  return new OperationalError(
    'exec-unsupported',
    `${what}: the server does not speak the exec protocol that this needs`,
    {
      hint: 'standard input over WebSocket needs Kubernetes 1.30 or later; without it any version will do',
      cause: error,
      exitCode: 4,
    },
  );
}

function outputError(what: string, program: string, maxBytes: number): OperationalError {
  return new OperationalError('exec-output', `${what}: ${program} writes more than ${maxBytes} bytes`, {
    hint: 'let it write less, or raise the limit',
    exitCode: 4,
  });
}

function readExitCode(what: string, program: string, text: string): number {
  if (text === '')
    throw new OperationalError('api-unreachable', `${what}: the connection ended before ${program} did`, {
      hint: 'was the pod removed, or its node? kubectl get pods tells',
      exitCode: 4,
    });
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    throw malformedError(what, 'the status of the program is no JSON');
  }
  if (!isRecord(status)) throw malformedError(what, 'the status of the program is none');
  if (status['status'] === 'Success') return 0;
  const code = status['reason'] === 'NonZeroExitCode' ? exitCodeOf(status) : undefined;
  if (code !== undefined) return code;
  const message = typeof status['message'] === 'string' ? status['message'] : 'it gave no reason';
  throw new OperationalError('exec-failed', `${what}: ${message}`, {
    hint: `does the container have the program ${program}?`,
    exitCode: 4,
  });
}

function exitCodeOf(status: Readonly<Record<string, unknown>>): number | undefined {
  const details = status['details'];
  const causes: unknown = isRecord(details) ? details['causes'] : undefined;
  if (!Array.isArray(causes)) return undefined;
  const cause: unknown = causes.find((each: unknown) => isRecord(each) && each['reason'] === 'ExitCode');
  const text = isRecord(cause) ? cause['message'] : undefined;
  return typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
