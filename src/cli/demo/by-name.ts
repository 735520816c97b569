/** What an application does: look up the name of a Service, and connect. Predicted, and tried with curl in a pod. */
import { invariant } from '../../base/assert.ts';
import { parseEndpoint } from '../../engine/endpoint.ts';
import type { Engine } from '../../engine/engine.ts';
import { parseTarget } from '../../engine/service-target.ts';
import { explainTarget } from '../../engine/target-verdict.ts';
import type { ApiClient } from '../../io/kubernetes/api-client.ts';
import { execInPod } from '../../io/kubernetes/exec-client.ts';
import { padEnd } from '../../report/display-width.ts';
import { visible } from '../../report/escape.ts';
import { asciiSymbols, unicodeSymbols } from '../../report/symbols.ts';
import type { Look } from '../print-report.ts';

/** The namespace, the workload in it and its app label are called the same. */
export interface NamedCall {
  readonly from: string;
  /** The Service `NAME-svc` in the namespace NAME, port 80. */
  readonly to: string;
}

export interface JudgedCall {
  readonly call: NamedCall;
  readonly predicted: 'allowed' | 'denied' | 'no name';
  readonly measured: 'answered' | 'no answer' | 'no name';
  readonly agrees: boolean;
}

export const namedCalls: readonly NamedCall[] = [
  { from: 'frontend', to: 'backend' },
  { from: 'backend', to: 'db' },
  { from: 'frontend', to: 'db' },
];

const DNS = 'kube-system/svc/kube-dns:53/udp';
const SECONDS = 1;
/** For a second try: a busy machine is no policy. */
const PATIENT_SECONDS = 5;

export function tryByName(client: ApiClient, engine: Engine): Promise<readonly JudgedCall[]> {
  return Promise.all(namedCalls.map((call) => tryOne(client, engine, call)));
}

async function tryOne(client: ApiClient, engine: Engine, call: NamedCall): Promise<JudgedCall> {
  const source = `${call.from}/${call.from}`;
  const predicted = !isAllowed(engine, source, DNS)
    ? 'no name'
    : isAllowed(engine, source, `${call.to}/svc/${call.to}-svc:80`)
      ? 'allowed'
      : 'denied';
  const pod = podOf(engine, call.from);
  let measured = await curl(client, call, pod, SECONDS);
  if (predicted === 'allowed' && measured !== 'answered') measured = await curl(client, call, pod, PATIENT_SECONDS);
  return { call, predicted, measured, agrees: (predicted === 'allowed') === (measured === 'answered') };
}

function isAllowed(engine: Engine, source: string, target: string): boolean {
  const from = parseEndpoint(engine.cluster, source);
  const to = parseTarget(engine.cluster, target);
  invariant(from.ok && to.ok, `the demonstration asks for ${source} and ${target}, which are not there`);
  return explainTarget(engine, from.value, to.value).verdict.allowed;
}

function podOf({ cluster }: Engine, name: string): string {
  const workload = cluster.workloads.find(
    (each) => each.name === name && cluster.namespaceName(each.namespace) === name,
  );
  const [pod] = workload?.pods ?? [];
  const podName = pod === undefined ? undefined : cluster.pods.names[pod];
  invariant(podName !== undefined, `the demonstration has no pod of ${name}`);
  return podName;
}

async function curl(
  client: ApiClient,
  { from, to }: NamedCall,
  pod: string,
  seconds: number,
): Promise<JudgedCall['measured']> {
  const { exitCode, stderr } = await execInPod(client, {
    namespace: from,
    pod,
    argv: ['curl', '-sS', '-o', '/dev/null', '--max-time', String(seconds), `http://${to}-svc.${to}`],
  });
  if (exitCode === 0) return 'answered';
  return /resolv/i.test(stderr.toString('utf8')) ? 'no name' : 'no answer';
}

export function renderCalls(calls: readonly JudgedCall[], { palette, ascii }: Look): string {
  const symbols = ascii ? asciiSymbols : unicodeSymbols;
  const rows = calls.map(({ call: { from, to }, predicted, measured, agrees }) => ({
    agrees,
    open: measured === 'answered',
    cells: [`${from} ${symbols.to} ${to}-svc.${to}`, predicted, `${measured}${agrees ? '' : '!'}`],
  }));
  const head = ['by name, with curl', 'predicted', 'measured'];
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map(({ cells }) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => padEnd(visible(cell), widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  return [
    palette.dim(line(head)),
    ...rows.map(({ cells, agrees, open }) =>
      (agrees ? (open ? palette.green : palette.dim) : palette.red)(line(cells)),
    ),
  ]
    .map((text) => `${text}\n`)
    .join('');
}
