import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import type { Behaviour } from './fake-runtime.ts';
import { NodeLab } from './node-lab.ts';

const sleeper = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  image: 'busybox',
  command: ['sleep', 'infinity'],
  ...more,
});

const probe = (more: JsonObject): JsonObject => ({ periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2, ...more });

interface Case {
  readonly name: string;
  readonly spec: JsonObject;
  readonly behaviours?: Record<string, readonly Behaviour[]>;
  readonly answers?: Record<string, (boolean | number)[]>;
  /** What the pod looks like after so many milliseconds. */
  readonly seen: readonly (readonly [ms: number, line: string])[];
  /** Among the events. */
  readonly events?: readonly string[];
}

const UID = '00000000-0000-4000-8000-000000000003';

const CASES: readonly Case[] = [
  {
    name: 'runs on',
    spec: { containers: [sleeper('b'), sleeper('a')] },
    seen: [[100, 'Running a=running b=running ready']],
    events: [
      'Pulled: Container image "busybox" already present on machine',
      'Created: Created container: a',
      'Started: Started container a',
    ],
  },
  {
    name: 'is completed',
    spec: { restartPolicy: 'Never' },
    behaviours: { main: [{ endsAfterMs: 5000 }] },
    seen: [
      [100, 'Running main=running ready'],
      [5000, 'Succeeded main=Completed:0'],
    ],
  },
  {
    name: 'fails and is not restarted',
    spec: { restartPolicy: 'Never' },
    behaviours: { main: [{ endsAfterMs: 0, exitCode: 3 }] },
    seen: [[100, 'Failed main=Error:3']],
  },
  {
    name: 'is restarted until it succeeds',
    spec: { restartPolicy: 'OnFailure' },
    behaviours: { main: [{ endsAfterMs: 0, exitCode: 1 }, { endsAfterMs: 0, exitCode: 1 }, { endsAfterMs: 0 }] },
    seen: [
      [900, 'Running main=Error:1'],
      [200, 'Running main=CrashLoopBackOff×1'],
      [10_000, 'Succeeded main=Completed:0×2'],
    ],
    events: [`BackOff: Back-off restarting failed container main in pod p_default(${UID})`],
  },
  {
    name: 'waits longer and longer between restarts',
    spec: {},
    behaviours: { main: [{ endsAfterMs: 0, exitCode: 1 }] },
    seen: [
      [1100, 'Running main=CrashLoopBackOff×1'],
      [9900, 'Running main=CrashLoopBackOff×2'],
      [20_000, 'Running main=CrashLoopBackOff×3'],
      [39_000, 'Running main=CrashLoopBackOff×3'],
      [1000, 'Running main=CrashLoopBackOff×4'],
      [80_000 + 160_000 + 300_000, 'Running main=CrashLoopBackOff×7'],
      [300_000, 'Running main=CrashLoopBackOff×8'],
    ],
  },
  {
    name: 'has an image that the lab does not know',
    spec: { containers: [sleeper('main', { image: 'example.com/secret/app:v1' })] },
    seen: [
      [100, 'Pending main=ErrImagePull'],
      [2000, 'Pending main=ImagePullBackOff'],
      [8000, 'Pending main=ErrImagePull'],
    ],
    events: [
      'Failed: Error: ErrImagePull',
      'Failed: Error: ImagePullBackOff',
      'BackOff: Back-off pulling image "example.com/secret/app:v1"',
    ],
  },
  {
    name: 'has an image name that is none',
    spec: { containers: [sleeper('main', { image: 'UPPER/case:!' })] },
    seen: [[100, 'Pending main=InvalidImageName']],
    events: ['Failed: Error: InvalidImageName'],
  },
  {
    name: 'names a program that is not there',
    spec: { restartPolicy: 'Never', containers: [sleeper('main', { command: ['nothing'] })] },
    behaviours: { main: [{ missing: true }] },
    seen: [[100, 'Failed main=StartError:127']],
    events: ['Failed: Error: exec: "nothing": not found'],
  },
  {
    name: 'needs a ConfigMap that is not there',
    spec: { containers: [sleeper('main', { envFrom: [{ configMapRef: { name: 'settings' } }] })] },
    seen: [[100, 'Pending main=CreateContainerConfigError']],
    events: ['Failed: Error: configmap "settings" not found'],
  },
  {
    name: 'mounts what the lab has none of',
    spec: {
      containers: [sleeper('main', { volumeMounts: [{ name: 'disk', mountPath: '/data' }] })],
      volumes: [{ name: 'disk', hostPath: { path: '/' } }],
    },
    seen: [[100, 'Pending main=ContainerCreating']],
    events: [
      'FailedMount: MountVolume.SetUp failed for volume "disk" : the lab has no volumes of the kind hostPath, only configMap, secret, downwardAPI, projected and emptyDir',
    ],
  },
  {
    name: 'runs its init containers one after another',
    spec: { initContainers: [sleeper('one'), sleeper('two')] },
    behaviours: { one: [{ endsAfterMs: 1000 }], two: [{ endsAfterMs: 1000, exitCode: 1 }, { endsAfterMs: 1000 }] },
    seen: [
      [500, 'Pending one=running two=PodInitializing main=PodInitializing'],
      [1000, 'Pending one=Completed:0 two=running main=PodInitializing'],
      [2000, 'Running one=Completed:0 two=Completed:0×1 main=running ready'],
    ],
  },
  {
    name: 'fails with its init container',
    spec: { restartPolicy: 'Never', initContainers: [sleeper('one')] },
    behaviours: { one: [{ endsAfterMs: 0, exitCode: 2 }] },
    seen: [[100, 'Failed one=Error:2 main=PodInitializing']],
  },
  {
    name: 'keeps a sidecar until it is done',
    spec: { restartPolicy: 'Never', initContainers: [sleeper('proxy', { restartPolicy: 'Always' })] },
    behaviours: { main: [{ endsAfterMs: 3000 }] },
    seen: [
      [100, 'Running proxy=running main=running ready'],
      [3000, 'Succeeded proxy=Error:143 main=Completed:0'],
    ],
  },
  {
    name: 'restarts a sidecar whatever its policy',
    spec: { restartPolicy: 'Never', initContainers: [sleeper('proxy', { restartPolicy: 'Always' })] },
    behaviours: { proxy: [{ endsAfterMs: 1000, exitCode: 1 }, {}] },
    seen: [[1100, 'Running proxy=running×1 main=running ready']],
  },
  {
    name: 'becomes ready with its readiness probe, and unready with it',
    spec: { containers: [sleeper('main', { readinessProbe: probe({ httpGet: { port: 8080, path: '/ready' } }) })] },
    answers: { 8080: [503, 200, 200, 500, 500] },
    seen: [
      [500, 'Running main=running'],
      [1000, 'Running main=running ready'],
      [2000, 'Running main=running ready'],
      [1000, 'Running main=running'],
    ],
    events: ['Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503'],
  },
  {
    name: 'asks a port by its name',
    spec: {
      containers: [
        sleeper('main', {
          ports: [{ name: 'web', containerPort: 9090 }],
          readinessProbe: probe({ tcpSocket: { port: 'web' } }),
        }),
      ],
    },
    answers: { 9090: [false, true] },
    seen: [
      [500, 'Running main=running'],
      [1000, 'Running main=running ready'],
    ],
    events: ['Unhealthy: Readiness probe failed: dial tcp 10.244.0.2:9090: connect: connection refused'],
  },
  {
    name: 'is restarted when its liveness probe fails too often',
    spec: { containers: [sleeper('main', { livenessProbe: probe({ exec: { command: ['well'] } }) })] },
    answers: { well: [0, 1, 1, 0] },
    seen: [
      [1500, 'Running main=running ready'],
      [1000, 'Running main=running×1 ready'],
    ],
    events: [
      'Unhealthy: Liveness probe failed: not well',
      'Killing: Container main failed liveness probe, will be restarted',
    ],
  },
  {
    name: 'does not wait for a probe for ever',
    spec: { containers: [sleeper('main', { readinessProbe: probe({ exec: { command: ['slow'] } }) })] },
    answers: { slow: [-1] },
    seen: [[1500, 'Running main=running']],
    events: ['Unhealthy: Readiness probe failed: command timed out: "slow" timed out after 1s'],
  },
  {
    name: 'is spared other probes until its startup probe has passed',
    spec: {
      containers: [
        sleeper('main', {
          startupProbe: probe({ failureThreshold: 10, exec: { command: ['up'] } }),
          livenessProbe: probe({ exec: { command: ['alive'] } }),
        }),
      ],
    },
    answers: { up: [1, 1, 0], alive: [0] },
    seen: [
      [1500, 'Running main=running'],
      [1000, 'Running main=running ready'],
    ],
  },
  {
    name: 'is restarted when it does not start up',
    spec: { containers: [sleeper('main', { startupProbe: probe({ exec: { command: ['up'] } }) })] },
    answers: { up: [1, 1, 0] },
    seen: [[1100, 'Running main=running×1 ready']],
    events: ['Killing: Container main failed startup probe, will be restarted'],
  },
  {
    name: 'is not ready before its gate opens',
    spec: { readinessGates: [{ conditionType: 'example.com/open' }] },
    seen: [[100, 'Running main=running']],
  },
  {
    name: 'has its time',
    spec: { activeDeadlineSeconds: 5 },
    seen: [
      [4900, 'Running main=running ready'],
      [200, 'Failed DeadlineExceeded main=Error:143'],
    ],
    events: ['DeadlineExceeded: Pod was active on the node longer than the specified deadline'],
  },
  {
    name: 'runs a hook once it is started',
    spec: { containers: [sleeper('main', { lifecycle: { postStart: { exec: { command: ['hook'] } } } })] },
    answers: { hook: [1, 0] },
    seen: [[100, 'Running main=running×1 ready']],
    events: ['FailedPostStartHook: PostStartHook failed: not well'],
  },
];

