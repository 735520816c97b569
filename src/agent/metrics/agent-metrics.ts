/** What the agent tells Prometheus. */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type * as prometheus from 'prom-client';
import { assertNever } from '../../base/assert.ts';
import type { Plan } from '../../dataplane/plan.ts';
import type { HostFiles } from '../../io/host-files.ts';
import type { FlowLog } from '../flow-log/flow-log.ts';
import type { AgentEvent, AgentObserver } from '../events.ts';
import { notReadyReasons, type AgentStatus, type AgentView } from '../status.ts';
import { METRICS, type MetricDefinition, type MetricName } from './metric-table.ts';
import { PacketCounters, type PacketCount } from './packet-counters.ts';

export interface AgentMetricsOptions {
  /** Loaded when an agent runs: other commands do not wait for it. */
  readonly library: typeof prometheus;
  readonly files: HostFiles;
}

/** What is looked at when somebody asks for the metrics. */
export interface MetricSources {
  readonly view: Pick<AgentView, 'status' | 'inForce'>;
  readonly flowLog: Pick<FlowLog, 'state' | 'counts'> | undefined;
}

type Labels = Readonly<Record<string, string>>;
type Of<T extends 'counter' | 'gauge' | 'histogram'> = {
  [K in MetricName]: (typeof METRICS)[K]['type'] extends T ? K : never;
}[MetricName];

/** Label values of which there may be any number. */
const MAX_REASONS = 50;
const OTHER = 'other';

export class AgentMetrics {
  readonly contentType: string;
  private readonly registry: prometheus.Registry;
  private readonly counters = new Map<MetricName, prometheus.Counter>();
  private readonly gauges = new Map<MetricName, prometheus.Gauge>();
  private readonly histograms = new Map<MetricName, prometheus.Histogram>();
  private readonly packets = new PacketCounters();
  private readonly delay: IntervalHistogram;
  private readonly files: HostFiles;
  private readonly seen = new Map<string, Set<string>>();
  private readonly totals = new Map<string, number>();

  constructor({ library, files }: AgentMetricsOptions) {
    this.files = files;
    this.registry = new library.Registry();
    this.contentType = this.registry.contentType;
    for (const [key, definition] of Object.entries<MetricDefinition>(METRICS)) {
      const { name, help, labels } = definition;
      const common = { name, help, labelNames: [...labels], registers: [this.registry] };
      const metric = key as MetricName;
      switch (definition.type) {
        case 'counter':
          this.counters.set(metric, new library.Counter(common));
          break;
        case 'gauge':
          this.gauges.set(metric, new library.Gauge(common));
          break;
        case 'histogram':
          this.histograms.set(metric, new library.Histogram({ ...common, buckets: [...definition.buckets] }));
          break;
        default:
          assertNever(definition);
      }
    }
    this.delay = monitorEventLoopDelay({ resolution: 20 });
    this.delay.enable();
  }

  readonly observer: AgentObserver = (event) => this.observe(event);

  /** The kernel's counters, read now and then. */
  addPackets(plan: Plan, packets: ReadonlyMap<string, number>): void {
    for (const count of this.packets.increases(plan, packets)) this.addPacketCount(count);
  }

  countersNotRead(): void {
    this.add('counterErrors', 1);
  }

  stop(): void {
    this.delay.disable();
  }

  /** The text that Prometheus reads. */
  async render(sources: MetricSources): Promise<string> {
    const status = sources.view.status();
    this.showStatus(status);
    this.set('localPods', sources.view.inForce()?.plan.localPods.length ?? 0);
    this.showFlowLog(sources.flowLog);
    await this.showNode();
    return this.registry.metrics();
  }

  private observe(event: AgentEvent): void {
    switch (event.type) {
      case 'applied': {
        const { durationMs, compileMs, operations, full, latencies, generationMoved } = event;
        this.measure('applyDuration', durationMs / 1000, { full: String(full) });
        this.measure('compileDuration', compileMs / 1000);
        this.measure('applyOperations', operations);
        for (const { scope, ms } of latencies) this.measure('programmingLatency', ms / 1000, { scope });
        if (generationMoved) this.add('generationMoves', 1);
        return;
      }
      case 'apply-failed':
        this.add('applyErrors', 1, { reason: this.bounded('applyErrors', event.reason) });
        return;
      case 'drift':
        this.add('driftFound', 1, { found: event.found });
        return;
      case 'drift-repaired':
        this.add('driftRepairs', 1);
        return;
      case 'relisted':
        this.add('watchRelists', 1, { kind: event.kind });
        return;
      case 'watch-failed':
        this.add('watchFailures', event.count, {
          kind: event.kind,
          reason: this.bounded('watchFailures', event.reason),
        });
        return;
      default:
      // The rest is in the status.
    }
  }

