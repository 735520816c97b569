/** What is asked about two addresses alone has the answer that the whole cluster gives. */
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../src/base/inet-parse.ts';
import type { IpAddress } from '../../src/base/inet.ts';
import { formatIp } from '../../src/base/inet-format.ts';
import { NodePlanner } from '../../src/dataplane/node-planner.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { ConnectionQuery, Endpoint } from '../../src/engine/query.ts';
import type { VerdictResult } from '../../src/engine/results.ts';
import { readManifests } from '../../src/kube/read.ts';
import { outsideAddresses, randomCluster } from '../property/random-cluster.ts';

const asked = [
  { protocol: 'TCP', port: 80 },
  { protocol: 'UDP', port: 53 },
  { protocol: 'other', port: 0 },
] as const;

function explain(engine: Engine, from: IpAddress, to: IpAddress, what: (typeof asked)[number]): VerdictResult {
  const end = (ip: IpAddress): Endpoint => engine.cluster.ownerOfAddress(ip) ?? { type: 'address', ip };
  const query: ConnectionQuery = { from: end(from), to: end(to), ...what };
  return engine.explain(query);
}

describe('engines among some addresses', () => {
  it.each(Array.from({ length: 40 }, (_, index) => index + 1))('random cluster %s', (seed) => {
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: randomCluster(seed) });
    const { objects } = readManifests([{ name: 'cluster.json', text }]);
    const { namespaces, nodes, pods, networkPolicies, clusterPolicies } = objects;
    const planner = new NodePlanner({ node: 'node1' });
    planner.reset([...namespaces, ...nodes, ...pods, ...networkPolicies, ...clusterPolicies]);
    planner.plan();
    const whole = planner.engine;
    const addresses = [
      ...pods.flatMap(({ ips }) => ips),
      ...nodes.flatMap((node) => node.addresses),
      ...outsideAddresses.flatMap((each) => parseIp(each)?.ip ?? []),
    ];
    let compared = 0;
    for (const from of addresses) {
      for (const to of addresses) {
        if (from.family !== to.family || from === to || (compared + seed) % 7 !== 0) {
          compared++;
          continue;
        }
        compared++;
        const { engine } = planner.enginesAmong([from, to]);
        for (const what of asked) {
          const [small, large] = [engine, whole].map((each) => explain(each, from, to, what));
          const label = `${formatIp(from)} ${formatIp(to)} ${what.protocol}`;
          expect([label, small]).toEqual([label, large]);
        }
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});
