/**
 * Base rows: destinations that are alike as far as wide rules, tiers, isolation and families go share one, and those that
 * differ only in ingress share its egress side.
 */
import type { IpFamily } from '../base/inet.ts';
import { NO, YES } from '../base/tri.ts';
import {
  addWide,
  BaseSegments,
  cutAt,
  EITHER,
  FREE,
  ISOLATED,
  through,
  UNBOUND,
  type EgressSegments,
  type TierGate,
  type WideRule,
} from './base-segments.ts';
import type { Compiled } from './compiled.ts';
import type { World } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';
import type { RuleWidths } from './rule-widths.ts';
import type { TierTable } from './tier-table.ts';

export class RowBases {
  readonly lower: boolean;
  readonly family: IpFamily;
  /** How NetworkPolicies bind each class as a destination; see `FREE` and its kin. */
  readonly ingressBound: Uint8Array;
  private readonly compiled: Compiled;
  private readonly tiers: TierTable;
  private readonly widths: RuleWidths;
  private readonly count: number;
  private readonly egressBound: Uint8Array;
  private readonly mask: Uint8Array;
  private readonly totalNamed: boolean;
  /** Cut wherever isolation, tiers, families or the nearly total groups change. */
  private readonly commonStarts: Int32Array;
  private readonly commonWides = new Map<number, Int32Array>();

  constructor(compiled: Compiled, tiers: TierTable, world: World, widths: RuleWidths) {
    this.compiled = compiled;
    this.tiers = tiers;
    this.widths = widths;
    this.lower = (world & 1) === 0;
    this.family = world < 2 ? 4 : 6;
    this.count = compiled.classes.count;
    this.egressBound = this.boundBy('egress');
    this.ingressBound = this.boundBy('ingress');
    this.mask = this.familyMask();
    const { total } = widths.egress;
    const subjects = total.map(({ subjects: members }) => ({ members }));
    this.commonStarts = cutAt(this.findStaticStarts(), subjects, compiled, this.count);
    this.totalNamed = total.some(({ ports }) => compiled.portSpecs.hasNames(ports));
  }

  private boundBy(direction: Direction): Uint8Array {
    const { classes } = this.compiled;
    const bound = new Uint8Array(this.count).fill(UNBOUND);
    for (let id = 0; id < classes.podCount; id++) {
      const { isolated } = this.compiled.policyList(id, direction);
      // A pod that is only possibly isolated certainly gets no more than an isolated one without any rule.
      bound[id] = isolated === NO ? FREE : isolated === YES || this.lower ? ISOLATED : EITHER;
    }
    return bound;
  }

  /** Two ends can connect when their masks have a bit in common. */
  private familyMask(): Uint8Array {
    const { families } = this.compiled.classes;
    const { familiesAgree } = this.compiled.peerSets;
    const four = familiesAgree || this.family === 4;
    const six = familiesAgree || this.family === 6;
    return families.map((bits) => (four && (bits & 3) !== 0 ? 1 : 0) | (six && bits >> 2 !== 0 ? 2 : 0));
  }

  private findStaticStarts(): Int32Array {
    const starts: number[] = [];
    const { groupOf } = this.tiers;
    for (let id = 0; id < this.count; id++) {
      const same =
        id > 0 &&
        this.egressBound[id] === this.egressBound[id - 1] &&
        this.mask[id] === this.mask[id - 1] &&
        groupOf[id] === groupOf[id - 1];
      if (!same) starts.push(id);
    }
    return Int32Array.from(starts);
  }
  /** Destinations by what their bases depend on: first what concerns egress, then what concerns ingress too. */
  destinationsByBase(): number[][][] {
    const { classes, listOf, portSpecs } = this.compiled;
    const wideEgress = this.wideGroupsOf();
    const egressNamed = this.totalNamed || this.widths.egress.wide.some(({ ports }) => portSpecs.hasNames(ports));
    const egressKeys = new KeyChain();
    const ingressKeys = new KeyChain();
    const byBase = new Map<number, Map<number, number[]>>();
    for (let id = 0; id < this.count; id++) {
      const names = classes.namedPortsOf(id) + 1;
      let key = egressKeys.join(wideEgress[id] ?? 0, this.mask[id] ?? 0);
      if (egressNamed) key = egressKeys.join(key, names);
      if (this.tiers.groupCount > 1) key = egressKeys.join(key, this.tiers.groupOf[id] ?? 0);
      if (this.tiers.portsCount > 1) key = egressKeys.join(key, this.tiers.portsOf[id] ?? 0);
      const rules = classes.isPod(id) ? this.widths.ingress[listOf.ingress[id] ?? 0] : undefined;
      let inner = ingressKeys.join(rules?.wideId ?? 0, this.ingressBound[id] ?? 0);
      inner = ingressKeys.join(inner, rules?.named === true ? names : 0);
      let alike = byBase.get(key);
      if (alike === undefined) {
        alike = new Map();
        byBase.set(key, alike);
      }
      const same = alike.get(inner);
      if (same === undefined) alike.set(inner, [id]);
      else same.push(id);
    }
    return Array.from(byBase.values(), (alike) => [...alike.values()]);
  }

