import { assertNever } from '../base/assert.ts';
import { resultApiVersion } from '../engine/results.ts';
import type { Connection, ConnectivityMap, Exposure, MapPeer } from '../engine/results.ts';
import { jsonLine } from './escape.ts';

/**
 * The map for programs: the `ConnectivityMap` contract, one peer, connection or exposure a line so that two outputs
 * diff well. Keys come in the order of the contract, entries in the order of the map.
 */
export function renderMapJson(map: ConnectivityMap): string {
  const { leftOut, possible } = map;
  const more = [
    ...(possible === undefined ? [] : [`  "possible": ${list(possible)}`]),
    ...(leftOut === undefined ? [] : [`  "leftOut": ${leftOut}`]),
  ];
  return [
    '{',
    `  "apiVersion": "${resultApiVersion}",`,
    '  "kind": "ConnectivityMap",',
    `  "peers": ${list(map.peers.map(peerValue))},`,
    `  "connections": ${list(map.connections.map(connectionValue))},`,
    [`  "exposed": ${list(map.exposed.map(exposureValue))}`, ...more].join(',\n'),
    '}\n',
  ].join('\n');
}

function list(values: readonly object[]): string {
  return values.length === 0 ? '[]' : `[\n${values.map((value) => `    ${jsonLine(value)}`).join(',\n')}\n  ]`;
}

function peerValue(peer: MapPeer): object {
  switch (peer.type) {
    case 'workload': {
      const { id, type, namespace, kind, name, pods, isolated, hostNetwork, workloads } = peer;
      const { ingress, egress } = isolated;
      return {
        id,
        type,
        namespace,
        kind,
        name,
        pods,
        isolated: { ingress, egress },
        ...(hostNetwork === undefined ? {} : { hostNetwork }),
        ...(workloads === undefined ? {} : { workloads }),
      };
    }
    case 'external':
      return { id: peer.id, type: peer.type, cidrs: peer.cidrs };
    case 'namespace':
      return { id: peer.id, type: peer.type, name: peer.name, pods: peer.pods };
    default:
      return assertNever(peer);
  }
}

function connectionValue({ from, to, ports, replicas, detail, families, certain, why }: Connection): object {
  return {
    from,
    to,
    ports,
    replicas,
    ...(detail === undefined ? {} : { detail: detail.map((d) => ({ from: d.from, to: d.to, ports: d.ports })) }),
    ...(families === undefined ? {} : { families: { IPv4: families.IPv4, IPv6: families.IPv6 } }),
    ...(certain === undefined ? {} : { certain }),
    ...(why === undefined ? {} : { why }),
  };
}

function exposureValue({ via, to, through, ports, allowed, certain, why }: Exposure): object {
  return {
    via,
    to,
    ...(through === undefined ? {} : { through }),
    ports,
    allowed,
    ...(certain === undefined ? {} : { certain }),
    ...(why === undefined ? {} : { why }),
  };
}
