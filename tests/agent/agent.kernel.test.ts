/** The agent as a process, with an API server, and the kernel of a network namespace. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemPath } from '../../tools/system-packages.mjs';
import { until } from '../io/kubernetes/fake-clock.ts';
import { describeKernel } from '../packets/kernel.ts';
import { Namespaces, type Namespace } from '../packets/namespaces.ts';
import { AgentHome, AgentProcess } from './agent-process.ts';
import { LivingCluster } from './living-cluster.ts';
import { allow, namespace, node, pod, shop } from './objects.ts';

const program = [
  '--import',
  new URL('../../tools/typescript.mjs', import.meta.url).href,
  fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
];

/** Of somebody else; the agent has no business with it. */
const foreign = `table inet other {
	set pods { type ipv4_addr; elements = { 10.0.1.1 } }
	chain forward { type filter hook forward priority filter; policy accept; counter; }
}
`;

describeKernel('the agent and the kernel', () => {
  let namespaces: Namespaces;
  let host: Namespace;
  let cluster: LivingCluster;
  let home: AgentHome;
  let agent: AgentProcess | undefined;

  beforeEach(async () => {
    namespaces = new Namespaces();
    host = await namespaces.add();
    host.run(['nft', '-f', '-'], foreign);
    cluster = await LivingCluster.start(shop);
    const inside = host.enter('nft').map((word) => `'${word}'`);
    home = new AgentHome(cluster.kubeconfig, `PATH='${systemPath}' exec ${inside.join(' ')} "$@"`);
  });

  afterEach(async () => {
    await agent?.end('SIGKILL');
    await cluster.stop();
    await namespaces.close();
    home.remove();
    agent = undefined;
  });

  const start = (...args: readonly string[]): AgentProcess => {
    agent = new AgentProcess(home, program, ['--node-name', 'node-1', '-v', ...args]);
    return agent;
  };
  const tables = (): string[] => host.run(['nft', 'list', 'tables']).trim().split('\n');
  const judged = (): string[] => {
    const text = host.run(['nft', 'list', 'map', 'inet', 'sallyport', 'in4']);
    return [...text.matchAll(/(\d+\.\d+\.\d+\.\d+) : goto/g)].map(([, address = '']) => address).toSorted();
  };
  const generation = (): string => host.run(['nft', 'list', 'chain', 'inet', 'sallyport', 'current']);

  it('enforces, follows, repairs what others do, and stays when it is killed', async () => {
    const first = start();
    await first.saw('applied');
    expect(tables()).toEqual(['table inet other', 'table inet sallyport']);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.2']);
    cluster.apply(pod('db', '10.0.1.3'));
    await until(() => judged().includes('10.0.1.3'), 'the pod with another address');
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.3']);

    for (const [command, what] of [
      ['delete table inet sallyport', 'the table is gone'],
      ['flush map inet sallyport in4', 'in4 has 0 elements instead of 2'],
      ['flush chain inet sallyport forward', 'chain forward has 0 rules instead of'],
      ['insert rule inet sallyport forward accept', 'chain forward has'],
      ['add chain inet sallyport mine', 'chain mine is not ours'],
    ] as const) {
      const count = first.lines.filter(({ event }) => event === 'drift-repaired').length;
      host.run(['nft', ...command.split(' ')]);
      await first.saw('drift-repaired', count + 1);
      expect(first.lines.filter(({ event }) => event === 'drift').at(-1)?.message).toContain(what);
      expect(judged()).toEqual(['10.0.1.1', '10.0.1.3']);
    }
    const before = generation();
    await first.end('SIGKILL');
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.3']);
    expect(generation()).toBe(before);

    const second = start();
    expect(await second.saw('applied')).toMatchObject({ full: true });
    expect(generation()).not.toBe(before);
    expect(await second.end()).toBe(0);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.3']);
    expect(host.run(['nft', 'list', 'table', 'inet', 'other'])).toContain('10.0.1.1');
  });

  it('starts with an API server that is away: the kernel keeps what it has', async () => {
    const first = start();
    await first.saw('applied');
    await first.end('SIGKILL');
    const before = generation();
    cluster.down();
    const second = start();
    await second.saw('watch-failed');
    expect(generation()).toBe(before);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.2']);
    cluster.up();
    await second.saw('applied');
    expect(generation()).not.toBe(before);
  });

  it('takes everything that policies may say, deltas included', async () => {
    const policy = (name: string, spec: object) =>
      ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name, namespace: 'shop', annotations: name === 'dry' ? { 'sallyport.dev/mode': 'audit' } : {} },
        spec,
      }) as const;
    const running = start();
    await running.saw('applied');
    cluster.apply(node('node-1', 'fd00::1', 'fd00:1::/64'));
    cluster.apply({
      ...pod('web', 'fd00:1::5'),
      status: { phase: 'Running', podIPs: [{ ip: '10.0.1.1' }, { ip: 'fd00:1::5' }] },
    });
    cluster.apply(
      policy('wide', {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.64/26'] } }],
            ports: [{ port: 30_000, endPort: 32_000 }],
          },
          {
            from: [{ ipBlock: { cidr: '2001:db8::/32' } }],
            ports: [
              { protocol: 'SCTP', port: 7 },
              { protocol: 'UDP', port: 53 },
            ],
          },
        ],
        egress: [{ to: [{ namespaceSelector: {} }] }],
      }),
    );
    cluster.apply(policy('dry', { podSelector: {}, policyTypes: ['Egress'] }));
    cluster.apply(namespace('shop', { 'sallyport.dev/mode': 'enforce' }));
    cluster.apply(allow('web', 'web', 'far', 8080));
    for (let i = 10; i < 40; i++) cluster.apply(pod(`p${i}`, `10.0.1.${i}`));
    await until(() => judged().length === 32, 'all pods');
    cluster.remove(policy('wide', {}));
    for (let i = 10; i < 40; i++) cluster.remove(pod(`p${i}`, ''));
    await until(() => judged().length === 2, 'the pods that are left');
    const failures = running.lines.filter(({ event }) => ['apply-failed', 'quarantined', 'drift'].includes(event));
    expect(failures).toEqual([]);
    expect(await running.end()).toBe(0);
  });

  it('--once, then --cleanup', async () => {
    expect(await start('--once').ended()).toBe(0);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.2']);
    expect(await start('--cleanup').ended()).toBe(0);
    expect(tables()).toEqual(['table inet other']);
  });
});
