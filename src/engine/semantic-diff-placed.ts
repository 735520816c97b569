/**
 * Hosts and pods by where they run: a pod's own node has a door of its own (S100), so the answer between a host and the
 * pods of a workload differs from pair to pair.
 */
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { PortBounds } from './port-sets.ts';
import type { JointAnswers } from './semantic-diff-answers.ts';
import type { JointItem, JointMember } from './semantic-diff-classes.ts';
import type { SharedPorts, Side } from './semantic-diff-ports.ts';

/** The answers of both sides for pairs that are placed alike. */
export interface PlacedAnswer {
  readonly before: PortBounds;
  readonly after: PortBounds;
  readonly sameNode: Readonly<Record<Side, Tri>>;
  /** Whether such a pair certainly exists. */
  readonly sure: boolean;
}

/** One for each way in which members of class `from` of `a` and of class `to` of `b` are placed to each other. */
export function placedAnswers(
  answers: JointAnswers,
  ports: SharedPorts,
  a: JointItem,
  from: number,
  b: JointItem,
  to: number,
): readonly PlacedAnswer[] {
  const other = { before: answers.bounds('before', from, to), after: answers.bounds('after', from, to) };
  const own = { before: answers.ownNodeBounds('before', from, to), after: answers.ownNodeBounds('after', from, to) };
  const differs = !sameBounds(other.before, own.before) || !sameBounds(other.after, own.after);
  const at = (side: Side, placed: Tri): PortBounds => {
    if (placed !== MAYBE) return placed === YES ? own[side] : other[side];
    const { sets } = ports;
    return ports.pair(
      sets.intersect(own[side].certain, other[side].certain),
      sets.union(own[side].possible, other[side].possible),
    );
  };
  const kinds = differs ? neighbourhoods(a, from, b, to, answers.isHost(from)) : ELSEWHERE;
  return kinds.map(({ nodeBefore, nodeAfter, sure }) => ({
    before: at('before', nodeBefore),
    after: at('after', nodeAfter),
    sameNode: { before: nodeBefore, after: nodeAfter },
    sure,
  }));
}

export function sameBounds(a: PortBounds, b: PortBounds): boolean {
  return a.certain === b.certain && a.possible === b.possible;
}

/** Whether host and pod share a node, on each side. */
interface Neighbourhood {
  readonly nodeBefore: Tri;
  readonly nodeAfter: Tri;
  /** Whether such a pair certainly exists. */
  readonly sure: boolean;
}

const ELSEWHERE: readonly Neighbourhood[] = [{ nodeBefore: NO, nodeAfter: NO, sure: true }];

/** The different ways in which a host of the one and a pod of the other are placed to each other. */
function neighbourhoods(
  a: JointItem,
  from: number,
  b: JointItem,
  to: number,
  hostFirst: boolean,
): readonly Neighbourhood[] {
  const sources = a.members.filter(({ joint }) => joint === from);
  const targets = b.members.filter(({ joint }) => joint === to);
  const [host, hosts, pods] = hostFirst ? [a, sources, targets] : [b, targets, sources];
  const found = new Map<number, Neighbourhood>();
  const add = (nodeBefore: Tri, nodeAfter: Tri, sure: boolean): void => {
    const key = nodeBefore * 4 + nodeAfter;
    if (found.get(key)?.sure !== true) found.set(key, { nodeBefore, nodeAfter, sure });
  };
  const everywhere = host.kind === 'DaemonSet';
  for (const pod of distinctNodes(pods)) {
    for (const { nodeBefore, nodeAfter } of distinctNodes(hosts)) {
      const old = sameNode(nodeBefore, pod.nodeBefore);
      const now = sameNode(nodeAfter, pod.nodeAfter);
      if (old === MAYBE && now === MAYBE) {
        // Placed the same way on both sides, whichever that is; a DaemonSet has pods here and there.
        add(NO, NO, everywhere);
        add(YES, YES, everywhere);
      } else add(old, now, true);
      if (found.size === 9) return [...found.values()];
    }
  }
  return [...found.values()];
}

function sameNode(a: string, b: string): Tri {
  if (a === '' || b === '') return MAYBE;
  return a === b ? YES : NO;
}

function distinctNodes(members: readonly JointMember[]): readonly JointMember[] {
  const seen = new Map<string, JointMember>();
  for (const member of members) seen.set(JSON.stringify([member.nodeBefore, member.nodeAfter]), member);
  return [...seen.values()];
}
