import { resultApiVersion } from '../engine/results.ts';
import type { GateResult, NearMiss, RuleReference, VerdictResult } from '../engine/results.ts';
import { jsonLine } from './escape.ts';

/** The answer to `can` for programs: the `Verdict` contract, one top-level key a line, keys in the contract's order. */
export function renderVerdictJson(verdict: VerdictResult): string {
  const entries = verdictEntries(verdict);
  return `{\n${entries.map(([key, value]) => `  "${key}": ${jsonLine(value)}`).join(',\n')}\n}\n`;
}

function verdictEntries(verdict: VerdictResult): [string, unknown][] {
  const { from, to, protocol, port, allowed, certain, partly, why, ports, via, legs } = verdict;
  const entries: [string, unknown][] = [
    ['apiVersion', resultApiVersion],
    ['kind', 'Verdict'],
    ['from', from],
    ['to', to],
    ['protocol', protocol],
    ['port', port],
    ['allowed', allowed],
    ['certain', certain],
    ['verdict', verdict.verdict],
  ];
  if (partly !== undefined) {
    entries.push(['partly', { allowed: partly.allowed, denied: partly.denied, unknown: partly.unknown }]);
  }
  entries.push(['egress', gateValue(verdict.egress)], ['ingress', gateValue(verdict.ingress)]);
  if (why !== undefined) entries.push(['why', why]);
  if (ports !== undefined) entries.push(['ports', ports]);
  if (via !== undefined) entries.push(['via', via]);
  if (legs !== undefined) entries.push(['legs', legs.map((leg) => Object.fromEntries(verdictEntries(leg)))]);
  return entries;
}

export function gateValue({ allowed, certain, isolated, tier, by, near, why }: GateResult): object {
  return {
    allowed,
    certain,
    isolated,
    tier,
    by: by.map(ruleValue),
    ...(near === undefined ? {} : { near: near.map(nearValue) }),
    ...(why === undefined ? {} : { why }),
  };
}

function nearValue(near: NearMiss): object {
  return { ...ruleValue(near), misses: near.misses, because: near.because };
}

function ruleValue({ policy, rule, name, action, file, line, column }: RuleReference): object {
  return {
    policy,
    ...(rule === undefined ? {} : { rule }),
    ...(name === undefined ? {} : { name }),
    ...(action === undefined ? {} : { action }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
