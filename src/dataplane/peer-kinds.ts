/** Everybody sorted by what the policy sets of a node open to them: whoever gets the same from all is one kind. */
import type { IpAddress, IpFamily } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import { BugError } from '../base/assert.ts';
import { NO, YES } from '../base/tri.ts';
import type { Compiled } from '../engine/compiled.ts';
import { PairEvaluation } from '../engine/pair-evaluation.ts';
import { WORLDS, type ClassSet } from '../engine/peer-sets.ts';
import type { PortSetId } from '../engine/port-sets.ts';
import { TierTable } from '../engine/tier-table.ts';
import { Attribution, type Opened } from './attribution.ts';
import type { JudgingSet } from './judging-sets.ts';
import { addressPeers, rangePeers, type AddressPeer, type RangePeer } from './node-peers.ts';
import { groupsIn } from './peer-groups.ts';

/** One cluster and the sets that judge the node's pods in it. */
export interface World {
  readonly compiled: Compiled;
  readonly sets: readonly JudgingSet[];
  readonly pairs: PairEvaluation;
}

export function worldOf(compiled: Compiled, sets: readonly JudgingSet[]): World {
  return { compiled, sets, pairs: new PairEvaluation(compiled, new TierTable(compiled)) };
}

export interface PeerKind {
  /** What each policy set opens. */
  readonly open: readonly PortSetId[];
  /** By whom, where somebody asked. */
  readonly openedBy: readonly (readonly Opened[])[];
  /** What each policy set of the staged world opens. */
  readonly staged: readonly PortSetId[];
}

export interface SortedPeers {
  readonly kinds: readonly PeerKind[];
  /** The kind that most addresses belong to: it needs no entry in the kernel. */
  readonly anybody: number;
  readonly addresses: readonly { readonly address: IpAddress; readonly kind: number }[];
  readonly ranges: readonly { readonly range: IpRange; readonly kind: number }[];
}

export interface SortingOptions {
  /** Peers that different policies admit are told apart. */
  readonly byPolicy: boolean;
  readonly staged: World | undefined;
  /** Of the addresses of pods and nodes: which of them to sort. */
  readonly isAsked: (address: IpAddress) => boolean;
}

export function sortPeers(node: string, enforced: World, options: SortingOptions): SortedPeers {
  const { byPolicy, staged, isAsked } = options;
  const kinds: PeerKind[] = [];
  const kindOfAnswer = new Map<string, number>();
  const kindOfQuestion = new Map<string, number>();
  const questions = new Questions(enforced, byPolicy);
  const stagedQuestions = staged === undefined ? undefined : new Questions(staged, false);

  const kindOf = ({ classId, stagedClassId, family, ownNode }: Peer): number => {
    const question = `${questions.key(classId)} ${stagedQuestions?.key(stagedClassId) ?? ''} ${family} ${ownNode ? 1 : 0}`;
    let kind = kindOfQuestion.get(question);
    if (kind !== undefined) return kind;
    const answers = questions.ask(classId, family, ownNode);
    const stagedAnswers = stagedQuestions?.ask(stagedClassId, family, ownNode) ?? [];
    const text = `${answers.map(({ id }) => id).join(' ')}/${stagedAnswers.map(({ id }) => id).join(' ')}`;
    kind = kindOfAnswer.get(text);
    if (kind === undefined) {
      kind =
        kinds.push({
          open: answers.map(({ open }) => open),
          openedBy: answers.map(({ openedBy }) => openedBy),
          staged: stagedAnswers.map(({ open }) => open),
        }) - 1;
      kindOfAnswer.set(text, kind);
    }
    kindOfQuestion.set(question, kind);
    return kind;
  };

  const ranges = joined(rangePeers(enforced.compiled), staged && rangePeers(staged.compiled)).map(
    ({ range, classId, stagedClassId }) => {
      return { range, kind: kindOf({ classId, stagedClassId, family: range.family, ownNode: false }) };
    },
  );
  const known = addressPeers(node, enforced.compiled).filter(({ address }) => isAsked(address));
  const stagedClassOf = staged && classesByAddress(addressPeers(node, staged.compiled));
  const addresses = known.map(({ address, classId, ownNode }) => {
    const stagedClassId = stagedClassOf?.get(formatIp(address)) ?? -1;
    if (staged !== undefined && stagedClassId < 0) throw new BugError('the staged cluster has other addresses');
    return { address, kind: kindOf({ classId, stagedClassId, family: address.family, ownNode }) };
  });
  return { kinds, anybody: widestKind(ranges), addresses, ranges };
}

interface Peer {
  readonly classId: number;
  readonly stagedClassId: number;
  readonly family: IpFamily;
  readonly ownNode: boolean;
}

/** Traffic from the own node is never forwarded, so its ingress is exempt without being asked (S100, D16). */
function sameNode({ direction }: JudgingSet, ownNode: boolean) {
  return ownNode && direction === 'egress' ? YES : NO;
}

/** What one policy set opens to some peer. */
interface Answer {
  /** Different answers of one set have different ones. */
  readonly id: number;
  readonly open: PortSetId;
  readonly openedBy: readonly Opened[];
}

/** What a world opens to a peer; peers with equal keys get equal answers. */
class Questions {
  private readonly world: World;
  private readonly groups: Int32Array;
  private readonly columns: readonly Column[];

