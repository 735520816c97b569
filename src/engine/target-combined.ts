/** The answers to several questions as one. */
import type { Engine } from './engine.ts';
import { NO_PORTS } from './port-sets.ts';
import type { Verdict } from './query.ts';
import { type GateResult, type VerdictResult, resultApiVersion } from './results.ts';
import { portsOrNone } from './target-questions.ts';
import type { Target } from './target.ts';

/** All must be allowed. The gates are those of the first answer that decides. */
export function combined(engine: Engine, legs: readonly VerdictResult[], from: string, target: Target): VerdictResult {
  if (target.everyPort) return combinedPorts(engine, legs, from, target);
  const verdict = verdictOfAll(legs);
  const shown = legs.find((leg) => leg.verdict === verdict) ?? NOBODY;
  const named = (wanted: Verdict): readonly string[] => [
    ...new Set(legs.filter((leg) => leg.verdict === wanted).map(legName)),
  ];
  const differ = legs.some((leg) => leg.verdict !== verdict || leg.partly !== undefined);
  return {
    ...verdictOf(verdict, shown),
    from,
    to: target.label,
    protocol: shown.protocol,
    port: shown.port,
    ...(differ ? { partly: { allowed: named('allowed'), denied: named('denied'), unknown: named('unknown') } } : {}),
    legs,
  };
}

/** What an answer made of several has in common with the one whose gates it shows. */
function verdictOf(
  verdict: Verdict,
  { egress, ingress }: VerdictResult,
): Pick<VerdictResult, 'apiVersion' | 'kind' | 'verdict' | 'allowed' | 'certain' | 'egress' | 'ingress'> {
  return {
    apiVersion: resultApiVersion,
    kind: 'Verdict',
    verdict,
    allowed: verdict === 'allowed',
    certain: verdict !== 'unknown',
    egress,
    ingress,
  };
}

/** Several ports of a Service: which of them lead to backends that all let the source in. */
function combinedPorts(engine: Engine, legs: readonly VerdictResult[], from: string, target: Target): VerdictResult {
  const { portSets } = engine;
  const byPort = new Map<string, VerdictResult[]>();
  for (const leg of legs) {
    const key = `${leg.protocol} ${leg.port}`;
    const list = byPort.get(key);
    if (list === undefined) byPort.set(key, [leg]);
    else list.push(leg);
  }
  let allowed = NO_PORTS;
  const verdicts = [...byPort.values()].map((sameport) => {
    const verdict = verdictOfAll(sameport);
    const [leg] = sameport;
    if (verdict === 'allowed' && leg !== undefined && leg.port !== null && isProtocol(leg.protocol)) {
      allowed = portSets.union(allowed, portSets.range(leg.protocol, leg.port, leg.port));
    }
    return verdict;
  });
  const verdict: Verdict = verdicts.includes('allowed')
    ? 'allowed'
    : verdicts.includes('unknown')
      ? 'unknown'
      : 'denied';
  const shown = legs.find((leg) => leg.verdict === verdict) ?? NOBODY;
  return {
    ...verdictOf(verdict, shown),
    from,
    to: target.label,
    protocol: 'any',
    port: null,
    ports: portsOrNone(engine, allowed),
    legs,
  };
}

function isProtocol(text: string): text is 'TCP' | 'UDP' | 'SCTP' {
  return text === 'TCP' || text === 'UDP' || text === 'SCTP';
}

function verdictOfAll(legs: readonly VerdictResult[]): Verdict {
  if (legs.some((leg) => leg.verdict === 'denied')) return 'denied';
  return legs.some((leg) => leg.verdict === 'unknown') ? 'unknown' : 'allowed';
}

function legName({ from, to, protocol, port }: VerdictResult): string {
  return `${from} to ${to}${port === null ? '' : ` ${protocol} ${port}`}`;
}

const NO_GATE: GateResult = { allowed: true, certain: true, isolated: false, tier: 'none', by: [] };

/** No leg at all; targets have at least one. */
const NOBODY: VerdictResult = {
  apiVersion: resultApiVersion,
  kind: 'Verdict',
  from: '',
  to: '',
  protocol: 'any',
  port: null,
  allowed: false,
  certain: true,
  verdict: 'denied',
  egress: NO_GATE,
  ingress: NO_GATE,
};
