/**
 * To whom a pod's policies open it, whoever exists: the rules of one direction as sets of peers described by selectors
 * and networks, not as the pods that are there today. The other end's own policies are its own business.
 */
import { formatCidr } from '../base/inet-format.ts';
import { rangesToCidrs, subtractCidrs } from '../base/inet-ranges.ts';
import { NO, YES } from '../base/tri.ts';
import type { ClusterPolicyPeer, LabelSelector, PolicyPeer } from '../kube/objects.ts';
import { EVERYTHING as EVERY_POD, formatSelector, isContradictory } from '../kube/selectors.ts';
import { NAMESPACE_NAME_LABEL } from '../model/namespaces.ts';
import type { BoundTierRule, Tier } from './compiled.ts';
import type { Engine } from './engine.ts';
import type { Direction } from './policy-rules.ts';
import type { PortSpecId } from './port-specs.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';
import type { PossiblePeer } from './results.ts';

/** A set of peers that a rule names. Equal sets have equal keys. */
export interface PeerPredicate {
  readonly peer: PossiblePeer;
  readonly key: string;
  /** Only of pods. */
  readonly selectors?: { readonly namespaces: LabelSelector; readonly pods: LabelSelector };
}

/** Peers that are in all of some sets and in none of others, and the ports on which the gate lets them pass. */
export interface PossibleSet {
  readonly all: readonly PeerPredicate[];
  readonly none: readonly PeerPredicate[];
  /** In the engine's numbering. */
  readonly ports: PortSetId;
  /** Names of ports that only the peer can resolve; egress only. */
  readonly named: readonly string[];
  readonly certain: boolean;
}

/** Beyond this many cases of cluster policies a class is described by what is certain to be no less than the truth. */
const MOST_CASES = 400;

export class PossiblePeers {
  private readonly engine: Engine;
  private readonly known = new Map<string, readonly PossibleSet[]>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** For pods of one class, in one order. Hosts are open to everything. */
  of(classId: number, direction: Direction): readonly PossibleSet[] {
    const { compiled, tiers } = this.engine;
    if (!compiled.classes.isPod(classId)) return [opening([EVERYTHING], [], ALL_PORTS)];
    const list = compiled.listOf[direction][classId] ?? 0;
    const names = compiled.classes.namedPortsOf(classId);
    const key = `${direction} ${list} ${tiers.groupOf[classId] ?? 0} ${direction === 'ingress' ? names : 0}`;
    let sets = this.known.get(key);
    if (sets === undefined) {
      sets = this.compute(classId, direction);
      this.known.set(key, sets);
    }
    return sets;
  }

  private compute(classId: number, direction: Direction): readonly PossibleSet[] {
    const found = new Gathered(this.engine);
    const cases = this.tierCases(classId, direction, 'Admin', START, found);
    const { isolated } = this.engine.compiled.policyList(classId, direction);
    for (const state of cases) {
      if (isolated !== NO) this.policies(classId, direction, state, found);
      if (isolated === YES) continue;
      const sure = isolated === NO;
      const left = this.tierCases(classId, direction, 'Baseline', { ...state, sure: state.sure && sure }, found);
      for (const open of left) found.add(open, undefined, open.open, [], open.sure);
    }
    return found.all();
  }

  /** What each case of peers leaves undecided, or passes on, after one tier; what it accepts goes to `found`. */
  private tierCases(classId: number, direction: Direction, tier: Tier, start: Case, found: Gathered): readonly Case[] {
    const { compiled } = this.engine;
    const { portSets, peerSets } = compiled;
    let cases: { state: Case; open: PortSetId; passed: PortSetId }[] = [
      { state: start, open: start.open, passed: NO_PORTS },
    ];
    for (const rule of compiled.tierRules[tier][direction]) {
      if (!peerSets.sets.has(rule.subjects.possible, classId)) continue;
      const sure = peerSets.sets.has(rule.subjects.certain, classId);
      for (const { predicate, ports, named } of this.tierPeers(rule, classId, direction)) {
        const next: typeof cases = [];
        for (const at of cases) {
          const decided = portSets.intersect(at.open, ports);
          if (decided === NO_PORTS && named.length === 0) {
            next.push(at);
            continue;
          }
          const inside = withPredicate(at.state, predicate);
          const outside = withoutPredicate(at.state, predicate);
          if (outside !== undefined) next.push({ ...at, state: outside });
          if (inside === undefined) continue;
          const certain = inside.sure && sure && named.length === 0;
          if (rule.source.action === 'Accept') found.add(inside, undefined, decided, named, inside.sure && sure);
          next.push({
            state: { ...inside, sure: certain },
            open: portSets.subtract(at.open, decided),
            passed: rule.source.action === 'Pass' ? portSets.union(at.passed, decided) : at.passed,
          });
        }
        cases = next;
        // Too many cases to keep apart: the last rules no longer narrow, which says too much and never too little.
        if (cases.length > MOST_CASES) {
          found.complete = false;
          return cases.map(({ state, open, passed }) => ({
            ...state,
            open: portSets.union(open, passed),
            sure: false,
          }));
        }
      }
    }
    return cases.flatMap(({ state, open, passed }) => {
      const left = portSets.union(open, passed);
      return left === NO_PORTS ? [] : [{ ...state, open: left }];
    });
  }

