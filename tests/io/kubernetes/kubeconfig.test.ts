import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterAccess } from '../../../src/io/kubernetes/cluster-access.ts';
import { type AccessOptions, loadClusterAccess } from '../../../src/io/kubernetes/kubeconfig.ts';
import { OperationalError } from '../../../src/io/operational-error.ts';
import { FakeClock } from './fake-clock.ts';

let folder: string;
let clock: FakeClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-kubeconfig-'));
  clock = new FakeClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function load(options: Partial<AccessOptions> = {}): Promise<ClusterAccess> {
  return loadClusterAccess({
    environment: {},
    homeFolder: folder,
    clock,
    accountFolder: join(folder, 'none'),
    ...options,
  });
}

async function failure(work: Promise<unknown>): Promise<OperationalError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OperationalError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const pem = (text: string): string => `-----BEGIN ${text}-----\n`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A file with one context, cluster and user, each named `main`. */
function config(cluster: string, user = '{}', context = '{ cluster: main, user: main }'): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    'current-context: main',
    `clusters: [{ name: main, cluster: ${cluster} }]`,
    `users: [{ name: main, user: ${user} }]`,
    `contexts: [{ name: main, context: ${context} }]`,
    '',
  ].join('\n');
}

const server = '{ server: "https://api:6443" }';

describe('one file', () => {
  test('what a usual one says', async () => {
    put(
      '.kube/config',
      config(
        `{ server: "https://api:6443/base", certificate-authority-data: ${base64(pem('CA'))}, tls-server-name: other }`,
        `{ client-certificate-data: ${base64(pem('CERTIFICATE'))}, client-key-data: ${base64(pem('KEY'))} }`,
        '{ cluster: main, user: main, namespace: shop }',
      ),
    );
    const access = await load();
    expect(access).toMatchObject({
      description: 'context "main"',
      namespace: 'shop',
      insecureSkipVerify: false,
      tlsServerName: 'other',
      headers: {},
    });
    expect(access.server.href).toBe('https://api:6443/base');
    expect(await access.certificateAuthority()).toBe(pem('CA'));
    expect(await access.credentials.current()).toEqual({
      clientCertificate: pem('CERTIFICATE'),
      clientKey: pem('KEY'),
    });
  });

  test('paths are relative to the file; inline data counts before them', async () => {
    put('deep/pki/ca.crt', pem('CA'));
    put('deep/pki/me.crt', pem('CERTIFICATE'));
    put('deep/pki/me.key', pem('KEY'));
    const path = put(
      'deep/config',
      config(
        '{ server: "https://api", certificate-authority: pki/ca.crt }',
        `{ client-certificate: pki/me.crt, client-key: ../nowhere, client-key-data: ${base64(pem('INLINE'))} }`,
      ),
    );
    const access = await load({ kubeconfig: path });
    expect(await access.certificateAuthority()).toBe(pem('CA'));
    expect(await access.credentials.current()).toEqual({
      clientCertificate: pem('CERTIFICATE'),
      clientKey: pem('INLINE'),
    });
    expect(access.namespace).toBe('default');
  });

  const users: readonly (readonly [string, string, object])[] = [
    ['nothing', '{}', {}],
    ['a token', '{ token: abc }', { authorization: 'Bearer abc' }],
    ['a token of digits', '{ token: 0123 }', { authorization: 'Bearer 0123' }],
    ['name and password', '{ username: jo, password: secret }', { authorization: `Basic ${base64('jo:secret')}` }],
    ['a token file before a token', '{ token: abc, tokenFile: token }', { authorization: 'Bearer from-file' }],
  ];
  test.each(users)('a user with %s', async (_, user, credentials) => {
    put('.kube/token', 'from-file\n');
    put('.kube/config', config(server, user));
    expect(await (await load()).credentials.current()).toEqual(credentials);
  });

  test('a token file is read again after a minute', async () => {
    put('.kube/token', 'one');
    put('.kube/config', config(server, '{ tokenFile: token }'));
    const { credentials } = await load();
    await credentials.current();
    put('.kube/token', 'two');
    clock.advance(59_999);
    expect(await credentials.current()).toEqual({ authorization: 'Bearer one' });
    clock.advance(1);
    expect(await credentials.current()).toEqual({ authorization: 'Bearer two' });
  });

  test('impersonation becomes headers', async () => {
    put('.kube/config', config(server, '{ as: jo, as-uid: "7", as-groups: [a, b], as-user-extra: { "x/y": [z] } }'));
    expect((await load()).headers).toEqual({
      'Impersonate-User': 'jo',
      'Impersonate-Uid': '7',
      'Impersonate-Group': ['a', 'b'],
      'Impersonate-Extra-x%2Fy': ['z'],
    });
  });

  test.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/'],
    ['localhost:8080', 'http://localhost:8080/'],
    ['https://[fd00::1]:6443', 'https://[fd00::1]:6443/'],
  ])('server %s', async (written, href) => {
    put('.kube/config', config(`{ server: "${written}" }`));
    expect((await load()).server.href).toBe(href);
  });

  test('no verification', async () => {
    put('.kube/config', config('{ server: "https://api", insecure-skip-tls-verify: true }'));
    expect((await load()).insecureSkipVerify).toBe(true);
  });

  test('JSON is read too', async () => {
    put(
      '.kube/config',
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'k', user: '' } }],
        clusters: [{ name: 'k', cluster: { server: 'https://api' } }],
      }),
    );
    expect((await load()).server.host).toBe('api');
  });
});

