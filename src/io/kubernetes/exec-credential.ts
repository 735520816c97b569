/** Credential plugins (`users[].user.exec`): a program that prints an ExecCredential. */
import { OperationalError } from '../operational-error.ts';
import { runProcess } from '../run-process.ts';
import type { Clock } from './clock.ts';
import type { Credentials, CredentialSource } from './credentials.ts';

export interface ExecPlugin {
  /** A name on the PATH or a path. Started with its argument list, never through a shell. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: 'client.authentication.k8s.io/v1' | 'client.authentication.k8s.io/v1beta1';
  readonly installHint: string;
  /** `spec.cluster` of what the plugin is told, when it asked for it. */
  readonly clusterInfo: Readonly<Record<string, unknown>> | undefined;
}

/** A person may have to log in at a browser. */
const timeoutMs = 120_000;
const maxOutputBytes = 1024 * 1024;

/** Credentials are renewed this long before they expire, so that none expires under way. */
const renewBeforeMs = 10_000;

interface Cached {
  readonly credentials: Credentials;
  /** Calendar time; infinite when the plugin set none. */
  readonly expiresMs: number;
}

/**
 * Runs the plugin when it is first needed, when what it gave expires, and when the server refuses it; once at a time,
 * however many requests wait.
 */
export class ExecCredentials implements CredentialSource {
  readonly #plugin: ExecPlugin;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #clock: Clock;
  #cached: Cached | undefined;
  #running: Promise<Cached> | undefined;

  constructor(plugin: ExecPlugin, environment: Readonly<Record<string, string | undefined>>, clock: Clock) {
    this.#plugin = plugin;
    this.#environment = environment;
    this.#clock = clock;
  }

  readonly current = async (): Promise<Credentials> => {
    const cached = this.#cached;
    if (cached !== undefined && this.#clock.calendarMs() < cached.expiresMs - renewBeforeMs) return cached.credentials;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    const fresh = await this.#running;
    this.#cached = fresh;
    return fresh.credentials;
  };

  readonly invalidate = (): void => {
    this.#cached = undefined;
  };

  async #run(): Promise<Cached> {
    const { command, args, env, apiVersion, installHint, clusterInfo } = this.#plugin;
    const info = {
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, ...(clusterInfo === undefined ? {} : { cluster: clusterInfo }) },
    };
    const result = await this.#start(command, args, {
      ...this.#environment,
      ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    });
    if (result.type === 'missing') {
      throw failed(
        `the credential plugin ${command} is not installed`,
        installHint === ''
          ? `put ${command} on the PATH; users[].user.exec of the kubeconfig asks for it`
          : installHint,
      );
    }
    if (result.exitCode !== 0) {
      const words = result.stderr.trim().split('\n').slice(-5).join('\n  ');
      throw failed(
        `the credential plugin ${command} failed with exit code ${result.exitCode}${words === '' ? '' : `: ${words}`}`,
        `run it alone to see what it wants: ${[command, ...args].join(' ')}`,
      );
    }
    return decodeExecCredential(result.stdout.toString('utf8'), command, apiVersion);
  }

  async #start(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): ReturnType<typeof runProcess> {
    try {
      return await runProcess(command, args, { timeoutMs, maxOutputBytes, env });
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      throw failed(`the credential plugin failed: ${error.message}`, `run it alone: ${[command, ...args].join(' ')}`);
    }
  }
}

/** @throws OperationalError `credential-plugin-failed` */
export function decodeExecCredential(text: string, command: string, apiVersion: string): Cached {
  const hint = `it must print one JSON object of kind ExecCredential, ${apiVersion}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failed(`the credential plugin ${command} did not print JSON`, hint);
  }
  if (!isRecord(value) || value['kind'] !== 'ExecCredential' || value['apiVersion'] !== apiVersion)
    throw failed(`the credential plugin ${command} printed something else than what was asked for`, hint);
  const status = value['status'];
  const get = (name: string): string | undefined => {
    const found = isRecord(status) ? status[name] : undefined;
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const token = get('token');
  const clientCertificate = get('clientCertificateData');
  const clientKey = get('clientKeyData');
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    throw failed(`the credential plugin ${command} printed a certificate without its key, or the reverse`, hint);
  if (token === undefined && clientCertificate === undefined)
    throw failed(`the credential plugin ${command} printed neither a token nor a certificate`, hint);
  const expires = get('expirationTimestamp');
  const expiresMs = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
  if (Number.isNaN(expiresMs))
    throw failed(`the credential plugin ${command} printed an expirationTimestamp that is no date`, hint);
  return {
    credentials: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(clientCertificate === undefined || clientKey === undefined ? {} : { clientCertificate, clientKey }),
    },
    expiresMs,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function failed(message: string, hint: string): OperationalError {
  return new OperationalError('credential-plugin-failed', message, { hint, exitCode: 4 });
}
