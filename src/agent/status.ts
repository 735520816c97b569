/** What the agent says about itself: the source of `/readyz`, `/statusz` and its log. */
import type { IpAddress } from '../base/inet.ts';
import type { Engines } from '../dataplane/node-planner.ts';
import type { Plan } from '../dataplane/plan.ts';
import type { Engine } from '../engine/engine.ts';
import type { Direction } from '../engine/policy-rules.ts';
import type { NodeObject, PodObject } from '../kube/objects.ts';

/** Milliseconds since 1970. */
export type Moment = number;

/** One kind that is watched. */
export interface KindStatus {
  readonly kind: string;
  readonly apiVersion: string;
  /** As the reflector has it: `listing`, `watching`, `waiting`, `absent`, `stopped`. */
  readonly phase: string;
  /** Everything was told at least once. */
  readonly synced: boolean;
  readonly objects: number;
  /** Lists after the first. */
  readonly relists: number;
  /** Since the server last said anything about the kind; `undefined` before that. */
  readonly lastEventAgeMs: number | undefined;
  readonly lastError: string | undefined;
}

/** A policy set that the kernel refuses: the pods that it judges are denied in its direction. */
export interface QuarantinedPolicySet {
  readonly policySet: string;
  readonly direction: Direction;
  /** `namespace/NetworkPolicy/name`, `ClusterNetworkPolicy/name`. */
  readonly policies: readonly string[];
  /** `namespace/name`; the local pods that are denied. */
  readonly pods: readonly string[];
  /** What the kernel said. */
  readonly reason: string;
  readonly since: Moment;
}

/** An object of the API that cannot be understood. */
export interface InvalidObject {
  /** `shop/NetworkPolicy/web` */
  readonly object: string;
  readonly reason: string;
  readonly since: Moment;
  /** What happens in its place. */
  readonly effect: 'last-good' | 'deny' | 'ignored';
}

/**
 * - `ok`
 * - `warning`: works, with something to know
 * - `failed`: policies do not hold, or not all of them: not ready
 * - `unknown`: cannot be told from here
 */
export type PreconditionState = 'ok' | 'warning' | 'failed' | 'unknown';

export interface PreconditionStatus {
  /** `bridge-netfilter`, `kube-proxy-mode`, `nft`, ... */
  readonly name: string;
  readonly state: PreconditionState;
  /** What was found, and what it means. */
  readonly explanation: string;
  /** What to do; `''` when nothing. */
  readonly hint: string;
}

/** How large the table is. */
export interface TableCounts {
  readonly sets: number;
  readonly elements: number;
  readonly chains: number;
  readonly rules: number;
}

export interface ApplyStatus {
  readonly ok: boolean;
  readonly at: Moment;
  /** Code and text of the failure; `undefined` when it went well. */
  readonly error: { readonly reason: string; readonly message: string } | undefined;
}

/**
 * - `starting`: the driver and the preconditions are looked at
 * - `syncing`: waits for everything to be listed; the kernel is left as it is
 * - `enforcing`: the table is ours and kept equal to the cluster
 * - `stopped`: enforcement stays in the kernel
 */
export type AgentPhase = 'starting' | 'syncing' | 'enforcing' | 'stopped';

export interface AgentStatus {
  readonly node: string;
  readonly table: string;
  readonly version: string;
  readonly startedAt: Moment;
  readonly phase: AgentPhase;
  readonly kinds: readonly KindStatus[];
  /** `since`: when that began. Unreachable does not end enforcement: the last state stays in the kernel. */
  readonly api: { readonly reachable: boolean; readonly since: Moment };
  /** As last seen; `undefined` before the first look. */
  readonly tablePresent: boolean | undefined;
  readonly lastApply: ApplyStatus | undefined;
  /** In force; 0 before the first apply. */
  readonly generation: number;
  /** Of what is in force. */
  readonly counts: TableCounts;
  readonly quarantined: readonly QuarantinedPolicySet[];
  readonly preconditions: readonly PreconditionStatus[];
  /** How often the table was found changed or gone, and put back. */
  readonly driftRepairs: number;
  /** At most {@link MAX_INVALID_SHOWN}; `invalidCount` says how many there are. */
  readonly invalid: readonly InvalidObject[];
  readonly invalidCount: number;
  /** Things somebody should know that keep nothing from working, such as a mode annotation nobody understands. */
  readonly remarks: readonly string[];
}

export const MAX_INVALID_SHOWN = 100;

/** Of one local pod, for `/statusz`. */
export interface PodStatus {
  /** `namespace/name` */
  readonly pod: string;
  readonly addresses: readonly string[];
  /** Policies in force; empty when nothing judges that direction. */
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
  /** Denied because the kernel refuses a policy. */
  readonly quarantined: readonly Direction[];
  /** At which that is so. */
  readonly generation: number;
}

/** What the kernel enforces, with the engine that answers why. */
export interface InForce {
  /** With quarantined policy sets closed. */
  readonly plan: Plan;
  /** Of what is known when it is asked for, which may be some milliseconds ahead of the plan. */
  readonly engine: Engine;
  /** As if the policies in audit mode were enforced; `undefined` when there are none. */
  readonly stagedEngine: Engine | undefined;
  readonly generation: number;
}

/** What servers and logs may ask the running agent. Cheap, except {@link pods}. */
export interface AgentView {
  status(): AgentStatus;
  /** Sorted by name. */
  pods(): readonly PodStatus[];
  /** `undefined` before the first apply. A new object after each. */
  inForce(): InForce | undefined;
  /** Who has the address: a pod of the pod network, or a node. */
  ownerOf(address: IpAddress): PodObject | NodeObject | undefined;
  /** Engines that answer for connections between these addresses only; made at once, however large the cluster. */
  enginesAmong(addresses: readonly IpAddress[]): Engines;
}

/** Why the agent is not ready, in words; empty when it is (`/readyz`). */
export function notReadyReasons(status: AgentStatus): readonly string[] {
  const reasons: string[] = [];
  const waiting = status.kinds.filter(({ synced }) => !synced);
  if (status.phase === 'starting') reasons.push('starting');
  if (waiting.length > 0) reasons.push(`not listed yet: ${waiting.map(({ kind }) => kind).join(', ')}`);
  if (status.lastApply === undefined) reasons.push('nothing was applied yet');
  else if (status.lastApply.error !== undefined) {
    reasons.push(`the last transaction failed: ${status.lastApply.error.message}`);
  }
  if (status.tablePresent === false) reasons.push(`the table inet ${status.table} is not there`);
  for (const { state, explanation } of status.preconditions) if (state === 'failed') reasons.push(explanation);
  for (const { policies, direction, reason } of status.quarantined) {
    reasons.push(`the kernel refuses ${policies.join(' with ')}; its pods are denied ${direction}: ${reason}`);
  }
  for (const { object, reason, effect } of status.invalid) {
    if (effect !== 'ignored') reasons.push(`${object} is not understood (${EFFECTS[effect]}): ${reason}`);
  }
  return reasons;
}

const EFFECTS = {
  'last-good': 'its last good version stays in force',
  deny: 'the pods that it may select are denied',
} as const;