describe('the life of a pod that', () => {
  it.each(CASES)('$name', async ({ spec, behaviours = {}, answers = {}, seen, events = [] }) => {
    const lab = new NodeLab();
    for (const [name, list] of Object.entries(behaviours)) lab.runtime.behaviours.set(name, list);
    for (const [key, list] of Object.entries(answers)) lab.runtime.answers.set(key, [...list]);
    lab.pod('p', spec);
    const lines: [number, string][] = [];
    for (const [ms] of seen) {
      await lab.pass(ms);
      lines.push([ms, lab.line('p')]);
    }
    expect(lines).toEqual(seen);
    expect(lab.events()).toEqual(expect.arrayContaining([...events]));
    expect([lab.errors, lab.runtime.complaints]).toEqual([[], []]);

    lab.delete('p');
    await lab.pass(60_000);
    expect([lab.line('p'), lab.runtime.running, [...lab.runtime.sandboxes], [...lab.runtime.containers]]).toEqual([
      'gone',
      [],
      [],
      [],
    ]);
    expect([lab.errors, lab.runtime.complaints, lab.kubelet.busy]).toEqual([[], [], 0]);
  });
});

describe('the status of a pod', () => {
  it('has its addresses before its program starts', async () => {
    const lab = new NodeLab();
    let enforce = (): void => undefined;
    lab.ready = () => new Promise((resolve) => (enforce = resolve));
    lab.pod('p');
    await lab.pass(1000);
    expect(lab.runtime.log).toEqual(['sandbox p 10.244.0.2']);
    expect(lab.line('p')).toBe('Pending main=ContainerCreating');
    expect(objectAt(lab.find('p') ?? {}, 'status')).toMatchObject({
      hostIP: '172.30.0.2',
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }],
      startTime: '2026-01-01T00:00:00Z',
    });
    enforce();
    await lab.pass(100);
    expect(lab.line('p')).toBe('Running main=running ready');
  });

  it('says that the network is late', async () => {
    const lab = new NodeLab();
    lab.ready = () => new Promise(() => undefined);
    lab.pod('p');
    await lab.pass(20_000);
    expect(lab.events()).toContain('NetworkNotReady: network is not ready: its policies are not in force yet');
    lab.delete('p');
    await lab.pass(100);
    expect(lab.line('p')).toBe('gone');
  });

  it('keeps conditions and times of others', async () => {
    const lab = new NodeLab();
    lab.pod('p', { readinessGates: [{ conditionType: 'example.com/open' }] });
    await lab.pass(1000);
    lab.update(
      'p',
      (pod) => {
        const status = objectAt(pod, 'status');
        const open = { type: 'example.com/open', status: 'True' };
        return { ...pod, status: { ...status, conditions: [...objectsAt(status, 'conditions'), open] } };
      },
      'status',
    );
    await lab.pass(1000);
    expect(lab.line('p')).toBe('Running main=running ready');
    const conditions = objectsAt(lab.find('p') ?? {}, 'status', 'conditions');
    expect(
      conditions.map((each) => [textAt(each, 'type'), textAt(each, 'status'), textAt(each, 'lastTransitionTime')]),
    ).toEqual([
      ['PodReadyToStartContainers', 'True', '2026-01-01T00:00:00Z'],
      ['Initialized', 'True', '2026-01-01T00:00:00Z'],
      ['Ready', 'True', '2026-01-01T00:00:01Z'],
      ['ContainersReady', 'True', '2026-01-01T00:00:00Z'],
      ['PodScheduled', 'True', '2026-01-01T00:00:00Z'],
      ['example.com/open', 'True', ''],
    ]);
  });

  it('says that what runs is no image', async () => {
    const lab = new NodeLab();
    lab.pod('p', { containers: [{ name: 'web', image: 'nginx:1.27' }] });
    await lab.pass(1000);
    const [web] = objectsAt(lab.find('p') ?? {}, 'status', 'containerStatuses');
    expect(web).toMatchObject({
      image: 'nginx:1.27',
      imageID: 'sallyport://built-in/http-server',
      ready: true,
      started: true,
    });
    expect(textAt(web ?? {}, 'containerID')).toMatch(/^sallyport:\/\/[0-9a-f]{40}$/);
  });
});

