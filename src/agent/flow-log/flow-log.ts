import type { Direction } from '../../engine/policy-rules.ts';
import { resultApiVersion } from '../../engine/results.ts';
import type { Plan } from '../../dataplane/plan.ts';
import type { Clock } from '../../io/kubernetes/clock.ts';
import type { LoggedPacket } from '../../io/nflog/log-message.ts';
import type { PacketLogSource, PacketLogState } from '../../io/nflog/packet-log-source.ts';
import { Allowance } from './allowance.ts';
import { flowEnd } from './flow-ends.ts';
import type { FlowOutput } from './flow-output.ts';
import { FlowReasons, type ReasonSource } from './flow-reasons.ts';
import { recordLine, type FlowRecord, type FlowVerdict, type SuppressionReason } from './flow-record.ts';
import { FlowWindow } from './flow-window.ts';
import { flowKey, flowOf, PROTOCOL_NAMES, type Flow } from './flow.ts';

export interface FlowLogOptions {
  readonly node: string;
  readonly source: PacketLogSource;
  readonly view: ReasonSource;
  readonly output: FlowOutput;
  readonly clock: Clock;
  /** Lines a second, in the long run. */
  readonly linesPerSecond?: number;
  readonly onState?: (state: PacketLogState) => void;
}

/** Counts since the start. */
export interface FlowLogCounts {
  readonly packets: number;
  readonly lines: number;
  readonly suppressed: Readonly<Record<SuppressionReason, number>>;
}

const DEFAULT_LINES_PER_SECOND = 500;
/** Packets of one flow within this time are told together. */
const WINDOW_MS = 1000;
const MAX_OPEN_FLOWS = 4096;
const SUPPRESSED_EVERY_MS = 10_000;

/** What the sets of a plan mean; packets that were logged under the plan before are still on their way. */
interface SetMeaning {
  readonly direction: Direction;
  readonly policies: readonly string[];
}

export class FlowLog {
  private readonly options: FlowLogOptions;
  private readonly reasons: FlowReasons;
  private readonly window = new FlowWindow<Flow>(WINDOW_MS, MAX_OPEN_FLOWS);
  private readonly allowance: Allowance;
  private readonly suppressed: Record<SuppressionReason, number> = { rate: 0, lost: 0, output: 0 };
  /** As of the last line about it. */
  private reported: Readonly<Record<SuppressionReason, number>> = { rate: 0, lost: 0, output: 0 };
  private packets = 0;
  private lines = 0;
  private plan: Plan | undefined;
  private meanings: readonly ReadonlyMap<string, SetMeaning>[] = [];
  private cancelTick: (() => void) | undefined;
  private lastReportMs = Number.NEGATIVE_INFINITY;
  private currentState: PacketLogState = { type: 'stopped' };

  constructor(options: FlowLogOptions) {
    this.options = options;
    const perSecond = options.linesPerSecond ?? DEFAULT_LINES_PER_SECOND;
    this.allowance = new Allowance(perSecond, perSecond * 2);
    this.reasons = new FlowReasons(options.view, options.clock);
  }

  get state(): PacketLogState {
    return this.currentState;
  }

  counts(): FlowLogCounts {
    return { packets: this.packets, lines: this.lines, suppressed: { ...this.suppressed } };
  }

  start(): void {
    this.options.source.start({
      onPacket: (packet) => this.packet(packet),
      onLost: (count) => {
        this.suppressed.lost += count;
        this.tickLater();
      },
      onState: (state) => {
        this.currentState = state;
        this.options.onState?.(state);
      },
    });
  }

  /** Tells what waits, and ends. */
  async stop(): Promise<void> {
    this.options.source.stop();
    this.cancelTick?.();
    this.cancelTick = undefined;
    this.tellRepeats(Number.POSITIVE_INFINITY);
    this.tellSuppressed(Number.POSITIVE_INFINITY);
    await this.options.output.close();
  }

  private packet(packet: LoggedPacket): void {
    const flow = flowOf(packet);
    if (flow === undefined) return;
    this.packets++;
    const { clock } = this.options;
    const at = clock.calendarMs();
    if (this.window.isFirst(flowKey(flow), flow, clock.nowMs(), at)) this.tell(flow, 1, at);
    this.tickLater();
  }