describe('what cannot be used is explained', () => {
  const wrong: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'a proxy',
      config('{ server: "https://api", proxy-url: "socks5://x" }'),
      'kubeconfig-unsupported',
      /^context "main": proxy-url is not supported$/,
    ],
    [
      'an old login',
      config(server, '{ auth-provider: { name: gcp } }'),
      'kubeconfig-unsupported',
      /auth-provider gcp is the old way/,
    ],
    [
      'an old plugin',
      config(server, '{ exec: { command: x, apiVersion: client.authentication.k8s.io/v1alpha1 } }'),
      'kubeconfig-unsupported',
      /exec asks for apiVersion .*v1alpha1$/,
    ],
    [
      'a plugin without version',
      config(server, '{ exec: { command: x } }'),
      'kubeconfig-unsupported',
      /exec asks for no apiVersion$/,
    ],
    [
      'a plugin without command',
      config(server, '{ exec: { apiVersion: client.authentication.k8s.io/v1 } }'),
      'kubeconfig-invalid',
      /exec has no command$/,
    ],
    [
      'a plugin that must talk',
      config(server, '{ exec: { command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always } }'),
      'kubeconfig-unsupported',
      /insists on a terminal/,
    ],
    [
      'a lonely certificate',
      config(server, `{ client-certificate-data: ${base64(pem('C'))} }`),
      'kubeconfig-invalid',
      /needed both or not at all$/,
    ],
    [
      'data that is no PEM',
      config('{ server: "https://api", certificate-authority-data: "%%%" }'),
      'kubeconfig-invalid',
      /certificate-authority-data holds no PEM/,
    ],
    [
      'both trust and distrust',
      config(
        `{ server: "https://api", insecure-skip-tls-verify: true, certificate-authority-data: ${base64(pem('C'))} }`,
      ),
      'kubeconfig-invalid',
      /exclude each other$/,
    ],
    [
      'a missing file',
      config('{ server: "https://api", certificate-authority: /nowhere/ca.crt }'),
      'credentials-unreadable',
      /certificate-authority .nowhere.ca\.crt: no such file/,
    ],
    ['no server', config('{}'), 'kubeconfig-invalid', /its cluster has no server$/],
    ['no URL', config('{ server: "https://a b" }'), 'kubeconfig-invalid', /is no URL$/],
    ['another scheme', config('{ server: "ftp://a" }'), 'kubeconfig-invalid', /neither http nor https$/],
    [
      'a missing cluster',
      config(server, '{}', '{ cluster: gone, user: main }'),
      'kubeconfig-invalid',
      /its cluster "gone" is not in the kubeconfig$/,
    ],
    [
      'a missing user',
      config(server, '{}', '{ cluster: main, user: gone }'),
      'kubeconfig-invalid',
      /its user "gone" is not in the kubeconfig$/,
    ],
    ['groups of nobody', config(server, '{ as-groups: [a] }'), 'kubeconfig-invalid', /need `as`$/],
    [
      'a missing context',
      `${config(server)}\n`.replace('current-context: main', 'current-context: gone'),
      'context-unknown',
      /there is no context "gone"$/,
    ],
    ['no context', config(server).replace('current-context: main\n', ''), 'context-unknown', /no context is current$/],
    ['a name twice', 'clusters: [{ name: a }, { name: a }]', 'kubeconfig-invalid', /clusters names "a" twice$/],
    ['broken YAML', 'clusters: [', 'kubeconfig-invalid', /^kubeconfig .*config: /],
    ['two documents', 'a: 1\n---\nb: 2\n', 'kubeconfig-invalid', /more than one document$/],
    ['a list', '- a', 'kubeconfig-invalid', /it is no mapping$/],
    [
      'a manifest',
      'apiVersion: v1\nkind: Pod\nmetadata: { name: a }',
      'kubeconfig-invalid',
      /its kind is Pod, not Config$/,
    ],
  ];
  test.each(wrong)('%s', async (_, text, code, message) => {
    put('.kube/config', text);
    const error = await failure(load());
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code, exitCode: 4 });
    expect(error.hint).not.toBe('');
  });

  test('an unknown --context, with those that there are', async () => {
    put('.kube/config', config(server));
    const error = await failure(load({ context: 'prod' }));
    expect(error).toMatchObject({ code: 'context-unknown', hint: 'contexts are "main"', exitCode: 4 });
  });

  test('a --kubeconfig that does not exist', async () => {
    const error = await failure(load({ kubeconfig: join(folder, 'absent') }));
    expect(error).toMatchObject({ code: 'kubeconfig-unreadable', exitCode: 4 });
  });

  test('no kubeconfig at all', async () => {
    expect(await failure(load())).toMatchObject({ code: 'kubeconfig-missing', exitCode: 4 });
    put('.kube/config', '');
    expect(await failure(load())).toMatchObject({ code: 'kubeconfig-missing', exitCode: 4 });
  });
});

