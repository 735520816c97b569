import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import type { Behaviour } from './fake-runtime.ts';
import { NodeLab } from './node-lab.ts';

const NAMES = ['a', 'b', 'c'];
const CONTAINERS = ['main', 'side', 'init'];

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constant({}),
  fc.constant({ stubborn: true }),
  fc.constant({ missing: true }),
  fc.record({ endsAfterMs: fc.constantFrom(0, 10, 15_000), exitCode: fc.constantFrom(0, 1) }),
);

const container = fc.record({
  image: fc.constantFrom('busybox', 'busybox', 'nginx', 'example.com/x'),
  probe: fc.boolean(),
  hook: fc.boolean(),
  needs: fc.boolean(),
});

const spec: fc.Arbitrary<JsonObject> = fc
  .record({
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    main: container,
    side: fc.option(container, { nil: undefined }),
    init: fc.option(container, { nil: undefined }),
    sidecar: fc.boolean(),
    deadline: fc.option(fc.constantFrom(1, 20), { nil: undefined }),
    grace: fc.constantFrom(0, 1, 30),
  })
  .map(({ restartPolicy, main, side, init, sidecar, deadline, grace }) => ({
    restartPolicy,
    terminationGracePeriodSeconds: grace,
    ...(deadline === undefined ? {} : { activeDeadlineSeconds: deadline }),
    containers: [definition('main', main), ...(side === undefined ? [] : [definition('side', side)])],
    ...(init === undefined
      ? {}
      : { initContainers: [{ ...definition('init', init), ...(sidecar ? { restartPolicy: 'Always' } : {}) }] }),
  }));

type Drawn = typeof container extends fc.Arbitrary<infer T> ? T : never;

function definition(name: string, { image, probe, hook, needs }: Drawn): JsonObject {
  return {
    name,
    image,
    ...(image === 'busybox' ? { command: ['sleep', 'infinity'] } : {}),
    ...(probe && name !== 'init'
      ? { livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 5, failureThreshold: 1, timeoutSeconds: 1 } }
      : {}),
    ...(hook && name !== 'init' ? { lifecycle: { preStop: { exec: { command: ['hook'] } } } } : {}),
    ...(needs ? { envFrom: [{ configMapRef: { name: 'settings' } }] } : {}),
  };
}

const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const), name: fc.constantFrom(...NAMES), spec }),
  fc.record({
    do: fc.constant('delete' as const),
    name: fc.constantFrom(...NAMES),
    grace: fc.constantFrom(undefined, 0, 1, 30),
  }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 500, 12_000, 70_000) }),
  fc.record({ do: fc.constant('turns' as const), count: fc.nat({ max: 8 }) }),
  fc.record({
    do: fc.constant('image' as const),
    name: fc.constantFrom(...NAMES),
    image: fc.constantFrom('alpine', 'example.com/y'),
  }),
  fc.record({ do: fc.constant('config' as const), there: fc.boolean() }),
  fc.record({ do: fc.constant('debug' as const), name: fc.constantFrom(...NAMES) }),
);

const SETTINGS = { group: '', plural: 'configmaps', namespace: 'default', name: 'settings' };

async function take(lab: NodeLab, each: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  switch (each.do) {
    case 'create':
      if (lab.find(each.name) === undefined) lab.pod(each.name, each.spec);
      return;
    case 'delete':
      if (lab.find(each.name) !== undefined) lab.delete(each.name, { gracePeriodSeconds: each.grace });
      return;
    case 'pass':
      await lab.pass(each.ms);
      return;
    case 'turns':
      for (let turn = 0; turn < each.count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return;
    case 'image':
      if (lab.find(each.name) === undefined) return;
      lab.update(each.name, (pod) => {
        const [first = {}, ...rest] = objectsAt(pod, 'spec', 'containers');
        return { ...pod, spec: { ...objectAt(pod, 'spec'), containers: [{ ...first, image: each.image }, ...rest] } };
      });
      return;
    case 'config':
      if (each.there && lab.store.find(SETTINGS) === undefined)
        lab.create({ kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: 'b' } });
      if (!each.there && lab.store.find(SETTINGS) !== undefined) lab.store.delete(SETTINGS);
      return;
    case 'debug': {
      const known = lab.find(each.name);
      if (known === undefined || objectsAt(known, 'spec', 'ephemeralContainers').length > 0) return;
      const ephemeralContainers = [{ name: 'debugger', image: 'busybox', command: ['sleep', '1'] }];
      lab.update(
        each.name,
        (pod) => ({ ...pod, spec: { ...objectAt(pod, 'spec'), ephemeralContainers } }),
        'ephemeralcontainers',
      );
    }
  }
}

