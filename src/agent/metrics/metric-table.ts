/** Every metric that the agent has: the one table behind the registry, the reference page and the dashboard's test. */

interface Described {
  readonly name: string;
  /** One sentence, without its full stop. */
  readonly help: string;
  readonly labels: readonly string[];
}

export interface CounterDefinition extends Described {
  readonly type: 'counter';
}

export interface GaugeDefinition extends Described {
  readonly type: 'gauge';
}

export interface HistogramDefinition extends Described {
  readonly type: 'histogram';
  /** Upper bounds. */
  readonly buckets: readonly number[];
}

export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60] as const;
const OPERATIONS = [1, 2, 5, 10, 25, 100, 250, 1000, 5000] as const;

function counter(name: string, help: string, labels: readonly string[] = []): CounterDefinition {
  return { name: `sallyport_${name}`, type: 'counter', help, labels };
}

function gauge(name: string, help: string, labels: readonly string[] = []): GaugeDefinition {
  return { name: `sallyport_${name}`, type: 'gauge', help, labels };
}

function histogram(
  name: string,
  help: string,
  buckets: readonly number[],
  labels: readonly string[] = [],
): HistogramDefinition {
  return { name: `sallyport_${name}`, type: 'histogram', help, labels, buckets };
}

/** In the order of the reference page. */
export const METRICS = {
  // What the kernel did with packets.
  policyHits: counter(
    'policy_hits_total',
    'First packets of connections that a policy let through, at the gate of that direction',
    ['namespace', 'policy', 'direction'],
  ),
  deniedPackets: counter('denied_packets_total', 'Packets that policies dropped', [
    'namespace',
    'policies',
    'direction',
  ]),
  wouldDeny: counter(
    'would_deny_total',
    'First packets of connections that policies in audit mode would have dropped',
    ['namespace', 'policies', 'direction'],
  ),
  unreadyDrops: counter(
    'unready_drops_total',
    'Packets dropped because an address of this node belongs to no pod that is known yet',
  ),
  // How fast and how well changes come into force.
  programmingLatency: histogram(
    'policy_programming_latency_seconds',
    'From the first event that asked for a change to the commit in the kernel, by the most urgent kind of event',
    SECONDS,
    ['scope'],
  ),
  compileDuration: histogram('compile_duration_seconds', 'Working out what has to change', SECONDS),
  applyDuration: histogram('apply_duration_seconds', 'One transaction in nft and the kernel', SECONDS, ['full']),
  applyOperations: histogram('apply_operations', 'Operations in one transaction', OPERATIONS),
  applyErrors: counter('apply_errors_total', 'Transactions that failed; the kernel kept what it had', ['reason']),
  driftFound: counter('drift_found_total', 'Times that somebody else had changed or removed the table', ['found']),
  driftRepairs: counter('drift_repairs_total', 'Times that the table was put back'),
  generation: gauge('generation', 'The generation of rules in force; connections of older ones are judged again'),
  generationMoves: counter('generation_moves_total', 'Changes after which live connections were judged again'),
  desiredSets: gauge('desired_sets', 'Sets and maps of the table'),
  desiredElements: gauge('desired_elements', 'Elements of all sets and maps'),
  desiredChains: gauge('desired_chains', 'Chains of the table'),
  desiredRules: gauge('desired_rules', 'Rules of all chains'),
  // Whether it is well.
  ready: gauge('ready', '1 when the agent is ready, as /readyz says'),
  quarantinedPolicies: gauge('quarantined_policies', 'Policies that the kernel refuses; their pods are denied'),
  invalidObjects: gauge('invalid_objects', 'Objects of the API that cannot be understood'),
  preconditionFailed: gauge('precondition_failed', '1 for what the node lacks, so that policies cannot hold', ['name']),
  localPods: gauge('local_pods', 'Addresses of pods of this node in the rules'),
  // What the API says.
  apiReachable: gauge('api_reachable', '1 while the API server answers'),
  objects: gauge('objects', 'Objects known', ['kind']),
  watchSynced: gauge('watch_synced', '1 when everything of the kind was listed', ['kind']),
  watchSilence: gauge('watch_silence_seconds', 'Since the server last said anything about the kind', ['kind']),
  watchRelists: counter('watch_relists_total', 'Lists that were read again because events may have been missed', [
    'kind',
  ]),
  watchFailures: counter('watch_failures_total', 'Watches that failed and were opened again', ['kind', 'reason']),
  // The flow log.
  flowLogReading: gauge('flow_log_reading', "1 while the kernel's packet log is read"),
  flowLogPackets: counter('flow_log_packets_total', 'Logged packets that were read'),
  flowLogLines: counter('flow_log_lines_total', 'Lines written'),
  flowLogSuppressed: counter('flow_log_suppressed_total', 'Logged packets that no line tells of', ['reason']),
  // The agent and its node.
  info: gauge('agent_info', 'Always 1', ['version', 'node']),
  startTime: gauge('start_time_seconds', 'When the agent started, in seconds since 1970'),
  counterErrors: counter('counter_read_errors_total', "Times that the kernel's counters could not be read"),
  eventLoopDelay: gauge('event_loop_delay_seconds', 'Delay of the event loop since the last scrape', ['quantile']),
  residentMemory: gauge('resident_memory_bytes', 'Memory of the agent, without its child processes'),
  heapUsed: gauge('heap_used_bytes', 'JavaScript heap in use'),
  cpuSeconds: counter('cpu_seconds_total', 'Processor time of the agent, without its child processes'),
  conntrackEntries: gauge('conntrack_entries', 'Connections that the node tracks'),
  conntrackMax: gauge('conntrack_entries_max', 'Connections that the node can track; beyond that new ones are dropped'),
} satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
