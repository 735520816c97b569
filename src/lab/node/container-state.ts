/** What is known of one container, and how its status says it. */
import { fromEntries, type JsonObject } from '../api/json.ts';
import { timeText } from '../api/times.ts';
import { textAt } from '../api/field-values.ts';

export interface Terminated {
  readonly kind: 'terminated';
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string | undefined;
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly containerId: string;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string | undefined }
  | { readonly kind: 'running'; readonly startedMs: number }
  | Terminated;

export interface ContainerSummary {
  readonly definition: JsonObject;
  readonly state: ContainerState;
  readonly last: Terminated | undefined;
  readonly restarts: number;
  readonly started: boolean;
  readonly ready: boolean;
  /** Of the program that ran last; `''` before. */
  readonly containerId: string;
  readonly imageId: string;
}

export function containerStatus(summary: ContainerSummary): JsonObject {
  const { definition, state, last, restarts, started, ready, containerId, imageId } = summary;
  return fromEntries([
    ['name', textAt(definition, 'name')],
    ['state', stateJson(state)],
    ['lastState', last === undefined ? {} : stateJson(last)],
    ['ready', ready],
    ['restartCount', restarts],
    ['image', textAt(definition, 'image')],
    ['imageID', imageId],
    ['containerID', containerId === '' ? undefined : containerUrl(containerId)],
    ['started', started],
  ]);
}

function stateJson(state: ContainerState): JsonObject {
  switch (state.kind) {
    case 'waiting':
      return {
        waiting: fromEntries([
          ['message', state.message],
          ['reason', state.reason],
        ]),
      };
    case 'running':
      return { running: { startedAt: timeText(state.startedMs) } };
    case 'terminated':
      return {
        terminated: fromEntries([
          ['containerID', containerUrl(state.containerId)],
          ['exitCode', state.exitCode],
          ['finishedAt', timeText(state.finishedMs)],
          ['message', state.message],
          ['reason', state.reason],
          ['startedAt', timeText(state.startedMs)],
        ]),
      };
  }
}

function containerUrl(id: string): string {
  return `sallyport://${id}`;
}