  constructor(world: World, byPolicy: boolean) {
    this.world = world;
    this.groups = groupsIn(relevantSets(world.sets, world.compiled), world.compiled);
    const attribution = byPolicy ? new Attribution(world.compiled, world.pairs) : undefined;
    this.columns = world.sets.map((set) => new Column(set, world, attribution));
  }

  key(classId: number): string {
    return `${this.groups[classId] ?? -1} ${this.world.compiled.classes.namedPortsOf(classId)}`;
  }

  /** By policy set. */
  ask(classId: number, family: IpFamily, ownNode: boolean): Answer[] {
    return this.columns.map((column) => column.ask(classId, family, ownNode));
  }
}

/**
 * What one policy set opens to whom. A node has hundreds of sets, and each of them can tell only few peers apart: those
 * few it is asked about, not all whom any set tells apart.
 */
class Column {
  private readonly set: JudgingSet;
  private readonly world: World;
  private readonly attribution: Attribution | undefined;
  private readonly groups: Int32Array;
  /** The ports of a peer have names that matter. */
  private readonly named: boolean;
  private readonly byQuestion = new Map<number, Answer>();
  private readonly byContent = new Map<string, Answer>();

  constructor(set: JudgingSet, world: World, attribution: Attribution | undefined) {
    const { compiled } = world;
    this.set = set;
    this.world = world;
    this.attribution = attribution;
    this.groups = groupsIn(relevantSets([set], compiled), compiled);
    this.named = set.direction === 'egress' && set.rules.some(({ ports }) => compiled.portSpecs.hasNames(ports));
  }

  ask(classId: number, family: IpFamily, ownNode: boolean): Answer {
    const names = this.named ? this.world.compiled.classes.namedPortsOf(classId) : 0;
    const side = (family === 4 ? 0 : 1) + (ownNode ? 2 : 0);
    const question = (names * this.groups.length + (this.groups[classId] ?? 0)) * 4 + side;
    let answer = this.byQuestion.get(question);
    if (answer === undefined) {
      answer = this.answer(classId, family, ownNode);
      this.byQuestion.set(question, answer);
    }
    return answer;
  }

  private answer(classId: number, family: IpFamily, ownNode: boolean): Answer {
    const { set, world, attribution } = this;
    const node = sameNode(set, ownNode);
    const open = world.pairs.gate(set.classId, classId, set.direction, family, node).certain;
    const openedBy = attribution?.of(set, classId, family, node) ?? [];
    const content = `${open} ${openedBy.length === 0 ? '' : JSON.stringify(openedBy)}`;
    let answer = this.byContent.get(content);
    if (answer === undefined) {
      answer = { id: this.byContent.size, open, openedBy };
      this.byContent.set(content, answer);
    }
    return answer;
  }
}

function relevantSets(sets: readonly JudgingSet[], compiled: Compiled): Set<ClassSet> {
  const { peerSets } = compiled;
  const relevant = new Set<ClassSet>();
  for (const { rules } of sets) {
    for (const { peers } of rules) for (const world of WORLDS) relevant.add(peerSets.set(peers, world));
  }
  // Pods, hosts and others are not always in different sets, but the engine may treat them differently.
  const { podCount, externalStart } = compiled.classes;
  if (podCount > 0) relevant.add(peerSets.sets.of([0, podCount - 1]));
  if (externalStart > podCount) relevant.add(peerSets.sets.of([podCount, externalStart - 1]));
  return relevant;
}

function classesByAddress(peers: readonly AddressPeer[]): Map<string, number> {
  return new Map(peers.map(({ address, classId }) => [formatIp(address), classId]));
}

interface JoinedRange extends RangePeer {
  readonly stagedClassId: number;
}

/** Both cover every address, sorted; the pieces in which neither changes. */
function joined(ranges: readonly RangePeer[], staged: readonly RangePeer[] | undefined): JoinedRange[] {
  if (staged === undefined) return ranges.map((each) => ({ ...each, stagedClassId: -1 }));
  const pieces: JoinedRange[] = [];
  let at = 0;
  for (const { range, classId } of ranges) {
    for (let other = staged[at]; other !== undefined; other = staged[++at]) {
      const both = overlap(range, other.range);
      if (both !== undefined) pieces.push({ range: both, classId, stagedClassId: other.classId });
      // One that reaches further has a part of the next range as well.
      if (other.range.family !== range.family ? range.family < other.range.family : other.range.last > range.last)
        break;
    }
  }
  return pieces;
}

function overlap(a: IpRange, b: IpRange): IpRange | undefined {
  if (a.family === 4 && b.family === 4) {
    const [first, last] = [Math.max(a.first, b.first), Math.min(a.last, b.last)];
    return first <= last ? { family: 4, first, last } : undefined;
  }
  if (a.family === 6 && b.family === 6) {
    const [first, last] = [a.first > b.first ? a.first : b.first, a.last < b.last ? a.last : b.last];
    return first <= last ? { family: 6, first, last } : undefined;
  }
  return undefined;
}

/** By the number of addresses; IPv6 only decides where IPv4 does not. */
function widestKind(ranges: SortedPeers['ranges']): number {
  const sizes = new Map<number, number>();
  for (const { range, kind } of ranges) {
    const size = range.family === 4 ? range.last - range.first + 1 : Number(range.last - range.first + 1n) / 2 ** 128;
    sizes.set(kind, (sizes.get(kind) ?? 0) + size);
  }
  let widest = -1;
  let most = -1;
  for (const [kind, size] of sizes) {
    if (size > most) [widest, most] = [kind, size];
  }
  return widest;
}
