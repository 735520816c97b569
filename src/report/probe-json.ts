import { formatIp } from '../base/inet-format.ts';
import { resultApiVersion } from '../engine/results.ts';
import type { ProbeReport } from '../probe/judge-probes.ts';
import { jsonLine } from './escape.ts';
import { gateValue } from './verdict-json.ts';

/** Every attempt, in order, with what was predicted and what was measured; disagreements name it by its index. */
export function renderProbeJson({ plan, judged, simulated, counts, broken, disagreements }: ProbeReport): string {
  const attempts = judged.map(({ attempt, measured, allowed, judgement }) => ({
    from: plan.sources[attempt.source]?.label ?? '',
    to: plan.targets[attempt.target]?.label ?? '',
    address: formatIp(attempt.address),
    protocol: attempt.protocol,
    port: attempt.port,
    predicted: attempt.predicted,
    ...(attempt.expected === undefined ? {} : { promised: attempt.expected.verdict }),
    measured: measured.outcome,
    ...(measured.text === '' ? {} : { text: measured.text }),
    micros: measured.micros,
    ...(allowed === undefined ? {} : { allowed }),
    judgement,
  }));
  const indexes = new Map(judged.map(({ attempt }, index) => [attempt, index]));
  const explained = disagreements.map(({ judged: { attempt }, verdict }) => ({
    attempt: indexes.get(attempt) ?? -1,
    egress: gateValue(verdict.egress),
    ingress: gateValue(verdict.ingress),
  }));
  const list = (values: readonly unknown[]): string =>
    values.length === 0 ? '[]' : `[\n${values.map((value) => `    ${jsonLine(value)}`).join(',\n')}\n  ]`;
  const entries = [
    ['apiVersion', jsonLine(resultApiVersion)],
    ['kind', '"ProbeReport"'],
    ['simulated', jsonLine(simulated)],
    ['summary', jsonLine({ connections: judged.length, ...counts, promisesBroken: broken.length })],
    ['attempts', list(attempts)],
    ['disagreements', list(explained)],
    ['notes', jsonLine(plan.notes)],
  ];
  return `{\n${entries.map(([key, text]) => `  "${key}": ${text}`).join(',\n')}\n}\n`;
}
