/** A verdict with its reasons: both gates, the deciding rules, near misses, and what differs between replicas. */
import type { IpFamily } from '../base/inet.ts';
import { NO, type Tri } from '../base/tri.ts';
import type { Compiled } from './compiled.ts';
import type { GateQuestion } from './gate-question.ts';
import { GateTrace } from './gate-trace.ts';
import type { PairEvaluation } from './pair-evaluation.ts';
import {
  differentMembers,
  endpointName,
  isSelf,
  onSameNode,
  partyPairs,
  type Party,
  type PartyGroup,
} from './parties.ts';
import { portPoint } from './port-sets.ts';
import type { ConnectionQuery, Verdict } from './query.ts';
import { resultApiVersion, type GateResult, type VerdictResult } from './results.ts';

/** One kind of pair with its verdict. */
interface Judged {
  readonly source: PartyGroup;
  readonly target: PartyGroup;
  readonly a: Party;
  readonly b: Party;
  readonly self: boolean;
  readonly connected: boolean;
  readonly verdict: Verdict;
}

/** Names in each list of `partly`; the rest is counted. */
const NAMED = 50;

export class Explainer {
  private readonly compiled: Compiled;
  private readonly pairs: PairEvaluation;
  private readonly gates: GateTrace;

  constructor(compiled: Compiled, pairs: PairEvaluation) {
    this.compiled = compiled;
    this.pairs = pairs;
    this.gates = new GateTrace(compiled, pairs);
  }

  explain(query: ConnectionQuery): VerdictResult {
    const point = portPoint(query.protocol, query.port);
    const judged = this.judge(query, point);
    const verdicts = new Set(judged.map(({ verdict }) => verdict));
    const verdict: Verdict = verdicts.has('denied') ? 'denied' : verdicts.has('unknown') ? 'unknown' : 'allowed';
    const shown = judged.find((pair) => pair.verdict === verdict);
    const gates = shown === undefined ? NOBODY : this.gatesOf(shown, query, point);
    const partly = verdicts.size > 1 ? partlyOf(judged) : undefined;
    const why = [...gates.why];
    if (partly !== undefined && shown !== undefined) why.push(`shown is ${shown.a.name} to ${shown.b.name}`);
    return {
      apiVersion: resultApiVersion,
      kind: 'Verdict',
      from: endpointName(query.from, this.compiled),
      to: endpointName(query.to, this.compiled),
      protocol: query.protocol,
      port: query.protocol === 'other' ? null : query.port,
      allowed: verdict === 'allowed',
      certain: !verdicts.has('unknown') || verdict === 'denied',
      verdict,
      ...(partly !== undefined ? { partly } : {}),
      egress: gates.egress,
      ingress: gates.ingress,
      ...(why.length > 0 ? { why } : {}),
    };
  }

  private judge(query: ConnectionQuery, point: number): readonly Judged[] {
    const { portSets } = this.compiled;
    const judged: Judged[] = [];
    for (const { source, target } of partyPairs(query.from, query.to, this.compiled)) {
      const pair = differentMembers(source, target);
      if (pair === undefined) continue;
      const [a, b] = pair;
      const self = isSelf(a, b, this.compiled) && query.viaService !== true;
      const shared = a.families & b.families;
      const bounds = this.pairs.ports(a.classId, b.classId, onSameNode(a, b), shared);
      const allowed = self || portSets.has(bounds.certain, point);
      const verdict = allowed ? 'allowed' : portSets.has(bounds.possible, point) ? 'unknown' : 'denied';
      judged.push({ source, target, a, b, self, connected: shared !== 0, verdict });
    }
    // As in the engine: pairs of a pod with itself, or without a common family, count when there are no others.
    const counted = judged.filter(({ self, connected }) => !self && connected);
    return counted.length > 0 ? counted : judged;
  }

