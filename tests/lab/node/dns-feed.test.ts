import { describe, expect, it } from 'vitest';
import type { ZoneChange } from '../../../src/lab/dns/zone-data.ts';
import { DnsFeed, type DnsSink } from '../../../src/lab/node/dns-feed.ts';
import { NodeLab } from './node-lab.ts';

class Server implements DnsSink {
  readonly told: (readonly ZoneChange[])[] = [];
  readonly answers: ((applied: boolean) => void)[] = [];

  replace(changes: readonly ZoneChange[]): Promise<boolean> {
    return this.publish(changes);
  }

  publish(changes: readonly ZoneChange[]): Promise<boolean> {
    this.told.push(changes);
    return new Promise((resolve) => this.answers.push(resolve));
  }

  answer(applied = true): void {
    for (const resolve of this.answers.splice(0)) resolve(applied);
  }

  /** Kinds and keys of the last telling. */
  get last(): readonly string[] {
    return (this.told.at(-1) ?? []).map(
      ({ kind, key, value }) => `${kind} ${key}${value === undefined ? ' gone' : ''}`,
    );
  }
}

function fed() {
  const lab = new NodeLab();
  const feed = new DnsFeed({ store: lab.store, clock: lab.clock });
  feed.start();
  return { lab, feed };
}

const SPEC = {
  type: 'ClusterIP',
  clusterIP: '10.96.0.80',
  clusterIPs: ['10.96.0.80'],
  ports: [{ port: 80, protocol: 'TCP' }],
};

async function isSettled(settled: Promise<void>): Promise<boolean> {
  let done = false;
  void settled.then(() => (done = true));
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return done;
}

const ofServices = (resourceVersion: string) => ({ resource: { group: '', plural: 'services' }, resourceVersion });

describe('what DNS is told', () => {
  it('is everything, then what changes', async () => {
    const { lab, feed } = fed();
    lab.create({ kind: 'Service', metadata: { name: 'web' }, spec: SPEC });
    await lab.pass(10);
    const server = new Server();
    feed.attach(server);
    expect(server.last).toEqual(['namespace default', 'service default/web']);
    lab.create({
      kind: 'Service',
      metadata: { name: 'api' },
      spec: { ...SPEC, clusterIP: '10.96.0.81', clusterIPs: ['10.96.0.81'] },
    });
    lab.store.delete({ group: '', plural: 'services', namespace: 'default', name: 'web' });
    await lab.pass(10);
    expect(server.last).toEqual(['service default/api', 'service default/web gone']);
    lab.pod('p');
    await lab.pass(100);
    expect(server.last).toEqual(['pod default/p']);
    const tellings = server.told.length;
    lab.create({ kind: 'ConfigMap', metadata: { name: 'c' } });
    await lab.pass(100);
    expect(server.told.length).toBe(tellings);
  });

  it('is in force when all servers say so', async () => {
    const { lab, feed } = fed();
    const [one, two] = [new Server(), new Server()];
    feed.attach(one);
    const detach = feed.attach(two);
    one.answer();
    two.answer();
    lab.create({ kind: 'Service', metadata: { name: 'web' }, spec: SPEC });
    const settled = feed.settled(ofServices(lab.store.resourceVersion));
    await lab.pass(10);
    one.answer();
    await lab.pass(10);
    expect(await isSettled(settled)).toBe(false);
    two.answer();
    await lab.pass(10);
    expect(await isSettled(settled)).toBe(true);

    lab.create({ kind: 'Namespace', metadata: { name: 'shop' } });
    const next = feed.settled({
      resource: { group: '', plural: 'namespaces' },
      resourceVersion: lab.store.resourceVersion,
    });
    await lab.pass(10);
    one.answer();
    detach();
    await lab.pass(10);
    expect(await isSettled(next)).toBe(true);
  });

  it('waits for no server that is not there, or has ended', async () => {
    const { lab, feed } = fed();
    expect(await isSettled(feed.settled(ofServices('999')))).toBe(true);
    const server = new Server();
    feed.attach(server);
    const settled = feed.settled(ofServices(lab.store.resourceVersion));
    expect(await isSettled(settled)).toBe(false);
    server.answer(false);
    await lab.pass(10);
    expect(await isSettled(settled)).toBe(true);
  });

  it('concerns no pods, for those who wait', async () => {
    const { lab, feed } = fed();
    feed.attach(new Server());
    lab.pod('p');
    expect(
      await isSettled(
        feed.settled({ resource: { group: '', plural: 'pods' }, resourceVersion: lab.store.resourceVersion }),
      ),
    ).toBe(true);
  });
});
