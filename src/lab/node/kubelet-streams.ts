/** Exec, attach, logs and port forwarding, as the kubelet answers them. */
import type { Duplex, Readable } from 'node:stream';
import type { JsonObject } from '../api/json.ts';
import { badRequest, type StatusError } from '../api/status-error.ts';
import type { ObjectStore } from '../api/store/object-store.ts';
import { nameOf, objectsAt, textAt, textMapAt, uidOf } from '../api/field-values.ts';
import { execArgv } from '../images.ts';
import type { ContainerTarget, PodStreams } from '../pod-streams.ts';
import type { ExecSession } from '../runtime/exec-session.ts';
import { type Runtime, RuntimeError } from '../runtime/runtime.ts';
import type { ContainerLife } from './container-life.ts';
import type { PodLife } from './pod-life.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';
const DIAL_TIMEOUT_MS = 10_000;

/** @param lifeOf by the uid of the pod */
export function kubeletStreams(
  store: ObjectStore,
  runtime: Runtime,
  lifeOf: (uid: string) => PodLife | undefined,
): PodStreams {
  const find = (target: ContainerTarget): FoundContainer => {
    const pod = podOf(store, target);
    const name = containerName(pod, target.container);
    const life = lifeOf(uidOf(pod));
    return { pod, name, life: life?.container(name) };
  };
  return {
    exec: (target, { argv, stdin, tty }) =>
      asStatus(() => {
        const container = runningId(find(target));
        return runtime.exec({ container, argv: execArgv(argv), stdin, tty });
      }),
    attach: (target, { stdin }) =>
      asStatus((): ExecSession => {
        const found = find(target);
        // What has just ended still has something to say to whoever asked for it while it ran.
        const container = found.life?.runningId ?? found.life?.newestId;
        if (container === undefined) throw notFound(found);
        return runtime.attach(container, { stdin, replay: true });
      }),
    logs: (target, { previous, ...options }) =>
      asStatus((): Readable => {
        const found = find(target);
        return runtime.logs(previous ? previousId(found) : loggedId(found), options);
      }),
    portForward: (target, port) =>
      asStatus((): Promise<Duplex> => {
        const pod = podOf(store, target);
        const sandbox = lifeOf(uidOf(pod))?.sandboxId;
        if (sandbox === undefined)
          throw badRequest(
            `unable to forward port because pod is not running. Current status=${textAt(pod, 'status', 'phase')}`,
          );
        return runtime.dial(sandbox, 'pod', port, DIAL_TIMEOUT_MS);
      }),
  };
}

interface FoundContainer {
  readonly pod: JsonObject;
  readonly name: string;
  /** `undefined` before the kubelet has begun with it. */
  readonly life: ContainerLife | undefined;
}

function podOf(store: ObjectStore, { namespace, pod }: Omit<ContainerTarget, 'container'>): JsonObject {
  const found = store.get({ group: '', plural: 'pods', namespace, name: pod });
  if (textAt(found, 'spec', 'nodeName') === '') throw badRequest(`pod ${pod} does not have a host assigned`);
  return found;
}

function containerName(pod: JsonObject, wanted: string | undefined): string {
  const of = (field: string) => objectsAt(pod, 'spec', field).map((each) => textAt(each, 'name'));
  const containers = of('containers');
  const all = [...containers, ...of('initContainers'), ...of('ephemeralContainers')];
  if (wanted !== undefined && wanted !== '') {
    if (!all.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${nameOf(pod)}`);
    return wanted;
  }
  const chosen = textMapAt(pod, 'metadata', 'annotations').get(DEFAULT_CONTAINER);
  return chosen !== undefined && all.includes(chosen) ? chosen : (containers[0] ?? '');
}

function runningId(found: FoundContainer): string {
  const id = found.life?.runningId;
  if (id === undefined) throw notFound(found);
  return id;
}

function notFound({ name }: FoundContainer): StatusError {
  return badRequest(`container not found (${JSON.stringify(name)})`);
}

function loggedId(found: FoundContainer): string {
  const { life, pod, name } = found;
  if (life?.newestId !== undefined) return life.newestId;
  const reason = life === undefined ? 'ContainerCreating' : waitingReason(life);
  const words =
    reason === 'ErrImagePull' || reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
  throw badRequest(
    `container ${JSON.stringify(name)} in pod ${JSON.stringify(nameOf(pod))} is waiting to start: ${words}`,
  );
}

function waitingReason(life: ContainerLife): string {
  const { state } = life.summary;
  return state.kind === 'waiting' || state.kind === 'terminated' ? state.reason : 'ContainerCreating';
}

function previousId({ life, pod, name }: FoundContainer): string {
  // While it waits to be restarted, what ran last is the previous one.
  const state = life?.summary.state.kind;
  const id = state === 'waiting' ? life?.newestId : life?.previousId;
  if (id === undefined)
    throw badRequest(
      `previous terminated container ${JSON.stringify(name)} in pod ${JSON.stringify(nameOf(pod))} not found`,
    );
  return id;
}

async function asStatus<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RuntimeError) throw badRequest(error.message);
    throw error;
  }
}