describe('several files', () => {
  test('the first that has an entry decides all of it, and its paths are its own', async () => {
    put('one/ca.crt', pem('ONE'));
    put('two/ca.crt', pem('TWO'));
    const one = put(
      'one/config',
      'clusters: [{ name: main, cluster: { server: "https://one", certificate-authority: ca.crt } }]\n',
    );
    const two = put(
      'two/config',
      config('{ server: "https://two", tls-server-name: two, certificate-authority: ca.crt }', '{ token: two }'),
    );
    const three = put('three', config(server).replace('current-context: main', 'current-context: never'));
    const environment = { KUBECONFIG: ['', one, join(folder, 'absent'), two, three].join(delimiter) };
    const access = await load({ environment });
    expect(access.server.host).toBe('one');
    expect(access.tlsServerName).toBeUndefined();
    expect(await access.certificateAuthority()).toBe(pem('ONE'));
    expect(await access.credentials.current()).toEqual({ authorization: 'Bearer two' });
  });

  test('--kubeconfig counts alone, --context chooses', async () => {
    put('.kube/config', config(server));
    const path = put(
      'mine',
      'current-context: a\ncontexts: [{name: a, context: {cluster: a}}, {name: b, context: {cluster: b}}]\nclusters: [{name: b, cluster: {server: "https://b"}}]',
    );
    const access = await load({ kubeconfig: path, context: 'b', environment: { KUBECONFIG: '/nowhere' } });
    expect(access.server.host).toBe('b');
    expect(await access.credentials.current()).toEqual({});
  });
});

describe('inside a pod', () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  test('the service account is used, and followed when it rotates', async () => {
    put('account/token', 'one\n');
    put('account/ca.crt', pem('ONE'));
    put('account/namespace', 'kube-system');
    const access = await load({ environment, accountFolder: join(folder, 'account') });
    expect(access).toMatchObject({ description: 'the cluster around this pod', namespace: 'kube-system' });
    expect(access.server.href).toBe('https://[fd00::1]/');
    expect(await access.credentials.current()).toEqual({ authorization: 'Bearer one' });
    expect(await access.certificateAuthority()).toBe(pem('ONE').trim());
    put('account/token', 'two\n');
    put('account/ca.crt', pem('TWO'));
    clock.advance(60_000);
    expect(await access.credentials.current()).toEqual({ authorization: 'Bearer two' });
    expect(await access.certificateAuthority()).toBe(pem('TWO').trim());
    put('account/token', 'three\n');
    access.credentials.invalidate();
    expect(await access.credentials.current()).toEqual({ authorization: 'Bearer three' });
  });

  test('a kubeconfig counts before it', async () => {
    put('account/token', 'one\n');
    put('.kube/config', config(server));
    expect((await load({ environment, accountFolder: join(folder, 'account') })).server.host).toBe('api:6443');
  });

  test.each([
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 'none', 'kubeconfig-missing'],
    [{}, 'account', 'kubeconfig-missing'],
    [{ KUBERNETES_SERVICE_HOST: 'a b' }, 'account', 'not-in-cluster'],
  ])('%j with %s', async (environment, account, code) => {
    put('account/token', 'one\n');
    expect(await failure(load({ environment, accountFolder: join(folder, account) }))).toMatchObject({
      code,
      exitCode: 4,
    });
  });
});

