import { formatIp } from '../base/inet-format.ts';
import { resultApiVersion } from '../engine/results.ts';
import type { ProbeReport } from '../probe/judge-probes.ts';

/** Every attempt, in order, with what was predicted and what was measured. */
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
  const explained = disagreements.map(({ judged: { attempt }, verdict }) => ({
    attempt: judged.findIndex((each) => each.attempt === attempt),
    egress: verdict.egress,
    ingress: verdict.ingress,
  }));
  const report = {
    apiVersion: resultApiVersion,
    kind: 'ProbeReport',
    simulated,
    summary: { connections: judged.length, ...counts, promisesBroken: broken.length },
    attempts,
    disagreements: explained,
    notes: plan.notes,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
