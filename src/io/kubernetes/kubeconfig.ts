/** From kubeconfig files, or the pod we run in, to the access to one cluster. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { OperationalError } from '../operational-error.ts';
import { systemErrorCode, systemErrorReason } from '../system-error.ts';
import type { Clock } from './clock.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { type Credentials, type CredentialSource, fixedCredentials, tokenFileCredentials } from './credentials.ts';
import { ExecCredentials } from './exec-credential.ts';
import { inClusterAccess, isInCluster } from './in-cluster.ts';
import {
  emptyKubeconfig,
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigExec,
  type KubeconfigUser,
  mergeKubeconfigs,
  parseKubeconfig,
} from './kubeconfig-file.ts';

export interface AccessOptions {
  /** `--kubeconfig`: this file and no other. */
  readonly kubeconfig?: string | undefined;
  /** `--context`; the current context when absent. */
  readonly context?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly clock: Clock;
  /** Where a pod's service account is mounted. */
  readonly accountFolder?: string;
}

/**
 * The access that kubectl would use: `--kubeconfig`, else the files of KUBECONFIG, else `~/.kube/config`, else the
 * service account of the pod around us.
 *
 * @throws OperationalError `kubeconfig-missing`, `kubeconfig-unreadable`, `kubeconfig-invalid`,
 * `kubeconfig-unsupported`, `context-unknown`, `credentials-unreadable`
 */
export async function loadClusterAccess(options: AccessOptions): Promise<ClusterAccess> {
  const { kubeconfig, environment, homeFolder } = options;
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const paths =
    kubeconfig !== undefined ? [kubeconfig] : listed.length > 0 ? listed : [join(homeFolder, '.kube', 'config')];
  const files = paths.map((path) => readKubeconfig(path, kubeconfig !== undefined));
  const config = mergeKubeconfigs(files.filter((file) => file !== undefined));
  if (config.contexts.size > 0 || options.context !== undefined || kubeconfig !== undefined)
    return accessOf(config, paths.join(delimiter), options);
  const pod = {
    environment,
    clock: options.clock,
    ...(options.accountFolder === undefined ? {} : { folder: options.accountFolder }),
  };
  if (isInCluster(pod)) return inClusterAccess(pod);
  throw new OperationalError('kubeconfig-missing', `there is no kubeconfig with a context: ${paths.join(', ')}`, {
    hint: 'give --kubeconfig FILE, or set KUBECONFIG',
    exitCode: 4,
  });
}

/** A file of the list may be missing, as with kubectl; one that was asked for by name may not. */
function readKubeconfig(path: string, required: boolean): Kubeconfig | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && systemErrorCode(error) === 'ENOENT') return undefined;
    throw new OperationalError('kubeconfig-unreadable', `kubeconfig ${path}: ${systemErrorReason(error)}`, {
      hint: 'check the path and who may read it',
      cause: error,
      exitCode: 4,
    });
  }
  return text.trim() === '' ? emptyKubeconfig : parseKubeconfig({ name: path, text });
}

async function accessOf(config: Kubeconfig, files: string, options: AccessOptions): Promise<ClusterAccess> {
  const name = options.context ?? config.currentContext;
  const known = [...config.contexts.keys()].map((context) => JSON.stringify(context)).join(', ');
  if (name === '') {
    throw new OperationalError('context-unknown', `kubeconfig ${files}: no context is current`, {
      hint: `give --context${known === '' ? '' : `, one of ${known}`}, or kubectl config use-context`,
      exitCode: 4,
    });
  }
  const context = config.contexts.get(name);
  if (context === undefined) {
    throw new OperationalError('context-unknown', `kubeconfig ${files}: there is no context ${JSON.stringify(name)}`, {
      hint: known === '' ? 'it names no context at all' : `contexts are ${known}`,
      exitCode: 4,
    });
  }
  const where = `context ${JSON.stringify(name)}`;
  const cluster = config.clusters.get(context.cluster);
  if (cluster === undefined)
    throw invalid(where, `its cluster ${JSON.stringify(context.cluster)} is not in the kubeconfig`);
  const user = context.user === '' ? undefined : config.users.get(context.user);
  if (user === undefined && context.user !== '')
    throw invalid(where, `its user ${JSON.stringify(context.user)} is not in the kubeconfig`);
  const server = serverUrl(where, cluster);
  const authority = await authorityOf(where, cluster);
  return {
    description: where,
    server,
    namespace: context.namespace === '' ? 'default' : context.namespace,
    insecureSkipVerify: cluster.insecureSkipTlsVerify,
    tlsServerName: cluster.tlsServerName === '' ? undefined : cluster.tlsServerName,
    certificateAuthority: () => Promise.resolve(authority),
    credentials:
      user === undefined ? fixedCredentials({}) : await credentialsOf(where, user, cluster, authority, options),
    headers: user === undefined ? {} : impersonation(where, user),
  };
}