describe('a server', () => {
  it('is ready when it listens', async () => {
    const lab = new NodeLab();
    lab.runtime.answers.set('80', [false, false, true]);
    lab.pod('p', { containers: [{ name: 'web', image: 'nginx' }] });
    await lab.calm();
    expect(lab.line('p')).toBe('Running web=running');
    await lab.pass(100);
    expect(lab.line('p')).toBe('Running web=running ready');
  });

  it('is ready after a while even when it does not', async () => {
    const lab = new NodeLab();
    lab.runtime.answers.set('80', [false]);
    lab.pod('p', { containers: [{ name: 'web', image: 'nginx' }] });
    await lab.pass(4900);
    expect(lab.line('p')).toBe('Running web=running');
    await lab.pass(200);
    expect(lab.line('p')).toBe('Running web=running ready');
  });
});

describe('what a pod waits for', () => {
  it('is taken up when it comes', async () => {
    const lab = new NodeLab();
    lab.pod('p', {
      containers: [
        sleeper('main', {
          env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'hidden', key: 'key' } } }],
          volumeMounts: [{ name: 'files', mountPath: '/files' }],
        }),
      ],
      volumes: [{ name: 'files', configMap: { name: 'files' } }],
    });
    await lab.pass(1000);
    expect(lab.events()).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "files" : configmap "files" not found (namespace default)',
    );
    lab.create({ kind: 'ConfigMap', metadata: { name: 'files' }, data: { a: 'A' } });
    await lab.pass(1000);
    expect(lab.line('p')).toBe('Pending main=CreateContainerConfigError');
    lab.create({ kind: 'Secret', metadata: { name: 'hidden' }, data: { key: 'c2VjcmV0' } });
    await lab.pass(1000);
    expect(lab.line('p')).toBe('Running main=running ready');
    const [container] = lab.runtime.containers.values();
    expect(container?.spec.env).toContainEqual(['KEY', 'secret']);
    expect(container?.spec.files).toEqual([{ path: '/files/a', content: Buffer.from('A'), mode: 0o644 }]);
  });

  it('may be another image', async () => {
    const lab = new NodeLab();
    lab.pod('p', { containers: [sleeper('main', { image: 'example.com/app' })] });
    await lab.pass(5000);
    expect(lab.line('p')).toBe('Pending main=ImagePullBackOff');
    lab.update('p', (pod) => ({ ...pod, spec: { ...objectAt(pod, 'spec'), containers: [sleeper('main')] } }));
    await lab.pass(100);
    expect(lab.line('p')).toBe('Running main=running ready');
    lab.update('p', (pod) => ({
      ...pod,
      spec: { ...objectAt(pod, 'spec'), containers: [sleeper('main', { image: 'alpine' })] },
    }));
    await lab.pass(100);
    expect(lab.line('p')).toBe('Running main=running×1 ready');
    expect(lab.events()).toContain('Killing: Container main definition changed, will be restarted');
  });

  it('is not another shell when the pod is deleted as its shell ends', async () => {
    const lab = new NodeLab();
    lab.runtime.behaviours.set('main', [{ endsAfterMs: 1000 }, {}]);
    lab.pod('p');
    await lab.pass(1000);
    expect(lab.line('p')).toBe('Running main=Completed:0');
    lab.delete('p');
    await lab.pass(100);
    expect(lab.find('p')).toBeUndefined();
  });

  it('may be an address', async () => {
    const lab = new NodeLab(1, '10.244.0.0/29');
    for (const pod of ['a', 'b', 'c', 'd', 'e', 'f']) lab.pod(pod);
    await lab.pass(100);
    expect(lab.line('e')).toBe('Running main=running ready');
    expect(lab.line('f')).toBe('Pending main=ContainerCreating');
    lab.delete('c');
    await lab.pass(10_000);
    expect(lab.line('f')).toBe('Running main=running ready');
    expect(textAt(lab.find('f') ?? {}, 'status', 'podIP')).toBe('10.244.0.4');
    expect(lab.runtime.complaints).toEqual([]);
  });

  it('may be a runtime that cannot just now', async () => {
    const lab = new NodeLab();
    lab.runtime.refuseSandbox = () => (lab.clock.nowMs() < 15_000 ? 'no memory' : undefined);
    lab.pod('p');
    await lab.pass(9000);
    expect(lab.events()).toContain('FailedCreatePodSandBox: Failed to create pod sandbox: no memory');
    await lab.pass(30_000);
    expect(lab.line('p')).toBe('Running main=running ready');
    lab.delete('p');
    await lab.pass(100);
    expect([lab.line('p'), [...lab.runtime.sandboxes]]).toEqual(['gone', []]);
  });
});

