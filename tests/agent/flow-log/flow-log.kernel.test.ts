/** Real packets, and what the log tells of them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Enforcer } from '../../../src/agent/enforcer.ts';
import { FlowLog } from '../../../src/agent/flow-log/flow-log.ts';
import type { FlowRecord } from '../../../src/agent/flow-log/flow-record.ts';
import { PacketCounters } from '../../../src/agent/metrics/packet-counters.ts';
import { DEFAULT_FIELD } from '../../../src/dataplane/generation.ts';
import { DEFAULT_TABLE } from '../../../src/dataplane/transaction.ts';
import { systemClock } from '../../../src/io/kubernetes/clock.ts';
import { relayReader } from '../../../src/io/nflog/log-reader.ts';
import { ProcessPacketLog } from '../../../src/io/nflog/process-packet-log.ts';
import { SpawnedNft } from '../../../src/io/nft/spawned-nft.ts';
import { SpawnedNftTable } from '../../../src/io/nft/spawned-nft-table.ts';
import { until } from '../../io/kubernetes/fake-clock.ts';
import { describeKernel } from '../../packets/kernel.ts';
import { Network } from '../../packets/network.ts';
import type { Probe, ProbedProtocol } from '../../packets/place.ts';
import { SHOP, ShopView, STAGED } from './shop.ts';

const GROUP = 5;
const web = '10.1.0.5';
const db = '10.1.0.6';
/** The API has not told of it yet. */
const unknown = '10.1.0.99';
const outside = '198.51.100.7';

describeKernel('the flow log of real packets', () => {
  let network: Network;
  let log: FlowLog;
  let view: ShopView;
  let tables: SpawnedNftTable;
  const records: FlowRecord[] = [];

  beforeAll(async () => {
    network = await Network.open(1);
    await network.arrange({
      nodes: [{ own: ['192.0.2.1'], pods: [web, db, unknown] }],
      elsewhere: [outside],
      tcp: [80, 5432],
      udp: [53],
    });
    const [node] = network.nodes;
    if (node === undefined) throw new Error('no node');
    view = new ShopView(SHOP + STAGED);
    const command = node.enter('nft');
    tables = new SpawnedNftTable({ command });
    const enforcer = new Enforcer({
      driver: new SpawnedNft({ command }),
      tables,
      table: DEFAULT_TABLE,
      field: DEFAULT_FIELD,
      clock: systemClock,
      random: () => 0.5,
      observe: () => undefined,
    });
    await enforcer.apply(view.planner.plan());
    const reader = relayReader(GROUP);
    log = new FlowLog({
      node: 'node-1',
      view,
      clock: systemClock,
      source: new ProcessPacketLog({ readers: [{ ...reader, command: node.enter(...reader.command) }] }),
      output: {
        write: (line) => {
          const record = JSON.parse(line) as FlowRecord;
          if (record.kind === 'Flow') records.push(record);
          return true;
        },
        close: () => Promise.resolve(),
      },
    });
    log.start();
    await until(() => log.state.type === 'reading', 'the packet log is read');
  });
  afterAll(async () => {
    await log.stop();
    await network.close();
  });

  /** Tries a connection, and gives the lines about it. */
  async function attempt(from: string, to: string, protocol: ProbedProtocol, port: number): Promise<FlowRecord[]> {
    records.length = 0;
    const probe: Probe = { id: 1, from, to, protocol, port, awaited: false };
    const place = from === outside ? network.elsewhere : network.nodes[0]?.pods;
    await place?.ask('probe', { probes: [probe], timeoutMs: 300 });
    await until(() => records.length > 0, 'a line');
    return records.filter((record) => record.from.ip === from && record.to.ip === to);
  }

  it('a denied connection between pods of the node: everything about it', async () => {
    const [record] = await attempt(web, db, 'TCP', 5432);
    expect(record).toEqual({
      apiVersion: 'sallyport.dev/v1',
      kind: 'Flow',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      count: 1,
      node: 'node-1',
      verdict: 'denied',
      direction: 'ingress',
      from: {
        ip: web,
        type: 'pod',
        namespace: 'shop',
        pod: 'web-5d9c-x1',
        workload: { kind: 'Deployment', name: 'web' },
        labels: { app: 'web', 'pod-template-hash': '5d9c' },
      },
      to: {
        ip: db,
        type: 'pod',
        namespace: 'shop',
        pod: 'db-0',
        workload: { kind: 'StatefulSet', name: 'db' },
        labels: { app: 'db' },
      },
      protocol: 'TCP',
      port: 5432,
      policies: ['shop/NetworkPolicy/db'],
      reason:
        'ingress of shop/db-0: isolated, and no rule allows it (shop/NetworkPolicy/db); nearest rule ' +
        'shop/NetworkPolicy/db spec.ingress[0] misses the peer: selects app=api, the pod has app=web',
      nearest: expect.objectContaining({ rule: 'spec.ingress[0]', misses: 'peer' }) as object,
    });
  });

  it('from outside, by UDP', async () => {
    const [record] = await attempt(outside, db, 'UDP', 53);
    expect(record).toMatchObject({
      verdict: 'denied',
      from: { ip: outside, type: 'external' },
      to: { pod: 'db-0' },
      protocol: 'UDP',
      port: 53,
    });
  });

  it('an address in the range of the node that no known pod has', async () => {
    const [record] = await attempt(outside, unknown, 'TCP', 80);
    expect(record).toMatchObject({
      verdict: 'denied',
      direction: 'ingress',
      from: { type: 'external' },
      to: { ip: unknown, type: 'external' },
      policies: [],
      reason: expect.stringContaining('no known pod has') as string,
    });
  });

  it('what policies in audit mode would deny goes through, and is told', async () => {
    const [record] = await attempt(db, web, 'TCP', 80);
    expect(record).toMatchObject({
      verdict: 'would-deny',
      direction: 'ingress',
      policies: ['shop/NetworkPolicy/web'],
      nearest: { policy: 'shop/NetworkPolicy/web', misses: 'peer' },
    });
  });

  it('every denied packet is in the counts as well', async () => {
    const counts = await tables.readCounters(DEFAULT_TABLE);
    const packets = new Map([...counts].map(([name, count]) => [name, count.packets]));
    const increases = new PacketCounters().increases(view.planner.plan(), packets);
    const denied = increases.find(({ kind }) => kind === 'denied');
    expect(denied?.labels).toEqual({ namespace: 'shop', policies: 'shop/NetworkPolicy/db', direction: 'ingress' });
    expect(denied?.increase).toBeGreaterThanOrEqual(2);
    expect(increases.find(({ kind }) => kind === 'would-deny')?.increase).toBeGreaterThanOrEqual(1);
  });
});
