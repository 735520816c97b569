/** Peers that need not exist, in words; plain text, to be escaped by the format. */
import { assertNever } from '../base/assert.ts';
import type { PossibleExposure, PossibleOpening, PossiblePeer } from '../engine/results.ts';
import type { PossibleChange } from '../engine/semantic-diff-results.ts';
import { outsideName } from './outside-names.ts';
import { portsText } from './ports-text.ts';
import type { Symbols } from './symbols.ts';

/** `pods app=web in namespaces team=x`, `any pod in namespace shop`, `whoever has an address in 10.0.0.0/8`. */
export function possiblePeerText(peer: PossiblePeer, full = false): string {
  switch (peer.type) {
    case 'everything':
      return 'everything';
    case 'addresses': {
      const name = outsideName([{ id: '', type: 'external', cidrs: peer.cidrs }], full);
      return `whoever has an address in ${name.startsWith('internet') ? `the ${name}` : name}`;
    }
    case 'names':
      return `what ${peer.names.join(', ')} resolves to`;
    case 'pods': {
      const pods = peer.pods === '' ? 'any pod' : `pods ${peer.pods}`;
      const name = /^kubernetes\.io\/metadata\.name=([^,]+)$/.exec(peer.namespaces)?.[1];
      if (name !== undefined) return `${pods} in namespace ${name}`;
      return `${pods} in ${peer.namespaces === '' ? 'any namespace' : `namespaces ${peer.namespaces}`}`;
    }
    default:
      return assertNever(peer);
  }
}

/** The peers of one opening, with what narrows them down. */
export function openingPeersText({ peer, and = [], except = [] }: PossibleOpening, full = false): string {
  const words = [peer, ...and].map((each) => possiblePeerText(each, full)).join(' that is also ');
  return except.length === 0
    ? words
    : `${words}, except ${except.map((each) => possiblePeerText(each, full)).join(' and ')}`;
}

/** `tcp 80`, `maybe tcp 80`, `tcp 80 and the ports that it calls http`. */
export function openingPortsText({ ports, named = [], certain }: PossibleOpening, full = false): string {
  const parts = ports.length === 0 && named.length > 0 ? [] : [portsText(ports, full)];
  if (named.length > 0) parts.push(`what it calls ${named.join(', ')}`);
  return `${certain === false ? 'maybe ' : ''}${parts.join(' and ')}`;
}

export function possibleChangeText(
  { workload, direction, change, opening }: PossibleChange,
  symbols: Symbols,
  full = false,
): string {
  const peer = openingPeersText(opening, full);
  const ends = direction === 'ingress' ? `${peer} ${symbols.to} ${workload}` : `${workload} ${symbols.to} ${peer}`;
  return `${ends}  ${openingPortsText(opening, full)}${change === 'added' ? '' : ' (no longer)'}`;
}

/** Workloads of one namespace that are open alike. */
export interface PossibleGroup {
  readonly workloads: readonly string[];
  readonly direction: 'ingress' | 'egress';
  readonly some: boolean;
  readonly openings: readonly PossibleOpening[];
}

/** Ingress first; in the order of the first workload of each. */
export function possibleGroups(exposures: readonly PossibleExposure[]): readonly PossibleGroup[] {
  const groups = new Map<string, { workloads: string[]; exposure: PossibleExposure }>();
  for (const direction of ['ingress', 'egress'] as const) {
    for (const exposure of exposures) {
      if (exposure.direction !== direction) continue;
      const key = JSON.stringify([direction, exposure.replicas, exposure.openings]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { workloads: [exposure.workload], exposure });
      else group.workloads.push(exposure.workload);
    }
  }
  return Array.from(groups.values(), ({ workloads, exposure: { direction, replicas, openings } }) => ({
    workloads,
    direction,
    some: replicas === 'some',
    openings,
  }));
}