describe('a deletion', () => {
  it('waits for the grace, and no longer', async () => {
    const lab = new NodeLab();
    lab.runtime.behaviours.set('main', [{ stubborn: true }]);
    lab.pod('p');
    await lab.pass(100);
    lab.delete('p', { gracePeriodSeconds: 5 });
    await lab.pass(4900);
    expect(lab.line('p')).toBe('Running main=running ready');
    await lab.pass(200);
    expect(lab.line('p')).toBe('gone');
  });

  it('can be hurried', async () => {
    const lab = new NodeLab();
    lab.runtime.behaviours.set('main', [{ stubborn: true }]);
    lab.pod('p');
    await lab.pass(100);
    lab.delete('p');
    await lab.pass(1000);
    lab.delete('p', { gracePeriodSeconds: 1 });
    await lab.pass(3000);
    expect(lab.line('p')).toBe('gone');
    expect(lab.runtime.sandboxes.size).toBe(0);
  });

  it('by force leaves nothing either', async () => {
    const lab = new NodeLab();
    lab.runtime.behaviours.set('main', [{ stubborn: true }]);
    lab.pod('p');
    await lab.pass(100);
    lab.delete('p', { gracePeriodSeconds: 0 });
    expect(lab.line('p')).toBe('gone');
    lab.pod('p');
    await lab.pass(100);
    expect(lab.line('p')).toBe('Running main=running ready');
    expect(lab.runtime.running).toEqual(['main']);
  });

  it('runs the hook first', async () => {
    const lab = new NodeLab();
    lab.pod('p', { containers: [sleeper('main', { lifecycle: { preStop: { sleep: { seconds: 3 } } } })] });
    await lab.pass(100);
    lab.delete('p');
    await lab.pass(2900);
    expect(lab.runtime.running).toEqual(['main']);
    await lab.pass(200);
    expect(lab.line('p')).toBe('gone');
    expect(lab.runtime.log).toContain('stop main 27000');
  });

  it('ends the sidecars last', async () => {
    const lab = new NodeLab();
    lab.pod('p', {
      initContainers: [sleeper('x', { restartPolicy: 'Always' }), sleeper('y', { restartPolicy: 'Always' })],
    });
    await lab.pass(100);
    lab.delete('p');
    await lab.pass(100);
    expect(lab.runtime.log.filter((line) => line.startsWith('end'))).toEqual([
      'end main 143',
      'end y 143',
      'end x 143',
    ]);
  });

  it('gives up on finalizers of others, not on the pod', async () => {
    const lab = new NodeLab();
    lab.pod('p', {}, { finalizers: ['example.com/wait'] });
    await lab.pass(100);
    lab.delete('p');
    await lab.pass(100);
    expect(lab.line('p')).toBe('Failed main=Error:143');
    expect([lab.runtime.running, lab.runtime.sandboxes.size]).toEqual([[], 0]);
    lab.update('p', (pod) => ({ ...pod, metadata: { ...objectAt(pod, 'metadata'), finalizers: [] } }));
    await lab.pass(100);
    expect(lab.line('p')).toBe('gone');
  });
});

