/** The kubeconfig file format, read through the YAML of the house: only what it takes to reach a cluster. */
import { dirname, isAbsolute, resolve } from 'node:path';
import type { SourceText } from '../../base/source.ts';
import { parseManifests } from '../../yaml/parse.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { OperationalError } from '../operational-error.ts';

export interface KubeconfigCluster {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly certificateAuthorityData: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string;
  readonly proxyUrl: string;
  /** `config` of the extension that exec plugins may be told. */
  readonly execConfig: unknown;
}

export interface KubeconfigExec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: string;
}

export interface KubeconfigUser {
  readonly clientCertificate: string;
  readonly clientCertificateData: string;
  readonly clientKey: string;
  readonly clientKeyData: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly username: string;
  readonly password: string;
  readonly impersonate: string;
  readonly impersonateUid: string;
  readonly impersonateGroups: readonly string[];
  readonly impersonateExtra: readonly (readonly [string, readonly string[]])[];
  readonly exec: KubeconfigExec | undefined;
  /** Name of a legacy `auth-provider`; `''` for none. */
  readonly authProvider: string;
}

export interface KubeconfigContext {
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
}

/** One file, or several merged. Paths in it are absolute. */
export interface Kubeconfig {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
}

export const emptyKubeconfig: Kubeconfig = {
  currentContext: '',
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
};

/** As kubectl merges: the first file that has an entry decides all of it. */
export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  const later = [...files].reverse();
  return {
    currentContext: files.find((file) => file.currentContext !== '')?.currentContext ?? '',
    clusters: new Map(later.flatMap((file) => [...file.clusters])),
    users: new Map(later.flatMap((file) => [...file.users])),
    contexts: new Map(later.flatMap((file) => [...file.contexts])),
  };
}

/** @throws OperationalError `kubeconfig-invalid` */
export function parseKubeconfig(source: SourceText): Kubeconfig {
  const { documents, diagnostics } = parseManifests(source);
  const problem = diagnostics.find(({ severity }) => severity === 'error');
  if (problem !== undefined) throw invalidKubeconfig(source.name, problem.message);
  if (documents.length > 1) throw invalidKubeconfig(source.name, 'it holds more than one document');
  const root = documents[0]?.root;
  if (root === undefined || (root.type === 'scalar' && root.value === null)) return emptyKubeconfig;
  if (root.type !== 'mapping') throw invalidKubeconfig(source.name, 'it is no mapping');
  const kind = text(root, 'kind');
  if (kind !== '' && kind !== 'Config') throw invalidKubeconfig(source.name, `its kind is ${kind}, not Config`);
  const folder = dirname(resolve(source.name));
  const path = (node: YamlNode | undefined, name: string): string => {
    const value = text(node, name);
    return value === '' || isAbsolute(value) ? value : resolve(folder, value);
  };
  return {
    currentContext: text(root, 'current-context'),
    clusters: named(source.name, root, 'clusters', 'cluster', (node) => ({
      server: text(node, 'server'),
      certificateAuthority: path(node, 'certificate-authority'),
      certificateAuthorityData: text(node, 'certificate-authority-data'),
      insecureSkipTlsVerify: flag(node, 'insecure-skip-tls-verify'),
      tlsServerName: text(node, 'tls-server-name'),
      proxyUrl: text(node, 'proxy-url'),
      execConfig: execConfig(node),
    })),
    users: named(source.name, root, 'users', 'user', (node) => ({
      clientCertificate: path(node, 'client-certificate'),
      clientCertificateData: text(node, 'client-certificate-data'),
      clientKey: path(node, 'client-key'),
      clientKeyData: text(node, 'client-key-data'),
      token: text(node, 'token'),
      tokenFile: path(node, 'tokenFile'),
      username: text(node, 'username'),
      password: text(node, 'password'),
      impersonate: text(node, 'as'),
      impersonateUid: text(node, 'as-uid'),
      impersonateGroups: texts(node, 'as-groups'),
      impersonateExtra: (child(node, 'as-user-extra')?.type === 'mapping' ? entries(node, 'as-user-extra') : []).map(
        (name) => [name, texts(child(node, 'as-user-extra'), name)] as const,
      ),
      exec: readExec(child(node, 'exec'), folder),
      authProvider: text(child(node, 'auth-provider'), 'name'),
    })),
    contexts: named(source.name, root, 'contexts', 'context', (node) => ({
      cluster: text(node, 'cluster'),
      user: text(node, 'user'),
      namespace: text(node, 'namespace'),
    })),
  };
}

export function invalidKubeconfig(name: string, problem: string): OperationalError {
  return new OperationalError('kubeconfig-invalid', `kubeconfig ${name}: ${problem}`, {
    hint: `kubectl config view --kubeconfig ${name} shows how kubectl reads it`,
    exitCode: 4,
  });
}

function readExec(node: YamlNode | undefined, folder: string): KubeconfigExec | undefined {
  if (node === undefined) return undefined;
  const command = text(node, 'command');
  return {
    // A bare name is looked up on the PATH; anything with a separator is relative to the file.
    command: /[/\\]/.test(command) && !isAbsolute(command) ? resolve(folder, command) : command,
    args: texts(node, 'args'),
    env: items(node, 'env').map((item) => ({ name: text(item, 'name'), value: text(item, 'value') })),
    apiVersion: text(node, 'apiVersion'),
    installHint: text(node, 'installHint').trim(),
    provideClusterInfo: flag(node, 'provideClusterInfo'),
    interactiveMode: text(node, 'interactiveMode'),
  };
}

function named<T>(
  file: string,
  root: YamlNode,
  list: string,
  field: string,
  read: (node: YamlNode | undefined) => T,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const item of items(root, list)) {
    const name = text(item, 'name');
    if (found.has(name)) throw invalidKubeconfig(file, `${list} names ${JSON.stringify(name)} twice`);
    found.set(name, read(child(item, field)));
  }
  return found;
}

/** Per-cluster configuration of exec plugins: the extension of a reserved name, as plain values. */
function execConfig(cluster: YamlNode | undefined): unknown {
  const extension = items(cluster, 'extensions').find(
    (item) => text(item, 'name') === 'client.authentication.k8s.io/exec',
  );
  return extension === undefined ? undefined : plain(child(extension, 'extension'));
}

/** The YAML reader bounds the depth, so this may recurse. */
function plain(node: YamlNode | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.type === 'scalar') return node.value;
  if (node.type === 'sequence') return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value }) => [String(key.value), plain(value)]));
}

function child(node: YamlNode | undefined, name: string): YamlNode | undefined {
  if (node?.type !== 'mapping') return undefined;
  return node.entries.findLast(({ key }) => key.value === name)?.value;
}

function entries(node: YamlNode | undefined, name: string): readonly string[] {
  const found = child(node, name);
  return found?.type === 'mapping' ? found.entries.map(({ key }) => String(key.value)) : [];
}

function items(node: YamlNode | undefined, name: string): readonly YamlNode[] {
  const found = child(node, name);
  return found?.type === 'sequence' ? found.items : [];
}

function texts(node: YamlNode | undefined, name: string): readonly string[] {
  return items(node, name).map(scalarText);
}

/** As written: a token that is all digits is still a token. */
function text(node: YamlNode | undefined, name: string): string {
  return scalarText(child(node, name));
}

function scalarText(node: YamlNode | undefined): string {
  return node?.type === 'scalar' && node.value !== null ? node.raw : '';
}

function flag(node: YamlNode | undefined, name: string): boolean {
  const found = child(node, name);
  return found?.type === 'scalar' && found.value === true;
}