  private tierPeers(
    { source, entries }: BoundTierRule,
    classId: number,
    direction: Direction,
  ): readonly { predicate: PeerPredicate; ports: PortSetId; named: readonly string[] }[] {
    const predicates = source.understood ? source.rule.peers.flatMap(clusterPredicates) : [EVERYTHING];
    return predicates.map((predicate) => {
      const pods = predicate.peer.type === 'pods';
      // Rules have one port list; without its names where peers are not pods (S158).
      const spec = entries[pods || entries.length === 1 ? 0 : 1]?.ports ?? 0;
      const { ports, named } = this.portsOf(spec, classId, direction);
      return { predicate, ports, named: pods ? named : [] };
    });
  }

  private policies(classId: number, direction: Direction, state: Case, found: Gathered): void {
    const { compiled } = this.engine;
    const { certain, uncertain } = compiled.policyList(classId, direction);
    for (const index of [...certain, ...uncertain]) {
      const rules = compiled.policies[index];
      if (rules === undefined) continue;
      rules.policy[direction].forEach((rule, at) => {
        const entry = rules[direction][at];
        if (entry === undefined) return;
        const { ports, named } = this.portsOf(entry.ports, classId, direction);
        const open = compiled.portSets.intersect(ports, state.open);
        if (open === NO_PORTS && named.length === 0) return;
        const predicates =
          rule.peers.length === 0 ? [EVERYTHING] : policyPredicates(rule.peers, rules.policy.meta.namespace);
        const sure = state.sure && !uncertain.includes(index);
        for (const predicate of predicates) found.add(state, predicate, open, named, sure);
      });
    }
  }

  /** On an existing destination names are resolved; on a possible one they stay names. */
  private portsOf(spec: PortSpecId, classId: number, direction: Direction): { ports: PortSetId; named: string[] } {
    const { portSpecs, classes } = this.engine.compiled;
    if (direction === 'ingress') return { ports: portSpecs.resolve(spec, classes.namedPortsOf(classId)), named: [] };
    const named = portSpecs
      .names(spec)
      .map(({ name, protocol }) => `${name}${protocol === undefined ? '' : `/${protocol}`}`);
    return { ports: portSpecs.resolve(portSpecs.withoutNames(spec), 0), named };
  }
}

/** Peers of one kind, as far as the rules looked at so far tell them apart. */
interface Case {
  readonly all: readonly PeerPredicate[];
  readonly none: readonly PeerPredicate[];
  /** Ports that nothing has decided yet. */
  readonly open: PortSetId;
  readonly sure: boolean;
}

const START: Case = { all: [], none: [], open: ALL_PORTS, sure: true };

const EVERYTHING: PeerPredicate = { peer: { type: 'everything' }, key: '*' };

/** `undefined`: nobody is left. */
function withPredicate(state: Case, predicate: PeerPredicate): Case | undefined {
  if (state.none.some(({ key }) => key === predicate.key)) return undefined;
  if (predicate === EVERYTHING || state.all.some(({ key }) => key === predicate.key)) return state;
  return { ...state, all: [...state.all, predicate] };
}

function withoutPredicate(state: Case, predicate: PeerPredicate): Case | undefined {
  if (predicate === EVERYTHING || state.all.some(({ key }) => key === predicate.key)) return undefined;
  if (state.none.some(({ key }) => key === predicate.key)) return state;
  return { ...state, none: [...state.none, predicate] };
}

function opening(all: readonly PeerPredicate[], none: readonly PeerPredicate[], ports: PortSetId): PossibleSet {
  return { all, none, ports, named: [], certain: true };
}

