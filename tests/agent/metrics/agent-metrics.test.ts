import * as library from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../src/agent/events.ts';
import { AgentMetrics } from '../../../src/agent/metrics/agent-metrics.ts';
import { CounterPoll, POLL_MS } from '../../../src/agent/metrics/counter-poll.ts';
import { METRICS, type MetricDefinition } from '../../../src/agent/metrics/metric-table.ts';
import { renderMetricsReference } from '../../../src/agent/metrics/metrics-reference.ts';
import type { AgentStatus } from '../../../src/agent/status.ts';
import { countersOf } from '../../../src/dataplane/counters.ts';
import type { Count } from '../../../src/io/nft/nft-driver.ts';
import { NftError } from '../../../src/io/nft/nft-error.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';
import { SHOP, ShopView, STAGED } from '../flow-log/shop.ts';
import { statusOf } from './status.ts';

let metrics: AgentMetrics;
let status: AgentStatus;
const files = new Map([
  ['/proc/sys/net/netfilter/nf_conntrack_count', '12\n'],
  ['/proc/sys/net/netfilter/nf_conntrack_max', '262144\n'],
]);

beforeEach(() => {
  metrics = new AgentMetrics({
    library,
    files: { readText: (path) => Promise.resolve(files.get(path)), list: () => Promise.resolve(undefined) },
  });
  status = statusOf();
});
afterEach(() => metrics.stop());

const view = new ShopView(SHOP + STAGED);
const flowLog = {
  state: { type: 'reading', reader: 'perl' } as const,
  counts: () => ({ packets: 9, lines: 4, suppressed: { rate: 3, lost: 2, output: 0 } }),
};

