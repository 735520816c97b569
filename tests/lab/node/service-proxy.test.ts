import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { textAt } from '../../../src/lab/api/field-values.ts';
import { ServiceProxy } from '../../../src/lab/node/service-proxy.ts';
import { NodeLab } from './node-lab.ts';

function proxyOf(lab: NodeLab) {
  const problems: unknown[] = [];
  const proxy = new ServiceProxy({
    store: lab.store,
    runtime: lab.runtime,
    nodes: ['lab-1', 'lab-2'],
    clock: lab.clock,
    onError: (error) => problems.push(error),
  });
  proxy.start();
  return { proxy, problems };
}

function service(lab: NodeLab, name: string, address: string): JsonObject {
  return lab.create({
    kind: 'Service',
    metadata: { name },
    spec: { type: 'ClusterIP', clusterIP: address, clusterIPs: [address], ports: [{ port: 80, protocol: 'TCP' }] },
  });
}

function slice(lab: NodeLab, of: string, address: string): JsonObject {
  return lab.create({
    kind: 'EndpointSlice',
    metadata: { name: `${of}-1`, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  });
}

const change = (object: JsonObject, plural: string, group = '') => ({
  resource: { group, plural },
  resourceVersion: textAt(object, 'metadata', 'resourceVersion'),
});

async function isSettled(settled: Promise<void>): Promise<boolean> {
  let done = false;
  void settled.then(() => (done = true));
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return done;
}

describe('the Service proxy', () => {
  it('tells every node once, and only what is new', async () => {
    const lab = new NodeLab(2);
    proxyOf(lab);
    await lab.pass(10);
    expect(lab.runtime.log).toEqual(['services lab-1 0', 'services lab-2 0']);
    service(lab, 'web', '10.96.0.80');
    slice(lab, 'web', '10.244.0.9');
    await lab.pass(10);
    expect(lab.runtime.services.get('lab-2')).toMatchObject([
      { service: 'default/web:', addresses: ['10.96.0.80'], backends: [{ address: '10.244.0.9', port: 8080 }] },
    ]);
    expect(lab.runtime.log.length).toBe(4);
    slice(lab, 'other', '10.244.0.8');
    await lab.pass(10);
    expect(lab.runtime.log.length).toBe(4);
  });

  it('says when a change is in force', async () => {
    const lab = new NodeLab(2);
    const { proxy } = proxyOf(lab);
    await lab.pass(10);
    const held: (() => void)[] = [];
    lab.runtime.pace = () => new Promise((resolve) => held.push(resolve));
    const web = service(lab, 'web', '10.96.0.80');
    const first = proxy.settled(change(web, 'services'));
    await lab.pass(10);
    expect(held.length).toBe(2);
    const second = proxy.settled(change(slice(lab, 'web', '10.244.0.9'), 'endpointslices', 'discovery.k8s.io'));
    expect([await isSettled(first), await isSettled(second)]).toEqual([false, false]);
    for (const release of held.splice(0)) release();
    await lab.pass(10);
    expect([await isSettled(first), await isSettled(second)]).toEqual([true, false]);
    for (const release of held.splice(0)) release();
    await lab.pass(10);
    expect(await isSettled(second)).toBe(true);
    expect(await isSettled(proxy.settled(change(web, 'services')))).toBe(true);
    expect(await isSettled(proxy.settled({ resource: { group: '', plural: 'pods' }, resourceVersion: '999' }))).toBe(
      true,
    );
  });

  it('waits for the endpoints of a new Service, but not for ever', async () => {
    const lab = new NodeLab(2);
    const { proxy } = proxyOf(lab);
    const create = (name: string, address: string) => {
      const spec = {
        type: 'ClusterIP',
        clusterIP: address,
        clusterIPs: [address],
        selector: { app: name },
        ports: [{ port: 80 }],
      };
      return lab.create({ kind: 'Service', metadata: { name }, spec });
    };
    await lab.pass(10);
    const web = proxy.settled(change(create('web', '10.96.0.80'), 'services'));
    await lab.pass(100);
    expect([lab.runtime.services.get('lab-1')?.length, await isSettled(web)]).toEqual([1, false]);
    slice(lab, 'web', '10.244.0.9');
    await lab.pass(0);
    expect(await isSettled(web)).toBe(false);
    await lab.pass(10);
    expect(await isSettled(web)).toBe(true);
    const lonely = proxy.settled(change(create('lonely', '10.96.0.81'), 'services'));
    await lab.pass(490);
    expect(await isSettled(lonely)).toBe(false);
    await lab.pass(20);
    expect(await isSettled(lonely)).toBe(true);
  });

  it('is in force even when it changes nothing', async () => {
    const lab = new NodeLab(2);
    const { proxy } = proxyOf(lab);
    await lab.pass(10);
    const headless = lab.create({
      kind: 'Service',
      metadata: { name: 'headless' },
      spec: { type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80, protocol: 'TCP' }] },
    });
    const settled = proxy.settled(change(headless, 'services'));
    await lab.pass(10);
    expect(await isSettled(settled)).toBe(true);
    expect(lab.runtime.log.length).toBe(2);
  });

  it('tries again what the runtime refused', async () => {
    const lab = new NodeLab(2);
    const { proxy, problems } = proxyOf(lab);
    await lab.pass(10);
    let refusals = 2;
    lab.runtime.refuseServices = () => ((refusals -= 1) >= 0 ? 'no memory' : undefined);
    const settled = proxy.settled(change(service(lab, 'web', '10.96.0.80'), 'services'));
    await lab.pass(500);
    expect([problems.length, await isSettled(settled)]).toEqual([2, false]);
    await lab.pass(2000);
    expect(await isSettled(settled)).toBe(true);
    expect(lab.runtime.services.get('lab-1')?.length).toBe(1);
  });

  it('forgets what is deleted', async () => {
    const lab = new NodeLab(2);
    proxyOf(lab);
    service(lab, 'web', '10.96.0.80');
    await lab.pass(10);
    expect(lab.runtime.services.get('lab-1')?.length).toBe(1);
    lab.store.delete({ group: '', plural: 'services', namespace: 'default', name: 'web' });
    await lab.pass(10);
    expect(lab.runtime.services.get('lab-1')).toEqual([]);
  });
});
