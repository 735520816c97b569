/** Which missing facts leave a difference open, in the words of the explanation of one such connection. */
import { MAYBE } from '../base/tri.ts';
import type { Engine } from './engine.ts';
import { NO_PORTS, type PortSetId } from './port-sets.ts';
import type { ConnectionQuery, Endpoint } from './query.ts';
import type { JointClasses } from './semantic-diff-classes.ts';
import type { SharedPorts, Side } from './semantic-diff-ports.ts';
import type { ClassDifference, EndDifference } from './semantic-diff-sweep.ts';

const MAX_WHY = 4;
/** Explanations made for one diff; a diff with more open connections repeats their reasons anyway. */
const MAX_EXPLAINED = 2_000;

export class UnknownReasons {
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly classes: JointClasses;
  private readonly ports: SharedPorts;
  private explained = 0;

  constructor(engines: Readonly<Record<Side, Engine>>, classes: JointClasses, ports: SharedPorts) {
    this.engines = engines;
    this.classes = classes;
    this.ports = ports;
  }

  of({ from, to, samples }: EndDifference): readonly string[] {
    const why = new Set<string>();
    for (const sample of samples) {
      for (const side of ['before', 'after'] as const) {
        const { certain, possible } = sample[side];
        const open = this.ports.sets.subtract(possible, certain);
        if (open === NO_PORTS || this.explained >= MAX_EXPLAINED) continue;
        const source = this.endpoint(from, sample.from, side);
        const target = this.endpoint(to, sample.to, side);
        if (source === undefined || target === undefined) continue;
        this.explained++;
        const result = this.engines[side].explain({ from: source, to: target, ...this.point(open) });
        const gates = [result.egress, result.ingress].flatMap((gate) => (gate.certain ? [] : (gate.why ?? [])));
        for (const reason of gates.length > 0 ? gates : (result.why ?? [])) why.add(reason);
        if (why.size === 0 && this.lacksFamilies(side, sample)) {
          why.add('the addresses of pods, and so their IP families, are not part of the input (--pod-cidr tells them)');
        }
      }
    }
    if (why.size === 0) why.add('the input does not say which pods share a node');
    return [...why].slice(0, MAX_WHY);
  }

  /** Whether it is unknown which families an end has. */
  private lacksFamilies(side: Side, { from, to }: ClassDifference): boolean {
    const { families } = this.engines[side].compiled.classes;
    return [from, to].some((joint) => {
      const bits = families[this.classes.of[side][joint] ?? -1] ?? 0;
      return (bits & 3) === MAYBE || bits >> 2 === MAYBE;
    });
  }

  private endpoint(end: number, joint: number, side: Side): Endpoint | undefined {
    const item = this.classes.items[end];
    if (item === undefined) {
      const cidr = this.classes.externals[joint - this.classes.externalStart]?.[0];
      if (cidr === undefined) return undefined;
      const ip = cidr.family === 4 ? { family: 4, value: cidr.first } : { family: 6, value: cidr.first };
      return { type: 'address', ip: ip as Extract<Endpoint, { type: 'address' }>['ip'] };
    }
    const member = item.members.find((candidate) => candidate.joint === joint);
    if (member === undefined) return undefined;
    if (item.type === 'workload') return member[side] < 0 ? undefined : { type: 'pod', pod: member[side] };
    const name = side === 'before' ? member.nodeBefore : member.nodeAfter;
    const node = this.engines[side].cluster.nodeNamed(name);
    return node === undefined ? undefined : { type: 'node', node: node.index };
  }

  private point(set: PortSetId): Pick<ConnectionQuery, 'protocol' | 'port'> {
    const value = this.ports.sets.value(set);
    if (value === 'any') return { protocol: 'TCP', port: 1 };
    const [first] = value;
    if (first === undefined || first.protocol === 'other') return { protocol: 'other', port: 0 };
    return { protocol: first.protocol, port: first.ranges[0]?.[0] ?? 1 };
  }
}
