// @ts-nocheck The client is fetched when this runs, so its types are not there.
/* oxlint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call, typescript/no-unsafe-member-access, typescript/no-unsafe-return */
/**
 * `npm run lab:client-node`: the JavaScript client of Kubernetes against a lab: lists, an informer, exec with its exit code,
 * patches, logs, typed errors. The client is fetched beside the project, which does not depend on it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import buildWhenStale from '../../../tools/build-when-stale.mjs';

const version = '1.4.0';
const folder = fileURLToPath(new URL('../../../node_modules/.cache/client-node', import.meta.url));
if (!existsSync(join(folder, 'node_modules/@kubernetes/client-node'))) {
  mkdirSync(folder, { recursive: true });
  const install = ['install', '--silent', '--no-save', '--prefix', folder, `@kubernetes/client-node@${version}`];
  const { status, stderr } = spawnSync('npm', install, { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`npm install @kubernetes/client-node@${version}: ${stderr.trim()}\n`);
    process.exit(1);
  }
}
if (process.env['KUBECONFIG'] === undefined) {
  // Once more, inside of a lab.
  buildWhenStale();
  const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
  const self = [process.execPath, fileURLToPath(import.meta.url)];
  const { status } = spawnSync(process.execPath, [main, 'lab', 'run', '--', ...self], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const entry = createRequire(join(folder, 'package.json')).resolve('@kubernetes/client-node');
const k8s = await import(pathToFileURL(entry).href);
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const networking = config.makeApiClient(k8s.NetworkingV1Api);
const namespace = 'default';

/** @param {string} what @param {() => Promise<unknown>} work */
async function check(what, work) {
  const result = await work();
  process.stdout.write(`ok: ${what}${typeof result === 'string' ? `: ${result}` : ''}\n`);
}

const seen = [];
const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/pods', () =>
  core.listNamespacedPod({ namespace }),
);
for (const event of ['add', 'update', 'delete'])
  informer.on(event, (pod) => seen.push(`${event} ${pod.metadata?.name}`));
informer.on('error', (error) => seen.push(`error ${error}`));
await informer.start();

/** @param {() => boolean | Promise<boolean>} done @param {string} what */
async function until(done, what) {
  for (let i = 0; i < 300; i++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within 30 s: ${what}; seen: ${seen.join(', ')}`);
}

await check('create a pod', async () => {
  const spec = { containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] }] };
  await core.createNamespacedPod({ namespace, body: { metadata: { name: 'web', labels: { app: 'web' } }, spec } });
});
await check('wait until it is ready', () =>
  until(async () => {
    const pod = await core.readNamespacedPod({ namespace, name: 'web' });
    return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  }, 'ready'),
);
await check('the informer has seen it', () =>
  until(() => seen.includes('add web') && seen.includes('update web'), 'informer'),
);
await check('exec with an exit code', async () => {
  const out = new PassThrough();
  const text = [];
  out.on('data', (chunk) => text.push(chunk));
  const exec = new k8s.Exec(config);
  const status = await new Promise((resolve, reject) => {
    const command = ['sh', '-c', 'echo from within; exit 5'];
    exec.exec(namespace, 'web', 'web', command, out, process.stderr, null, false, resolve).catch(reject);
  });
  assert.equal(Buffer.concat(text).toString(), 'from within\n');
  assert.equal(status.details?.causes?.[0]?.message, '5');
  return 'exit code 5';
});
const patches = [
  ['strategic merge patch', k8s.PatchStrategy.StrategicMergePatch, { metadata: { labels: { a: 'b' } } }],
  ['merge patch', k8s.PatchStrategy.MergePatch, { metadata: { labels: { c: 'd' } } }],
  ['JSON patch', k8s.PatchStrategy.JsonPatch, [{ op: 'add', path: '/metadata/labels/e', value: 'f' }]],
];
for (const [what, strategy, body] of patches) {
  await check(String(what), async () => {
    const options = k8s.setHeaderOptions('Content-Type', String(strategy));
    const pod = await core.patchNamespacedPod({ namespace, name: 'web', body }, options);
    return JSON.stringify(pod.metadata?.labels);
  });
}
await check('server-side apply', async () => {
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  };
  const options = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply);
  const request = { namespace, name: 'deny', body, fieldManager: 'test', force: true };
  const policy = await networking.patchNamespacedNetworkPolicy(request, options);
  assert.equal(policy.metadata?.managedFields?.[0]?.operation, 'Apply');
});
await check('logs', async () => {
  const log = await core.readNamespacedPodLog({ namespace, name: 'web', container: 'web' });
  assert.equal(typeof log, 'string');
});
await check('a typed error', async () => {
  await assert.rejects(core.readNamespacedPod({ namespace, name: 'nobody' }), (error) => error.code === 404);
});
await check('delete, and the informer sees it', async () => {
  await core.deleteNamespacedPod({ namespace, name: 'web' });
  await until(() => seen.includes('delete web'), 'deleted');
});
assert.deepEqual(
  seen.filter((event) => event.startsWith('error')),
  [],
);
await informer.stop();
process.exit(0);