/** Equal sets of peers are joined; what a wider set allows anyway goes. */
class Gathered {
  complete = true;
  private readonly engine: Engine;
  private readonly sets = new Map<string, PossibleSet>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  add(
    state: Case,
    predicate: PeerPredicate | undefined,
    ports: PortSetId,
    named: readonly string[],
    certain: boolean,
  ): void {
    const narrowed = predicate === undefined ? state : withPredicate(state, predicate);
    if (narrowed === undefined || (ports === NO_PORTS && named.length === 0)) return;
    const all = narrowed.all.length === 0 ? [EVERYTHING] : [...narrowed.all].sort(byKey);
    const none = [...narrowed.none].sort(byKey);
    const key = `${certain ? '' : '?'}${all.map((each) => each.key).join('&')}|${none.map((each) => each.key).join('|')}`;
    const known = this.sets.get(key);
    const { portSets } = this.engine.compiled;
    this.sets.set(key, {
      all,
      none,
      ports: known === undefined ? ports : portSets.union(known.ports, ports),
      named: [...new Set([...(known?.named ?? []), ...named])].sort(),
      certain,
    });
  }

  all(): readonly PossibleSet[] {
    const sets = [...this.sets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, set]) => set);
    const { portSets } = this.engine.compiled;
    return sets.filter(
      (set) =>
        !sets.some(
          (other) =>
            other !== set &&
            other.certain === set.certain &&
            covers(other, set) &&
            portSets.subtract(set.ports, other.ports) === NO_PORTS &&
            set.named.every((name) => other.ports === ALL_PORTS || other.named.includes(name)),
        ),
    );
  }
}

function byKey(a: PeerPredicate, b: PeerPredicate): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Whether everybody in `b` is in `a` too, as far as that can be read off. */
export function covers(a: PossibleSet, b: PossibleSet): boolean {
  return (
    a.none.every((hole) => b.none.some((other) => includes(other, hole))) &&
    a.all.every((outer) => b.all.some((inner) => includes(outer, inner)))
  );
}

function includes(outer: PeerPredicate, inner: PeerPredicate): boolean {
  if (outer.key === inner.key || outer.peer.type === 'everything') return true;
  if (outer.peer.type !== 'pods' || inner.peer.type !== 'pods') return false;
  const [a, b] = [outer.peer, inner.peer];
  return (a.namespaces === '' || a.namespaces === b.namespaces) && (a.pods === '' || a.pods === b.pods);
}

function podsPredicate(namespaces: LabelSelector, pods: LabelSelector): PeerPredicate[] {
  if (isContradictory(namespaces) || isContradictory(pods)) return [];
  const peer: PossiblePeer = { type: 'pods', namespaces: formatSelector(namespaces), pods: formatSelector(pods) };
  return [{ peer, key: `pods ${JSON.stringify([peer.namespaces, peer.pods])}`, selectors: { namespaces, pods } }];
}

function addressesPredicate(cidrs: readonly string[]): PeerPredicate[] {
  return cidrs.length === 0 ? [] : [{ peer: { type: 'addresses', cidrs }, key: `addresses ${cidrs.join(' ')}` }];
}

function policyPredicates(peers: readonly PolicyPeer[], namespace: string): readonly PeerPredicate[] {
  return peers.flatMap((peer) => {
    if (peer.type === 'ipBlock') {
      const { cidr, except } = peer;
      return cidr === undefined ? [] : addressesPredicate(rangesToCidrs(subtractCidrs(cidr, except)).map(formatCidr));
    }
    return podsPredicate(peer.namespaceSelector ?? namespaceNamed(namespace), peer.podSelector ?? EVERY_POD);
  });
}

/** Nodes are no possible pods: what policies say about them is in the map. */
function clusterPredicates(peer: ClusterPolicyPeer): readonly PeerPredicate[] {
  switch (peer.type) {
    case 'pods':
      return podsPredicate(peer.namespaceSelector, peer.podSelector);
    case 'networks':
      return addressesPredicate(rangesToCidrs(peer.cidrs).map(formatCidr));
    case 'domainNames':
      return [{ peer: { type: 'names', names: peer.names }, key: `names ${peer.names.join(' ')}` }];
    case 'nodes':
    case 'unknown':
      return [];
  }
}

function namespaceNamed(name: string): LabelSelector {
  return {
    requirements: [{ key: NAMESPACE_NAME_LABEL, operator: 'In', values: [name] }],
    invalid: false,
    span: undefined,
  };
}
