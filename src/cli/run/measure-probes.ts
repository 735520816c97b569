/** Attempts made from inside of their pods. */
import { formatIp } from '../../base/inet-format.ts';
import type { ApiClient } from '../../io/kubernetes/api-client.ts';
import { execInPod } from '../../io/kubernetes/exec-client.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { isAllowed, type Measured, type Outcome } from '../../probe/judge-probes.ts';
import type { Attempt, ProbePlan, ProbeSource } from '../../probe/probe-plan.ts';

export interface MeasureOptions {
  readonly client: ApiClient;
  readonly plan: ProbePlan;
  readonly timeoutMs: number;
  /** Where to say how far it is; on terminals only. */
  readonly progress: { readonly isTTY?: boolean; write(text: string): unknown } | undefined;
}

const PROGRAM = 'sallyport-probe';
/** Pods that connect at the same time: more would only wait for each other. */
const PODS_AT_ONCE = 8;
/** What is tried again has this many times as long: a busy machine is no policy. */
const PATIENCE = 4;
const AT_ONCE = 256;
const BYTES_PER_ATTEMPT = 256;

/**
 * In the order of the attempts. What was predicted as allowed and did not get through is tried once more, with patience:
 * a single packet may be lost on a busy machine. What got through is never tried again. What a pod cannot try is an
 * `error`, with the reason.
 *
 * @throws OperationalError when no pod at all can probe
 */
export async function measure(options: MeasureOptions): Promise<readonly Measured[]> {
  const { plan, timeoutMs } = options;
  const measured: Measured[] = [];
  const failures = await measureSome(options, plan.attempts.keys(), timeoutMs, measured);
  const [failure] = failures.values();
  if (failure !== undefined && measured.every(({ outcome }) => outcome === 'error')) throw failure;
  const doubtful = plan.attempts.flatMap(({ predicted, source }, index) => {
    const outcome = measured[index]?.outcome ?? 'error';
    const lost = outcome === 'error' || isAllowed(outcome) === false;
    return predicted === 'allowed' && lost && !failures.has(source) ? [index] : [];
  });
  if (doubtful.length > 0) await measureSome(options, doubtful, timeoutMs * PATIENCE, measured);
  return measured;
}

/** Why pods cannot probe, by the index of the source. */
async function measureSome(
  { client, plan, progress }: MeasureOptions,
  indexes: Iterable<number>,
  timeoutMs: number,
  measured: Measured[],
): Promise<ReadonlyMap<number, OperationalError>> {
  const failures = new Map<number, OperationalError>();
  const bySource = new Map<number, number[]>();
  for (const index of indexes) {
    const source = plan.attempts[index]?.source ?? -1;
    const list = bySource.get(source);
    if (list === undefined) bySource.set(source, [index]);
    else list.push(index);
  }
  const queue = [...bySource];
  let done = 0;
  const show = (): void => {
    if (progress?.isTTY === true) progress.write(`\r\u001B[Kconnecting from pod ${done} of ${bySource.size} ...`);
  };
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [source, own] = next;
      const from = plan.sources[source];
      if (from === undefined) continue;
      show();
      const attempts = own.flatMap((index) => {
        const attempt = plan.attempts[index];
        return attempt === undefined ? [] : [{ index, attempt }];
      });
      try {
        await measureFrom(client, from, attempts, timeoutMs, measured);
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        // It may have ended since: what the others measured still counts.
        failures.set(source, error);
        for (const { index } of attempts) measured[index] = { outcome: 'error', micros: 0, text: error.message };
      }
      done++;
    }
  };
  try {
    await Promise.all(Array.from({ length: PODS_AT_ONCE }, work));
    return failures;
  } finally {
    if (progress?.isTTY === true) progress.write('\r\u001B[K');
  }
}

async function measureFrom(
  client: ApiClient,
  { namespace, pod }: ProbeSource,
  attempts: readonly { readonly index: number; readonly attempt: Attempt }[],
  timeoutMs: number,
  measured: Measured[],
): Promise<void> {
  const lines = attempts.map(
    ({ index, attempt: { protocol, address, port } }) =>
      `${index} ${protocol.toLowerCase()} ${formatIp(address)} ${port} ${timeoutMs}\n`,
  );
  const rounds = Math.ceil(attempts.length / AT_ONCE);
  const { exitCode, stdout, stderr } = await execInPod(client, {
    namespace,
    pod,
    argv: [PROGRAM],
    stdin: lines.join(''),
    timeoutMs: 30_000 + rounds * timeoutMs * 2,
    maxOutputBytes: 64 * 1024 + attempts.length * BYTES_PER_ATTEMPT,
  });
  const answers = readAnswers(stdout.toString('utf8'));
  if (answers.size === 0) throw cannotProbe(`${namespace}/${pod}`, exitCode, stderr.toString('utf8'));
  for (const { index } of attempts)
    measured[index] = answers.get(index) ?? { outcome: 'error', micros: 0, text: 'no answer from the pod' };
}

const OUTCOMES: ReadonlySet<string> = new Set<Outcome>([
  'connected',
  'error',
  'refused',
  'timeout',
  'unreachable',
  'unsupported',
]);

function readAnswers(text: string): ReadonlyMap<number, Measured> {
  const answers = new Map<number, Measured>();
  for (const line of text.split('\n')) {
    const [, id, outcome = '', micros, words = ''] = /^(\d{1,9}) ([a-z]+) (\d{1,12})(?: (.*))?$/.exec(line) ?? [];
    if (id === undefined || !OUTCOMES.has(outcome)) continue;
    answers.set(Number(id), { outcome: outcome as Outcome, micros: Number(micros), text: words.slice(0, 200) });
  }
  return answers;
}

function cannotProbe(pod: string, exitCode: number, stderr: string): OperationalError {
  const [words = ''] = stderr.trim().split('\n');
  const why = words === '' ? `exit code ${exitCode}` : words.slice(0, 200);
  return new OperationalError('cannot-probe', `${pod} cannot open connections for us: ${why}`, {
    hint: `pods of sallyport lab have the program ${PROGRAM}; in other clusters use sallyport verify --live`,
    exitCode: 4,
  });
}