/** The lines that are no comments, by series. */
async function series(): Promise<Map<string, number>> {
  const text = await metrics.render({ view: { status: () => status, inForce: () => view.inForce() }, flowLog });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

describe('what Prometheus reads', () => {
  it('has every metric of the table once, described', async () => {
    const text = await metrics.render({ view: { status: () => status, inForce: () => undefined }, flowLog: undefined });
    const described = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const defined = Object.values<MetricDefinition>(METRICS).map(({ name, type }) => `${name} ${type}`);
    expect(described.toSorted()).toEqual(defined.toSorted());
    for (const { name, type, help, labels } of Object.values<MetricDefinition>(METRICS)) {
      expect(name).toMatch(/^sallyport_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(help).toMatch(/^\S.*[^.\s]$/);
      expect(renderMetricsReference()).toContain(
        `| \`${name}\` | ${type} | ${labels.map((each) => `\`${each}\``).join(', ')} |`,
      );
    }
  });

  it('says how the agent is', async () => {
    const found = await series();
    expect(
      Object.fromEntries(
        [...found].filter(([name]) => !/_delay|memory|heap|cpu|_bucket|_sum|_count\{|_count$/.test(name)),
      ),
    ).toEqual({
      'sallyport_agent_info{version="1.2.3",node="node-1"}': 1,
      sallyport_start_time_seconds: 1767225600,
      sallyport_ready: 1,
      sallyport_generation: 7,
      sallyport_generation_moves_total: 0,
      sallyport_desired_sets: 1,
      sallyport_desired_elements: 2,
      sallyport_desired_chains: 3,
      sallyport_desired_rules: 4,
      sallyport_quarantined_policies: 0,
      sallyport_invalid_objects: 0,
      sallyport_api_reachable: 1,
      'sallyport_precondition_failed{name="nft"}': 0,
      'sallyport_objects{kind="Pod"}': 42,
      'sallyport_watch_synced{kind="Pod"}': 1,
      'sallyport_watch_silence_seconds{kind="Pod"}': 1.5,
      sallyport_local_pods: 3,
      sallyport_flow_log_reading: 1,
      sallyport_flow_log_packets_total: 9,
      sallyport_flow_log_lines_total: 4,
      'sallyport_flow_log_suppressed_total{reason="rate"}': 3,
      'sallyport_flow_log_suppressed_total{reason="lost"}': 2,
      'sallyport_flow_log_suppressed_total{reason="output"}': 0,
      sallyport_drift_repairs_total: 0,
      sallyport_unready_drops_total: 0,
      sallyport_counter_read_errors_total: 0,
      sallyport_conntrack_entries: 12,
      sallyport_conntrack_entries_max: 262144,
    });
    expect(found.get('sallyport_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(found.get('sallyport_cpu_seconds_total')).toBeGreaterThan(0);
    expect((await series()).get('sallyport_flow_log_packets_total')).toBe(9);
  });

  it('says what is wrong', async () => {
    status = statusOf({
      api: { reachable: false, since: 0 },
      quarantined: ['a', 'b'].map((policySet) => ({
        policySet,
        direction: 'ingress',
        policies: ['shop/NetworkPolicy/db'],
        pods: [],
        reason: 'no',
        since: 0,
      })),
      preconditions: [{ name: 'nft', state: 'failed', explanation: 'no nft', hint: '' }],
    });
    const found = await series();
    expect(found.get('sallyport_ready')).toBe(0);
    expect(found.get('sallyport_api_reachable')).toBe(0);
    expect(found.get('sallyport_quarantined_policies')).toBe(1);
    expect(found.get('sallyport_precondition_failed{name="nft"}')).toBe(1);
  });

  const applied: AgentEvent = {
    type: 'applied',
    full: false,
    operations: 3,
    durationMs: 4,
    compileMs: 2,
    latencies: [{ scope: 'local-pod', ms: 7 }],
    generation: 1,
    generationMoved: true,
    counts: { sets: 0, elements: 0, chains: 0, rules: 0 },
  };
  it.each<[AgentEvent, string, number]>([
    [applied, 'sallyport_policy_programming_latency_seconds_bucket{le="0.01",scope="local-pod"}', 1],
    [applied, 'sallyport_policy_programming_latency_seconds_bucket{le="0.005",scope="local-pod"}', 0],
    [applied, 'sallyport_apply_duration_seconds_sum{full="false"}', 0.004],
    [applied, 'sallyport_compile_duration_seconds_sum', 0.002],
    [applied, 'sallyport_apply_operations_sum', 3],
    [applied, 'sallyport_generation_moves_total', 1],
    [
      { type: 'apply-failed', reason: 'nft-timeout', message: '', retryMs: 1 },
      'sallyport_apply_errors_total{reason="nft-timeout"}',
      1,
    ],
    [{ type: 'drift', found: 'missing', what: '' }, 'sallyport_drift_found_total{found="missing"}', 1],
    [{ type: 'drift-repaired', afterMs: 5 }, 'sallyport_drift_repairs_total', 1],
    [{ type: 'relisted', kind: 'Pod' }, 'sallyport_watch_relists_total{kind="Pod"}', 1],
    [
      { type: 'watch-failed', kind: 'Pod', reason: 'gone', message: '', count: 4 },
      'sallyport_watch_failures_total{kind="Pod",reason="gone"}',
      4,
    ],
  ])('counts %o in %s', async (event, name, value) => {
    metrics.observer(event);
    expect((await series()).get(name)).toBe(value);
  });

  it('has a bounded number of reasons', async () => {
    for (let i = 0; i < 80; i++) metrics.observer({ type: 'apply-failed', reason: `r${i}`, message: '', retryMs: 1 });
    const reasons = [...(await series())].filter(([name]) => name.startsWith('sallyport_apply_errors_total'));
    expect(reasons).toHaveLength(51);
    expect(new Map(reasons).get('sallyport_apply_errors_total{reason="other"}')).toBe(30);
  });

  it('escapes what a label may hold', async () => {
    status = statusOf({ node: 'a"b\\c\nd' });
    expect((await series()).get(String.raw`sallyport_agent_info{version="1.2.3",node="a\"b\\c\nd"}`)).toBe(1);
  });
});

describe("the kernel's counters", () => {
  const plan = view.planner.plan();
  const named = (kind: string): string => [...countersOf(plan)].find(([, meaning]) => meaning.kind === kind)?.[0] ?? '';
  const kernel = (denied: number, wouldDeny: number, unknown: number): ReadonlyMap<string, number> =>
    new Map([
      [named('denied'), denied],
      [named('would-deny'), wouldDeny],
      [named('unknown-pod'), unknown],
      ['of_somebody_else', 5],
    ]);
  const db = 'namespace="shop",policies="shop/NetworkPolicy/db",direction="ingress"';

  it('are told by policy, as counts since the start', async () => {
    metrics.addPackets(plan, kernel(3, 2, 1));
    metrics.addPackets(plan, kernel(5, 2, 1));
    const found = await series();
    expect(found.get(`sallyport_denied_packets_total{${db}}`)).toBe(5);
    expect(found.get(`sallyport_would_deny_total{${db.replace('/db', '/web')}}`)).toBe(2);
    expect(found.get('sallyport_unready_drops_total')).toBe(1);
  });

  it('go on when the table is made anew', async () => {
    metrics.addPackets(plan, kernel(10, 0, 0));
    metrics.addPackets(plan, kernel(4, 0, 0));
    expect((await series()).get(`sallyport_denied_packets_total{${db}}`)).toBe(14);
  });

  it('have hits with the policy that let a packet through', async () => {
    const open = new ShopView(SHOP.replace('app: api', 'app: web')).planner.plan();
    const [name = ''] = [...countersOf(open)].find(([, { kind }]) => kind === 'hits') ?? [];
    metrics.addPackets(open, new Map([[name, 6]]));
    const hits = [...(await series())].filter(([key]) => key.startsWith('sallyport_policy_hits_total'));
    expect(hits).toEqual([
      ['sallyport_policy_hits_total{namespace="shop",policy="shop/NetworkPolicy/db",direction="ingress"}', 6],
    ]);
  });

  it('are read on a timer, and a failure is counted', async () => {
    const clock = new FakeClock();
    let answer: () => Promise<ReadonlyMap<string, Count>> = () =>
      Promise.resolve(new Map([[named('denied'), { packets: 3, bytes: 180 }]]));
    const counters = { readCounters: () => answer() };
    const poll = new CounterPoll({ counters, table: 't', view, metrics, clock });
    poll.start();
    clock.advance(POLL_MS);
    await new Promise(setImmediate);
    answer = () => Promise.reject(new NftError('nft-timeout', 'slow'));
    clock.advance(POLL_MS);
    await new Promise(setImmediate);
    const found = await series();
    expect(found.get(`sallyport_denied_packets_total{${db}}`)).toBe(3);
    expect(found.get('sallyport_counter_read_errors_total')).toBe(1);
    poll.stop();
    expect(clock.delays).toEqual([]);
  });
});
