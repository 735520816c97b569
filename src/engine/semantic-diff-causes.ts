/**
 * Which edits made a difference: the rules that decide a changed port are looked up on both sides. Those that somebody
 * edited are the causes; where a deciding rule is the same on both sides, it is a fact about an end that changed.
 */
import type { IpFamily } from '../base/inet.ts';
import { NO, YES, type Tri } from '../base/tri.ts';
import type {
  ClusterPolicyObject,
  ClusterPolicyRule,
  NetworkPolicyObject,
  NetworkPolicyRule,
} from '../kube/objects.ts';
import { DIRECTIONS, type BoundTierRule, type Tier } from './compiled.ts';
import type { Engine } from './engine.ts';
import { PairEvaluation, presence } from './pair-evaluation.ts';
import { worldOf } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { NO_PORTS, type PortSetId } from './port-sets.ts';
import type { JointClasses, JointItem, JointMember } from './semantic-diff-classes.ts';
import type { Candidates } from './semantic-diff-gates.ts';
import type { Edits } from './semantic-diff-edits.ts';
import type { SharedPorts, Side } from './semantic-diff-ports.ts';
import type { ChangeCause } from './semantic-diff-results.ts';
import type { ClassDifference, EndDifference } from './semantic-diff-sweep.ts';
import { tierRuleMatch } from './tier-table.ts';

/** Where the families never differ, one of them speaks for both. */
const ANY_FAMILY = 0;

/** One end's gate towards the other, and whether the two share a node. */
interface Gate {
  readonly subject: number;
  readonly peer: number;
  readonly direction: Direction;
  readonly family: IpFamily | typeof ANY_FAMILY;
  readonly sameNode: Readonly<Record<Side, Tri>>;
}

const NO_CAUSES: readonly ChangeCause[] = [];

const ELSEWHERE: Readonly<Record<Side, Tri>> = { before: NO, after: NO };

/** A rule that takes part in deciding the ports in question on one side. */
interface Part {
  readonly policy: NetworkPolicyObject | ClusterPolicyObject;
  readonly rule: NetworkPolicyRule | ClusterPolicyRule;
  readonly ports: PortSetId;
}

interface Involved {
  readonly parts: readonly Part[];
  /** Ports that are shut because policies isolate and no rule of them allows these; and who isolates. */
  readonly shut: PortSetId;
  readonly isolated: boolean;
}

const NOBODY: Involved = { parts: [], shut: NO_PORTS, isolated: false };

export interface CausesInput {
  readonly engines: Readonly<Record<Side, Engine>>;
  readonly classes: JointClasses;
  readonly ports: SharedPorts;
  readonly edits: Edits;
  readonly candidates: Candidates;
}

export class Causes {
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly classes: JointClasses;
  private readonly ports: SharedPorts;
  private readonly edits: Edits;
  private readonly candidates: Candidates;
  private readonly pairs: Readonly<Record<Side, PairEvaluation>>;
  private readonly families: readonly (IpFamily | typeof ANY_FAMILY)[];
  private readonly single = new Map<ChangeCause, readonly ChangeCause[]>();
  private readonly lists = new Map<string, readonly ChangeCause[]>();

  constructor({ engines, classes, ports, edits, candidates }: CausesInput) {
    this.engines = engines;
    this.classes = classes;
    this.ports = ports;
    this.edits = edits;
    this.candidates = candidates;
    const agree = engines.before.compiled.peerSets.familiesAgree && engines.after.compiled.peerSets.familiesAgree;
    this.families = agree ? [ANY_FAMILY] : [4, 6];
    this.pairs = {
      before: new PairEvaluation(engines.before.compiled, engines.before.tiers),
      after: new PairEvaluation(engines.after.compiled, engines.after.tiers),
    };
  }

  of({ from, to, samples }: EndDifference): readonly ChangeCause[] {
    const [a, b] = [this.classes.items[from], this.classes.items[to]];
    if ((a !== undefined && a.in !== 'both') || (b !== undefined && b.in !== 'both')) {
      return this.unique(
        [a, b].flatMap((item) => (item !== undefined && item.in !== 'both' ? [this.edits.ofItem(item)] : [])),
      );
    }
    const [only, more] = samples;
    const found =
      only !== undefined && more === undefined
        ? this.ofPair(only)
        : this.unique(samples.flatMap((sample) => this.ofPair(sample)));
    return found.length > 0 ? found : this.unique(samples.flatMap((sample) => this.ofEnds(sample, [a, b])));
  }

  /** Each cause once, in one order; equal lists are one object. */
  private unique(causes: readonly ChangeCause[]): readonly ChangeCause[] {
    const [first] = causes;
    if (first === undefined) return NO_CAUSES;
    if (causes.every((cause) => cause === first)) {
      let list = this.single.get(first);
      if (list === undefined) this.single.set(first, (list = [first]));
      return list;
    }
    const byKey = new Map<string, ChangeCause>();
    for (const cause of causes) byKey.set(`${cause.edit} ${cause.rule ?? ''}`, cause);
    const keys = [...byKey.keys()].sort();
    const text = keys.map((key) => `${key} ${byKey.get(key)?.file ?? ''}`).join('\n');
    let list = this.lists.get(text);
    if (list === undefined) this.lists.set(text, (list = keys.flatMap((key) => byKey.get(key) ?? [])));
    return list;
  }

