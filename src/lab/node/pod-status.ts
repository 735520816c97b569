/** The status of a pod, from what is known of its containers. */
import { fromEntries, type JsonObject, type JsonValue } from '../api/json.ts';
import { timeText } from '../api/times.ts';
import { objectAt, objectsAt, textAt } from '../api/field-values.ts';
import { containerStatus, type ContainerSummary } from './container-state.ts';

export interface PodSummary {
  readonly pod: JsonObject;
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  readonly startedMs: number;
  readonly nowMs: number;
  readonly sandboxReady: boolean;
  /** In the order of the definitions. */
  readonly init: readonly ContainerSummary[];
  readonly containers: readonly ContainerSummary[];
  readonly ephemeral: readonly ContainerSummary[];
  /** Why the kubelet has ended it, if it did. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  /** Nothing will be started any more: it has ended or is being deleted. */
  readonly over: boolean;
}

export type PodPhase = 'Failed' | 'Pending' | 'Running' | 'Succeeded';

export function isSidecar(definition: JsonObject): boolean {
  return textAt(definition, 'restartPolicy') === 'Always';
}

/** Whether an init container lets the next one start. */
export function isPassed({ definition, state, started }: ContainerSummary): boolean {
  return isSidecar(definition) ? started : state.kind === 'terminated' && state.exitCode === 0;
}

export function podPhase({ pod, init, containers, failure, over }: PodSummary): PodPhase {
  if (failure !== undefined) return 'Failed';
  const policy = textAt(pod, 'spec', 'restartPolicy') || 'Always';
  const passed = init.every((each) => isPassed(each) || (over && isSidecar(each.definition)));
  if (!passed) {
    const failed = init.some(
      ({ definition, state }) => !isSidecar(definition) && state.kind === 'terminated' && state.exitCode !== 0,
    );
    return failed && (over || policy === 'Never') ? 'Failed' : 'Pending';
  }
  const states = containers.map(({ state, last }) => (state.kind === 'waiting' && last !== undefined ? last : state));
  if (states.some(({ kind }) => kind === 'waiting')) return 'Pending';
  if (states.some(({ kind }) => kind === 'running')) return 'Running';
  const succeeded = states.every((state) => state.kind === 'terminated' && state.exitCode === 0);
  if (over) return succeeded ? 'Succeeded' : 'Failed';
  if (policy === 'Always') return 'Running';
  if (succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

/** Fields and conditions that others write are kept. */
export function podStatus(summary: PodSummary): JsonObject {
  const { pod, hostIPs, podIPs, startedMs, init, containers, ephemeral, failure } = summary;
  const before = objectAt(pod, 'status');
  const phase = podPhase(summary);
  const sorted = [...containers].sort((a, b) => (textAt(a.definition, 'name') < textAt(b.definition, 'name') ? -1 : 1));
  const listed = (list: readonly ContainerSummary[]): JsonValue | undefined =>
    list.length === 0 ? undefined : list.map((each) => containerStatus(each));
  const own: readonly (readonly [string, JsonValue | undefined])[] = [
    ['conditions', conditions(summary, phase)],
    ['containerStatuses', listed(sorted)],
    ['ephemeralContainerStatuses', listed(ephemeral)],
    ['hostIP', hostIPs[0]],
    ['hostIPs', hostIPs.length === 0 ? undefined : hostIPs.map((ip) => ({ ip }))],
    ['initContainerStatuses', listed(init)],
    ['message', failure?.message],
    ['phase', phase],
    ['podIP', podIPs[0]],
    ['podIPs', podIPs.length === 0 ? undefined : podIPs.map((ip) => ({ ip }))],
    ['reason', failure?.reason],
    ['startTime', textAt(before, 'startTime') || timeText(startedMs)],
  ];
  return fromEntries(new Map([...Object.entries(before), ...own]));
}

interface Condition {
  readonly type: string;
  readonly status: boolean;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

function conditions(summary: PodSummary, phase: PodPhase): readonly JsonObject[] {
  const { pod, nowMs } = summary;
  const before = objectsAt(pod, 'status', 'conditions');
  const own = ownConditions(summary, phase).map(({ type, status, reason, message }) => {
    const text = status ? 'True' : 'False';
    const known = before.find((each) => textAt(each, 'type') === type);
    const since = known !== undefined && textAt(known, 'status') === text ? textAt(known, 'lastTransitionTime') : '';
    return fromEntries([
      ['lastProbeTime', null],
      ['lastTransitionTime', since || timeText(nowMs)],
      ['message', message],
      ['reason', reason],
      ['status', text],
      ['type', type],
    ]);
  });
  const types = new Set(own.map((each) => textAt(each, 'type')));
  return [...own, ...before.filter((each) => !types.has(textAt(each, 'type')))];
}

function ownConditions(summary: PodSummary, phase: PodPhase): readonly Condition[] {
  const { pod, init, containers, sandboxReady } = summary;
  const names = (list: readonly ContainerSummary[]) =>
    `[${list.map(({ definition }) => textAt(definition, 'name')).join(' ')}]`;
  const ended = phase === 'Succeeded' || phase === 'Failed';
  const waiting = init.filter((each) => !isPassed(each));
  const initialized: Condition =
    waiting.length === 0 || phase === 'Succeeded'
      ? { type: 'Initialized', status: true, reason: phase === 'Succeeded' ? 'PodCompleted' : undefined }
      : {
          type: 'Initialized',
          status: false,
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: ${names(waiting)}`,
        };
  const unready = [
    ...init.filter(({ definition, ready }) => isSidecar(definition) && !ready),
    ...containers.filter(({ ready }) => !ready),
  ];
  const why = ended
    ? { reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' }
    : { reason: 'ContainersNotReady', message: `containers with unready status: ${names(unready)}` };
  const allReady = !ended && unready.length === 0 && initialized.status;
  const containersReady = allReady ? {} : why;
  const gate = allReady ? closedGate(pod) : undefined;
  return [
    { type: 'PodReadyToStartContainers', status: sandboxReady },
    initialized,
    gate === undefined
      ? { type: 'Ready', status: allReady, ...containersReady }
      : { type: 'Ready', status: false, reason: 'ReadinessGatesNotReady', message: gate },
    { type: 'ContainersReady', status: allReady, ...containersReady },
    { type: 'PodScheduled', status: true },
  ];
}

function closedGate(pod: JsonObject): string | undefined {
  const known = objectsAt(pod, 'status', 'conditions');
  for (const gate of objectsAt(pod, 'spec', 'readinessGates')) {
    const type = textAt(gate, 'conditionType');
    const condition = known.find((each) => textAt(each, 'type') === type);
    if (condition === undefined)
      return `corresponding condition of pod readiness gate ${JSON.stringify(type)} does not exist.`;
    if (textAt(condition, 'status') !== 'True')
      return `the status of pod readiness gate ${JSON.stringify(type)} is not "True", but ${textAt(condition, 'status')}`;
  }
  return undefined;
}
