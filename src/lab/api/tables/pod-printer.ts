/** Pods: what `kubectl get pods` says of them, above all STATUS, which no field holds. */
import { isObject, get, type JsonObject } from '../json.ts';
import { isTrueAt, numberAt, givenObjectAt, objectAt, objectsInPlace, textAt, metadataOf } from '../field-values.ts';
import { ageOf, timeOf } from './human-duration.ts';
import { age, AGE, column, NAME, nameOf, orNone, type Printer, wideColumn } from './printer.ts';

export const podPrinter: Printer = {
  columns: [
    NAME,
    column('Ready', 'Containers that are ready, of all that should be.'),
    column('Status', 'Where the pod stands, and why it does not get on.'),
    column('Restarts', 'How often containers began anew, and when the last one did.'),
    AGE,
    wideColumn('IP', 'Address of the pod.'),
    wideColumn('Node', 'Where it runs.'),
    wideColumn('Nominated Node', 'Where it will run once room is made for it.'),
    wideColumn('Readiness Gates', 'Conditions beyond readiness that hold, of all that must.'),
  ],
  cells: (pod, nowMs) => {
    const spec = objectAt(pod, 'spec');
    const status = objectAt(pod, 'status');
    const { ready, total, reason, restarts, lastRestart } = summaryOf(pod);
    const [firstIp] = objectsInPlace(status, 'podIPs');
    return [
      nameOf(pod),
      `${ready}/${total}`,
      reason,
      restarts === 0 || lastRestart === '' ? String(restarts) : `${restarts} (${ageOf(lastRestart, nowMs)} ago)`,
      age(pod, nowMs),
      orNone(firstIp === undefined ? textAt(status, 'podIP') : textAt(firstIp, 'ip')),
      orNone(textAt(spec, 'nodeName')),
      orNone(textAt(status, 'nominatedNodeName')),
      gatesText(spec, status),
    ];
  },
  conditions: (pod) => {
    const phase = textAt(objectAt(pod, 'status'), 'phase');
    if (phase === 'Succeeded') return [ended(phase, 'The pod has completed successfully.')];
    return phase === 'Failed' ? [ended(phase, 'The pod failed.')] : [];
  },
};

function ended(reason: string, message: string): JsonObject {
  return { type: 'Completed', status: 'True', reason, message };
}

function gatesText(spec: JsonObject, status: JsonObject): string {
  const gates = objectsInPlace(spec, 'readinessGates');
  if (gates.length === 0) return '<none>';
  const holding = new Set(
    objectsInPlace(status, 'conditions')
      .filter((condition) => textAt(condition, 'status') === 'True')
      .map((condition) => textAt(condition, 'type')),
  );
  return `${gates.filter((gate) => holding.has(textAt(gate, 'conditionType'))).length}/${gates.length}`;
}

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** Timestamp of the last end of a container; `''` when none ended. */
  readonly lastRestart: string;
}

function summaryOf(pod: JsonObject): Summary {
  const spec = objectAt(pod, 'spec');
  const status = objectAt(pod, 'status');
  const sidecars = new Set(
    objectsInPlace(spec, 'initContainers')
      .filter((container) => textAt(container, 'restartPolicy') === 'Always')
      .map((container) => textAt(container, 'name')),
  );
  const total = objectsInPlace(spec, 'containers').length + sidecars.size;
  const init = initSummary(spec, status, sidecars);
  const given = reasonGiven(status);
  let summary: Summary;
  if (init.reason !== undefined && !hasCondition(status, 'Initialized'))
    summary = { ...init.all, ready: init.ready, total, reason: init.reason };
  else summary = { ...mainSummary(status, init.reason ?? given, init), total };
  return { ...summary, reason: deletionReason(pod, status) ?? summary.reason };
}

/** What the pod says of itself, before anything is known of containers. */
function reasonGiven(status: JsonObject): string {
  const gated = objectsInPlace(status, 'conditions').some(
    (condition) => textAt(condition, 'type') === 'PodScheduled' && textAt(condition, 'reason') === 'SchedulingGated',
  );
  return gated ? 'SchedulingGated' : textAt(status, 'reason') || textAt(status, 'phase');
}