function serverUrl(where: string, cluster: KubeconfigCluster): URL {
  if (cluster.proxyUrl !== '') {
    throw new OperationalError('kubeconfig-unsupported', `${where}: proxy-url is not supported`, {
      hint: 'reach the API server directly, through a tunnel (ssh -L), or through kubectl proxy and a context for it',
      exitCode: 4,
    });
  }
  const { server } = cluster;
  if (server === '') throw invalid(where, 'its cluster has no server');
  let url: URL;
  try {
    // Without a scheme kubectl assumes one; `localhost:8080` would parse as the scheme `localhost:`.
    url = new URL(/^[a-z]+:\/\//i.test(server) ? server : `http://${server}`);
  } catch {
    throw invalid(where, `its server ${JSON.stringify(server)} is no URL`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(where, `its server ${JSON.stringify(server)} is neither http nor https`);
  return url;
}

async function authorityOf(where: string, cluster: KubeconfigCluster): Promise<string | undefined> {
  const authority = await dataOrFile(
    where,
    'certificate-authority',
    cluster.certificateAuthorityData,
    cluster.certificateAuthority,
  );
  if (authority !== undefined && cluster.insecureSkipTlsVerify)
    throw invalid(where, 'insecure-skip-tls-verify and certificate-authority exclude each other');
  return authority;
}

async function credentialsOf(
  where: string,
  user: KubeconfigUser,
  cluster: KubeconfigCluster,
  authority: string | undefined,
  { environment, clock }: AccessOptions,
): Promise<CredentialSource> {
  if (user.authProvider !== '') {
    throw new OperationalError(
      'kubeconfig-unsupported',
      `${where}: auth-provider ${user.authProvider} is the old way to log in and is not supported, as in kubectl since 1.26`,
      {
        hint: 'use a credential plugin (users[].user.exec), for instance kubelogin or gke-gcloud-auth-plugin',
        exitCode: 4,
      },
    );
  }
  const clientCertificate = await dataOrFile(
    where,
    'client-certificate',
    user.clientCertificateData,
    user.clientCertificate,
  );
  const clientKey = await dataOrFile(where, 'client-key', user.clientKeyData, user.clientKey);
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    throw invalid(where, 'client-certificate and client-key are needed both or not at all');
  const certificate: Credentials =
    clientCertificate === undefined || clientKey === undefined ? {} : { clientCertificate, clientKey };
  if (user.tokenFile !== '') return tokenFileCredentials(user.tokenFile, certificate, clock);
  if (user.token !== '') return fixedCredentials({ ...certificate, authorization: `Bearer ${user.token}` });
  if (user.username !== '') {
    const basic = Buffer.from(`${user.username}:${user.password}`).toString('base64');
    return fixedCredentials({ ...certificate, authorization: `Basic ${basic}` });
  }
  // A certificate in the file itself leaves the plugin nothing to add.
  if (user.exec !== undefined && clientCertificate === undefined)
    return execCredentials(where, user.exec, cluster, authority, environment, clock);
  return fixedCredentials(certificate);
}

function execCredentials(
  where: string,
  exec: KubeconfigExec,
  cluster: KubeconfigCluster,
  authority: string | undefined,
  environment: AccessOptions['environment'],
  clock: Clock,
): CredentialSource {
  const { apiVersion, command, interactiveMode } = exec;
  if (command === '') throw invalid(where, 'exec has no command');
  if (apiVersion !== 'client.authentication.k8s.io/v1' && apiVersion !== 'client.authentication.k8s.io/v1beta1') {
    throw new OperationalError(
      'kubeconfig-unsupported',
      `${where}: exec asks for ${apiVersion === '' ? 'no apiVersion' : `apiVersion ${apiVersion}`}`,
      {
        hint: 'client.authentication.k8s.io/v1 and v1beta1 are understood: update the plugin and its configuration',
        exitCode: 4,
      },
    );
  }
  if (interactiveMode === 'Always') {
    throw new OperationalError(
      'kubeconfig-unsupported',
      `${where}: the credential plugin ${command} insists on a terminal (interactiveMode: Always)`,
      { hint: 'set interactiveMode: IfAvailable, or log in first so that the plugin need not ask', exitCode: 4 },
    );
  }
  const clusterInfo = exec.provideClusterInfo
    ? {
        server: cluster.server,
        ...(cluster.tlsServerName === '' ? {} : { 'tls-server-name': cluster.tlsServerName }),
        ...(cluster.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
        ...(authority === undefined ? {} : { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
        ...(cluster.execConfig === undefined ? {} : { config: cluster.execConfig }),
      }
    : undefined;
  return new ExecCredentials({ ...exec, apiVersion, clusterInfo }, environment, clock);
}

function impersonation(where: string, user: KubeconfigUser): ClusterAccess['headers'] {
  const headers: [string, string | readonly string[]][] = [];
  if (user.impersonate !== '') headers.push(['Impersonate-User', user.impersonate]);
  if (user.impersonateUid !== '') headers.push(['Impersonate-Uid', user.impersonateUid]);
  if (user.impersonateGroups.length > 0) headers.push(['Impersonate-Group', user.impersonateGroups]);
  for (const [key, values] of user.impersonateExtra)
    headers.push([`Impersonate-Extra-${encodeURIComponent(key)}`, values]);
  if (headers.length > 0 && user.impersonate === '')
    throw invalid(where, 'as-uid, as-groups and as-user-extra need `as`');
  return Object.fromEntries(headers);
}

/** The inline base64 text counts before the file, as with kubectl. */
async function dataOrFile(where: string, field: string, data: string, path: string): Promise<string | undefined> {
  if (data !== '') {
    const text = Buffer.from(data, 'base64').toString('utf8');
    if (!text.includes('-----BEGIN')) throw invalid(where, `${field}-data holds no PEM text in base64`);
    return text;
  }
  if (path === '') return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OperationalError('credentials-unreadable', `${where}: ${field} ${path}: ${systemErrorReason(error)}`, {
      hint: 'check the path and who may read it',
      cause: error,
      exitCode: 4,
    });
  }
}

function invalid(where: string, problem: string): OperationalError {
  return new OperationalError('kubeconfig-invalid', `kubeconfig, ${where}: ${problem}`, {
    hint: 'kubectl config view shows what kubectl makes of it',
    exitCode: 4,
  });
}
