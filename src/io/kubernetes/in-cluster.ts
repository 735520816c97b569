/** Access from inside a pod: the service account's token and CA, both re-read because both rotate. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { OperationalError } from '../operational-error.ts';
import type { Clock } from './clock.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { RotatedFile, tokenFileCredentials } from './credentials.ts';

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Where the service account is mounted. */
  readonly folder?: string;
}

/** Whether this process seems to run in a pod that may talk to the API server. */
export function isInCluster({ environment, folder = accountFolder }: InClusterOptions): boolean {
  return (environment['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && existsSync(join(folder, 'token'));
}

/** @throws OperationalError `not-in-cluster` */
export async function inClusterAccess(options: InClusterOptions): Promise<ClusterAccess> {
  const { environment, clock, folder = accountFolder } = options;
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === '' || !isInCluster(options)) {
    throw new OperationalError('not-in-cluster', 'this process runs in no pod with a service account', {
      hint: 'give --kubeconfig, or mount a service account token (automountServiceAccountToken)',
      exitCode: 4,
    });
  }
  let server: URL;
  try {
    server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`);
  } catch {
    throw new OperationalError(
      'not-in-cluster',
      `KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT give no address: ${JSON.stringify(`${host}:${port}`)}`,
      { hint: 'the kubelet sets both; something has overwritten them', exitCode: 4 },
    );
  }
  const authority = new RotatedFile(join(folder, 'ca.crt'), "the service account's CA", clock);
  return {
    description: 'the cluster around this pod',
    server,
    namespace: await readNamespace(folder),
    insecureSkipVerify: false,
    tlsServerName: undefined,
    certificateAuthority: () => authority.text(),
    credentials: tokenFileCredentials(join(folder, 'token'), {}, clock),
    headers: {},
  };
}

async function readNamespace(folder: string): Promise<string> {
  try {
    return (await readFile(join(folder, 'namespace'), 'utf8')).trim() || 'default';
  } catch {
    return 'default';
  }
}