function deletionReason(pod: JsonObject, status: JsonObject): string | undefined {
  if (!isGivenText(metadataOf(pod), 'deletionTimestamp')) return undefined;
  if (textAt(status, 'reason') === 'NodeLost') return 'Unknown';
  return ['Succeeded', 'Failed'].includes(textAt(status, 'phase')) ? undefined : 'Terminating';
}

function isGivenText(object: JsonObject, name: string): boolean {
  return textAt(object, name) !== '';
}

interface Restarts {
  readonly restarts: number;
  readonly lastRestart: string;
}

const NO_RESTARTS: Restarts = { restarts: 0, lastRestart: '' };

function withContainer({ restarts, lastRestart }: Restarts, container: JsonObject): Restarts {
  const ended = textAt(objectAt(objectAt(container, 'lastState'), 'terminated'), 'finishedAt');
  const isLater = (timeOf(ended) ?? -Infinity) > (timeOf(lastRestart) ?? -Infinity);
  return {
    restarts: restarts + (numberAt(container, 'restartCount') ?? 0),
    lastRestart: isLater ? ended : lastRestart,
  };
}

interface InitSummary {
  /** Of all that had begun; what counts until all are through. */
  readonly all: Restarts;
  /** Of those that go on beside the main containers. */
  readonly sidecars: Restarts;
  readonly ready: number;
  /** `undefined` when all are through. */
  readonly reason: string | undefined;
}

function initSummary(spec: JsonObject, status: JsonObject, sidecarNames: ReadonlySet<string>): InitSummary {
  let all = NO_RESTARTS;
  let sidecars = NO_RESTARTS;
  let ready = 0;
  const count = objectsInPlace(spec, 'initContainers').length;
  for (const [index, container] of objectsInPlace(status, 'initContainerStatuses').entries()) {
    const isSidecar = sidecarNames.has(textAt(container, 'name'));
    all = withContainer(all, container);
    if (isSidecar) sidecars = withContainer(sidecars, container);
    const state = objectAt(container, 'state');
    const terminated = givenObjectAt(state, 'terminated');
    if (terminated !== undefined && (numberAt(terminated, 'exitCode') ?? 0) === 0) continue;
    if (isSidecar && isTrueAt(container, 'started')) {
      if (isTrueAt(container, 'ready')) ready += 1;
      continue;
    }
    return { all, sidecars, ready, reason: initReason(state, terminated, `Init:${index}/${count}`) };
  }
  return { all, sidecars, ready, reason: undefined };
}

function initReason(state: JsonObject, terminated: JsonObject | undefined, progress: string): string {
  if (terminated !== undefined) return `Init:${endText(terminated)}`;
  const waiting = textAt(objectAt(state, 'waiting'), 'reason');
  return waiting === '' || waiting === 'PodInitializing' ? progress : `Init:${waiting}`;
}

function endText(terminated: JsonObject): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = numberAt(terminated, 'signal') ?? 0;
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}`;
}

function mainSummary(status: JsonObject, given: string, init: InitSummary): Omit<Summary, 'total'> {
  let counted = init.sidecars;
  let { ready } = init;
  let reason = given;
  let hasRunning = false;
  // From the last to the first: the first one that has something to say says it.
  for (const container of [...objectsInPlace(status, 'containerStatuses')].reverse()) {
    counted = withContainer(counted, container);
    const state = objectAt(container, 'state');
    const waiting = textAt(objectAt(state, 'waiting'), 'reason');
    const terminated = givenObjectAt(state, 'terminated');
    if (waiting !== '') reason = waiting;
    else if (terminated !== undefined) reason = endText(terminated);
    else if (isTrueAt(container, 'ready') && isObject(get(state, 'running'))) {
      hasRunning = true;
      ready += 1;
    }
  }
  if (reason === 'Completed' && hasRunning) reason = hasCondition(status, 'Ready') ? 'Running' : 'NotReady';
  return { ...counted, ready, reason };
}

function hasCondition(status: JsonObject, type: string): boolean {
  return objectsInPlace(status, 'conditions').some(
    (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
  );
}
