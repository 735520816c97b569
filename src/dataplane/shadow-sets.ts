/**
 * What policies in audit mode would deny: the same node in a cluster in which they count, held against the one in
 * force. Only what is allowed now and would not be then is of interest; what they would open is not shown.
 */
import type { Compiled } from '../engine/compiled.ts';
import { NO_PORTS as NO_PORT_SET, type PortSetId } from '../engine/port-sets.ts';
import type { Direction } from '../engine/policy-rules.ts';
import { compareText } from '../model/order.ts';
import { ContentNames } from './content-name.ts';
import type { JudgingSet } from './judging-sets.ts';
import { ALL_PORTS, intersectPorts, openPortsOf, subtractPorts, type OpenPorts } from './open-ports.ts';
import type { PeerKind, World } from './peer-kinds.ts';
import type { IdentityId, ShadowSet } from './plan.ts';

export class ShadowSets {
  private readonly enforced: World;
  private readonly staged: World;
  private readonly kinds: readonly PeerKind[];
  private readonly ids: readonly IdentityId[];
  private readonly names = new ContentNames();
  private readonly byName = new Map<string, ShadowSet | undefined>();

  constructor(enforced: World, staged: World, kinds: readonly PeerKind[], ids: readonly IdentityId[]) {
    this.enforced = enforced;
    this.staged = staged;
    this.kinds = kinds;
    this.ids = ids;
  }

  /** The name of the set for pods that are judged by `now` and would be by `then`. */
  nameFor(direction: Direction, now: JudgingSet | undefined, then: JudgingSet | undefined): string | undefined {
    if (then === undefined) return undefined;
    const name = this.names.name(direction === 'ingress' ? 'win' : 'wout', `${now?.name ?? ''} ${then.name}`);
    if (!this.byName.has(name)) this.byName.set(name, this.make(name, now, then));
    return this.byName.get(name)?.name;
  }

  /** All that were asked for and would deny anything, sorted by name. */
  get all(): ShadowSet[] {
    return [...this.byName.values()].filter((set) => set !== undefined).toSorted((a, b) => compareText(a.name, b.name));
  }

  private make(name: string, now: JudgingSet | undefined, then: JudgingSet): ShadowSet | undefined {
    const nowAt = now === undefined ? -1 : this.enforced.sets.indexOf(now);
    const thenAt = this.staged.sets.indexOf(then);
    const nowPorts = portsIn(this.enforced.compiled);
    const thenPorts = portsIn(this.staged.compiled);
    const wouldDeny = new Map<IdentityId, OpenPorts>();
    let fromAll = ALL_PORTS;
    this.kinds.forEach((kind, at) => {
      const open = now === undefined ? ALL_PORTS : nowPorts(kind.open[nowAt] ?? NO_PORT_SET);
      const lost = subtractPorts(open, thenPorts(kind.staged[thenAt] ?? NO_PORT_SET));
      fromAll = intersectPorts(fromAll, lost);
      if (lost.line.length > 0) wouldDeny.set(this.ids[at] ?? 0, lost);
    });
    if (wouldDeny.size === 0) return undefined;
    const old = new Set(now?.policies);
    const more = then.policies.filter((policy) => !old.has(policy));
    return {
      name,
      direction: then.direction,
      policies: more.length === 0 ? then.policies : more,
      fromAll,
      wouldDeny: new Map([...wouldDeny].toSorted(([a], [b]) => a - b)),
    };
  }
}

function portsIn({ portSets }: Compiled): (ports: PortSetId) => OpenPorts {
  const known = new Map<PortSetId, OpenPorts>();
  return (ports) => {
    let value = known.get(ports);
    if (value === undefined) {
      value = openPortsOf(portSets.value(ports));
      known.set(ports, value);
    }
    return value;
  };
}