describe('credential plugins', () => {
  const v1 = 'client.authentication.k8s.io/v1';

  /** A program that appends to `calls`, then does what the JavaScript says. */
  function plugin(script: string, more = ''): string {
    const path = put(
      '.kube/bin/plugin',
      `#!${process.execPath}\nrequire('node:fs').appendFileSync(${JSON.stringify(join(folder, 'calls'))}, 'x');\n${script}\n`,
    );
    chmodSync(path, 0o755);
    put('.kube/config', config(server, `{ exec: { command: bin/plugin, apiVersion: ${v1}, ${more} } }`));
    return path;
  }

  function prints(status: object, apiVersion = v1): string {
    return `console.log(${JSON.stringify(JSON.stringify({ apiVersion, kind: 'ExecCredential', status }))});`;
  }

  test('are told what they asked for, without a shell, and asked again when time or server say so', async () => {
    plugin(
      `const { env, argv } = process;
       const info = JSON.parse(env.KUBERNETES_EXEC_INFO);
       const calls = require('node:fs').readFileSync(${JSON.stringify(join(folder, 'calls'))}, 'utf8').length;
       const token = [calls, argv[2], env.NAME, env.KEPT, info.kind, info.spec.interactive, info.spec.cluster.server, JSON.stringify(info.spec.cluster.config)].join(' ');
       console.log(JSON.stringify({ apiVersion: ${JSON.stringify(v1)}, kind: 'ExecCredential', status: { token, expirationTimestamp: '2026-01-01T01:00:00Z' } }));`,
      'args: ["$(id); *"], env: [{ name: NAME, value: "a b" }], provideClusterInfo: true',
    );
    put(
      '.kube/config',
      config(
        '{ server: "https://api", extensions: [{ name: client.authentication.k8s.io/exec, extension: { audience: x } }] }',
        `{ exec: { command: bin/plugin, apiVersion: ${v1}, args: ["$(id); *"], env: [{ name: NAME, value: "a b" }], provideClusterInfo: true } }`,
      ),
    );
    const { credentials } = await load({ environment: { KEPT: 'kept', PATH: process.env['PATH'] } });
    const token = (calls: number): object => ({
      authorization: `Bearer ${calls} $(id); * a b kept ExecCredential false https://api {"audience":"x"}`,
    });
    expect(await Promise.all([credentials.current(), credentials.current()])).toEqual([token(1), token(1)]);
    clock.advance(3_589_000);
    expect(await credentials.current()).toEqual(token(1));
    clock.advance(1000);
    // From now on each use asks, because the date stays in the past.
    expect(await credentials.current()).toEqual(token(2));
  });

  test('without a date the answer counts until the server refuses it', async () => {
    plugin(prints({ clientCertificateData: pem('C'), clientKeyData: pem('K') }));
    const { credentials } = await load({ environment: process.env });
    const expected = { clientCertificate: pem('C'), clientKey: pem('K') };
    expect(await credentials.current()).toEqual(expected);
    clock.advance(1e12);
    expect(await credentials.current()).toEqual(expected);
    credentials.invalidate();
    await credentials.current();
    expect((await import('node:fs')).readFileSync(join(folder, 'calls'), 'utf8')).toBe('xx');
  });

  const failures: readonly (readonly [string, string, RegExp])[] = [
    ['fails', 'console.error("log in first"); process.exit(3);', /failed with exit code 3: log in first$/],
    ['prints nothing', '', /did not print JSON$/],
    ['prints another version', prints({ token: 'x' }, 'client.authentication.k8s.io/v1beta1'), /something else/],
    ['prints no credentials', prints({}), /neither a token nor a certificate$/],
    ['prints half a certificate', prints({ token: 'x', clientKeyData: 'y' }), /certificate without its key/],
    ['prints no date', prints({ token: 'x', expirationTimestamp: 'later' }), /is no date$/],
  ];
  test.each(failures)('one that %s', async (_, script, message) => {
    plugin(script);
    const error = await failure((await load({ environment: process.env })).credentials.current());
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code: 'credential-plugin-failed', exitCode: 4 });
  });

  test('one that is not there, with its own words on how to get it', async () => {
    put(
      '.kube/config',
      config(server, `{ exec: { command: no-such-plugin, apiVersion: ${v1}, installHint: "get it at x" } }`),
    );
    const error = await failure((await load({ environment: { PATH: folder } })).credentials.current());
    expect(error).toMatchObject({
      code: 'credential-plugin-failed',
      message: 'the credential plugin no-such-plugin is not installed',
      hint: 'get it at x',
      exitCode: 4,
    });
  });
});