  /** A number per destination: equal for those in the same wide groups. */
  private wideGroupsOf(): Int32Array {
    const { sets } = this.compiled.peerSets;
    const low = new Int32Array(this.count);
    const high = new Int32Array(this.count);
    this.widths.egress.wide.forEach(({ peers }, group) => {
      const bits = group < 30 ? low : high;
      const bit = 1 << (group % 30);
      const ranges = sets.view(peers);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) bits[id] = (bits[id] ?? 0) | bit;
      }
    });
    const ids = new Map<number, number>();
    return low.map((bits, id) => {
      const key = bits + (high[id] ?? 0) * 0x40000000;
      let number = ids.get(key);
      if (number === undefined) {
        number = ids.size;
        ids.set(key, number);
      }
      return number;
    });
  }

  /** What bases have in common that differ only in ingress rules, taken from one of their destinations. */
  egressSegmentsFor(destination: number): EgressSegments {
    const { compiled } = this;
    const { portSets } = compiled;
    const named = compiled.classes.namedPortsOf(destination);
    const rules: WideRule[] = [];
    for (const { peers, ports, subjects } of this.widths.egress.wide) {
      if (compiled.peerSets.sets.has(peers, destination)) {
        rules.push({ members: subjects, ports: compiled.portSpecs.resolve(ports, named) });
      }
    }
    const starts = cutAt(this.commonStarts, rules, compiled, this.count);
    const { length } = starts;
    const group = new Int32Array(length);
    const bound = new Uint8Array(length);
    const apart = new Uint8Array(length);
    const wide = new Int32Array(length);
    const value = new Int32Array(length);
    const tiers: TierGate[] = [];
    const mask = this.mask[destination] ?? 0;
    const common = this.commonWide(named);
    let at = 0;
    for (let segment = 0; segment < length; segment++) {
      const source = starts[segment] ?? 0;
      while ((this.commonStarts[at + 1] ?? this.count) <= source) at++;
      group[segment] = this.tiers.groupOf[source] ?? 0;
      bound[segment] = this.egressBound[source] ?? UNBOUND;
      apart[segment] = ((this.mask[source] ?? 0) & mask) === 0 ? 1 : 0;
      wide[segment] = common[at] ?? NO_PORTS;
    }
    addWide(wide, starts, rules, compiled);
    for (let segment = 0; segment < length; segment++) {
      if (apart[segment] === 1) continue;
      const how = bound[segment] ?? UNBOUND;
      const g = group[segment] ?? 0;
      if (how === UNBOUND) {
        value[segment] = ALL_PORTS;
        continue;
      }
      tiers[g] ??= this.tierGate(starts[segment] ?? 0, destination, 'egress');
      value[segment] = through(how, tiers[g], (wide[segment] ?? 0) as PortSetId, portSets);
    }
    return { starts, group, bound, apart, wide, value, tiers };
  }

  /** The segments of a base, taken from one of its destinations. */
  baseSegmentsFor(destination: number, egress: EgressSegments): BaseSegments {
    const { compiled } = this;
    const bound = this.ingressBound[destination] ?? UNBOUND;
    const tiers: TierGate[] = [];
    if (bound !== UNBOUND) {
      for (let group = 0; group < this.tiers.groupCount; group++) {
        tiers.push(this.tierGate(destination, this.tiers.memberOf(group), 'ingress'));
      }
    }
    let everywhere: PortSetId = NO_PORTS;
    const rules: WideRule[] = [];
    if (bound === ISOLATED || bound === EITHER) {
      const named = compiled.classes.namedPortsOf(destination);
      const { wide = [], total = [] } = this.widths.ingress[compiled.listOf.ingress[destination] ?? 0] ?? {};
      for (const { members, ports } of wide) rules.push({ members, ports: compiled.portSpecs.resolve(ports, named) });
      for (const { ports } of total) {
        everywhere = compiled.portSets.union(everywhere, compiled.portSpecs.resolve(ports, named));
      }
    }
    const starts = cutAt(egress.starts, rules, compiled, this.count);
    let wide: Int32Array | undefined;
    if (rules.length > 0) {
      wide = new Int32Array(starts.length);
      addWide(wide, starts, rules, compiled);
    }
    return new BaseSegments(egress, starts, bound, tiers, everywhere, wide, compiled.portSets);
  }

  /** What the nearly total egress groups allow on each of the common segments. */
  private commonWide(named: number): Int32Array {
    const key = this.totalNamed ? named : 0;
    let wide = this.commonWides.get(key);
    if (wide === undefined) {
      wide = new Int32Array(this.commonStarts.length);
      const rules = this.widths.egress.total.map(({ ports, subjects }) => ({
        members: subjects,
        ports: this.compiled.portSpecs.resolve(ports, named),
      }));
      addWide(wide, this.commonStarts, rules, this.compiled);
      this.commonWides.set(key, wide);
    }
    return wide;
  }

  /** What tiers say about a pair, in the numbers of this world. */
  private tierGate(subject: number, peer: number, direction: Direction): TierGate {
    const result = this.tiers.result(subject, peer, direction, this.family);
    return this.lower
      ? { accepted: result.accepted, gate: result.notDenied, open: result.openCertain }
      : { accepted: result.maybeAccepted, gate: result.undecided, open: result.openPossible };
  }
}

/** Numbers pairs of numbers in order of first sight; chains of them number tuples. */
class KeyChain {
  private readonly ids = new Map<number, number>();

  join(a: number, b: number): number {
    const key = a * 0x4000000 + b;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(key, id);
    }
    return id;
  }
}
