/**
 * Rules that open nothing which other rules do not open for the same pods, whatever pods there are: found by logic on
 * selectors, ranges and ports. Taking away all of the rules found leaves every verdict as it is, now and later.
 */
import { DIRECTIONS } from '../engine/compiled.ts';
import type { Direction } from '../engine/policy-rules.ts';
import type { LabelSelector, NetworkPolicyObject, NetworkPolicyRule, PolicyPeer, PolicyPort } from '../kube/objects.ts';
import { isContradictory, selectorKey } from '../kube/selectors.ts';
import type { AuditContext } from './audit-context.ts';
import { peerWithin, portWithin, selectorWithin } from './containment.ts';

export interface PlacedRule {
  readonly policy: NetworkPolicyObject;
  readonly direction: Direction;
  readonly index: number;
  readonly rule: NetworkPolicyRule;
}

export interface CoveredRule extends PlacedRule {
  /** The rules that open the same, each at least a piece; none of them is covered itself. */
  readonly by: readonly PlacedRule[];
}

/** In the order of policies and rules. */
export function coveredRules(context: AuditContext): readonly CoveredRule[] {
  return context.shared('covered rules', () => findCovered(context));
}

function findCovered({ cluster, policiesByNamespace }: AuditContext): readonly CoveredRule[] {
  const covered: CoveredRule[] = [];
  for (const group of policiesByNamespace.values()) {
    for (const direction of DIRECTIONS) {
      const all = group.filter(({ isolates, podSelector }) => isolates[direction] && !isContradictory(podSelector));
      const wider = new WiderSelectors(all);
      const gone = new Set<NetworkPolicyRule>();
      // From the end, so that of two that say the same the second one is named.
      for (const policy of all.toReversed()) {
        for (const [index, rule] of [...policy[direction].entries()].reverse()) {
          const others = wider
            .of(policy)
            .flatMap((other) =>
              other[direction].flatMap((candidate, at): PlacedRule[] =>
                candidate === rule || gone.has(candidate)
                  ? []
                  : [{ policy: other, direction, index: at, rule: candidate }],
              ),
            );
          const by = coverOf(rule, others, policy.meta.namespace);
          if (by === undefined) continue;
          gone.add(rule);
          covered.push({ policy, direction, index, rule, by });
        }
      }
    }
  }
  const order = new Map(cluster.networkPolicies.map((policy, index) => [policy, index]));
  return lastCovers(covered).sort(
    (a, b) =>
      (order.get(a.policy) ?? 0) - (order.get(b.policy) ?? 0) ||
      DIRECTIONS.indexOf(a.direction) - DIRECTIONS.indexOf(b.direction) ||
      a.index - b.index,
  );
}

/** A cover may have turned out to be covered as well, by rules that then open the pieces of both. */
function lastCovers(covered: readonly CoveredRule[]): CoveredRule[] {
  const last = new Map<NetworkPolicyRule, readonly PlacedRule[]>();
  // Later findings cover earlier ones, never the other way round.
  for (const { rule, by } of covered.toReversed()) {
    last.set(rule, [...new Set(by.flatMap((cover) => last.get(cover.rule) ?? [cover]))]);
  }
  return covered.map((found) => ({ ...found, by: last.get(found.rule) ?? found.by }));
}

/** The rules that together open every piece, or `undefined` when a piece is left. */
function coverOf(
  rule: NetworkPolicyRule,
  others: readonly PlacedRule[],
  namespace: string,
): readonly PlacedRule[] | undefined {
  const by = new Set<PlacedRule>();
  for (const peer of rule.peers.length === 0 ? [undefined] : rule.peers) {
    for (const port of rule.ports.length === 0 ? [undefined] : rule.ports) {
      const cover = others.find(({ rule: other }) => opensPeer(other, peer, namespace) && opensPort(other, port));
      if (cover === undefined) return undefined;
      by.add(cover);
    }
  }
  return [...by];
}

function opensPeer({ peers }: NetworkPolicyRule, peer: PolicyPeer | undefined, namespace: string): boolean {
  return peers.length === 0 || (peer !== undefined && peers.some((other) => peerWithin(peer, other, namespace)));
}

function opensPort({ ports }: NetworkPolicyRule, port: PolicyPort | undefined): boolean {
  return ports.length === 0 || (port !== undefined && ports.some((other) => portWithin(port, other)));
}

/** Which policies of one namespace select every pod that another one selects. Looks only at those that may. */
export class WiderSelectors {
  /** By a value that the labels must have for the policy to select them; `''` for policies without such. */
  readonly #byValue = new Map<string, NetworkPolicyObject[]>();
  readonly #known = new Map<string, readonly NetworkPolicyObject[]>();
  readonly #order: ReadonlyMap<NetworkPolicyObject, number>;

  constructor(policies: readonly NetworkPolicyObject[]) {
    this.#order = new Map(policies.map((policy, index) => [policy, index]));
    for (const policy of policies) {
      const key = requiredValues(policy.podSelector)[0] ?? '';
      const list = this.#byValue.get(key);
      if (list === undefined) this.#byValue.set(key, [policy]);
      else list.push(policy);
    }
  }

  /** With the policy itself, in the order given. */
  of({ podSelector }: NetworkPolicyObject): readonly NetworkPolicyObject[] {
    const key = selectorKey(podSelector);
    let known = this.#known.get(key);
    if (known === undefined) {
      known = ['', ...new Set(requiredValues(podSelector))]
        .flatMap((value) => this.#byValue.get(value) ?? [])
        .filter((other) => selectorWithin(podSelector, other.podSelector))
        .sort((a, b) => (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0));
      this.#known.set(key, known);
    }
    return known;
  }
}

function requiredValues({ requirements }: LabelSelector): readonly string[] {
  return requirements.flatMap(({ key, operator, values: [only, ...more] }) =>
    operator === 'In' && only !== undefined && more.length === 0 ? [JSON.stringify([key, only])] : [],
  );
}
