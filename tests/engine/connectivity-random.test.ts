/** The map against its definition, pair by pair, on random clusters. */
import { describe, expect, it } from 'vitest';

import { parseCidr, parseIp } from '../../src/base/inet-parse.ts';
import { cidrContains } from '../../src/base/inet.ts';
import { connectivityMap } from '../../src/engine/connectivity.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { NO_PORTS, type PortSetId } from '../../src/engine/port-sets.ts';
import type { Endpoint } from '../../src/engine/query.ts';
import type { ConnectivityMap } from '../../src/engine/results.ts';
import { outsideAddresses, randomCluster } from '../property/random-cluster.ts';
import { engineOf } from '../property/under-test.ts';
import { portsText } from './connectivity-cluster.ts';

const SEEDS = Array.from({ length: 120 }, (_, index) => index + 1);

interface Expected {
  readonly ports: string;
  readonly replicas: 'all' | 'some';
  readonly certain: boolean;
}

/** All pairs of single members, one by one. */
function bruteForce(engine: Engine, from: readonly Endpoint[], to: readonly Endpoint[]): Expected | undefined {
  const { portSets } = engine;
  let certain: PortSetId = NO_PORTS;
  let possible: PortSetId = NO_PORTS;
  const answers = new Set<string>();
  for (const a of from) {
    for (const b of to) {
      const ports = engine.ports(a, b);
      certain = portSets.union(certain, ports.certain);
      possible = portSets.union(possible, ports.possible);
      answers.add(`${ports.certain} ${ports.possible} ${ports.certain === ports.possible}`);
    }
  }
  if (possible === NO_PORTS) return undefined;
  return {
    ports: portsText(engine.portsValue(possible)),
    replicas: answers.size === 1 ? 'all' : 'some',
    certain: [...answers].every((answer) => answer.endsWith('true')),
  };
}

function found(map: ConnectivityMap, from: string, to: string): Expected | undefined {
  const connection = map.connections.find((candidate) => candidate.from === from && candidate.to === to);
  if (connection === undefined) return undefined;
  const { ports, replicas, certain } = connection;
  return { ports: portsText(ports), replicas, certain: certain !== false };
}

function podsOf(pods: readonly number[]): readonly Endpoint[] {
  return pods.map((pod) => ({ type: 'pod', pod }));
}

/** Where the node of a pod is unknown, the map knows more than a pair does: a DaemonSet runs beside every pod. */
function placed(engine: Engine, pods: readonly number[]): boolean {
  return pods.every((pod) => !engine.cluster.pods.isHostNetwork(pod) || !engine.cluster.pods.isSynthetic(pod));
}

describe('a map of a random cluster', () => {
  it('says of every two workloads what their pods may do one by one', () => {
    let compared = 0;
    for (const seed of SEEDS) {
      const engine = engineOf(randomCluster(seed));
      const map = connectivityMap(engine);
      for (const a of engine.cluster.workloads) {
        for (const b of engine.cluster.workloads) {
          if (a === b || !placed(engine, a.pods) || !placed(engine, b.pods)) continue;
          compared++;
          const label = `seed ${seed}: ${a.id} to ${b.id}`;
          expect({ label, ...found(map, a.id, b.id) }).toEqual({
            label,
            ...bruteForce(engine, podsOf(a.pods), podsOf(b.pods)),
          });
        }
      }
    }
    expect(compared).toBeGreaterThan(1000);
  });

  it('says of every address what it may do, in exactly one external peer', () => {
    let compared = 0;
    for (const seed of SEEDS) {
      const engine = engineOf(randomCluster(seed));
      const map = connectivityMap(engine);
      for (const text of outsideAddresses) {
        const ip = parseIp(text)?.ip;
        if (ip === undefined || engine.cluster.ownerOfAddress(ip) !== undefined) continue;
        const peers = map.peers.filter(
          (peer) =>
            peer.type === 'external' &&
            peer.cidrs.some((cidr) => {
              const parsed = parseCidr(cidr);
              return parsed !== undefined && cidrContains(parsed.cidr, ip);
            }),
        );
        expect(peers.length).toBe(1);
        const id = peers[0]?.id ?? '';
        const address: Endpoint = { type: 'address', ip };
        for (const { id: workload, pods } of engine.cluster.workloads) {
          // A pod of the other family, as a host's node may be, has no connection with the address, while the peer may hold both families.
          const ends = podsOf(
            pods.filter(
              (pod) =>
                !engine.cluster.pods.isHostNetwork(pod) &&
                (engine.cluster.pods.ips[pod] ?? []).some(({ family }) => family === ip.family),
            ),
          );
          if (ends.length !== pods.length) continue;
          compared++;
          const label = `seed ${seed}: ${workload} and ${text}`;
          expect({ label, ...found(map, workload, id) }).toEqual({ label, ...bruteForce(engine, ends, [address]) });
          expect({ label, ...found(map, id, workload) }).toEqual({ label, ...bruteForce(engine, [address], ends) });
        }
      }
    }
    expect(compared).toBeGreaterThan(300);
  });

  it('lists as denied exactly what it does not list as allowed', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const engine = engineOf(randomCluster(seed));
      const { portSets } = engine;
      const allowed = connectivityMap(engine, { by: 'pod', self: true });
      const denied = connectivityMap(engine, { by: 'pod', self: true, denied: true });
      const inside = allowed.peers.filter((peer) => peer.type !== 'external').length;
      const outside = allowed.peers.length - inside;
      const pairs = new Set([...allowed.connections, ...denied.connections].map(({ from, to }) => `${from} ${to}`));
      expect(pairs.size).toBe(inside * inside + 2 * inside * outside);
      // Every pair of single pods is `any` on one side exactly when the other lists nothing.
      const anyAllowed = new Set(
        allowed.connections
          .filter((c) => c.ports === 'any' && c.certain !== false)
          .map(({ from, to }) => `${from} ${to}`),
      );
      for (const { from, to, replicas } of denied.connections) {
        if (replicas === 'all') expect(anyAllowed.has(`${from} ${to}`)).toBe(false);
      }
      expect(portSets.size).toBeGreaterThan(1);
    }
  });

  it('is the same for the same objects in another order', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const objects = randomCluster(seed);
      expect(connectivityMap(engineOf(objects.toReversed()))).toEqual(connectivityMap(engineOf(objects)));
    }
  });
});
