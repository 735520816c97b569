/** Keeps one table in the kernel equal to the plan: by deltas, and as a whole when there is doubt. */
import { judgesAll, type GenerationField } from '../dataplane/generation.ts';
import type { Plan, PolicySet } from '../dataplane/plan.ts';
import { rulesetOf } from '../dataplane/plan-ruleset.ts';
import { changedPolicySets, policySetKey, quarantinePlan, sealPlan } from '../dataplane/quarantine.ts';
import { diffPlans, installPlan, restartGenerations, type Transaction } from '../dataplane/transaction.ts';
import type { Clock } from '../io/kubernetes/clock.ts';
import type { FlowMarks } from '../io/nft/flow-marks.ts';
import type { NftDriver, NftTable } from '../io/nft/nft-driver.ts';
import { NftError } from '../io/nft/nft-error.ts';
import type { AgentObserver } from './events.ts';
import type { QuarantinedPolicySet, TableCounts } from './status.ts';
import { driftOf, elementsToCheck, TableBaseline, type Drift } from './table-baseline.ts';

export interface EnforcerOptions {
  readonly driver: NftDriver;
  readonly tables: NftTable;
  /** Without it, generations that are used up do not begin again. */
  readonly flowMarks?: FlowMarks | undefined;
  readonly table: string;
  readonly field: GenerationField;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly observe: AgentObserver;
}

/** What one call of {@link Enforcer.apply} did to the kernel. */
export interface Applied {
  /** The table was replaced as a whole. */
  readonly full: boolean;
  readonly operations: number;
  readonly durationMs: number;
  readonly generationMoved: boolean;
}

interface InKernel {
  readonly plan: Plan;
  readonly generation: number;
}

interface Refused {
  /** Of what was refused: when the policy set says something else, it is tried again. */
  readonly key: string;
  readonly reason: string;
  readonly since: number;
}

export class Enforcer {
  private readonly options: EnforcerOptions;
  private readonly baseline = new TableBaseline();
  /** `undefined`: nobody knows what the kernel has, so the next transaction replaces it. */
  private current: InKernel | undefined;
  /** The highest generation that any flow may carry because of us. */
  private lastGeneration: number | undefined;
  private readonly refused = new Map<string, Refused>();
  /** The kernel refuses what shows the policies in audit mode; `''` when it does not. */
  private shadowsRefused = '';
  /** They were refused a while ago, and get another chance with the next plan. */
  private readonly onTrial = new Set<string>();
  /** So many calls of {@link apply} have begun, and whether the last one is still at it. */
  private applies = 0;
  private applying = false;
  private operations = 0;
  private full = false;
  private generationMoved = false;

  constructor(options: EnforcerOptions) {
    this.options = options;
  }

  /** What the kernel has, quarantine included; the last good one after a failure. */
  get plan(): Plan | undefined {
    return this.current?.plan;
  }

  /** In force; 0 before the first. */
  get generation(): number {
    return this.lastGeneration ?? 0;
  }

  /** Why policies in audit mode are not shown; `''` when they are. */
  get shadowsReason(): string {
    return this.shadowsRefused;
  }

  counts(): TableCounts {
    if (this.current === undefined) return { sets: 0, elements: 0, chains: 0, rules: 0 };
    const { sets, chains } = rulesetOf(this.current.plan);
    let elements = 0;
    let rules = 0;
    for (const set of sets.values()) elements += set.elements.size;
    for (const chain of chains.values()) rules += chain.rules.length;
    return { sets: sets.size, elements, chains: chains.size, rules };
  }

  quarantined(): readonly QuarantinedPolicySet[] {
    const plan = this.current?.plan;
    if (plan === undefined || this.refused.size === 0) return [];
    const shown: QuarantinedPolicySet[] = [];
    for (const { name, direction, policies } of plan.policySets) {
      const refused = this.refused.get(name);
      if (refused === undefined) continue;
      const pods = plan.localPods.filter((pod) => pod[direction] === name).map(({ pod }) => pod);
      const { reason, since } = refused;
      shown.push({ policySet: name, direction, policies, pods: [...new Set(pods)], reason, since });
    }
    return shown;
  }

  /**
   * Makes the kernel enforce the plan, or all of it but the policy sets that it refuses: those are closed.
   *
   * @throws NftError when the kernel takes nothing: it then has what it had
   */
  async apply(plan: Plan): Promise<Applied> {
    this.applies++;
    this.applying = true;
    try {
      return await this.applyNow(plan);
    } finally {
      this.applying = false;
    }
  }