  /** Who began or ceased to isolate a workload. */
  ofIsolation(item: JointItem, direction: Direction): readonly ChangeCause[] {
    const causes = new Map<string, ChangeCause>();
    for (const id of item.classes) {
      const old = this.isolating('before', this.classes.of.before[id] ?? -1, direction);
      const now = this.isolating('after', this.classes.of.after[id] ?? -1, direction);
      const member = item.members.find(({ joint }) => joint === id);
      for (const policy of [...old, ...now]) {
        const cause = this.edits.ofPolicy(policy);
        if (cause !== undefined) causes.set(cause.edit, cause);
        else if (member !== undefined && old.some(isSame(policy)) !== now.some(isSame(policy))) {
          for (const fact of this.edits.ofFacts(item, member)) causes.set(fact.edit, fact);
        }
      }
    }
    return [...causes.keys()].sort().flatMap((key) => causes.get(key) ?? []);
  }

  private ofPair(difference: ClassDifference): readonly ChangeCause[] {
    const { delta } = difference;
    const closes = this.ofPorts(difference, delta.closed, 'before');
    const opens = this.ofPorts(difference, delta.opened, 'after');
    // What opens comes last, so that a rule that does both is shown where it is now.
    return this.unique(closes.length === 0 ? opens : [...closes, ...opens]);
  }

  /** `allows`: the side that allows these ports. */
  private ofPorts({ from, to, sameNode }: ClassDifference, ports: PortSetId, allows: Side): readonly ChangeCause[] {
    if (ports === NO_PORTS) return [];
    const causes: ChangeCause[] = [];
    for (const direction of DIRECTIONS) {
      const [subject, peer] = direction === 'ingress' ? [to, from] : [from, to];
      if (sameNode === undefined && !this.candidates.gateMayDiffer(subject, direction, to)) continue;
      for (const family of this.families) {
        const gate: Gate = { subject, peer, direction, family, sameNode: sameNode ?? ELSEWHERE };
        const changed = this.changedAtGate(gate, ports);
        if (changed === NO_PORTS) continue;
        const involved = {
          before: this.involved('before', gate, changed),
          after: this.involved('after', gate, changed),
        };
        causes.push(...this.ofGate(involved, allows, direction, [subject, peer]));
      }
    }
    return causes;
  }

  private ofGate(
    involved: Readonly<Record<Side, Involved>>,
    allows: Side,
    direction: Direction,
    [subject, peer]: readonly [number, number],
  ): readonly ChangeCause[] {
    const causes: ChangeCause[] = [];
    const denies: Side = allows === 'before' ? 'after' : 'before';
    for (const side of ['before', 'after'] as const) {
      const other = involved[side === 'before' ? 'after' : 'before'];
      for (const { policy, rule, ports } of involved[side].parts) {
        const edited = this.edits.ofPolicy(policy, rule);
        if (edited !== undefined) {
          // A rule that allows is no reason why the side denies; a denying or passing one may be either's.
          if (side === denies && policy.kind === 'NetworkPolicy') continue;
          causes.push(edited);
          continue;
        }
        const same = other.parts.some((part) => isSame(policy)(part.policy) && part.rule.path === rule.path);
        const alike = other.parts.some(
          (part) => isSame(policy)(part.policy) && part.rule.path === rule.path && part.ports === ports,
        );
        if (alike) continue;
        causes.push(...this.facts(same || policy.kind !== 'NetworkPolicy' ? [subject, peer] : [peer, subject]));
      }
    }
    const shut = involved[denies];
    if (shut.shut !== NO_PORTS && !involved[allows].isolated) {
      for (const policy of this.isolating(denies, this.classes.of[denies][subject] ?? -1, direction)) {
        const edited = this.edits.ofPolicy(policy);
        causes.push(...(edited === undefined ? this.facts([subject]) : [edited]));
      }
    }
    return causes;
  }

  /** The ports of the given that the gate treats differently. */
  private changedAtGate({ subject, peer, direction, family, sameNode }: Gate, ports: PortSetId): PortSetId {
    const { sets } = this.ports;
    const gates = (['before', 'after'] as const).map((side) => {
      const of = this.classes.of[side];
      const [a, b] = [of[subject] ?? -1, of[peer] ?? -1];
      if (a < 0 || b < 0) return undefined;
      const shared = this.pairs[side].sharedFamilies(a, b);
      if (family === ANY_FAMILY ? shared === 0 : presence(shared, family) === NO) return undefined;
      return this.ports.bounds(side, this.pairs[side].gate(a, b, direction, family || 4, sameNode[side]));
    });
    const [old, now] = gates;
    if (old === undefined || now === undefined) return NO_PORTS;
    const changed = (a: PortSetId, b: PortSetId): PortSetId => sets.union(sets.subtract(a, b), sets.subtract(b, a));
    const differing = sets.union(changed(old.certain, now.certain), changed(old.possible, now.possible));
    return sets.intersect(ports, differing);
  }

