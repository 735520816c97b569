/** Stock kubectl on what controllers do: rollouts, scaling, jobs, drains, deletions. Pods are made ready by a script. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/io/kubernetes/clock.ts';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { strategies } from '../../../src/lab/api/kinds/strategies.ts';
import { systemContext } from '../../../src/lab/api/rest/rest.ts';
import { isGoing, nameOf, namespaceOf, objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { type RunningControllers, startControllers } from '../../../src/lab/controllers/start-controllers.ts';
import { startTestApi, type TestApi, TOKEN } from '../api/server/test-api.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';
const asKubelet = systemContext('kubelet');

function hasKubectl(): boolean {
  try {
    execFileSync(kubectl, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Makes every pod ready that has a node, runs busybox to its end, and ends what shall end. */
function playKubelet(api: TestApi): void {
  const pods = api.rest.resources.find(({ kind }) => kind === 'Pod');
  if (pods === undefined) throw new Error('no pods');
  let address = 0;
  const act = (namespace: string, name: string): void => {
    const pod = api.store.find({ group: '', plural: 'pods', namespace, name });
    if (pod === undefined || textAt(pod, 'spec', 'nodeName') === '') return;
    const target = { resource: pods, namespace, name };
    if (isGoing(pod)) api.rest.delete(target, { gracePeriodSeconds: 0 }, asKubelet);
    else if (textAt(pod, 'status', 'podIP') === '') {
      const ends = textAt(objectsAt(pod, 'spec', 'containers')[0] ?? {}, 'image').startsWith('busybox');
      const podIP = `10.244.0.${(address += 1)}`;
      const conditions = [
        ...objectsAt(pod, 'status', 'conditions'),
        { type: 'Ready', status: ends ? 'False' : 'True', lastTransitionTime: new Date().toISOString() },
      ];
      const phase = ends ? 'Succeeded' : 'Running';
      const status: JsonObject = { ...objectAt(pod, 'status'), phase, podIP, podIPs: [{ ip: podIP }], conditions };
      api.rest.update({ ...target, subresource: 'status' }, { ...pod, status }, asKubelet);
    }
  };
  api.store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type !== 'DELETED') setImmediate(() => act(namespaceOf(object), nameOf(object)));
  });
}

