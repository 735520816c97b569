/** What can be seen of a running agent: the flow log, the metrics, and the addresses that serve them. */
import { readFileSync } from 'node:fs';
import { FileOutput } from '../../agent/flow-log/file-output.ts';
import { FlowLog } from '../../agent/flow-log/flow-log.ts';
import type { FlowOutput } from '../../agent/flow-log/flow-output.ts';
import { StreamOutput } from '../../agent/flow-log/stream-output.ts';
import type { AgentObserver } from '../../agent/events.ts';
import { AgentServer } from '../../agent/http/agent-server.ts';
import { AgentMetrics } from '../../agent/metrics/agent-metrics.ts';
import { CounterPoll } from '../../agent/metrics/counter-poll.ts';
import type { AgentView } from '../../agent/status.ts';
import type { Clock } from '../../io/kubernetes/clock.ts';
import type { HostFiles } from '../../io/host-files.ts';
import { relayReader, tcpdumpReader } from '../../io/nflog/log-reader.ts';
import { ProcessPacketLog } from '../../io/nflog/process-packet-log.ts';
import type { NftCounters } from '../../io/nft/nft-driver.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { systemErrorReason } from '../../io/system-error.ts';

export interface ObservabilityOptions {
  /** A file, `-` for standard output, or `none`. */
  readonly flowLog: string;
  /** `ADDRESS:PORT`, or `none`. */
  readonly listen: string;
  readonly statusTokenFile?: string | undefined;
}

export interface ObservabilityParts {
  readonly node: string;
  readonly table: string;
  readonly counters: NftCounters;
  /** Of nflog. */
  readonly group: number;
  readonly files: HostFiles;
  readonly clock: Clock;
  /** The agent's own log. */
  readonly log: AgentObserver;
}

/** Everything that can be wrong with the options is found before the agent starts. */
export class Observability {
  private readonly parts: ObservabilityParts;
  private readonly metrics: AgentMetrics;
  private readonly output: FlowOutput | undefined;
  private readonly listen: ListenAddress | undefined;
  private readonly token: string;

  private constructor(options: ObservabilityOptions, parts: ObservabilityParts, metrics: AgentMetrics) {
    this.parts = parts;
    this.metrics = metrics;
    this.listen = readListen(options.listen);
    this.token = readToken(options.statusTokenFile);
    this.output = this.openOutput(options.flowLog);
  }

  /** @throws OperationalError when an option cannot be used */
  static async open(options: ObservabilityOptions, parts: ObservabilityParts): Promise<Observability> {
    const library = await import('prom-client');
    return new Observability(options, parts, new AgentMetrics({ library, files: parts.files }));
  }

  get observer(): AgentObserver {
    return this.metrics.observer;
  }

  /** Shows the agent while it works. */
  async during(view: AgentView, work: () => Promise<void>): Promise<void> {
    const { parts, metrics, listen, token } = this;
    const { counters, table, clock } = parts;
    const flowLog = this.flowLog(view);
    const poll = new CounterPoll({ counters, table, view, metrics, clock });
    const server =
      listen === undefined
        ? undefined
        : new AgentServer({ ...listen, token, clock, sources: { view, metrics, flowLog }, onFailure: this.remark });
    server?.start();
    poll.start();
    flowLog?.start();
    try {
      await work();
    } finally {
      poll.stop();
      metrics.stop();
      await Promise.all([flowLog?.stop(), server?.stop()]);
    }
  }

  private readonly remark = (message: string): void => this.parts.log({ type: 'remark', message });

  private openOutput(path: string): FlowOutput | undefined {
    if (path === 'none') return undefined;
    if (path === '-') return new StreamOutput(process.stdout);
    const onFailure = (reason: string | undefined): void =>
      this.remark(reason === undefined ? `the flow log is written again: ${path}` : `the flow log ${path}: ${reason}`);
    return new FileOutput({ path, clock: this.parts.clock, onFailure });
  }

  private flowLog(view: AgentView): FlowLog | undefined {
    const { output } = this;
    if (output === undefined) return undefined;
    const { node, group, clock } = this.parts;
    return new FlowLog({
      node,
      view,
      output,
      clock,
      source: new ProcessPacketLog({ readers: [relayReader(group), tcpdumpReader(group)] }),
      onState: (state) => {
        if (state.type === 'waiting') this.remark([state.message, state.hint].filter((text) => text !== '').join('; '));
      },
    });
  }
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

function readListen(text: string): ListenAddress | undefined {
  if (text === 'none') return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new OperationalError('usage', `--listen ${JSON.stringify(text)} is no address with a port`, {
    hint: 'for example 127.0.0.1:9440, [::]:9440, or none',
    exitCode: 2,
  });
}

function readToken(path: string | undefined): string {
  if (path === undefined) return '';
  let token: string;
  try {
    token = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new OperationalError('usage', `--status-token-file ${path}: ${systemErrorReason(error)}`, { exitCode: 2 });
  }
  if (token !== '') return token;
  throw new OperationalError('usage', `--status-token-file ${path}: there is no token in it`, { exitCode: 2 });
}