describe('addresses', () => {
  it('rest before they are used again', async () => {
    const lab = new NodeLab();
    for (const name of ['a', 'b', 'c']) {
      lab.pod(name);
      await lab.pass(10);
      lab.delete(name);
      await lab.pass(10);
    }
    expect(lab.announced).toEqual(['10.244.0.2', '10.244.0.3', '10.244.0.4']);
  });

  it('of the node belong to pods of its network', async () => {
    const lab = new NodeLab();
    lab.pod('p', { hostNetwork: true });
    await lab.pass(10);
    expect(textAt(lab.find('p') ?? {}, 'status', 'podIP')).toBe('172.30.0.2');
    const [sandbox] = lab.runtime.sandboxes.values();
    expect(sandbox).toMatchObject({ addresses: [], hostNetwork: true, hostname: 'lab-1', searches: [] });
  });
});

describe('a debugger', () => {
  it('joins a running pod', async () => {
    const lab = new NodeLab();
    lab.pod('p');
    await lab.pass(100);
    lab.update(
      'p',
      (pod) => ({ ...pod, spec: { ...objectAt(pod, 'spec'), ephemeralContainers: [sleeper('debugger')] } }),
      'ephemeralcontainers',
    );
    lab.runtime.behaviours.set('debugger', [{ endsAfterMs: 1000, exitCode: 5 }]);
    await lab.pass(100);
    expect(lab.line('p')).toBe('Running main=running debugger=running ready');
    await lab.pass(1000);
    expect(lab.line('p')).toBe('Running main=running debugger=Error:5 ready');
  });
});

