/** What probes and life cycle hooks do: ask by HTTP, connect, run something in the container. */
import type { Clock } from '../../io/kubernetes/clock.ts';
import { isObject, type JsonObject, type JsonValue } from '../api/json.ts';
import { numberAt, objectsAt, textAt, textsAt, valueAt } from '../api/field-values.ts';
import type { ExecSession } from '../runtime/exec-session.ts';
import { type Runtime, RuntimeError } from '../runtime/runtime.ts';
import { within } from './deadline.ts';
import { httpStatus } from './http-probe.ts';

export type HandlerResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

export interface HandlerTarget {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly sandbox: string;
  /** Its id in the runtime. */
  readonly container: string;
  /** Of the pod, for messages and the `Host` header. */
  readonly address: string;
  /** The definition, for names of ports. */
  readonly definition: JsonObject;
}

const OK: HandlerResult = { ok: true };
const MAX_OUTPUT = 10_240;

/** Never rejects. A handler that asks for nothing is well. */
export async function runHandler(
  handler: JsonObject,
  target: HandlerTarget,
  timeoutMs: number,
): Promise<HandlerResult> {
  const exec = valueAt(handler, 'exec');
  const http = valueAt(handler, 'httpGet');
  const tcp = valueAt(handler, 'tcpSocket');
  // The built-in programs speak no gRPC: whoever listens is well.
  const grpc = valueAt(handler, 'grpc');
  if (isObject(exec)) return runExec(textsAt(exec, 'command'), target, timeoutMs);
  if (isObject(http)) return askHttp(http, target, timeoutMs);
  for (const socket of [tcp, grpc]) if (isObject(socket)) return openSocket(valueAt(socket, 'port'), target, timeoutMs);
  return OK;
}

async function runExec(command: readonly string[], target: HandlerTarget, timeoutMs: number): Promise<HandlerResult> {
  const [program, ...rest] = command;
  if (program === undefined) return { ok: false, message: 'no command' };
  const session = target.runtime.exec({
    container: target.container,
    argv: [program, ...rest],
    stdin: false,
    tty: false,
  });
  session.stdin.on('error', () => undefined);
  session.stdin.end();
  const output = collected(session);
  const exit = await within(
    target.clock,
    timeoutMs,
    () => session.exit,
    () => undefined,
  );
  if (exit === undefined) {
    session.close();
    return {
      ok: false,
      message: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`,
    };
  }
  if (exit.exitCode === 0) return OK;
  return { ok: false, message: exit.error ?? output() };
}

/** Reads both outputs to their end, and keeps the beginning. */
function collected(session: ExecSession): () => string {
  let text = '';
  for (const stream of [session.stdout, session.stderr]) {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer | string) => {
      if (text.length < MAX_OUTPUT) text += chunk.toString().slice(0, MAX_OUTPUT - text.length);
    });
  }
  return () => text;
}

async function askHttp(http: JsonObject, target: HandlerTarget, timeoutMs: number): Promise<HandlerResult> {
  const port = portOf(valueAt(http, 'port'), target.definition);
  if (port === undefined) return { ok: false, message: `invalid port ${JSON.stringify(valueAt(http, 'port') ?? '')}` };
  const https = textAt(http, 'scheme').toUpperCase() === 'HTTPS';
  const host = `${bracketed(textAt(http, 'host') || target.address)}:${port}`;
  const path = textAt(http, 'path') || '/';
  const url = `${https ? 'https' : 'http'}://${host}${path.startsWith('/') ? '' : '/'}${path}`;
  const failed = (why: string): HandlerResult => ({ ok: false, message: `Get ${JSON.stringify(url)}: ${why}` });
  const headers = objectsAt(http, 'httpHeaders')
    .map((header) => [textAt(header, 'name'), textAt(header, 'value')] as const)
    .filter(([name]) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}$/.test(name));
  return within(
    target.clock,
    timeoutMs,
    async (signal) => {
      try {
        const connection = await target.runtime.dial(target.sandbox, 'node', port, timeoutMs);
        const code = await httpStatus(connection, { path, host, headers, https }, signal);
        return code >= 200 && code < 400 ? OK : { ok: false, message: `HTTP probe failed with statuscode: ${code}` };
      } catch (error) {
        return failed(dialFailure(error, target.address, port));
      }
    },
    () => failed('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
  );
}

async function openSocket(
  wanted: JsonValue | undefined,
  target: HandlerTarget,
  timeoutMs: number,
): Promise<HandlerResult> {
  const port = portOf(wanted, target.definition);
  if (port === undefined) return { ok: false, message: `invalid port ${JSON.stringify(wanted ?? '')}` };
  try {
    const connection = await target.runtime.dial(target.sandbox, 'node', port, timeoutMs);
    connection.on('error', () => undefined);
    connection.destroy();
    return OK;
  } catch (error) {
    return { ok: false, message: dialFailure(error, target.address, port) };
  }
}

function dialFailure(error: unknown, address: string, port: number): string {
  if (!(error instanceof RuntimeError)) return error instanceof Error ? error.message : String(error);
  const dialled = `dial tcp ${bracketed(address)}:${port}: `;
  if (error.code === 'refused') return `${dialled}connect: connection refused`;
  if (error.code === 'timeout') return `${dialled}i/o timeout`;
  return `${dialled}${error.message}`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** A number, a number as text, or the name of a port of the container. */
function portOf(wanted: JsonValue | undefined, definition: JsonObject): number | undefined {
  const number =
    typeof wanted === 'number'
      ? wanted
      : typeof wanted !== 'string'
        ? undefined
        : /^[0-9]{1,5}$/.test(wanted)
          ? Number(wanted)
          : objectsAt(definition, 'ports')
              .filter((port) => textAt(port, 'name') === wanted)
              .map((port) => numberAt(port, 'containerPort'))[0];
  return number !== undefined && Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : undefined;
}
