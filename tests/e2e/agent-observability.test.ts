/** What can be seen of the agent as built: health, status, metrics, and the flow log, with a reader that plays the kernel. */
import { chmodSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { METRICS } from '../../src/agent/metrics/metric-table.ts';
import { AgentHome, AgentProcess } from '../agent/agent-process.ts';
import { LivingCluster } from '../agent/living-cluster.ts';
import { shop } from '../agent/objects.ts';
import { runSallyport } from '../cli/run-sallyport.ts';
import { until } from '../io/kubernetes/fake-clock.ts';
import { ipv4, netlinkPacket, netlinkReady, tcp } from '../io/nflog/packets.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const fakeNft = fileURLToPath(new URL('../agent/fake-nft.mjs', import.meta.url));

/** Reads nothing from any kernel: passes on what the test writes into a file. */
const fakeReader = `
  const { readFileSync } = require('node:fs');
  process.stdin.on('end', () => process.exit()).resume();
  process.stdout.write(Buffer.from(process.argv[2], 'hex'));
  let done = 0;
  setInterval(() => {
    let text = '';
    try { text = readFileSync(process.argv[1], 'utf8'); } catch {}
    process.stdout.write(Buffer.from(text.slice(done), 'hex'));
    done = text.length;
  }, 20);`;

const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

let cluster: LivingCluster;
let home: AgentHome;
let agent: AgentProcess | undefined;
let address: string;

beforeEach(async () => {
  cluster = await LivingCluster.start(shop);
  home = new AgentHome(cluster.kubeconfig, `exec '${process.execPath}' '${fakeNft}' "$@"`);
  home.write('reader.js', fakeReader);
  const reader = `exec '${process.execPath}' -e "$(cat '${join(home.folder, 'reader.js')}')" '${join(home.folder, 'packets')}' ${hex(netlinkReady)}`;
  home.write('perl', `#!/bin/sh\n${reader}\n`);
  chmodSync(join(home.folder, 'perl'), 0o755);
  address = `127.0.0.1:${await freePort()}`;
});

afterEach(async () => {
  await agent?.end('SIGKILL');
  await cluster.stop();
  home.remove();
});

function start(...args: readonly string[]): AgentProcess {
  agent = new AgentProcess(home, [main], ['--node-name', 'node-1', '--listen', address, ...args]);
  return agent;
}

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${address}${path}`);
  return { status: response.status, text: await response.text() };
}

describe('the agent as built', () => {
  test('serves health, status and metrics', async () => {
    const running = start();
    await running.saw('applied');
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    const { status, reasons, pods } = JSON.parse((await get('/statusz')).text) as {
      status: object;
      reasons: readonly string[];
      pods: { pod: string }[];
    };
    // Where this test runs the kernel may really lack something: then it is said.
    const isReady = reasons.length === 0;
    const readiness = { status: isReady ? 200 : 503, text: isReady ? 'ok\n' : `${reasons.join('\n')}\n` };
    expect(await get('/readyz')).toEqual(readiness);
    expect(status).toMatchObject({ node: 'node-1', phase: 'enforcing', tablePresent: true });
    expect(pods.map(({ pod }) => pod)).toEqual(['shop/db', 'shop/web']);
    const metrics = await get('/metrics');
    for (const { name } of Object.values(METRICS)) expect(metrics.text).toContain(`# HELP ${name} `);
    expect(metrics.text).toContain('sallyport_objects{kind="Pod"} 3\n');
    expect(metrics.text).toMatch(/^sallyport_apply_duration_seconds_count\{full="true"\} 1$/m);
    expect(await running.end()).toBe(0);
  });

  test('tells a denied packet on standard output, and of nothing else there', async () => {
    const running = start();
    await running.saw('applied');
    const [policySet = ''] = /\bin_[0-9a-z]+/.exec(home.read('transactions')) ?? [];
    const packet = ipv4('10.0.2.1', '10.0.1.2', 6, tcp(40000, 5432, 2));
    home.write('packets', hex(netlinkPacket({ prefix: `sp deny ${policySet}`, packet })));
    await until(() => running.stdout.includes('\n'), 'a line');
    expect(JSON.parse(running.stdout)).toMatchObject({
      kind: 'Flow',
      node: 'node-1',
      verdict: 'denied',
      direction: 'ingress',
      from: { pod: 'far', labels: { app: 'far' } },
      to: { pod: 'db' },
      port: 5432,
      reason: expect.stringContaining('ingress of shop/db: isolated') as string,
      nearest: { policy: 'shop/NetworkPolicy/db', misses: 'peer' },
    });
  });

  test('writes the flow log into a file', async () => {
    const running = start('--flow-log', join(home.folder, 'flows'));
    await running.saw('applied');
    home.write(
      'packets',
      hex(netlinkPacket({ prefix: 'sp allow -', packet: ipv4('10.0.1.1', '10.0.1.2', 6, tcp(1, 5432, 2)) })),
    );
    await until(() => home.read('flows').includes('\n'), 'a line');
    expect(JSON.parse(home.read('flows'))).toMatchObject({ verdict: 'allowed', policies: ['shop/NetworkPolicy/db'] });
    expect(running.stdout).toBe('');
  });

  test('works without a reader, and says so', async () => {
    home.write('perl', '#!/bin/sh\necho "configure: Operation not permitted" >&2\nexit 1\n');
    home.write('tcpdump', '#!/bin/sh\necho "Operation not permitted" >&2\nexit 1\n');
    chmodSync(join(home.folder, 'tcpdump'), 0o755);
    const running = start();
    await running.saw('applied');
    const { message } = await running.saw('remark');
    expect(message).toContain('the packet log cannot be read');
    expect((await get('/metrics')).text).toContain('\nsallyport_flow_log_reading 0\n');
  });
});

describe('wrong options', () => {
  test.each([
    [['--listen', 'localhost:80'], /is no address with a port/],
    [['--listen', '127.0.0.1:70000'], /is no address with a port/],
    [['--status-token-file', '/nowhere/token'], /--status-token-file \/nowhere\/token: no such file/],
  ])('%j', async (args, message) => {
    const { exitCode, stderr } = await runSallyport(['agent', '--node-name', 'n', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
