/** Which policies judge which local pods: pods with the same ones, meaning the same, share a policy set. */
import { BugError } from '../base/assert.ts';
import { DIRECTIONS, type BoundRule, type Compiled } from '../engine/compiled.ts';
import type { Direction } from '../engine/policy-rules.ts';
import { NO } from '../base/tri.ts';
import type { ClusterPolicyObject } from '../kube/objects.ts';
import { compareText } from '../model/order.ts';
import type { ContentNames } from './content-name.ts';
import type { JudgedPod } from './node-peers.ts';

/** A policy set before anybody asked what it opens to whom. */
export interface JudgingSet {
  readonly name: string;
  readonly direction: Direction;
  readonly policies: readonly string[];
  /** One of the classes that it judges; the others are judged alike. */
  readonly classId: number;
  /** Everything that may decide. */
  readonly rules: readonly BoundRule[];
}

export class JudgingSets {
  readonly sets: readonly JudgingSet[];
  /** By class id; classes that nothing judges have none. */
  private readonly ofClass: Readonly<Record<Direction, ReadonlyMap<number, JudgingSet>>>;

  constructor(pods: readonly JudgedPod[], compiled: Compiled, names: ContentNames) {
    const ofClass: Record<Direction, Map<number, JudgingSet>> = { ingress: new Map(), egress: new Map() };
    const byKey = new Map<string, JudgingSet>();
    const classIds = [...new Set(pods.map(({ classId }) => classId))];
    for (const direction of DIRECTIONS) {
      for (const classId of classIds) {
        const judges = judgesOf(classId, direction, compiled);
        if (judges === undefined) continue;
        const key = `${direction}\n${judges.key}`;
        let set = byKey.get(key);
        if (set === undefined) {
          const name = names.name(direction === 'ingress' ? 'in' : 'out', key);
          set = { name, direction, classId, policies: judges.policies, rules: judges.rules };
          byKey.set(key, set);
        }
        ofClass[direction].set(classId, set);
      }
    }
    this.ofClass = ofClass;
    this.sets = [...byKey.values()].toSorted((a, b) => compareText(a.name, b.name));
  }

  of(classId: number, direction: Direction): JudgingSet | undefined {
    return this.ofClass[direction].get(classId);
  }
}

interface Judges {
  /** Equal keys judge alike. */
  readonly key: string;
  readonly policies: readonly string[];
  readonly rules: readonly BoundRule[];
}

function judgesOf(classId: number, direction: Direction, compiled: Compiled): Judges | undefined {
  const list = compiled.policyList(classId, direction);
  const tiers = (['Admin', 'Baseline'] as const).flatMap((tier) =>
    compiled.tierRules[tier][direction].filter(({ subjects }) =>
      compiled.peerSets.sets.has(subjects.possible, classId),
    ),
  );
  if (list.isolated === NO && tiers.length === 0) return undefined;
  const rules = [...list.possibleRules, ...tiers.flatMap(({ entries }) => entries)];
  const certain = list.certain.map((index) => policyName(index, compiled));
  const uncertain = list.uncertain.map((index) => policyName(index, compiled));
  const cluster = new Map<string, string>();
  for (const { source, subjects } of tiers) {
    const known = compiled.peerSets.sets.has(subjects.certain, classId);
    cluster.set(clusterPolicyName(source.policy), known ? '' : '?');
  }
  const key = JSON.stringify([
    certain,
    uncertain,
    [...cluster].toSorted(([a], [b]) => compareText(a, b)),
    direction === 'ingress' ? namedPorts(rules, classId, compiled) : [],
  ]);
  const policies = [...certain, ...uncertain, ...cluster.keys()].toSorted(compareText);
  return { key, policies, rules };
}

/** How the plan names the NetworkPolicy with the index. */
export function policyName(index: number, compiled: Compiled): string {
  const policy = compiled.policies[index]?.policy;
  if (policy === undefined) throw new BugError(`policy ${index}`);
  return `${policy.meta.namespace}/NetworkPolicy/${policy.meta.name}`;
}

export function clusterPolicyName({ kind, meta }: ClusterPolicyObject): string {
  return `${kind}/${meta.name}`;
}

/** What the named ports of the rules stand for on the pods of the class (S112, S113). */
function namedPorts(rules: readonly BoundRule[], classId: number, compiled: Compiled): unknown {
  const { portSpecs, portSets, classes } = compiled;
  const destination = classes.namedPortsOf(classId);
  return rules
    .filter(({ ports }) => portSpecs.hasNames(ports))
    .map(({ ports }) => portSets.value(portSpecs.resolve(ports, destination)));
}
