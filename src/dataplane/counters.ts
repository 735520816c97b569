/** The named counters of a plan: what each of them counts, and how the rules name it. */
import type { Direction } from '../engine/policy-rules.ts';
import { compareText } from '../model/order.ts';
import { ContentNames } from './content-name.ts';
import type { Plan, PolicySet } from './plan.ts';

/** All of them count packets. */
export type CounterMeaning =
  /** Dropped by the policy set. */
  | {
      readonly kind: 'denied';
      readonly policySet: string;
      readonly direction: Direction;
      readonly policies: readonly string[];
    }
  /** Let through, but policies in audit mode would have dropped it: first packets of flows only. */
  | {
      readonly kind: 'would-deny';
      readonly policySet: string;
      readonly direction: Direction;
      readonly policies: readonly string[];
    }
  /**
   * Let through by a gate because of the policy: packets of flows that are not yet established, and one of each live
   * flow after a change that forbids something.
   */
  | { readonly kind: 'hits'; readonly direction: Direction; readonly policy: string }
  /** Dropped, because an address of this node's pods belongs to no pod that is known. */
  | { readonly kind: 'unknown-pod' };

const UNKNOWN_PODS = 'unknown_pods';

/** The names depend on nothing but what is counted, so a counter goes on when its policy set is compiled anew. */
export class PlanCounters {
  readonly meanings = new Map<string, CounterMeaning>();
  private readonly hitNames: Readonly<Record<Direction, Map<string, string>>> = {
    ingress: new Map(),
    egress: new Map(),
  };

  constructor({ observation, policySets, shadowSets, closedRanges }: Plan) {
    if (observation.counters === true) {
      for (const { name, direction, policies } of policySets) {
        this.meanings.set(`dn_${name}`, { kind: 'denied', policySet: name, direction, policies });
      }
      for (const { name, direction, policies } of shadowSets) {
        this.meanings.set(`wd_${name}`, { kind: 'would-deny', policySet: name, direction, policies });
      }
      if (closedRanges.length > 0) this.meanings.set(UNKNOWN_PODS, { kind: 'unknown-pod' });
    }
    const hits: Record<Direction, Set<string>> = { ingress: new Set(), egress: new Set() };
    for (const set of policySets) for (const policy of openers(set)) hits[set.direction].add(policy);
    const names = new ContentNames();
    for (const direction of ['ingress', 'egress'] as const) {
      for (const policy of [...hits[direction]].toSorted(compareText)) {
        const name = names.name(direction === 'ingress' ? 'hin' : 'hout', policy);
        this.hitNames[direction].set(policy, name);
        this.meanings.set(name, { kind: 'hits', direction, policy });
      }
    }
  }

  denied(policySet: string): string | undefined {
    return this.known(`dn_${policySet}`);
  }

  wouldDeny(shadowSet: string): string | undefined {
    return this.known(`wd_${shadowSet}`);
  }

  unknownPods(): string | undefined {
    return this.known(UNKNOWN_PODS);
  }

  hits(direction: Direction, policy: string): string | undefined {
    return this.hitNames[direction].get(policy);
  }

  private known(name: string): string | undefined {
    return this.meanings.has(name) ? name : undefined;
  }
}

const openersOf = new WeakMap<PolicySet, readonly string[]>();

/** The policies that open anything, in the order in which they first do. */
export function openers(set: PolicySet): readonly string[] {
  let policies = openersOf.get(set);
  if (policies === undefined) {
    const found = new Set<string>();
    for (const opened of set.openedBy.values()) for (const { policy } of opened) found.add(policy);
    policies = [...found];
    openersOf.set(set, policies);
  }
  return policies;
}

/** By the name that the kernel reports. */
export function countersOf(plan: Plan): ReadonlyMap<string, CounterMeaning> {
  return new PlanCounters(plan).meanings;
}

/** Which policies a counter is about, for people and for `nft list`. */
export function policiesOf(meaning: CounterMeaning): readonly string[] {
  switch (meaning.kind) {
    case 'hits':
      return [meaning.policy];
    case 'unknown-pod':
      return [];
    default:
      return meaning.policies;
  }
}