  private async applyNow(plan: Plan): Promise<Applied> {
    const beganMs = this.options.clock.nowMs();
    this.operations = 0;
    this.full = false;
    this.generationMoved = false;
    this.forgetChanged(plan);
    try {
      await this.commitDespiteOthers(this.withQuarantine(plan));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.findRefused(plan, error.message);
    }
    for (const name of this.onTrial) this.release(name);
    this.onTrial.clear();
    return {
      full: this.full,
      operations: this.operations,
      durationMs: this.options.clock.nowMs() - beganMs,
      generationMoved: this.generationMoved,
    };
  }

  /** What is in quarantine is tried again with the next plan. */
  retryQuarantined(): boolean {
    const any = this.refused.size > 0 || this.shadowsRefused !== '';
    for (const name of this.refused.keys()) this.onTrial.add(name);
    this.shadowsRefused = '';
    return any;
  }

  /**
   * Whether the table is still what we made of it. When it is not, the next {@link apply} replaces it. May run beside
   * {@link apply}; then nobody can say whose doing a difference is.
   *
   * @throws NftError
   */
  async checkDrift(): Promise<Drift | 'unsure' | undefined> {
    const { current, options, applies } = this;
    if (this.applying) return 'unsure';
    if (current === undefined) return undefined;
    const ruleset = rulesetOf(current.plan);
    const state = await options.tables.read(options.table, options.field);
    const checked = elementsToCheck(ruleset);
    const elements = state === undefined ? new Map() : await options.tables.readElements(options.table, checked);
    if (this.applies !== applies) return 'unsure';
    const drift = driftOf(ruleset, current.generation, state, elements, this.baseline);
    if (drift !== undefined) this.current = undefined;
    else if (state !== undefined) this.baseline.take(state);
    return drift;
  }

  /**
   * When the generations are used up and every packet is judged: clears the marks of live connections and begins with
   * the first one again. Not beside {@link apply}.
   *
   * @returns whether that was done
   * @throws NftError when it cannot be: every packet is judged for longer
   */
  async renewGenerations(): Promise<boolean> {
    const { current, options } = this;
    const { driver, table, field, flowMarks } = options;
    if (flowMarks === undefined || current === undefined || !judgesAll(current.generation, field)) return false;
    // Until the transaction no rule sets the field, so nothing is missed.
    await flowMarks.clear(field);
    const transaction = restartGenerations({ table, field });
    this.current = undefined;
    await driver.apply(transaction);
    this.baseline.changed(transaction.operations);
    this.lastGeneration = transaction.generation;
    this.current = { ...current, generation: transaction.generation };
    return true;
  }

  /** The next {@link apply} replaces the table as a whole. */
  forgetKernel(): void {
    this.current = undefined;
  }

  private withQuarantine(plan: Plan): Plan {
    return quarantinePlan(plan, { closed: this.closed(), withoutShadows: this.shadowsRefused !== '' });
  }

  private closed(): Set<string> {
    return new Set([...this.refused.keys()].filter((name) => !this.onTrial.has(name)));
  }

  /** Policy sets that are gone or say something else are no longer in quarantine. */
  private forgetChanged(plan: Plan): void {
    if (this.refused.size === 0) return;
    const sets = new Map(plan.policySets.map((set) => [set.name, set]));
    for (const [name, { key }] of this.refused) {
      const set = sets.get(name);
      if (set === undefined || policySetKey(set) !== key) this.release(name);
    }
  }

  private release(name: string): void {
    if (!this.refused.delete(name)) return;
    this.options.observe({ type: 'quarantine-ended', policySet: name });
  }

  /** When the kernel does not have what the delta takes for granted, the table is replaced. */
  private async commitDespiteOthers(plan: Plan): Promise<void> {
    const wasKnown = this.current !== undefined;
    try {
      await this.commit(plan);
    } catch (error) {
      if (!wasKnown || !(error instanceof NftError) || error.code !== 'nft-state-differs') throw error;
      this.options.observe({ type: 'drift', found: 'changed', what: error.message });
      this.current = undefined;
      await this.commit(plan);
    }
  }