  private tickLater(): void {
    this.cancelTick ??= this.options.clock.after(WINDOW_MS, () => {
      this.cancelTick = undefined;
      const now = this.options.clock.nowMs();
      this.tellRepeats(now);
      this.tellSuppressed(now);
      if (this.window.size > 0 || this.unreported() > 0) this.tickLater();
    });
  }

  private tellRepeats(nowMs: number): void {
    for (const { flow, count, at } of this.window.close(nowMs)) this.tell(flow, count, at);
  }

  private tell(flow: Flow, count: number, at: number): void {
    if (!this.allowance.take(this.options.clock.nowMs())) {
      this.suppressed.rate += count;
      return;
    }
    if (this.options.output.write(recordLine(this.record(flow, count, at)))) this.lines++;
    else this.suppressed.output += count;
  }

  private record(flow: Flow, count: number, at: number): FlowRecord {
    const { node, view } = this.options;
    const { direction, policies } = this.meaningOf(flow);
    const { reason, nearest, allowedBy } = this.reasons.of(flow, direction);
    const { port, icmp } = flow;
    return {
      apiVersion: resultApiVersion,
      kind: 'Flow',
      time: new Date(at).toISOString(),
      count,
      node,
      verdict: VERDICTS[flow.verdict],
      ...(direction === undefined ? {} : { direction }),
      from: flowEnd(flow.from, view.ownerOf(flow.from)),
      to: flowEnd(flow.to, view.ownerOf(flow.to)),
      protocol: PROTOCOL_NAMES.get(flow.protocol) ?? String(flow.protocol),
      ...(port === undefined ? {} : { port }),
      ...(icmp === undefined ? {} : { icmp }),
      policies: flow.verdict === 'allow' ? allowedBy : policies,
      ...(reason === undefined ? {} : { reason }),
      ...(nearest === undefined ? {} : { nearest }),
    };
  }

  private meaningOf({ verdict, policySet, to }: Flow): { direction?: Direction; policies: readonly string[] } {
    if (verdict === 'unknown-pod') {
      const unknownIsTarget = this.options.view.ownerOf(to) === undefined;
      return { direction: unknownIsTarget ? 'ingress' : 'egress', policies: [] };
    }
    const plan = this.options.view.inForce()?.plan;
    if (plan !== undefined && plan !== this.plan) {
      this.plan = plan;
      this.meanings = [meaningsIn(plan), ...this.meanings.slice(0, 1)];
    }
    for (const meanings of this.meanings) {
      const meaning = meanings.get(policySet ?? '');
      if (meaning !== undefined) return meaning;
    }
    return { policies: [] };
  }

  private unreported(): number {
    const { suppressed, reported } = this;
    return REASONS.reduce((sum, reason) => sum + suppressed[reason] - reported[reason], 0);
  }

  private tellSuppressed(nowMs: number): void {
    const count = this.unreported();
    if (count === 0 || nowMs - this.lastReportMs < SUPPRESSED_EVERY_MS) return;
    const { node, output, clock } = this.options;
    const { suppressed, reported } = this;
    const since = (reason: SuppressionReason): number => suppressed[reason] - reported[reason];
    const line = recordLine({
      apiVersion: resultApiVersion,
      kind: 'FlowsSuppressed',
      time: new Date(clock.calendarMs()).toISOString(),
      node,
      count,
      because: { rate: since('rate'), lost: since('lost'), output: since('output') },
    });
    this.lastReportMs = nowMs;
    if (output.write(line)) this.reported = { ...suppressed };
  }
}

const REASONS: readonly SuppressionReason[] = ['rate', 'lost', 'output'];

const VERDICTS = {
  deny: 'denied',
  'unknown-pod': 'denied',
  'would-deny': 'would-deny',
  allow: 'allowed',
} as const satisfies Record<string, FlowVerdict>;

function meaningsIn({ policySets, shadowSets }: Plan): ReadonlyMap<string, SetMeaning> {
  const sets: readonly (SetMeaning & { readonly name: string })[] = [...policySets, ...shadowSets];
  return new Map(sets.map(({ name, direction, policies }) => [name, { direction, policies }]));
}