  private addPacketCount({ kind, labels, increase }: PacketCount): void {
    const other = { namespace: OTHER, direction: OTHER };
    switch (kind) {
      case 'denied':
        this.add('deniedPackets', increase, labels ?? { ...other, policies: OTHER });
        return;
      case 'would-deny':
        this.add('wouldDeny', increase, labels ?? { ...other, policies: OTHER });
        return;
      case 'hits':
        this.add('policyHits', increase, labels ?? { ...other, policy: OTHER });
        return;
      case 'unknown-pod':
        this.add('unreadyDrops', increase);
        return;
      default:
        assertNever(kind);
    }
  }

  private showStatus(status: AgentStatus): void {
    const { version, node, counts, quarantined, invalidCount, generation, api, kinds, preconditions } = status;
    this.set('info', 1, { version, node });
    this.set('startTime', status.startedAt / 1000);
    this.set('ready', notReadyReasons(status).length === 0 ? 1 : 0);
    this.set('generation', generation);
    this.set('desiredSets', counts.sets);
    this.set('desiredElements', counts.elements);
    this.set('desiredChains', counts.chains);
    this.set('desiredRules', counts.rules);
    this.set('quarantinedPolicies', new Set(quarantined.flatMap(({ policies }) => policies)).size);
    this.set('invalidObjects', invalidCount);
    this.set('apiReachable', api.reachable ? 1 : 0);
    for (const { name, state } of preconditions) this.set('preconditionFailed', state === 'failed' ? 1 : 0, { name });
    for (const { kind, objects, synced, lastEventAgeMs } of kinds) {
      this.set('objects', objects, { kind });
      this.set('watchSynced', synced ? 1 : 0, { kind });
      if (lastEventAgeMs !== undefined) this.set('watchSilence', lastEventAgeMs / 1000, { kind });
    }
  }

  private showFlowLog(flowLog: MetricSources['flowLog']): void {
    this.set('flowLogReading', flowLog?.state.type === 'reading' ? 1 : 0);
    if (flowLog === undefined) return;
    const { packets, lines, suppressed } = flowLog.counts();
    this.addUpTo('flowLogPackets', packets);
    this.addUpTo('flowLogLines', lines);
    for (const [reason, count] of Object.entries(suppressed)) this.addUpTo('flowLogSuppressed', count, { reason });
  }

  private async showNode(): Promise<void> {
    const seconds = (nanoseconds: number): number => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
    for (const quantile of [50, 99]) {
      this.set('eventLoopDelay', seconds(this.delay.percentile(quantile)), { quantile: String(quantile / 100) });
    }
    this.set('eventLoopDelay', seconds(this.delay.max), { quantile: '1' });
    this.delay.reset();
    const { rss, heapUsed } = process.memoryUsage();
    this.set('residentMemory', rss);
    this.set('heapUsed', heapUsed);
    const { user, system } = process.cpuUsage();
    this.addUpTo('cpuSeconds', (user + system) / 1e6);
    const folder = '/proc/sys/net/netfilter';
    const [entries, max] = await Promise.all(
      ['count', 'max'].map(async (name) => Number(await this.files.readText(`${folder}/nf_conntrack_${name}`))),
    );
    if (entries !== undefined && !Number.isNaN(entries)) this.set('conntrackEntries', entries);
    if (max !== undefined && !Number.isNaN(max)) this.set('conntrackMax', max);
  }

  private set(name: Of<'gauge'>, value: number, labels: Labels = {}): void {
    this.gauges.get(name)?.set({ ...labels }, value);
  }

  private add(name: Of<'counter'>, value: number, labels: Labels = {}): void {
    this.counters.get(name)?.inc({ ...labels }, value);
  }

  private measure(name: Of<'histogram'>, value: number, labels: Labels = {}): void {
    this.histograms.get(name)?.observe({ ...labels }, value);
  }

  /** For what is counted elsewhere, since the start too. */
  private addUpTo(name: Of<'counter'>, total: number, labels: Labels = {}): void {
    const key = `${name} ${JSON.stringify(labels)}`;
    const before = this.totals.get(key) ?? 0;
    if (total < before) return;
    this.totals.set(key, total);
    this.add(name, total - before, labels);
  }

  private bounded(name: MetricName, value: string): string {
    const seen = this.seen.get(name) ?? new Set<string>();
    this.seen.set(name, seen);
    if (seen.size < MAX_REASONS) seen.add(value);
    return seen.has(value) ? value : OTHER;
  }
}
