/** What controllers ask of pods. */
import type { JsonObject } from '../api/json.ts';
import { conditionOf } from './conditions.ts';
import { timeMs } from '../api/times.ts';
import { createdMs, isGoing, nameOf, numberAt, objectsAt, textAt } from '../api/field-values.ts';

export function phaseOf(pod: JsonObject): string {
  return textAt(pod, 'status', 'phase');
}

/** Failed or Succeeded: it will not run again. */
export function isOver(pod: JsonObject): boolean {
  const phase = phaseOf(pod);
  return phase === 'Failed' || phase === 'Succeeded';
}

/** It runs or will run. */
export function isActive(pod: JsonObject): boolean {
  return !isOver(pod) && !isGoing(pod);
}

export function isReady(pod: JsonObject): boolean {
  return textAt(conditionOf(pod, 'Ready') ?? {}, 'status') === 'True';
}

/** Since when it is ready, in milliseconds since 1970. */
function readySinceMs(pod: JsonObject): number | undefined {
  const ready = conditionOf(pod, 'Ready');
  return ready === undefined ? undefined : timeMs(textAt(ready, 'lastTransitionTime'));
}

/** Milliseconds until a pod counts as available; 0 when it does, `undefined` when it is not ready. */
export function availableInMs(pod: JsonObject, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isReady(pod)) return undefined;
  const since = readySinceMs(pod);
  if (minReadySeconds === 0) return 0;
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - nowMs);
}

export interface PodCounts {
  readonly ready: number;
  readonly available: number;
  /** Milliseconds until the next ready pod becomes available. */
  readonly nextAvailableMs: number | undefined;
}

export function countPods(pods: readonly JsonObject[], minReadySeconds: number, nowMs: number): PodCounts {
  let ready = 0;
  let available = 0;
  let nextAvailableMs: number | undefined;
  for (const pod of pods) {
    const inMs = availableInMs(pod, minReadySeconds, nowMs);
    if (isReady(pod)) ready += 1;
    if (inMs === 0) available += 1;
    else if (inMs !== undefined) nextAvailableMs = Math.min(nextAvailableMs ?? inMs, inMs);
  }
  return { ready, available, nextAvailableMs };
}

/** Pods in the order in which surplus ones go: those whose loss matters least first. */
export function byLeastLoss(pods: readonly JsonObject[]): readonly JsonObject[] {
  const onNode = new Map<string, number>();
  for (const pod of pods) {
    const node = textAt(pod, 'spec', 'nodeName');
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const loss = (pod: JsonObject): readonly number[] => {
    const node = textAt(pod, 'spec', 'nodeName');
    return [
      node === '' ? 0 : 1,
      { Pending: 0, Unknown: 1 }[phaseOf(pod)] ?? 2,
      isReady(pod) ? 1 : 0,
      deletionCost(pod),
      // Where many of them are one goes first.
      -(onNode.get(node) ?? 0),
      isReady(pod) ? -(readySinceMs(pod) ?? 0) : 0,
      -restarts(pod),
      -createdMs(pod),
    ];
  };
  return pods
    .map((pod) => ({ pod, loss: loss(pod) }))
    .sort((a, b) => compareNumbers(a.loss, b.loss) || compareText(nameOf(a.pod), nameOf(b.pod)))
    .map(({ pod }) => pod);
}

function deletionCost(pod: JsonObject): number {
  const cost = Number(textAt(pod, 'metadata', 'annotations', 'controller.kubernetes.io/pod-deletion-cost'));
  return Number.isSafeInteger(cost) ? cost : 0;
}

function restarts(pod: JsonObject): number {
  return Math.max(
    0,
    ...objectsAt(pod, 'status', 'containerStatuses').map((each) => numberAt(each, 'restartCount') ?? 0),
  );
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value - (b[index] ?? 0);
  return 0;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
