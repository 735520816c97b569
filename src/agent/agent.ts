/** The node agent: what the API says, enforced by the kernel of one node. */
import type { Cidr, IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { GenerationField } from '../dataplane/generation.ts';
import { NodePlanner, type Engines } from '../dataplane/node-planner.ts';
import type { Observation } from '../dataplane/observation.ts';
import type { Plan } from '../dataplane/plan.ts';
import { rulesetOf } from '../dataplane/plan-ruleset.ts';
import type { HostFiles } from '../io/host-files.ts';
import { pause, type Clock } from '../io/kubernetes/clock.ts';
import type { KubeResource } from '../io/kubernetes/resource.ts';
import type { FlowMarks } from '../io/nft/flow-marks.ts';
import type { NftDriver, NftTable, NftVerifier } from '../io/nft/nft-driver.ts';
import { OperationalError } from '../io/operational-error.ts';
import type { NodeObject, PodObject } from '../kube/objects.ts';
import { compareText } from '../model/order.ts';
import { Enforcer } from './enforcer.ts';
import type { AgentEvent, AgentObserver } from './events.ts';
import { checkPreconditions } from './preconditions.ts';
import { ApplySchedule, type Causes } from './schedule.ts';
import type { Drift } from './table-baseline.ts';
import type {
  AgentPhase,
  AgentStatus,
  AgentView,
  ApplyStatus,
  InForce,
  PodStatus,
  PreconditionStatus,
} from './status.ts';
import { type ResourceName, World, type WatchResource } from './world.ts';

export interface AgentOptions {
  readonly node: string;
  readonly version: string;
  readonly table: string;
  readonly field: GenerationField;
  readonly closedRanges: readonly Cidr[] | 'node-pod-cidrs';
  readonly allowEgressToLocalNode: boolean;
  readonly observation: Observation;
  readonly resources: readonly KubeResource[];
  readonly watch: WatchResource;
  readonly driver: NftDriver;
  readonly tables: NftTable;
  /** Without it, generations that are used up do not begin again. */
  readonly flowMarks?: FlowMarks;
  /** Without it elements of large sets are never compared with the kernel's. */
  readonly verifier?: NftVerifier;
  /** Found out before the start. */
  readonly preconditions?: readonly PreconditionStatus[];
  readonly files: HostFiles;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** In order; each must not throw. */
  readonly observers: readonly AgentObserver[];
}

/** How often the table is looked at: others who change it are found out within this time and a little. */
export const CHECK_MS = 2000;
const MAX_CHECK_MS = 60_000;
const UNDISTURBED_ATTEMPTS = 3;
const PRECONDITIONS_MS = 30_000;
const RETRY_QUARANTINE_MS = 60_000;
/** How often all of the table is compared with what it should be, for every so many elements. */
const VERIFY_MS = 300_000;
const VERIFY_ELEMENTS = 10_000;

export class Agent implements AgentView {
  private readonly options: AgentOptions;
  private readonly planner: NodePlanner;
  private readonly world: World;
  private readonly enforcer: Enforcer;
  private readonly schedule: ApplySchedule;
  private readonly startedAt: number;
  private readonly startedMs: number;
  private phase: AgentPhase = 'starting';
  private lastApply: ApplyStatus | undefined;
  private force: InForce | undefined;
  private tablePresent: boolean | undefined;
  private driftRepairs = 0;
  private driftSinceMs: number | undefined;
  /** Looks at the table, one after the other, that found it changed: somebody fights us, and is not fought every time. */
  private driftsInRow = 0;
  private nextRenewalMs = 0;
  private nextCheckMs = Number.NEGATIVE_INFINITY;
  private preconditions: readonly PreconditionStatus[] = [];
  private remarks: readonly string[] = [];
  private reachable = false;
  private wasLost = false;
  private reachableSince: number;

  constructor(options: AgentOptions) {
    this.options = options;
    const { node, closedRanges, allowEgressToLocalNode, observation, clock, random } = options;
    this.planner = new NodePlanner({ node, closedRanges, allowEgressToLocalNode, observation });
    const observe = (event: AgentEvent): void => this.observe(event);
    this.enforcer = new Enforcer({ ...options, observe });
    this.schedule = new ApplySchedule({
      clock,
      random,
      apply: (causes) => this.apply(causes),
      onFailure: (error, retryMs) => this.failed(error, retryMs),
    });
    this.world = new World({
      ...options,
      planner: this.planner,
      observe,
      onChange: (scope) => this.schedule.request(scope),
    });
    this.startedAt = clock.calendarMs();
    this.startedMs = clock.nowMs();
    this.reachableSince = this.startedAt;
  }

  /**
   * Watches and enforces until the signal; what is enforced then stays in the kernel. Whatever fails outside is told and
   * tried again; only bugs reject.
   */
  async run(signal: AbortSignal): Promise<void> {
    const bug = new AbortController();
    const until = AbortSignal.any([signal, bug.signal]);
    const parts = [this.world.run(until), this.enforce(until)];
    try {
      await Promise.all(parts);
    } finally {
      bug.abort();
      await Promise.allSettled(parts);
      this.schedule.stop();
      await this.schedule.idle();
      this.phase = 'stopped';
    }
  }

  /**
   * The plan once everything is known; the kernel is left alone.
   *
   * @throws OperationalError `not-synced`
   */
  async planOnce(timeoutMs: number): Promise<Plan> {
    const stop = new AbortController();
    const watching = this.world.run(stop.signal);
    try {
      await this.syncedWithin(timeoutMs, stop.signal);
      return this.planner.plan();
    } finally {
      stop.abort();
      await watching;
    }
  }

  /**
   * Brings the kernel up to date once.
   *
   * @throws OperationalError `not-synced`; NftError
   */
  async applyOnce(timeoutMs: number): Promise<void> {
    const plan = await this.planOnce(timeoutMs);
    await this.checkHost();
    await this.commit(plan, new Map());
  }

  // ---- what others may ask ------------------------------------------------------------------------------------

  status(): AgentStatus {
    const { node, table, version } = this.options;
    const { shadowsReason } = this.enforcer;
    return {
      node,
      table,
      version,
      startedAt: this.startedAt,
      phase: this.phase,
      kinds: this.world.kindStatus(),
      api: { reachable: this.reachable, since: this.reachableSince },
      tablePresent: this.tablePresent,
      lastApply: this.lastApply,
      generation: this.enforcer.generation,
      counts: this.enforcer.counts(),
      quarantined: this.enforcer.quarantined(),
      preconditions: this.preconditions,
      driftRepairs: this.driftRepairs,
      invalid: this.world.invalidObjects(),
      invalidCount: this.world.invalidCount,
      remarks: [
        ...this.remarks,
        ...(shadowsReason === '' ? [] : [`policies in audit mode are not shown: ${shadowsReason}`]),
      ],
    };
  }

  pods(): readonly PodStatus[] {
    const { force } = this;
    if (force === undefined) return [];
    const { plan, generation } = force;
    const policies = new Map(plan.policySets.map((set) => [set.name, set.policies]));
    const refused = new Set(this.enforcer.quarantined().map(({ policySet }) => policySet));
    const pods = new Map<string, PodStatus & { readonly addresses: string[] }>();
    for (const { pod, address, ingress = '', egress = '' } of plan.localPods) {
      const known = pods.get(pod);
      if (known !== undefined) {
        known.addresses.push(formatIp(address));
        continue;
      }
      pods.set(pod, {
        pod,
        addresses: [formatIp(address)],
        ingress: policies.get(ingress) ?? [],
        egress: policies.get(egress) ?? [],
        quarantined: [
          ...(refused.has(ingress) ? (['ingress'] as const) : []),
          ...(refused.has(egress) ? (['egress'] as const) : []),
        ],
        generation,
      });
    }
    return [...pods.values()].toSorted((a, b) => compareText(a.pod, b.pod));
  }

  /**
   * Resolves when a change that the API server numbered so is in force on this node; for resources that are not watched at
   * once. Never rejects; does not resolve as long as the kernel refuses, or the agent does not run.
   */
  async whenInForce(resource: ResourceName, resourceVersion: string): Promise<void> {
    await this.world.whenReached(resource, resourceVersion);
    await this.schedule.whenApplied();
  }

  inForce(): InForce | undefined {
    return this.force;
  }

  ownerOf(address: IpAddress): PodObject | NodeObject | undefined {
    return this.planner.ownerOf(address);
  }

  enginesAmong(addresses: readonly IpAddress[]): Engines {
    return this.planner.enginesAmong(addresses);
  }

  // ---- at work ------------------------------------------------------------------------------------------------

  private async enforce(signal: AbortSignal): Promise<void> {
    await this.checkHost();
    this.phase = 'syncing';
    const ticking = this.tick(signal);
    await Promise.race([this.world.whenSynced(), ticking]);
    if (!signal.aborted) {
      const afterMs = this.options.clock.nowMs() - this.startedMs;
      this.observe({ type: 'synced', objects: this.world.objectCount, afterMs });
      this.phase = 'enforcing';
      this.schedule.request('cluster');
      this.schedule.start();
    }
    await ticking;
  }

  /** Everything that happens by the clock. */
  private async tick(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    let preconditionsMs = clock.nowMs();
    let quarantineMs = clock.nowMs();
    let verifiedMs = clock.nowMs();
    while (!signal.aborted) {
      await pause(clock, CHECK_MS, signal);
      if (signal.aborted) return;
      this.checkApi();
      if (this.phase === 'enforcing') await this.checkTable();
      const now = clock.nowMs();
      if (now - preconditionsMs >= PRECONDITIONS_MS) {
        preconditionsMs = now;
        await this.checkHost();
      }
      if (now - quarantineMs >= RETRY_QUARANTINE_MS) {
        quarantineMs = now;
        if (this.enforcer.retryQuarantined()) this.schedule.request('cluster');
      }
      const share = Math.max(1, this.enforcer.counts().elements / VERIFY_ELEMENTS);
      if (this.phase === 'enforcing' && now - verifiedMs >= VERIFY_MS * share) {
        verifiedMs = now;
        await this.verify();
      }
    }
  }

  private async apply(causes: Causes): Promise<void> {
    const beganMs = this.options.clock.nowMs();
    const plan = this.planner.plan();
    await this.commit(plan, causes, this.options.clock.nowMs() - beganMs);
  }

  private async commit(plan: Plan, causes: Causes, compileMs = 0): Promise<void> {
    const { clock } = this.options;
    this.remarks = this.planner.modeRemarks.map(
      ({ object, value }) =>
        `${object}: sallyport.dev/mode ${JSON.stringify(value)} is neither enforce nor audit; it is enforced`,
    );
    const applied = await this.enforcer.apply(plan);
    const now = clock.nowMs();
    this.tablePresent = true;
    this.lastApply = { ok: true, at: clock.calendarMs(), error: undefined };
    this.force = this.inForceNow();
    if (applied.operations === 0) return;
    this.observe({
      type: 'applied',
      ...applied,
      compileMs,
      latencies: [...causes].map(([scope, firstMs]) => ({ scope, ms: now - firstMs })),
      generation: this.enforcer.generation,
      counts: this.enforcer.counts(),
    });
    if (this.driftSinceMs !== undefined) {
      this.observe({ type: 'drift-repaired', afterMs: now - this.driftSinceMs });
      this.driftSinceMs = undefined;
    }
  }

  private inForceNow(): InForce | undefined {
    const { planner } = this;
    const { plan, generation } = this.enforcer;
    if (plan === undefined) return undefined;
    return {
      plan,
      generation,
      get engine() {
        return planner.engine;
      },
      get stagedEngine() {
        return planner.stagedEngine;
      },
    };
  }

  private failed(error: unknown, retryMs: number): void {
    const reason = error instanceof OperationalError ? error.code : 'bug';
    const message = error instanceof Error ? error.message : String(error);
    this.lastApply = { ok: false, at: this.options.clock.calendarMs(), error: { reason, message } };
    this.observe({ type: 'apply-failed', reason, message, retryMs });
  }

  private async checkTable(): Promise<void> {
    const { clock } = this.options;
    if (clock.nowMs() < this.nextCheckMs) return;
    let drift;
    try {
      drift = await this.lookForDrift();
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      this.observe({ type: 'remark', message: `the table cannot be looked at: ${error.message}` });
      return;
    }
    if (drift === undefined) {
      this.driftsInRow = 0;
      await this.renewGenerations();
      return;
    }
    // A table that is gone means that nothing is enforced: it is put back every time.
    this.driftsInRow = drift.found === 'changed' ? this.driftsInRow + 1 : 0;
    const patienceMs = CHECK_MS * (2 ** Math.max(0, this.driftsInRow - 1) - 1);
    this.nextCheckMs = clock.nowMs() + Math.min(patienceMs, MAX_CHECK_MS);
    this.tablePresent = drift.found !== 'missing';
    this.observe({ type: 'drift', ...drift });
    this.schedule.request('local-pod');
  }

  private async renewGenerations(): Promise<void> {
    const { clock } = this.options;
    if (clock.nowMs() < this.nextRenewalMs) return;
    try {
      if (!(await this.schedule.exclusive(() => this.enforcer.renewGenerations()))) return;
      this.force = this.inForceNow();
      this.observe({ type: 'remark', message: 'all generations were used: the first one is in force again' });
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      this.nextRenewalMs = clock.nowMs() + MAX_CHECK_MS;
      const message = `all generations are used, so every packet is judged: ${error.message}`;
      this.observe({ type: 'remark', message });
      this.schedule.request('cluster');
    }
  }

  /** Changes do not wait for the look, unless there is always one while we look. */
  private async lookForDrift(): Promise<Drift | undefined> {
    for (let attempt = 0; attempt < UNDISTURBED_ATTEMPTS; attempt++) {
      const drift = await this.enforcer.checkDrift();
      if (drift !== 'unsure') return drift;
      await this.schedule.idle();
    }
    const drift = await this.schedule.exclusive(() => this.enforcer.checkDrift());
    return drift === 'unsure' ? undefined : drift;
  }

  /** Every element of every set. Takes long, so changes do not wait for it: what they change is not compared. */
  private async verify(): Promise<void> {
    const { verifier, table } = this.options;
    const { plan } = this.enforcer;
    if (verifier === undefined || plan === undefined) return;
    let what: string | undefined;
    try {
      what = await verifier.difference(table, rulesetOf(plan));
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      this.observe({ type: 'remark', message: `the table cannot be verified: ${error.message}` });
      return;
    }
    await this.schedule.exclusive(() => {
      if (what !== undefined && this.enforcer.plan === plan) {
        this.enforcer.forgetKernel();
        this.observe({ type: 'drift', found: 'changed', what });
        this.schedule.request('local-pod');
      }
      return Promise.resolve();
    });
  }

  private checkApi(): void {
    this.world.report();
    const { reachable } = this.world;
    if (reachable === this.reachable) return;
    const now = this.options.clock.calendarMs();
    if (!reachable) {
      const failing = this.world.kindStatus().find(({ lastError }) => lastError !== undefined);
      this.observe({ type: 'api-lost', message: failing?.lastError ?? 'no watch is open' });
      this.wasLost = true;
    } else if (this.wasLost) this.observe({ type: 'api-back', afterMs: now - this.reachableSince });
    this.reachable = reachable;
    this.reachableSince = now;
  }

  private async checkHost(): Promise<void> {
    const plan = this.force?.plan;
    const { closedRanges, files } = this.options;
    const found = await checkPreconditions({
      files,
      podAddresses: plan?.localPods.map(({ address }) => address) ?? [],
      podRanges: plan?.closedRanges ?? (closedRanges === 'node-pod-cidrs' ? [] : closedRanges),
    });
    const all = [
      ...found,
      ...(this.options.preconditions ?? []),
      await this.nftWorks(),
      ...(this.phase === 'enforcing' ? [this.nodeKnown()] : []),
    ];
    const before = new Map(this.preconditions.map((each) => [each.name, each.state]));
    this.preconditions = all;
    for (const { name, state, explanation, hint } of all) {
      const was = before.get(name);
      const isBad = state === 'failed' || state === 'warning';
      const wasBad = was === 'failed' || was === 'warning';
      if (was !== state && (isBad || wasBad)) this.observe({ type: 'precondition', name, state, explanation, hint });
    }
  }

  private async nftWorks(): Promise<PreconditionStatus> {
    const { tables, table, field } = this.options;
    const name = 'nft';
    try {
      const state = await tables.read(table, field);
      this.tablePresent = state !== undefined;
      return { name, state: 'ok', explanation: 'nft answers', hint: '' };
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      return { name, state: 'failed', explanation: error.message, hint: error.hint ?? '' };
    }
  }

  /** With a wrong name nothing would be enforced, and nobody would notice. */
  private nodeKnown(): PreconditionStatus {
    const { node } = this.options;
    const name = 'node-name';
    return this.planner.object({ kind: 'Node', namespace: '', name: node }) === undefined
      ? {
          name,
          state: 'failed',
          explanation: `the cluster has no node ${JSON.stringify(node)}`,
          hint: 'give --node-name as kubectl get nodes shows it; in a pod: NODE_NAME from spec.nodeName',
        }
      : { name, state: 'ok', explanation: `node ${node}`, hint: '' };
  }

  private async syncedWithin(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const synced = await Promise.race([
      this.world.whenSynced().then(() => true),
      pause(this.options.clock, timeoutMs, signal).then(() => false),
    ]);
    if (synced) return;
    const waiting = this.world.kindStatus().filter((kind) => !kind.synced);
    const reason = waiting.find(({ lastError }) => lastError !== undefined)?.lastError;
    throw new OperationalError(
      'not-synced',
      `not listed within ${timeoutMs / 1000} s: ${waiting.map(({ kind }) => kind).join(', ')}${reason === undefined ? '' : `: ${reason}`}`,
      { hint: 'is the API server reachable, and may this account list and watch these kinds?', exitCode: 4 },
    );
  }

  private observe(event: AgentEvent): void {
    if (event.type === 'drift') {
      this.driftRepairs++;
      this.driftSinceMs ??= this.options.clock.nowMs();
    }
    for (const observer of this.options.observers) observer(event);
  }
}
