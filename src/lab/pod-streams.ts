import type { Duplex, Readable } from 'node:stream';
import type { ExecSession } from './runtime/exec-session.ts';
import type { LogOptions } from './runtime/runtime.ts';

export interface ContainerTarget {
  readonly namespace: string;
  readonly pod: string;
  /** `undefined`: the only one, that of the annotation `kubectl.kubernetes.io/default-container`, or the first. */
  readonly container: string | undefined;
}

/**
 * What the kubelet does for the subresources of pods that stream. All of it throws `StatusError` in the words of the real
 * server: 404 for no such pod, 400 for no such container or one that does not run.
 */
export interface PodStreams {
  exec(
    target: ContainerTarget,
    options: { readonly argv: readonly [string, ...string[]]; readonly stdin: boolean; readonly tty: boolean },
  ): Promise<ExecSession>;
  attach(target: ContainerTarget, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<ExecSession>;
  logs(target: ContainerTarget, options: LogOptions & { readonly previous: boolean }): Promise<Readable>;
  /** To the loopback of the pod. */
  portForward(target: Omit<ContainerTarget, 'container'>, port: number): Promise<Duplex>;
}
