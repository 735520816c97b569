/** Peers that need not exist, in words; plain text, to be escaped by the format. */
import type { PossiblePeer } from '../engine/possible-peers-results.ts';
import type { PossibleChange } from '../engine/semantic-diff-results.ts';
import { outsideName } from './outside-names.ts';
import { portsText } from './ports-text.ts';
import type { Symbols } from './symbols.ts';

/** `pods app=web in namespaces team=x`, `any pod in any namespace`. */
export function possiblePeerText(peer: PossiblePeer, full = false): string {
  if (peer.type === 'addresses') return outsideName([{ id: '', type: 'external', cidrs: peer.cidrs }], full);
  const pods = peer.pods === '' ? 'any pod' : `pods ${peer.pods}`;
  const name = /^kubernetes\.io\/metadata\.name=([^,]+)$/.exec(peer.namespaces)?.[1];
  if (name !== undefined) return `${pods} in namespace ${name}`;
  return `${pods} in ${peer.namespaces === '' ? 'any namespace' : `namespaces ${peer.namespaces}`}`;
}

export function possibleChangeText(
  { workload, direction, change, opening }: PossibleChange,
  symbols: Symbols,
  full = false,
): string {
  const peer = possiblePeerText(opening.peer, full);
  const ends = direction === 'ingress' ? `${peer} ${symbols.to} ${workload}` : `${workload} ${symbols.to} ${peer}`;
  return `${ends}  ${portsText(opening.ports, full)}${change === 'added' ? '' : ' (no longer)'}`;
}