/** Runtimes take their time. */
function slowly(lab: NodeLab, turns: readonly number[]): void {
  let next = 0;
  lab.runtime.pace = async () => {
    const count = turns[next % turns.length] ?? 0;
    next += 1;
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
}

async function expectNothingLeft(lab: NodeLab): Promise<void> {
  for (const name of NAMES) if (lab.find(name) !== undefined) lab.delete(name);
  await lab.pass(120_000);
  expect(NAMES.map((name) => lab.line(name))).toEqual(NAMES.map(() => 'gone'));
  expect([lab.errors, lab.runtime.complaints, lab.kubelet.busy]).toEqual([[], [], 0]);
  expect([lab.runtime.running, [...lab.runtime.sandboxes], [...lab.runtime.containers]]).toEqual([[], [], []]);
  // All addresses can be had again.
  lab.runtime.behaviours.clear();
  for (let pod = 0; pod < 5; pod += 1) lab.pod(`last-${pod}`);
  await lab.pass(1000);
  expect(new Set([...lab.runtime.sandboxes.values()].flatMap(({ addresses }) => addresses)).size).toBe(5);
}

describe('whatever happens', () => {
  it('comes to rest and leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 14 }),
        fc.array(fc.array(behaviour, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
        fc.array(fc.constantFrom(0, 0, 1, 3), { minLength: 1, maxLength: 5 }),
        fc.array(fc.constantFrom(0, 0, 1, -1), { minLength: 1, maxLength: 4 }),
        async (steps, behaviours, turns, answers) => {
          const lab = new NodeLab(1, '10.244.0.0/29');
          for (const [index, name] of CONTAINERS.entries()) lab.runtime.behaviours.set(name, behaviours[index] ?? [{}]);
          for (const command of ['alive', 'hook']) lab.runtime.answers.set(command, [...answers]);
          slowly(lab, turns);
          for (const each of steps) await take(lab, each);
          await expectNothingLeft(lab);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it('a deletion at every moment leaves nothing', async () => {
    const rich: JsonObject = {
      initContainers: [
        { name: 'init', image: 'busybox', command: ['true'] },
        { name: 'side', image: 'busybox', restartPolicy: 'Always', command: ['sleep', '1'] },
      ],
      containers: [
        { name: 'main', image: 'nginx' },
        {
          name: 'other',
          image: 'busybox',
          command: ['sleep', '1'],
          lifecycle: { preStop: { exec: { command: ['hook'] } } },
        },
      ],
    };
    for (const grace of [undefined, 0])
      for (let moment = 0; moment < 60; moment += 2) {
        const lab = new NodeLab(1, '10.244.0.0/29');
        lab.runtime.behaviours.set('init', [{ endsAfterMs: 0 }]);
        lab.runtime.behaviours.set('other', [{ endsAfterMs: 0, exitCode: 1 }, { stubborn: true }]);
        slowly(lab, [2, 1, 3]);
        lab.pod('a', rich);
        for (let turn = 0; turn < moment; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        lab.delete('a', { gracePeriodSeconds: grace });
        if (grace === 0) expect(textAt(lab.find('a') ?? {}, 'metadata', 'name')).toBe('');
        await expectNothingLeft(lab);
      }
  }, 60_000);
});
