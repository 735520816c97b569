import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FlowLog } from '../../../src/agent/flow-log/flow-log.ts';
import type { FlowOutput } from '../../../src/agent/flow-log/flow-output.ts';
import type { FlowRecord, SuppressedRecord } from '../../../src/agent/flow-log/flow-record.ts';
import { parseLogPrefix } from '../../../src/dataplane/log-prefix.ts';
import type { PacketLogListener, PacketLogSource } from '../../../src/io/nflog/packet-log-source.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';
import { packet, SHOP, ShopView, STAGED } from './shop.ts';

class FakeSource implements PacketLogSource {
  listener: PacketLogListener | undefined;
  start(listener: PacketLogListener): void {
    this.listener = listener;
    listener.onState({ type: 'reading', reader: 'fake' });
  }
  stop(): void {
    this.listener?.onState({ type: 'stopped' });
    this.listener = undefined;
  }
}

class Lines implements FlowOutput {
  readonly lines: string[] = [];
  takes = true;
  closed = false;
  write(line: string): boolean {
    if (this.takes) this.lines.push(line);
    return this.takes;
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

let clock: FakeClock;
let source: FakeSource;
let output: Lines;
let view: ShopView;
let log: FlowLog;

function begin(text: string, linesPerSecond?: number): void {
  clock = new FakeClock();
  source = new FakeSource();
  output = new Lines();
  view = new ShopView(text);
  log = new FlowLog({
    node: 'node-1',
    source,
    view,
    output,
    clock,
    ...(linesPerSecond === undefined ? {} : { linesPerSecond }),
  });
  log.start();
}

beforeEach(() => begin(SHOP));

const see = (...parts: Parameters<typeof packet>): void => source.listener?.onPacket(packet(...parts));
const records = (): (FlowRecord | SuppressedRecord)[] =>
  output.lines.map((line) => JSON.parse(line) as FlowRecord | SuppressedRecord);
const flows = (): FlowRecord[] => records().filter((record) => record.kind === 'Flow');
const deny = (pod = 'shop/db-0', direction: 'ingress' | 'egress' = 'ingress', reply = ''): string =>
  `sp deny ${view.setOf(pod, direction)}${reply}`;

describe('the line of a denied packet', () => {
  it('says when, who, to whom, by which policies, why, and what was nearly right', () => {
    see(deny(), '10.1.0.5', '10.1.0.6');
    expect(records()).toEqual([
      {
        apiVersion: 'sallyport.dev/v1',
        kind: 'Flow',
        time: '2026-01-01T00:00:00.000Z',
        count: 1,
        node: 'node-1',
        verdict: 'denied',
        direction: 'ingress',
        from: {
          ip: '10.1.0.5',
          type: 'pod',
          namespace: 'shop',
          pod: 'web-5d9c-x1',
          workload: { kind: 'Deployment', name: 'web' },
          labels: { app: 'web', 'pod-template-hash': '5d9c' },
        },
        to: {
          ip: '10.1.0.6',
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
        nearest: expect.objectContaining({
          policy: 'shop/NetworkPolicy/db',
          rule: 'spec.ingress[0]',
          misses: 'peer',
        }) as object,
      },
    ]);
    expect(output.lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
  });

  it.each<[string, Parameters<typeof packet>[3], string, object]>([
    ['from outside', {}, '198.51.100.7', { from: { ip: '198.51.100.7', type: 'external' }, port: 5432 }],
    ['from a node', {}, '192.0.2.2', { from: { ip: '192.0.2.2', type: 'node', node: 'node-1' } }],
    ['UDP', { protocol: 17, destinationPort: 53 }, '10.1.0.5', { protocol: 'UDP', port: 53 }],
    ['SCTP', { protocol: 132, destinationPort: 7 }, '10.1.0.5', { protocol: 'SCTP', port: 7 }],
    [
      'ICMP',
      { protocol: 1, sourcePort: undefined, destinationPort: undefined, icmp: { type: 8, code: 0 } },
      '10.1.0.5',
      { protocol: 'ICMP', icmp: { type: 8, code: 0 } },
    ],
    [
      'another protocol',
      { protocol: 47, sourcePort: undefined, destinationPort: undefined },
      '10.1.0.5',
      { protocol: '47' },
    ],
    [
      'a fragment',
      { protocol: 17, sourcePort: undefined, destinationPort: undefined },
      '10.1.0.5',
      { reason: 'the port is not known' },
    ],
  ])('%s', (_name, header, from, expected) => {
    see(deny(), from, '10.1.0.6', header);
    expect(flows()).toMatchObject([{ verdict: 'denied', direction: 'ingress', ...expected }]);
  });

  it('has the ends of the connection in order when the packet is an answer', () => {
    see(deny('shop/db-0', 'ingress', '_r'), '10.1.0.6', '10.1.0.5', { sourcePort: 5432, destinationPort: 40000 });
    expect(flows()).toMatchObject([
      { from: { pod: 'web-5d9c-x1' }, to: { pod: 'db-0' }, port: 5432, direction: 'ingress' },
    ]);
  });

  it('waits for nobody: an address in the range of this node that no pod has', () => {
    see('sp deny -', '10.1.0.5', '10.1.0.6');
    see('sp unknown-pod -', '198.51.100.7', '10.1.0.99');
    see('sp unknown-pod -', '10.1.0.98', '10.1.0.6');
    expect(flows()).toMatchObject([
      { verdict: 'denied', policies: [] },
      {
        verdict: 'denied',
        direction: 'ingress',
        policies: [],
        reason: expect.stringContaining('no known pod has') as string,
      },
      { verdict: 'denied', direction: 'egress' },
    ]);
  });

  it('names the quarantine when the engine would have let it through', () => {
    const policySet = view.setOf('shop/db-0', 'ingress');
    const policies = ['shop/NetworkPolicy/db'];
    view.load(SHOP.replace('app: api', 'app: web'));
    see(`sp deny ${policySet}`, '10.1.0.5', '10.1.0.6');
    expect(flows()[0]?.reason).toBe('the policies have changed since: they allow it now');
    view.quarantined = [{ policySet, direction: 'ingress', policies, pods: ['shop/db-0'], reason: 'no', since: 0 }];
    clock.advance(10_000);
    see(`sp deny ${policySet}`, '10.1.0.5', '10.1.0.6');
    expect(flows()[1]?.reason).toBe(
      'the kernel refuses shop/NetworkPolicy/db: until that changes its pods are denied ingress',
    );
  });

  it('still knows the policies of the plan before', () => {
    const before = deny();
    see(before, '10.1.0.5', '10.1.0.6');
    view.load(SHOP.replace('{ name: db, namespace', '{ name: database, namespace'));
    see(before, '10.1.0.5', '10.1.0.6', { destinationPort: 1 });
    see(deny(), '10.1.0.5', '10.1.0.6', { destinationPort: 2 });
    expect(flows().map(({ policies }) => policies)).toEqual([
      ['shop/NetworkPolicy/db'],
      ['shop/NetworkPolicy/db'],
      ['shop/NetworkPolicy/database'],
    ]);
  });

  it('does not take prefixes of other programs for ours', () => {
    see('sp deny in_1; drop', '10.1.0.5', '10.1.0.6');
    see('DROP ', '10.1.0.5', '10.1.0.6');
    expect([output.lines, log.counts().packets]).toEqual([[], 0]);
  });
});

describe('the other verdicts', () => {
  it('would-deny has the reason of the policies in audit mode', () => {
    begin(SHOP + STAGED);
    see(`sp would-deny ${view.setOf('shop/web-5d9c-x1', 'ingress', true)}`, '10.1.0.6', '10.1.0.5', {
      destinationPort: 80,
    });
    expect(flows()).toMatchObject([
      {
        verdict: 'would-deny',
        direction: 'ingress',
        policies: ['shop/NetworkPolicy/web'],
        nearest: { policy: 'shop/NetworkPolicy/web', misses: 'peer' },
      },
    ]);
  });

  it('allowed names the policies that let it through, and no gate', () => {
    begin(SHOP.replace('app: api', 'app: web'));
    see('sp allow -', '10.1.0.5', '10.1.0.6');
    const [flow] = flows();
    expect(flow).toMatchObject({ verdict: 'allowed', policies: ['shop/NetworkPolicy/db'] });
    expect(Object.keys(flow ?? {})).not.toContain('direction');
    expect(Object.keys(flow ?? {})).not.toContain('reason');
  });
});

describe('many packets', () => {
  it('of one flow within a second are one line and one with their count', () => {
    for (let i = 0; i < 5; i++) {
      see(deny(), '10.1.0.5', '10.1.0.6', { sourcePort: 40000 + i });
      clock.advance(100);
    }
    expect(flows().map(({ count }) => count)).toEqual([1]);
    clock.advance(1000);
    expect(flows().map(({ count, time }) => [count, time])).toEqual([
      [1, '2026-01-01T00:00:00.000Z'],
      [4, '2026-01-01T00:00:00.100Z'],
    ]);
    see(deny(), '10.1.0.5', '10.1.0.6');
    expect(flows()).toHaveLength(3);
    clock.advance(5000);
    expect(flows()).toHaveLength(3);
    expect(clock.delays).toEqual([]);
  });

  it('of many flows are cut to the rate, and what is missing is told', () => {
    begin(SHOP, 10);
    for (let port = 1; port <= 100; port++) see(deny(), '10.1.0.5', '10.1.0.6', { destinationPort: port });
    source.listener?.onLost(7);
    expect(flows()).toHaveLength(20);
    clock.advance(1000);
    expect(records().at(-1)).toEqual({
      apiVersion: 'sallyport.dev/v1',
      kind: 'FlowsSuppressed',
      time: '2026-01-01T00:00:01.000Z',
      node: 'node-1',
      count: 87,
      because: { rate: 80, lost: 7, output: 0 },
    });
    source.listener?.onLost(1);
    clock.advance(5000);
    expect(records().filter(({ kind }) => kind === 'FlowsSuppressed')).toHaveLength(1);
    clock.advance(10_000);
    expect(records().at(-1)).toMatchObject({ kind: 'FlowsSuppressed', count: 1, because: { lost: 1 } });
    expect(log.counts()).toEqual({ packets: 100, lines: 20, suppressed: { rate: 80, lost: 8, output: 0 } });
  });

  it('that the output does not take are counted, and told when it does again', () => {
    output.takes = false;
    see(deny(), '10.1.0.5', '10.1.0.6');
    clock.advance(3000);
    output.takes = true;
    clock.advance(20_000);
    expect(records()).toMatchObject([{ kind: 'FlowsSuppressed', count: 1, because: { output: 1 } }]);
  });

  it('are explained once, and again when something changes', () => {
    const again = (): void => {
      see(deny(), '10.1.0.5', '10.1.0.6');
      clock.advance(2000);
    };
    again();
    again();
    expect(view.lookUps).toBe(1);
    view.generation++;
    again();
    expect(view.lookUps).toBe(2);
    clock.advance(10_000);
    again();
    expect(view.lookUps).toBe(3);
  });

  it('from everywhere take a bounded time', () => {
    begin(SHOP, 100_000);
    for (let i = 0; i < 2000; i++) {
      see(deny(), `10.${2 + (i >> 8)}.0.${i & 255}`, '10.1.0.6');
    }
    // A fake clock makes every look-up as short as is counted: a tenth of a millisecond of fifty.
    expect(view.lookUps).toBe(500);
    expect(flows()).toHaveLength(2000);
    expect(flows().at(-1)).toMatchObject({
      reason: 'not looked up: too many different flows at once',
      policies: ['shop/NetworkPolicy/db'],
    });
  });
});

describe('packets that anybody may send', () => {
  const end = fc.oneof(
    fc.constantFrom('10.1.0.5', '10.1.0.6', 'fd00::5', '192.0.2.1', '0.0.0.0', '::'),
    fc.ipV4(),
    fc.ipV6(),
  );
  const prefix = fc.oneof(
    fc.constantFrom('sp deny -', 'sp allow -', 'sp unknown-pod -', 'sp would-deny in_x', 'sp deny in_x_r', 'sp', ''),
    fc.string(),
  );
  const number = (max: number) => fc.option(fc.nat(max), { nil: undefined });

  it('are each one harmless line, or none', () => {
    begin(SHOP + STAGED, 1_000_000);
    const header = fc.record({
      protocol: fc.nat(255),
      sourcePort: number(65_535),
      destinationPort: number(65_535),
      icmp: fc.option(fc.record({ type: fc.nat(255), code: fc.nat(255) }), { nil: undefined }),
      opens: fc.option(fc.boolean(), { nil: undefined }),
    });
    fc.assert(
      fc.property(prefix, end, end, header, (text, from, to, parts) => {
        const before = output.lines.length;
        see(text, from, to, parts);
        clock.advance(1500);
        expect(output.lines.length - before).toBe(parseLogPrefix(text) === undefined ? 0 : 1);
        const line = output.lines.at(-1) ?? '{}\n';
        expect(line).toMatch(/^[\x20-\x7e]+\n$/);
        expect(line).not.toContain('a bug in Sallyport');
      }),
      { numRuns: 500 },
    );
  });
});

describe('the end', () => {
  it('tells what waits, and passes nothing on after it', async () => {
    see(deny(), '10.1.0.5', '10.1.0.6');
    see(deny(), '10.1.0.5', '10.1.0.6');
    source.listener?.onLost(2);
    expect(log.state).toEqual({ type: 'reading', reader: 'fake' });
    await log.stop();
    expect(records()).toMatchObject([{ count: 1 }, { count: 1 }, { kind: 'FlowsSuppressed', count: 2 }]);
    expect([output.closed, source.listener, clock.delays, log.state]).toEqual([
      true,
      undefined,
      [],
      { type: 'stopped' },
    ]);
  });
});
