/** Why a flow was denied, and which policies let one through: the engine's words, at a bounded price. */
import type { IpAddress } from '../../base/inet.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { ConnectionQuery, Endpoint } from '../../engine/query.ts';
import type { GateResult, NearMiss, VerdictResult } from '../../engine/results.ts';
import { SCTP, TCP, UDP } from '../../io/nflog/packet-header.ts';
import type { Clock } from '../../io/kubernetes/clock.ts';
import { gateAnswer, gateReason, gateTitle, nearestRules, ruleName } from '../../report/verdict-words.ts';
import type { AgentStatus, AgentView } from '../status.ts';
import { Allowance } from './allowance.ts';
import { flowKey, type Flow } from './flow.ts';

export interface FlowReason {
  /** `undefined` when it was let through. */
  readonly reason: string | undefined;
  readonly nearest: NearMiss | undefined;
  /** The policies that let it through. */
  readonly allowedBy: readonly string[];
}

/** What it asks of the agent. */
export interface ReasonSource extends Pick<AgentView, 'inForce' | 'ownerOf' | 'enginesAmong'> {
  status(): Pick<AgentStatus, 'quarantined'>;
}

interface Remembered {
  readonly reason: FlowReason;
  readonly generation: number;
  readonly owners: readonly [unknown, unknown];
  readonly untilMs: number;
}

/** Answers that are kept. */
const MAX_REMEMBERED = 2000;
/** Changes that only open something do not move the generation; after this time they are seen all the same. */
const REMEMBER_MS = 5000;
/** Milliseconds of every second that may be spent on it: enforcement runs on the same thread. */
const WORK_MS = 50;
const NAMED_POLICIES = 5;

const PORTED = new Map([
  [TCP, 'TCP'],
  [UDP, 'UDP'],
  [SCTP, 'SCTP'],
] as const);

const NOT_LOOKED_UP: FlowReason = {
  reason: 'not looked up: too many different flows at once',
  nearest: undefined,
  allowedBy: [],
};

export class FlowReasons {
  private readonly source: ReasonSource;
  private readonly clock: Clock;
  private readonly allowance = new Allowance(WORK_MS, WORK_MS);
  /** The least recently used first. */
  private readonly remembered = new Map<string, Remembered>();

  constructor(source: ReasonSource, clock: Clock) {
    this.source = source;
    this.clock = clock;
  }

  of(flow: Flow, direction: Direction | undefined): FlowReason {
    const key = flowKey(flow);
    const generation = this.source.inForce()?.generation ?? 0;
    const owners = [this.source.ownerOf(flow.from), this.source.ownerOf(flow.to)] as const;
    const beganMs = this.clock.nowMs();
    const known = this.remembered.get(key);
    if (
      known?.generation === generation &&
      known.owners[0] === owners[0] &&
      known.owners[1] === owners[1] &&
      beganMs < known.untilMs
    ) {
      this.remembered.delete(key);
      this.remembered.set(key, known);
      return known.reason;
    }
    if (this.allowance.at(beganMs) <= 0) return NOT_LOOKED_UP;
    const reason = this.safely(flow, direction);
    this.allowance.spend(Math.max(0.1, this.clock.nowMs() - beganMs));
    this.remembered.delete(key);
    this.remembered.set(key, { reason, generation, owners, untilMs: beganMs + REMEMBER_MS });
    if (this.remembered.size > MAX_REMEMBERED) {
      const [oldest] = this.remembered.keys();
      if (oldest !== undefined) this.remembered.delete(oldest);
    }
    return reason;
  }

  /** A bug in an explanation is told in its place: packets that anybody can send must not end the agent. */
  private safely(flow: Flow, direction: Direction | undefined): FlowReason {
    try {
      return this.lookUp(flow, direction);
    } catch (error) {
      const reason = `a bug in Sallyport: ${error instanceof Error ? error.message : String(error)}`;
      return { reason, nearest: undefined, allowedBy: [] };
    }
  }

  private lookUp(flow: Flow, direction: Direction | undefined): FlowReason {
    if (flow.verdict === 'unknown-pod') {
      const reason = 'an address of the pods of this node that no known pod has: it waits until its pod is known';
      return { reason, nearest: undefined, allowedBy: [] };
    }
    const { engine, stagedEngine } = this.source.enginesAmong([flow.from, flow.to]);
    const asked = flow.verdict === 'would-deny' ? (stagedEngine ?? engine) : engine;
    const query = queryOf(flow, asked);
    if (query === undefined) return { reason: 'the port is not known', nearest: undefined, allowedBy: [] };
    const verdict = asked.explain(query);
    if (flow.verdict === 'allow') {
      const by = [...verdict.egress.by, ...verdict.ingress.by].map(({ policy }) => policy);
      return { reason: undefined, nearest: undefined, allowedBy: [...new Set(by)] };
    }
    return this.denial(flow, verdict, direction);
  }

  private denial({ policySet }: Flow, verdict: VerdictResult, direction: Direction | undefined): FlowReason {
    const closed = (['egress', 'ingress'] as const).filter((gate) => gateAnswer(verdict[gate]) !== 'allowed');
    // The gate that the kernel names comes first; what the other one would have said helps too.
    const gates = closed.toSorted((a, b) => Number(b === direction) - Number(a === direction));
    const [gate] = gates;
    if (gate === undefined) {
      const refused = this.source.status().quarantined.find((set) => set.policySet === policySet);
      const reason =
        refused === undefined
          ? 'the policies have changed since: they allow it now'
          : `the kernel refuses ${refused.policies.join(' with ')}: until that changes its pods are denied ${refused.direction}`;
      return { reason, nearest: undefined, allowedBy: [] };
    }
    const [nearest] = nearestRules(verdict[gate], false);
    const rule =
      nearest === undefined
        ? ''
        : `; nearest rule ${ruleName(nearest)} misses the ${nearest.misses}: ${nearest.because}`;
    const words = gates.map((each) => `${gateTitle(verdict, each)}: ${gateWords(verdict[each])}`);
    return { reason: `${words.join('; ')}${rule}`, nearest, allowedBy: [] };
  }
}

function gateWords(gate: GateResult): string {
  const names = [...new Set(gate.by.map(ruleName))];
  const shown = names.slice(0, NAMED_POLICIES).join(', ');
  const more = names.length > NAMED_POLICIES ? ` and ${names.length - NAMED_POLICIES} more` : '';
  const facts = gate.certain ? '' : (gate.why ?? []).map((fact) => `; ${fact}`).join('');
  return `${gateReason(gate)}${names.length === 0 ? '' : ` (${shown}${more})`}${facts}`;
}

function queryOf({ from, to, protocol, port }: Flow, { cluster }: Engine): ConnectionQuery | undefined {
  const end = (ip: IpAddress): Endpoint => cluster.ownerOfAddress(ip) ?? { type: 'address', ip };
  const name = PORTED.get(protocol as typeof TCP);
  if (name === undefined) return { from: end(from), to: end(to), protocol: 'other', port: 0 };
  return port === undefined ? undefined : { from: end(from), to: end(to), protocol: name, port };
}
