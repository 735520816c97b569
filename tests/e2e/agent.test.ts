/** The agent as built, in a process of its own, with an API server and a program that plays nft. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentHome, AgentProcess } from '../agent/agent-process.ts';
import { LivingCluster } from '../agent/living-cluster.ts';
import { allow, pod, shop } from '../agent/objects.ts';
import { runSallyport } from '../cli/run-sallyport.ts';
import { until } from '../io/kubernetes/fake-clock.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const fakeNft = fileURLToPath(new URL('../agent/fake-nft.mjs', import.meta.url));

let cluster: LivingCluster;
let home: AgentHome;
let agent: AgentProcess | undefined;

beforeEach(async () => {
  cluster = await LivingCluster.start(shop);
  home = new AgentHome(cluster.kubeconfig, `exec '${process.execPath}' '${fakeNft}' "$@"`);
});

afterEach(async () => {
  await agent?.end('SIGKILL');
  await cluster.stop();
  home.remove();
});

function start(...args: readonly string[]): AgentProcess {
  agent = new AgentProcess(home, [main], ['--node-name', 'node-1', ...args]);
  return agent;
}

/** The table goes and comes in one transaction. */
const replacement = /^delete table inet sallyport\nadd table inet sallyport$/m;

const transactions = (): readonly string[] => home.read('transactions').split('---\n').slice(0, -1);
/** The addresses of pods that are judged. */
const judged = (): readonly string[] => {
  const { table } = JSON.parse(home.read('state.json') || '{"table":null}') as {
    table: { sets: Record<string, { elements: Record<string, string> }> } | null;
  };
  return Object.keys(table?.sets['in4']?.elements ?? {}).toSorted();
};

describe('sallyport agent', () => {
  test('enforces what is there, then what changes, and leaves it in force at the end', async () => {
    const { saw, end } = bound(start('-v'));
    expect(await saw('synced')).toMatchObject({ level: 'info', objects: shop.length });
    const applied = await saw('applied');
    expect(applied).toMatchObject({ full: true });
    expect(transactions()[0]).toMatch(replacement);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.2']);
    cluster.apply(pod('db', '10.0.1.3'));
    await saw('applied', 2);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.3']);
    cluster.apply(allow('far', 'other', 'web', 1));
    cluster.apply(pod('other', '10.0.1.4'));
    await until(() => judged().includes('10.0.1.4'), 'the new pod is judged');
    expect(await end()).toBe(0);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.3', '10.0.1.4']);
    expect(transactions().filter((text) => replacement.test(text))).toHaveLength(1);
  });

  test('keeps what is in force while the API server is away, also when it starts then', async () => {
    const first = bound(start());
    await first.saw('applied');
    expect(await first.end('SIGINT')).toBe(0);
    const before = home.read('state.json');
    cluster.down();
    const second = bound(start());
    await second.saw('watch-failed');
    expect(home.read('state.json')).toBe(before);
    cluster.up();
    cluster.apply(pod('db', '10.0.1.3'));
    await second.saw('applied');
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.3']);
    // No connection keeps what it was allowed before: the next generation is in force.
    const generations = transactions().map((text) => /current ct mark & \S+ == (0x[0-9a-f]+)/.exec(text)?.[1]);
    expect(Number(generations.at(-1))).toBeGreaterThan(Number(generations[0]));
  });

  test('a policy that the kernel refuses denies its pods, and holds up nobody else', async () => {
    agent = new AgentProcess(home, [main], ['--node-name', 'node-1'], { FAKE_NFT_REFUSES: 'th dport 6666 ' });
    const { saw } = bound(agent);
    await saw('applied');
    cluster.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'bad', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'odd' } }, ingress: [{ ports: [{ port: 6666 }] }] },
    });
    cluster.apply(pod('odd', '10.0.1.66'));
    expect(await saw('quarantined')).toMatchObject({
      level: 'error',
      policies: ['shop/NetworkPolicy/bad'],
      reason: expect.stringContaining('Invalid argument') as string,
    });
    await until(() => judged().length === 3, 'the pod is judged all the same');
    const { table } = JSON.parse(home.read('state.json')) as {
      table: {
        sets: Record<string, { elements: Record<string, string> }>;
        chains: Record<string, { rules: { text: string }[] }>;
      };
    };
    const chain = /^goto (\S+)$/.exec(table.sets['in4']?.elements['10.0.1.66'] ?? '')?.[1] ?? '';
    expect(table.chains[chain]?.rules.at(-1)?.text).toMatch(/drop|goto deny/);
    cluster.apply(pod('db', '10.0.1.3'));
    await until(() => judged().includes('10.0.1.3'), 'the others go on');
  });

  test('puts back a table that somebody else deletes', async () => {
    const { saw } = bound(start());
    await saw('applied');
    home.write('state.json', '{"handles":1000,"table":null}');
    expect(await saw('drift')).toMatchObject({ level: 'warn', found: 'missing' });
    await saw('drift-repaired');
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.2']);
  });

  test('--once, --dry-run and --cleanup do their work and end', async () => {
    const once = start('--once');
    expect(await once.ended()).toBe(0);
    expect(judged()).toEqual(['10.0.1.1', '10.0.1.2']);
    const count = transactions().length;
    const dry = start('--dry-run');
    expect(await dry.ended()).toBe(0);
    expect(dry.stdout).toMatch(/^create chain inet sallyport forward \{ type filter hook forward/m);
    expect(transactions()).toHaveLength(count);
    const cleanup = start('--cleanup');
    expect(await cleanup.ended()).toBe(0);
    expect(cleanup.stderr).toContain('no policy is enforced on this node');
    expect(judged()).toEqual([]);
    expect(JSON.parse(home.read('state.json'))).toMatchObject({ table: null });
  });

  test('without nft it goes on trying, and --once says what is missing', async () => {
    home.write('nft', "#!/bin/sh\necho 'Error: Operation not permitted' >&2\nexit 1\n");
    const { saw } = bound(start());
    expect(await saw('precondition')).toMatchObject({ level: 'error', state: 'failed' });
    expect(await saw('apply-failed')).toMatchObject({ reason: 'nft-not-permitted' });
    await agent?.end();
    const once = start('--once');
    expect(await once.ended()).toBe(4);
    expect(once.stderr).toContain('Run with CAP_NET_ADMIN');
  });
});

describe('wrong options', () => {
  test.each([
    [[], /which node is this\?/],
    [['--node-name', 'n', '--table', 'a b'], /no name for a table/],
    [['--node-name', 'n', '--ct-mark-field', '0xff00ff00'], /no mask of at least 8 bits/],
    [['--node-name', 'n', '--ct-mark-field', '0x7f'], /no mask of at least 8 bits/],
    [['--node-name', 'n', '--ct-mark-field', '0x0000ffff'], /0x80 of the mark, which the Amazon VPC CNI plugin uses/],
    [['--node-name', 'n', '--closed-range', '10.0.0.0/99'], /is not a CIDR/],
    [['--node-name', 'n', '--log-group', '70000'], /whole number/],
  ])('%j', async (args, message) => {
    const { exitCode, stderr } = await runSallyport(['agent', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});

function bound(process: AgentProcess) {
  return { saw: process.saw.bind(process), end: process.end.bind(process) };
}