  private async commit(plan: Plan): Promise<void> {
    const transaction = await this.transactionTo(plan);
    const { generation, operations } = transaction;
    if (operations.length > 0) {
      try {
        await this.options.driver.apply(transaction);
      } catch (error) {
        // All or nothing, except where nobody knows which of the two.
        if (!isRefusal(error) && !isNotStarted(error)) this.current = undefined;
        throw error;
      }
      this.baseline.changed(operations);
      this.operations += operations.length;
      if (operations.some(({ type }) => type === 'replace-table')) this.full = true;
      if (generation !== this.lastGeneration) this.generationMoved = true;
    }
    this.lastGeneration = generation;
    this.current = { plan, generation };
  }

  private async transactionTo(plan: Plan): Promise<Transaction> {
    const { table, field } = this.options;
    if (this.current !== undefined) {
      return diffPlans(this.current.plan, plan, { table, field, generation: this.current.generation });
    }
    return installPlan(plan, { table, field, generation: await this.generationToLeave() });
  }

  /** One that the next one has to differ from: flows may carry it that older rules accepted (D7). */
  private async generationToLeave(): Promise<number> {
    const { tables, table, field, random } = this.options;
    const state = await tables.read(table, field);
    const known = [this.lastGeneration, state?.generation].filter((generation) => generation !== undefined);
    if (known.length > 0) return Math.max(...known);
    // No table: whoever had one may have left marks on live flows. A number at random is hardly among them, and one of the
    // lower half leaves enough before they are used up.
    return 1 + Math.floor(random() * 2 ** (field.bits - 1));
  }

  // ---- what the kernel refuses ----------------------------------------------------------------------------------

  /**
   * Closes everything new first, so that nothing is open for longer than it should be, then opens it by halves: what
   * remains closed is what the kernel refuses. Every step is a whole transaction.
   */
  private async findRefused(plan: Plan, reason: string): Promise<void> {
    const already = this.closed();
    const suspects = changedPolicySets(this.current?.plan, plan).filter(({ name }) => !already.has(name));
    const closed = new Set([...already, ...suspects.map(({ name }) => name)]);
    let withoutShadows = plan.shadowSets.length > 0;
    const attempt = async (open: readonly PolicySet[]): Promise<string | undefined> => {
      const without = new Set(closed);
      for (const { name } of open) without.delete(name);
      try {
        await this.commitDespiteOthers(quarantinePlan(plan, { closed: without, withoutShadows }));
      } catch (error) {
        if (isRefusal(error)) return error.message;
        throw error;
      }
      for (const { name } of open) closed.delete(name);
      return undefined;
    };
    if ((await attempt([])) !== undefined) {
      await this.commitDespiteOthers(sealPlan(plan));
      for (const set of plan.policySets) this.quarantine(set, reason);
      this.shadowsRefused = plan.shadowSets.length > 0 ? reason : '';
      return;
    }
    const openByHalves = async (sets: readonly PolicySet[], why: string): Promise<void> => {
      const [only] = sets;
      if (only !== undefined && sets.length === 1) {
        this.quarantine(only, why);
        return;
      }
      const middle = sets.length >>> 1;
      for (const half of [sets.slice(0, middle), sets.slice(middle)]) {
        const refusal = half.length === 0 ? undefined : await attempt(half);
        if (refusal !== undefined) await openByHalves(half, refusal);
      }
    };
    // Without what is only shown, perhaps nothing is wrong with the policies in force.
    const refusal = withoutShadows ? await attempt(suspects) : reason;
    if (refusal !== undefined) await openByHalves(suspects, refusal);
    if (withoutShadows) {
      withoutShadows = false;
      this.shadowsRefused = (await attempt([])) ?? '';
    }
  }

  private quarantine(set: PolicySet, said: string): void {
    const { name: policySet, direction, policies } = set;
    const known = this.refused.get(policySet);
    const since = known?.since ?? this.options.clock.calendarMs();
    // nft goes on to quote what it was given.
    const [reason = ''] = said.split('\n');
    this.refused.set(policySet, { key: policySetKey(set), reason, since });
    this.onTrial.delete(policySet);
    if (known === undefined) this.options.observe({ type: 'quarantined', policySet, direction, policies, reason });
  }
}

function isRefusal(error: unknown): error is NftError {
  return error instanceof NftError && error.code === 'nft-refused';
}

/** nft did not even begin, or did not find what it wanted: the kernel has what it had. */
function isNotStarted(error: unknown): boolean {
  return (
    error instanceof NftError &&
    ['nft-missing', 'nft-not-permitted', 'nft-state-differs', 'nft-too-large'].includes(error.code)
  );
}
