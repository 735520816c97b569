/** `diff --live`, by the program as built, against a small cluster on loopback. */
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { shop, SmallCluster } from '../io/kubernetes/small-cluster.ts';
import { policy, temporaryFolder } from './manifests.ts';
import { runSallyport, type RunResult } from './run-sallyport.ts';

const folder = temporaryFolder();
let cluster: SmallCluster;
let config = '';

beforeEach(async () => {
  cluster = await SmallCluster.start(shop);
  config = folder.write(
    'config',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'c', cluster: { server: cluster.server.url.href } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    }),
  );
});
afterEach(() => cluster.stop());
afterAll(folder.remove);

function diff(...args: readonly string[]): Promise<RunResult> {
  return runSallyport(['diff', '--live', ...args], { cwd: folder.path, env: { KUBECONFIG: config } });
}

const allow = (app: string, port: number): string =>
  policy(
    'shop',
    'db-from-web',
    `podSelector:\n  matchLabels:\n    app: db\npolicyTypes: [Ingress]\ningress:\n  - from:\n      - podSelector:\n          matchLabels:\n            app: ${app}\n    ports:\n      - port: ${port}`,
  );

test('applying what is there already changes nothing, whatever else the cluster has', async () => {
  folder.write('same.yaml', allow('web', 5432));
  const result = await diff('same.yaml', '--exit-code');
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout).toBe('the cluster → with same.yaml applied\nNo connection differs.\n');
});

test('an edited policy takes the place of its old version', async () => {
  folder.write('edited.yaml', allow('web', 5433));
  const result = await diff('edited.yaml', '--exit-code');
  expect(result).toMatchObject({ exitCode: 1, stderr: '' });
  expect(result.stdout).toContain('~ shop/web → shop/db  +tcp 5433 -tcp 5432\n');
  expect(result.stdout).toContain('shop/NetworkPolicy/db-from-web changed, spec.ingress[0] (edited.yaml:');
});

test('4 when the cluster is gone', async () => {
  folder.write('same.yaml', allow('web', 5432));
  await cluster.stop();
  const result = await diff('same.yaml');
  expect(result.exitCode).toBe(4);
  expect(result.stdout).toBe('');
});
