/** What tests ask of the lab's program. */
import type { IpFamily } from '../../../../src/lab/networks.ts';
import type { ContainerExit, ContainerSpec, LogOptions, SandboxSpec } from '../../../../src/lab/runtime/runtime.ts';
import type { ServiceRule } from '../../../../src/lab/services/service-rule.ts';

export interface ExecAnswer {
  readonly exitCode: number;
  readonly error: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly stdin?: string;
  readonly tty?: boolean;
  readonly size?: readonly [number, number];
  readonly closeAfterMs?: number;
}

export interface AttachOptions {
  readonly stdin?: string;
  readonly replay: boolean;
  readonly size?: readonly [number, number];
  /** Goes away when the output has what was said, without an end. */
  readonly detach?: boolean;
}

export interface LabRequests {
  start: { args: [nodes: number, family: IpFamily]; result: void };
  sandbox: { args: [SandboxSpec]; result: void };
  removeSandbox: { args: [string]; result: void };
  container: { args: [ContainerSpec]; result: void };
  stop: { args: [id: string, graceMs: number]; result: void };
  removeContainer: { args: [string]; result: void };
  exit: { args: [container: string]; result: ContainerExit };
  exec: { args: [container: string, argv: [string, ...string[]], options?: ExecOptions]; result: ExecAnswer };
  pour: { args: [container: string, bytes: number]; result: ExecAnswer };
  attach: { args: [container: string, options: AttachOptions]; result: ExecAnswer };
  logs: { args: [container: string, options: LogOptions]; result: string };
  dial: { args: [sandbox: string, from: 'pod' | 'node', port: number, text: string]; result: string };
  services: { args: [node: string, rules: readonly ServiceRule[]]; result: void };
  command: { args: [node: string, argv: readonly string[]]; result: ExecAnswer };
  processes: { args: []; result: string[] };
  network: { args: []; result: string };
  failures: { args: []; result: string[] };
  close: { args: []; result: void };
}
