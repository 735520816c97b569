/**
 * What makes pods run. The kubelet of the lab asks it, and it knows nothing of Kubernetes objects: a sandbox is the
 * network of a pod, a container a program in it. Two implementations keep this contract: `netns` (network namespaces, real
 * packets) and `sim` (nothing runs; the engine answers).
 */
import type { Duplex, Readable } from 'node:stream';
import type { NodeNetwork } from '../networks.ts';
import type { ServiceRule } from '../services/service-rule.ts';
import type { ExecSession } from './exec-session.ts';

export interface SandboxSpec {
  /** Unique and never used again: the uid of the pod, or another id of at most 63 letters, digits and dashes. */
  readonly id: string;
  readonly node: string;
  readonly namespace: string;
  /** Of the pod. */
  readonly name: string;
  readonly hostname: string;
  /** One or two, the first is the primary one; empty exactly when `hostNetwork`. */
  readonly addresses: readonly string[];
  /** In the network namespace of the node. */
  readonly hostNetwork: boolean;
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  /** Lines of `options` in resolv.conf, as `ndots:5`. */
  readonly resolverOptions: readonly string[];
  /** More lines of /etc/hosts. */
  readonly hostAliases: readonly { readonly address: string; readonly names: readonly string[] }[];
}

/** A file that the container sees: of a ConfigMap, a Secret, a service account. */
export interface MountedFile {
  /** Absolute, without `..`. */
  readonly path: string;
  readonly content: Uint8Array;
  /** As `0o644`. */
  readonly mode: number;
}

export interface ContainerSpec {
  /** Unique and never used again, as `SandboxSpec.id`. */
  readonly id: string;
  readonly sandbox: string;
  readonly name: string;
  /** The program and its arguments: of the built-in ones, or any that the container's file system has. */
  readonly argv: readonly [string, ...string[]];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** `/` when absent. */
  readonly workingDir?: string | undefined;
  readonly files: readonly MountedFile[];
  /** Empty writable folders (volumes). */
  readonly folders: readonly string[];
  /** Standard input stays open until somebody attaches; else it is empty. */
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface ContainerExit {
  readonly exitCode: number;
  /** Number of the signal that ended it; 0 for none. */
  readonly signal: number;
}

export interface ExecSpec {
  readonly container: string;
  readonly argv: readonly [string, ...string[]];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface LogOptions {
  /** Goes on until the container has ended. */
  readonly follow: boolean;
  /** Each line begins with its time, RFC 3339 with nanoseconds, and a space. */
  readonly timestamps: boolean;
  /** Only the last so many lines. */
  readonly tailLines?: number | undefined;
  /** Only lines since this time, in milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  readonly limitBytes?: number | undefined;
}

export interface RuntimeEvents {
  onExit(container: string, exit: ContainerExit): void;
  /** The runtime itself is broken and nothing in it works any more. */
  onFailure(error: Error): void;
}

/** Failures of what was asked reject with `RuntimeError`; what is called for an unknown id does, too. */
export interface Runtime {
  readonly name: 'netns' | 'sim';
  /** Who starts a container waits for this first; at most one listener. */
  listen(events: RuntimeEvents): void;
  /** Makes the network of a node, before its first sandbox. */
  addNode(node: NodeNetwork): Promise<void>;
  /**
   * What runs a program in the network namespace of the node: `['nsenter', '--net=…', '--']`. `undefined` where there is no
   * such thing, as in `sim`.
   */
  nodeCommand(node: string): readonly [string, ...string[]] | undefined;
  /** All Services as this node shall forward them; replaces what was said before. Resolves when the kernel has it. */
  setServices(node: string, rules: readonly ServiceRule[]): Promise<void>;
  startSandbox(spec: SandboxSpec): Promise<void>;
  /** Ends all that runs in it, with SIGKILL, and its network; resolves when its addresses can be used again. Idempotent. */
  removeSandbox(id: string): Promise<void>;
  /** Resolves when the program was started. Rejects with code `no-program` when it is not there. */
  startContainer(spec: ContainerSpec): Promise<void>;
  /** SIGTERM, and SIGKILL after the grace. Resolves when it has ended; its exit is told as well. */
  stopContainer(id: string, graceMs: number): Promise<void>;
  /** Forgets an ended container and its log. */
  removeContainer(id: string): Promise<void>;
  exec(spec: ExecSpec): ExecSession;
  /** To the container's own program. Output from before is replayed when `replay`. */
  attach(container: string, options: { readonly stdin: boolean; readonly replay: boolean }): ExecSession;
  /** Standard output and error together, as they were written. */
  logs(container: string, options: LogOptions): Readable;
  /**
   * A TCP connection to a port: from inside the pod to its loopback (`kubectl port-forward`), or from the node to the
   * address of the pod (readiness probes). Rejects when it is refused or after `timeoutMs`.
   */
  dial(sandbox: string, from: 'pod' | 'node', port: number, timeoutMs: number): Promise<Duplex>;
  /** Ends everything and leaves nothing behind. Idempotent. */
  close(): Promise<void>;
}

export type RuntimeErrorCode = 'no-program' | 'not-found' | 'not-running' | 'refused' | 'timeout' | 'failed';

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
