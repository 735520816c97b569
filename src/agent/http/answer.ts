/** What each address of the agent answers. */
import { jsonLine, visible } from '../../report/escape.ts';
import type { FlowLog } from '../flow-log/flow-log.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { notReadyReasons, type AgentView } from '../status.ts';

export interface AnswerSources {
  readonly view: Pick<AgentView, 'status' | 'pods' | 'inForce'>;
  readonly metrics: Pick<AgentMetrics, 'render' | 'contentType'>;
  readonly flowLog: Pick<FlowLog, 'state' | 'counts'> | undefined;
}

export interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';
/** Lines of reasons; the rest is counted. */
const MAX_REASONS = 50;

export const NOT_FOUND: Answer = text(404, 'not found: /healthz, /readyz, /statusz, /metrics');
export const NOT_ALLOWED: Answer = text(405, 'only GET and HEAD');
export const FORBIDDEN: Answer = text(403, 'only from this node, or with the token');
export const BROKEN: Answer = text(500, 'a bug in Sallyport: see its log');

function text(code: number, body: string): Answer {
  return { code, type: TEXT, body: `${body}\n` };
}

/** The event loop turns: whoever reads this knows. Whether policies hold is another question, see {@link readyz}. */
export function healthz(): Answer {
  return text(200, 'ok');
}

/** 200 and `ok`, or 503 with one reason in each line. */
export function readyz({ view }: AnswerSources): Answer {
  const reasons = notReadyReasons(view.status());
  if (reasons.length === 0) return text(200, 'ok');
  const shown = reasons.slice(0, MAX_REASONS).map(visible);
  if (reasons.length > MAX_REASONS) shown.push(`and ${reasons.length - MAX_REASONS} more`);
  return text(503, shown.join('\n'));
}

/** Everything that the agent knows of itself, and the policies in force for each pod of the node. */
export function statusz({ view, flowLog }: AnswerSources): Answer {
  const status = view.status();
  const reasons = notReadyReasons(status);
  const flows = flowLog === undefined ? undefined : { state: flowLog.state, ...flowLog.counts() };
  const body = jsonLine({ ready: reasons.length === 0, reasons, status, flowLog: flows, pods: view.pods() });
  return { code: 200, type: 'application/json; charset=utf-8', body: `${body}\n` };
}

export async function metricsPage({ view, metrics, flowLog }: AnswerSources): Promise<Answer> {
  return { code: 200, type: metrics.contentType, body: await metrics.render({ view, flowLog }) };
}
