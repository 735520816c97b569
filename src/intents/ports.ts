/** From ports as an intent writes them to the sets of the engine, pod by pod where names are meant (S113). */
import { assertNever } from '../base/assert.ts';
import type { Engine } from '../engine/engine.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from '../engine/port-sets.ts';
import type { PortItem, PortWish } from './intent.ts';

/** What some ports are on each end. */
export interface PortsOnEnds {
  readonly onPod: (pod: number) => PortSetId;
  /** Nodes and addresses have no named ports. */
  readonly elsewhere: PortSetId;
}

export const everyPort: PortsOnEnds = { onPod: () => ALL_PORTS, elsewhere: ALL_PORTS };

export function portsOnEnds(engine: Engine, wish: PortWish | undefined): PortsOnEnds {
  if (wish === undefined) return everyPort;
  const { portSets } = engine;
  let fixed: PortSetId = NO_PORTS;
  for (const item of wish.items) fixed = portSets.union(fixed, fixedPorts(engine, item));
  const names = wish.items.filter((item) => item.type === 'name');
  if (names.length === 0) return { onPod: () => fixed, elsewhere: fixed };
  const onPod = (pod: number): PortSetId => {
    let set = fixed;
    for (const port of engine.cluster.pods.ports[pod] ?? []) {
      const named = names.some(
        ({ name, protocol }) => name === port.name && (protocol === undefined || protocol === port.protocol),
      );
      if (named) set = portSets.union(set, portSets.range(port.protocol, port.containerPort, port.containerPort));
    }
    return set;
  };
  return { onPod, elsewhere: fixed };
}

function fixedPorts({ portSets }: Engine, item: PortItem): PortSetId {
  switch (item.type) {
    case 'range':
      return portSets.range(item.protocol, item.first, item.last);
    case 'all':
      return item.protocol === undefined ? ALL_PORTS : portSets.protocol(item.protocol);
    case 'portless': {
      let others: PortSetId = ALL_PORTS;
      for (const protocol of ['TCP', 'UDP', 'SCTP'] as const)
        others = portSets.subtract(others, portSets.protocol(protocol));
      return others;
    }
    case 'name':
      return NO_PORTS;
    default:
      return assertNever(item);
  }
}

/** As a target on the command line writes it. */
export function portItemText(item: PortItem): string {
  switch (item.type) {
    case 'range': {
      const ports = item.first === item.last ? `${item.first}` : `${item.first}-${item.last}`;
      return item.protocol === 'TCP' ? ports : `${ports}/${item.protocol.toLowerCase()}`;
    }
    case 'all':
      return item.protocol === undefined ? 'any' : `any/${item.protocol.toLowerCase()}`;
    case 'portless':
      return 'icmp';
    case 'name':
      return item.protocol === undefined ? item.name : `${item.name}/${item.protocol.toLowerCase()}`;
    default:
      return assertNever(item);
  }
}