describe('a kubelet that is stopped', () => {
  it('lets go of its pods and writes nothing more', async () => {
    const lab = new NodeLab();
    lab.runtime.behaviours.set('main', [{ stubborn: true }]);
    lab.pod('p');
    lab.pod('q', { containers: [sleeper('main', { readinessProbe: probe({ exec: { command: ['ok'] } }) })] });
    await lab.pass(5000);
    const version = lab.store.resourceVersion;
    lab.kubelet.stop();
    await lab.pass(10_000);
    expect([lab.runtime.running, lab.runtime.sandboxes.size, lab.kubelet.busy, lab.clock.delays]).toEqual([
      [],
      0,
      0,
      [],
    ]);
    // Events alone.
    expect(lab.line('p')).toBe('Running main=running ready');
    expect(lab.store.eventsSince({ group: '', plural: 'pods' }, version)).toEqual([]);
    expect(lab.errors).toEqual([]);
  });
});

describe('the nodes', () => {
  it('are registered and stay ready', async () => {
    const lab = new NodeLab(2);
    const node = () => lab.store.get({ group: '', plural: 'nodes', namespace: '', name: 'lab-2' });
    expect(node()).toMatchObject({
      metadata: { labels: { 'kubernetes.io/hostname': 'lab-2', 'kubernetes.io/os': 'linux' } },
      spec: { podCIDR: '10.244.4.0/22', podCIDRs: ['10.244.4.0/22'] },
    });
    const ready = () => objectsAt(node(), 'status', 'conditions').find((each) => textAt(each, 'type') === 'Ready');
    await lab.pass(300_000);
    expect(ready()).toMatchObject({
      status: 'True',
      lastHeartbeatTime: '2026-01-01T00:05:00Z',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    lab.kubelet.setTrouble('lab-2', { reason: 'PolicyNotEnforced', message: 'nft failed' });
    expect(ready()).toMatchObject({ status: 'False', reason: 'PolicyNotEnforced', message: 'nft failed' });
    lab.kubelet.setTrouble('lab-2', undefined);
    expect(ready()).toMatchObject({ status: 'True', reason: 'KubeletReady' });
  });
});
