import { assertNever } from '../base/assert.ts';
import type { GateResult, NearMiss, RuleReference, VerdictResult } from '../engine/results.ts';
import { portsText } from './ports-text.ts';

/** The parts of an explanation in words, shared by the text and the Markdown form. Not yet escaped. */
export type Gate = 'egress' | 'ingress';

const ROUTES = new Set(['Service', 'Ingress', 'HTTPRoute', 'Gateway']);

/** `shop/Deployment/web` becomes `shop/web`; what is no workload stays as it is. */
export function endName(end: string): string {
  const parts = end.split('/');
  const [namespace, kind, name] = parts;
  const workload = parts.length === 3 && /^[A-Z]/.test(kind ?? '') && !ROUTES.has(kind ?? '');
  return workload ? `${namespace}/${name}` : end;
}

/** `tcp 5432`, or the protocol alone where it has no ports; what is possible where no port was asked for. */
export function portName(verdict: VerdictResult): string {
  if (verdict.ports !== undefined && verdict.ports !== 'none') return portsText(verdict.ports);
  if (verdict.ports === 'none') return 'any port';
  if (verdict.port !== null) return `${verdict.protocol.toLowerCase()} ${verdict.port}`;
  return verdict.protocol === 'other' ? 'other protocols' : verdict.protocol.toLowerCase();
}

/** `web.yaml:14`; `''` when the rule has no text behind it. */
export function ruleFile({ file, line }: RuleReference): string {
  if (file === undefined) return '';
  return line === undefined ? file : `${file}:${line}`;
}

/** `shop/NetworkPolicy/web spec.egress[0] "allow dns"`. */
export function ruleName({ policy, rule, name }: RuleReference): string {
  return [
    policy,
    ...(rule === undefined ? [] : [rule]),
    ...(name === undefined || name === '' ? [] : [`"${name}"`]),
  ].join(' ');
}

/** Why a gate decided as it did, in a few words; the rules themselves come after. */
export function gateReason(gate: GateResult): string {
  switch (gate.tier) {
    case 'exempt':
      return 'no policy applies';
    case 'none':
      if (!gate.certain) return 'it is not known which policies apply';
      return gate.allowed ? 'no policy selects it' : 'out of reach, whatever policy says';
    case 'Admin':
    case 'Baseline':
      if (!gate.certain) return `a rule of the ${gate.tier} tier may apply`;
      return gate.allowed ? `accepted by the ${gate.tier} tier` : `denied by the ${gate.tier} tier`;
    case 'NetworkPolicy':
      if (!gate.certain) return 'no rule certainly allows it';
      return gate.allowed ? 'allowed' : 'isolated, and no rule allows it';
    default:
      return assertNever(gate.tier);
  }
}

/** What comes before a rule's name: its action, or that the policy isolates without a rule that matches. */
export function ruleLead(gate: GateResult, reference: RuleReference): string {
  if (reference.action !== undefined) return `${reference.action} `;
  if (gate.tier !== 'NetworkPolicy') return '';
  return reference.rule === undefined ? 'isolated by ' : 'allowed by ';
}

export type GateAnswer = 'allowed' | 'denied' | 'unknown';

export function gateAnswer(gate: GateResult): GateAnswer {
  if (!gate.certain) return 'unknown';
  return gate.allowed ? 'allowed' : 'denied';
}

/** Which end a gate stands at: `egress of shop/web`. */
export function gateTitle(verdict: VerdictResult, gate: Gate): string {
  return `${gate} of ${endName(gate === 'egress' ? verdict.from : verdict.to)}`;
}

/** The smallest changes that would open what is closed: one sentence per closed gate, of every leg. */
export function suggestions(verdict: VerdictResult): string[] {
  if (verdict.legs !== undefined) return [...new Set(verdict.legs.flatMap(suggestions))];
  const sentences: string[] = [];
  for (const gate of ['egress', 'ingress'] as const) {
    const result = verdict[gate];
    // Without a tier it is no policy that stands in the way (ends without a common IP family).
    const byPolicy = result.tier !== 'none' && result.tier !== 'exempt';
    if (byPolicy && gateAnswer(result) === 'denied') sentences.push(suggestion(verdict, gate, result));
  }
  return sentences;
}

function suggestion(verdict: VerdictResult, gate: Gate, result: GateResult): string {
  const what = portName(verdict);
  const own = endName(gate === 'egress' ? verdict.from : verdict.to);
  const other = endName(gate === 'egress' ? verdict.to : verdict.from);
  const toward = gate === 'egress' ? `to ${other}` : `from ${other}`;
  const [decider] = result.by;
  if (result.tier === 'Admin') {
    const rule = decider === undefined ? 'the Admin tier rule' : ruleName(decider);
    return `${gate}: change ${rule}; no NetworkPolicy can override the Admin tier`;
  }
  if (result.tier === 'Baseline') {
    return `${gate}: a NetworkPolicy that selects ${own} and allows ${what} ${toward} overrides the Baseline tier`;
  }
  const [near] = result.near ?? [];
  if (near !== undefined) {
    const place = ruleFile(near);
    const where = `${ruleName(near)}${place === '' ? '' : ` (${place})`}`;
    if (near.misses === 'port') return `${gate}: add ${what} to the ports of ${where}`;
    if (near.misses === 'peer') return `${gate}: add ${other} to the peers of ${where}`;
    return `${gate}: add a rule for ${what} ${toward} beside ${where}`;
  }
  const namespace = own.split('/').length === 2 ? ` in namespace ${own.split('/')[0]}` : '';
  return `${gate}: add a NetworkPolicy${namespace} that selects ${own} and allows ${what} ${toward}`;
}

/** What is not known, each fact once, over all legs. */
export function unknownFacts(verdict: VerdictResult): string[] {
  if (verdict.legs !== undefined) return [...new Set(verdict.legs.flatMap(unknownFacts))];
  const gates = [verdict.egress, verdict.ingress].filter((gate) => !gate.certain).flatMap((gate) => gate.why ?? []);
  return [...new Set([...(verdict.certain && verdict.verdict !== 'unknown' ? [] : (verdict.why ?? [])), ...gates])];
}

/** The near misses worth reading: those that lack one thing, at most three; else the nearest. */
export function nearestRules(gate: GateResult, full: boolean): readonly NearMiss[] {
  const near = gate.near ?? [];
  if (full) return near;
  const single = near.filter((miss) => miss.misses !== 'peer and port');
  return single.length > 0 ? single.slice(0, 3) : near.slice(0, 1);
}

/** What to do about facts that are not known. */
export function supplyHints(unknown: readonly string[]): readonly string[] {
  const hint = 'Add the missing objects to the input and ask again.';
  // Workloads have no addresses until they run, but most clusters take all of them from one range.
  const wantsAddresses = unknown.some((fact) => fact.includes('the addresses of '));
  return wantsAddresses ? [hint, 'The range that pods get their addresses from can be given with --pod-cidr.'] : [hint];
}

/** What else the engine says about the whole answer. */
export function remarks(verdict: VerdictResult): string[] {
  const unknown = new Set(unknownFacts(verdict));
  return (verdict.why ?? []).filter((reason) => !unknown.has(reason));
}
