import { FileOutput } from '../../agent/flow-log/file-output.ts';
import type { FlowOutput } from '../../agent/flow-log/flow-output.ts';
import { StreamOutput } from '../../agent/flow-log/stream-output.ts';
import { systemClock } from '../../io/kubernetes/clock.ts';

/** Where `--flow-log` points to; `undefined` when nobody asked. */
export function openFlowFile(path: string | undefined): FlowOutput | undefined {
  if (path === undefined) return undefined;
  if (path === '-') return new StreamOutput(process.stdout);
  const onFailure = (reason: string | undefined): void => {
    if (reason !== undefined) process.stderr.write(`warning: the flow log ${path}: ${reason}\n`);
  };
  return new FileOutput({ path, clock: systemClock, onFailure });
}