describe.skipIf(!hasKubectl())('stock kubectl (left out only where there is no kubectl)', () => {
  let api: TestApi;
  let controllers: RunningControllers;
  let home: string;

  beforeAll(async () => {
    api = await startTestApi({ strategies });
    playKubelet(api);
    controllers = startControllers({
      rest: api.rest,
      clock: systemClock,
      caCertificate: api.authority,
      onError: (error) => api.errors.push(error),
    });
    for (const name of ['lab-1', 'lab-2']) {
      const conditions = [{ type: 'Ready', status: 'True' }];
      const nodes = api.rest.resources.find(({ kind }) => kind === 'Node');
      if (nodes === undefined) throw new Error('no nodes');
      const metadata = { name, labels: { 'kubernetes.io/hostname': name } };
      const { object } = api.rest.create({ resource: nodes, namespace: '' }, { metadata }, asKubelet);
      const target = { resource: nodes, namespace: '', name, subresource: 'status' };
      api.rest.update(target, { ...object, status: { conditions } }, asKubelet);
    }
    home = mkdtempSync(join(tmpdir(), 'controllers-test-'));
    const server = `https://127.0.0.1:${api.port}`;
    const authority = Buffer.from(api.authority).toString('base64');
    writeFileSync(
      join(home, 'config'),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'lab', cluster: { server, 'certificate-authority-data': authority } }],
        users: [{ name: 'lab', user: { token: TOKEN } }],
        contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
        'current-context': 'lab',
      }),
      { mode: 0o600 },
    );
  });

  afterAll(async () => {
    controllers.stop();
    await api.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** Expects that it succeeds; gives what it prints. */
  function ok(line: string, input = ''): Promise<string> {
    const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'config') };
    return new Promise((resolve, reject) => {
      const child = execFile(kubectl, line.split(' '), { env, timeout: 40_000 }, (error, out, err) => {
        if (error === null) resolve(out.trim());
        else reject(new Error(`kubectl ${line}: ${err}${out}`));
      });
      child.stdin?.end(input);
    });
  }

  test('a rollout from its beginning to its undoing', async () => {
    await ok('create deployment web --image=nginx:1 --replicas=3');
    expect(await ok('rollout status deployment/web')).toContain('deployment "web" successfully rolled out');
    await ok('set image deployment/web nginx=nginx:2');
    expect(await ok('rollout status deployment/web')).toContain('successfully rolled out');
    await ok('annotate deployment/web kubernetes.io/change-cause=second');
    await controllers.idle();
    const history = await ok('rollout history deployment/web');
    expect(
      history
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/ +/)),
    ).toEqual([
      ['REVISION', 'CHANGE-CAUSE'],
      ['1', '<none>'],
      ['2', 'second'],
    ]);
    expect(await ok('rollout undo deployment/web')).toBe('deployment.apps/web rolled back');
    await ok('rollout status deployment/web');
    expect(await ok('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('nginx:1');
    expect(await ok('get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}')).toBe(
      'nginx:1 nginx:1 nginx:1',
    );
    await ok('rollout restart deployment/web');
    await ok('rollout status deployment/web');
    await ok('rollout pause deployment/web');
    await ok('set image deployment/web nginx=nginx:3');
    await ok('rollout resume deployment/web');
    await ok('rollout status deployment/web');
    expect(await ok('get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}')).toBe(
      'nginx:3 nginx:3 nginx:3',
    );
    await ok('scale deployment/web --replicas=1');
    await ok('rollout status deployment/web');
    expect(await ok('get deployment web --no-headers')).toMatch(/^web +1\/1 +1 +1 /);
    await ok('wait --for=condition=Available deployment/web --timeout=20s');
  });

  test('expose and what is behind it', async () => {
    await ok('create deployment site --image=nginx --replicas=2');
    await ok('rollout status deployment/site');
    await ok('expose deployment site --port=80');
    await controllers.idle();
    const ips = await ok('get pods -l app=site -o jsonpath={.items[*].status.podIP}');
    const endpoints = await ok('get endpoints site -o jsonpath={.subsets[*].addresses[*].ip}');
    expect(new Set(endpoints.split(' '))).toEqual(new Set(ips.split(' ')));
    expect(await ok('describe service site')).toMatch(/Endpoints: +10\.244\.0\.\d+:80,10\.244\.0\.\d+:80/);
  });

  test('stateful and daemon sets roll, and go back', async () => {
    const template = (image: string) => ({
      metadata: { labels: { app: 'db' } },
      spec: { containers: [{ name: 'main', image }] },
    });
    const spec = { selector: { matchLabels: { app: 'db' } }, template: template('nginx:1') };
    const sets = [
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'db' },
        spec: { ...spec, replicas: 2, serviceName: 'db' },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'agent' },
        spec: {
          selector: { matchLabels: { app: 'agent' } },
          template: { ...template('nginx:1'), metadata: { labels: { app: 'agent' } } },
        },
      },
    ];
    await ok('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: sets }));
    for (const set of ['statefulset/db', 'daemonset/agent']) {
      await ok(`rollout status ${set}`);
      await ok(`set image ${set} main=nginx:2`);
      await ok(`rollout status ${set}`);
      const history = await ok(`rollout history ${set}`);
      expect(
        history
          .split('\n')
          .slice(2)
          .map((line) => line.trim().split(/ +/)[0]),
      ).toEqual(['1', '2']);
      await ok(`rollout undo ${set}`);
      await ok(`rollout status ${set}`);
    }
    expect(await ok('get pods -l app=db -o name')).toBe('pod/db-0\npod/db-1');
    expect(await ok('get pods -l app=db -o jsonpath={.items[*].spec.containers[0].image}')).toBe('nginx:1 nginx:1');
    expect(await ok('get pods -l app=agent -o jsonpath={.items[*].spec.containers[0].image}')).toBe('nginx:1 nginx:1');
  });

  test('a job, and waiting for it', async () => {
    await ok('create job hello --image=busybox -- echo hello');
    expect(await ok('wait --for=condition=complete job/hello --timeout=20s')).toBe('job.batch/hello condition met');
    expect(await ok('get job hello --no-headers')).toMatch(/^hello +Complete +1\/1 /);
    await ok('delete job hello');
    expect(await ok('get pods -l job-name=hello -o name')).toBe('');
  });

  test('cordon, drain and uncordon', async () => {
    await ok('create deployment moved --image=nginx --replicas=4');
    await ok('rollout status deployment/moved');
    await ok('drain lab-1 --ignore-daemonsets --force');
    await ok('rollout status deployment/moved');
    const nodes = await ok('get pods -l app=moved -o jsonpath={.items[*].spec.nodeName}');
    expect(nodes).toBe('lab-2 lab-2 lab-2 lab-2');
    await ok('uncordon lab-1');
    await controllers.idle();
    expect(await ok('get node lab-1 -o jsonpath={.spec.taints}')).toBe('');
  });

  test('deletions: in the foreground, alone, and a namespace', async () => {
    await ok('create namespace gone');
    await ok('create deployment a --image=nginx -n gone');
    await ok('rollout status deployment/a -n gone');
    await ok('delete deployment a -n gone --cascade=foreground');
    expect(await ok('get replicasets,pods -n gone -o name')).toBe('');
    await ok('create deployment b --image=nginx -n gone');
    await ok('rollout status deployment/b -n gone');
    await ok('delete deployment b -n gone --cascade=orphan');
    expect(await ok('get replicasets,pods -n gone -o name')).toMatch(
      /^pod\/b-.*\nreplicaset\.apps\/b-|^replicaset\.apps\/b-.*\npod\/b-/,
    );
    await ok('delete namespace gone');
    expect(await ok('get namespaces -o name')).not.toContain('gone');
  });

  test('nothing that should not be was thrown', () => {
    expect(api.errors).toEqual([]);
  });
});
