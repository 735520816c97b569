import { spawn, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFolder, manifestObjects } from './manifests.ts';

/** As an API server that has no objects, but knows the kinds of the manifests. */
const kinds = [
  { groupVersion: 'v1', kind: 'Namespace', name: 'namespaces', namespaced: false },
  { groupVersion: 'v1', kind: 'ServiceAccount', name: 'serviceaccounts', namespaced: true },
  { groupVersion: 'apps/v1', kind: 'DaemonSet', name: 'daemonsets', namespaced: true },
  { groupVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'clusterroles', namespaced: false },
  {
    groupVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    name: 'clusterrolebindings',
    namespaced: false,
  },
];

function discovery(path: string): object | undefined {
  const versions = [...new Set(kinds.map(({ groupVersion }) => groupVersion))];
  if (path === '/api') return { kind: 'APIVersions', apiVersion: 'v1', versions: ['v1'] };
  if (path === '/apis') {
    const groups = versions
      .filter((groupVersion) => groupVersion.includes('/'))
      .map((groupVersion) => {
        const [name = '', version = ''] = groupVersion.split('/');
        const entry = { groupVersion, version };
        return { name, versions: [entry], preferredVersion: entry };
      });
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }
  const groupVersion = path.replace(/^\/apis?\//, '');
  if (!versions.includes(groupVersion)) return undefined;
  const resources = kinds
    .filter((each) => each.groupVersion === groupVersion)
    .map(({ kind, name, namespaced }) => ({ kind, name, namespaced, singularName: '', verbs: ['get', 'create'] }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

describe.skipIf(!hasKubectl)('kubectl', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = discovery(new URL(request.url ?? '/', 'http://server').pathname);
      const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? missing));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('applies the manifests without a complaint', async () => {
    const { port } = server.address() as AddressInfo;
    const options = [
      '--server',
      `http://127.0.0.1:${port}`,
      '--dry-run=client',
      '--validate=false',
      '--cache-dir',
      '/dev/null/none',
    ];
    const child = spawn('kubectl', ['apply', ...options, '-k', manifestFolder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], KUBECONFIG: '/dev/null' },
    });
    let output = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const exitCode = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    expect({ exitCode, complaints }).toEqual({ exitCode: 0, complaints: '' });
    expect(output.trim().split('\n')).toHaveLength(manifestObjects().length);
    for (const line of output.trim().split('\n')) expect(line).toMatch(/^\S+\/\S+ created \(dry run\)$/);
  });
});
