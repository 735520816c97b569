import type { ContainerTarget } from '../../pod-streams.ts';
import { badRequest } from '../status-error.ts';

/** Which pod, and what was asked after the question mark. */
export interface StreamRoute {
  readonly namespace: string;
  readonly pod: string;
  readonly query: URLSearchParams;
}

/** What a client of exec or attach wants to be connected with. */
export interface ExecQuery {
  readonly target: ContainerTarget;
  readonly stdin: boolean;
  readonly stdout: boolean;
  /** Never with a terminal: everything is on standard output then. */
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** @throws StatusError as the real server */
export function readExecQuery({ namespace, pod, query }: StreamRoute): ExecQuery {
  const tty = readFlag(query, 'tty');
  const stdin = readFlag(query, 'stdin');
  const stdout = readFlag(query, 'stdout');
  const stderr = readFlag(query, 'stderr') && !tty;
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  return { target: { namespace, pod, container: readContainer(query) }, stdin, stdout, stderr, tty };
}

/** @throws StatusError when there is none */
export function readCommand(query: URLSearchParams): readonly [string, ...string[]] {
  const [program, ...words] = query.getAll('command');
  if (program === undefined || program === '')
    throw badRequest('you must specify at least one command for the container');
  return [program, ...words];
}

export function readContainer(query: URLSearchParams): string | undefined {
  const name = query.get('container');
  return name === null || name === '' ? undefined : name;
}

/** A parameter without a value is true, as are most values: so the server reads queries. */
export function readFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