  private involved(side: Side, { subject, peer, direction, family, sameNode }: Gate, ports: PortSetId): Involved {
    const { compiled } = this.engines[side];
    const of = this.classes.of[side];
    const [a, b] = [of[subject] ?? -1, of[peer] ?? -1];
    if (!compiled.classes.isPod(a)) return NOBODY;
    const { sets } = this.ports;
    const parts: Part[] = [];
    const pair = {
      subject: a,
      peer: b,
      destination: direction === 'ingress' ? a : b,
      direction,
      family: family || 4,
    } as const;
    const walk = (tier: Tier, open: PortSetId): PortSetId => {
      let left = open;
      let passed: PortSetId = NO_PORTS;
      for (const rule of compiled.tierRules[tier][direction]) {
        const match = tierRuleMatch(rule, compiled, pair);
        const hit = sets.intersect(this.ports.of(side, match.possible), left);
        if (hit === NO_PORTS) continue;
        parts.push(tierPart(rule, hit));
        const sure = sets.intersect(this.ports.of(side, match.certain), left);
        if (rule.source.action === 'Pass') passed = sets.union(passed, sure);
        left = sets.subtract(left, sure);
        if (left === NO_PORTS) break;
      }
      return sets.union(left, passed);
    };
    const left = compiled.hasTiers ? walk('Admin', ports) : ports;
    const list = compiled.policyList(a, direction);
    const exempt = this.pairs[side].exemption(direction, sameNode[side]) === YES;
    let matched: PortSetId = exempt ? left : NO_PORTS;
    if (list.isolated !== NO && !exempt) {
      const world = worldOf(family || 4, 'possible');
      const names = compiled.classes.namedPortsOf(pair.destination);
      for (const index of [...list.certain, ...list.uncertain]) {
        const { policy, [direction]: entries = [] } = compiled.policies[index] ?? {};
        entries.forEach((entry, at) => {
          const rule = policy?.[direction][at];
          if (policy === undefined || rule === undefined) return;
          if (!compiled.peerSets.has(compiled.peerSets.resolve(entry.peers), world, b)) return;
          const hit = sets.intersect(this.ports.of(side, compiled.portSpecs.resolve(entry.ports, names)), left);
          if (hit === NO_PORTS) return;
          matched = sets.union(matched, hit);
          parts.push({ policy, rule, ports: hit });
        });
      }
    }
    if (list.isolated !== YES && compiled.hasTiers) walk('Baseline', left);
    const shut = list.isolated === NO ? NO_PORTS : sets.subtract(left, matched);
    return { parts, shut, isolated: list.isolated !== NO };
  }

  private isolating(side: Side, classId: number, direction: Direction): readonly NetworkPolicyObject[] {
    const { compiled } = this.engines[side];
    if (classId < 0 || !compiled.classes.isPod(classId)) return [];
    const { certain, uncertain } = compiled.policyList(classId, direction);
    return [...certain, ...uncertain].flatMap((index) => compiled.policies[index]?.policy ?? []);
  }

  private ofEnds({ from, to }: ClassDifference, items: readonly (JointItem | undefined)[]): readonly ChangeCause[] {
    return [from, to].flatMap((joint, i) => {
      const item = items[i];
      const member = item?.members.find((candidate) => candidate.joint === joint);
      return item === undefined || member === undefined ? [] : this.edits.ofFacts(item, member);
    });
  }

  /** What changed about the first of the ends about which something changed. */
  private facts(ends: readonly number[]): readonly ChangeCause[] {
    for (const joint of ends) {
      const found = this.memberOf(joint);
      const causes = found === undefined ? [] : this.edits.ofFacts(found.item, found.member);
      if (causes.length > 0) return causes;
    }
    return [];
  }

  private readonly memberIndex = new Map<number, { item: JointItem; member: JointMember }>();

  private memberOf(joint: number): { item: JointItem; member: JointMember } | undefined {
    if (this.memberIndex.size === 0) {
      for (const item of this.classes.items) {
        for (const member of item.members) {
          if (!this.memberIndex.has(member.joint)) this.memberIndex.set(member.joint, { item, member });
        }
      }
    }
    return this.memberIndex.get(joint);
  }
}

function tierPart({ source }: BoundTierRule, ports: PortSetId): Part {
  return { policy: source.policy, rule: source.rule, ports };
}

function isSame(
  a: NetworkPolicyObject | ClusterPolicyObject,
): (b: NetworkPolicyObject | ClusterPolicyObject) => boolean {
  return (b) => a.kind === b.kind && a.meta.namespace === b.meta.namespace && a.meta.name === b.meta.name;
}