  private gatesOf(
    { a, b, self, connected, verdict }: Judged,
    query: ConnectionQuery,
    point: number,
  ): { egress: GateResult; ingress: GateResult; why: readonly string[] } {
    if (self) {
      const gate: GateResult = { allowed: true, certain: true, isolated: false, tier: 'exempt', by: [] };
      return { egress: gate, ingress: gate, why: ['a pod always reaches itself: that traffic never leaves it'] };
    }
    if (!connected) {
      const gate: GateResult = { allowed: false, certain: true, isolated: false, tier: 'none', by: [] };
      const words = `${a.name} has ${familyWords(a)}, ${b.name} has ${familyWords(b)}: they share no IP family`;
      return { egress: gate, ingress: gate, why: [words] };
    }
    const sameNode = onSameNode(a, b);
    const { family, why } = this.speakingFamily(a, b, sameNode, point, verdict);
    const common = { family, sameNode, point, protocol: query.protocol, port: query.port };
    const egress: GateQuestion = { ...common, subject: a, peer: b, direction: 'egress' };
    const ingress: GateQuestion = { ...common, subject: b, peer: a, direction: 'ingress' };
    return { egress: this.gates.trace(egress), ingress: this.gates.trace(ingress), why };
  }

  /** The family to explain: one whose own verdict is the pair's, IPv4 first. */
  private speakingFamily(
    a: Party,
    b: Party,
    sameNode: Tri,
    point: number,
    verdict: Verdict,
  ): { readonly family: IpFamily; readonly why: readonly string[] } {
    const shared = a.families & b.families;
    const families = ([4, 6] as const).filter((family) => ((shared >> (family === 4 ? 0 : 2)) & 3) !== NO);
    if (this.compiled.peerSets.familiesAgree || families.length < 2) return { family: families[0] ?? 4, why: [] };
    const [four, six] = families.map((family) => this.verdictIn(a, b, family, sameNode, point));
    if (four === six) return { family: 4, why: [] };
    const family = four === verdict ? 4 : six === verdict ? 6 : four === 'allowed' ? 6 : 4;
    const sure = (shared & 2) !== 0 && (shared & 8) !== 0;
    const ending = sure ? '' : ', and the input does not tell which of the two they share';
    return { family, why: [`${four ?? ''} over IPv4, ${six ?? ''} over IPv6${ending}`] };
  }

  private verdictIn(a: Party, b: Party, family: IpFamily, sameNode: Tri, point: number): Verdict {
    const bounds = this.pairs.inFamily(a.classId, b.classId, family, sameNode);
    if (this.compiled.portSets.has(bounds.certain, point)) return 'allowed';
    return this.compiled.portSets.has(bounds.possible, point) ? 'unknown' : 'denied';
  }
}

const NOBODY_GATE: GateResult = { allowed: true, certain: true, isolated: false, tier: 'none', by: [] };
const NOBODY = { egress: NOBODY_GATE, ingress: NOBODY_GATE, why: ['an end stands for nothing'] };

function familyWords({ families }: Party): string {
  return (
    [(families & 1) !== 0 ? 'IPv4' : '', (families & 4) !== 0 ? 'IPv6' : '']
      .filter((word) => word !== '')
      .join(' and ') || 'no address'
  );
}

/** Who is allowed, denied, unknown: named by the end that makes the difference, by both when both do. */
function partlyOf(judged: readonly Judged[]): NonNullable<VerdictResult['partly']> {
  const lists: Record<Verdict, string[]> = { allowed: [], denied: [], unknown: [] };
  const byTarget = decides(judged, ({ target }) => target);
  const bySource = decides(judged, ({ source }) => source);
  const seen = new Set<PartyGroup>();
  for (const { source, target, a, b, verdict } of judged) {
    if (byTarget || bySource) {
      const group = byTarget ? target : source;
      if (seen.has(group)) continue;
      seen.add(group);
      for (const { name } of group) lists[verdict].push(name);
    } else lists[verdict].push(`${a.name} -> ${b.name}`);
  }
  return { allowed: shorten(lists.allowed), denied: shorten(lists.denied), unknown: shorten(lists.unknown) };
}

/** Whether the verdict depends on this end alone. */
function decides(judged: readonly Judged[], end: (pair: Judged) => PartyGroup): boolean {
  const verdicts = new Map<PartyGroup, Verdict>();
  for (const pair of judged) {
    const known = verdicts.get(end(pair));
    if (known !== undefined && known !== pair.verdict) return false;
    verdicts.set(end(pair), pair.verdict);
  }
  return true;
}

function shorten(names: readonly string[]): readonly string[] {
  return names.length <= NAMED ? names : [...names.slice(0, NAMED), `and ${names.length - NAMED} more`];
}
