import type { Example, IntentResult, VerifyReport } from '../intents/report.ts';
import { jsonLine } from './escape.ts';
import { gateValue } from './verdict-json.ts';

/** The `VerifyReport` contract: one intent a line, keys in the contract's order. */
export function renderVerifyJson({ apiVersion, kind, summary, results }: VerifyReport): string {
  const lines = results.map((result) => `\n    ${jsonLine(resultValue(result))}`);
  const list = lines.length === 0 ? '[]' : `[${lines.join(',')}\n  ]`;
  return `{\n  "apiVersion": "${apiVersion}",\n  "kind": "${kind}",\n  "summary": ${jsonLine(summary)},\n  "results": ${list}\n}\n`;
}

function resultValue({ examples, ...rest }: IntentResult): object {
  const { name, reason, assertion, file, line, outcome, accepted, message, help, judged, more } = rest;
  return {
    name,
    ...(reason === undefined ? {} : { reason }),
    assertion,
    file,
    line,
    outcome,
    ...(accepted === undefined ? {} : { accepted }),
    ...(message === undefined ? {} : { message }),
    ...(help === undefined ? {} : { help }),
    judged,
    examples: examples.map(exampleValue),
    more,
  };
}

function exampleValue(example: Example): object {
  if (example.type === 'isolation') {
    const { type, pod, direction, isolated, why, pods } = example;
    return { type, pod, direction, isolated, ...(why === undefined ? {} : { why }), pods };
  }
  const { type, from, to, via, expected, verdict, ports, anyPort, protocol, port, egress, ingress, why, pairs } =
    example;
  return {
    type,
    from,
    to,
    ...(via === undefined ? {} : { via }),
    expected,
    verdict,
    ports,
    ...(anyPort === undefined ? {} : { anyPort }),
    protocol,
    port,
    egress: gateValue(egress),
    ingress: gateValue(ingress),
    ...(why === undefined ? {} : { why }),
    pairs,
  };
}
