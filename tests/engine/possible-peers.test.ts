/** Possible peers, held against pods that are put into the cluster: whoever is listed is let in, and nobody else. */
import { expect, test } from 'vitest';
import { PossiblePeers, type PeerPredicate, type PossibleSet } from '../../src/engine/possible-peers.ts';
import { portPoint } from '../../src/engine/port-sets.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { matches } from '../../src/kube/selectors.ts';
import { inCidr, parseAddress } from '../oracle/addresses.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { askedPorts } from '../property/queries.ts';
import { randomCluster, randomLabels } from '../property/random-cluster.ts';
import { Random } from '../property/random.ts';
import { engineOf } from '../property/under-test.ts';

interface Visitor {
  readonly objects: Manifest[];
  readonly namespace: string;
  readonly namespaceLabels: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly ip: string;
}

const addresses = ['10.0.7.7', '10.0.1.200', '11.0.0.1', '203.0.113.7', '172.30.1.1'];

/** A pod that is not in the cluster, in a namespace that is or is not. */
function visitor(random: Random, objects: readonly Manifest[]): Visitor {
  const plain = (labels: Record<string, string> | null | undefined): Record<string, string> => labels ?? {};
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
  const isNew = random.chance(0.5);
  const namespace: Manifest = isNew
    ? { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'visiting', labels: plain(randomLabels(random)) } }
    : random.pick(namespaces);
  const { name } = namespace.metadata;
  const labels = plain(randomLabels(random));
  const taken = JSON.stringify(objects);
  const ip = random.pick(addresses.filter((address) => !taken.includes(`"${address}"`)));
  const node = random.pick(objects.filter(({ kind }) => kind === 'Node')).metadata.name;
  const pod: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'visitor', namespace: name, labels },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'main' }] },
    status: { podIP: ip, podIPs: [{ ip }] },
  };
  return {
    objects: [...objects, ...(isNew ? [namespace] : []), pod],
    namespace: name,
    namespaceLabels: new Map([
      ...Object.entries(plain(namespace.metadata.labels)),
      ['kubernetes.io/metadata.name', name] as const,
    ]),
    labels: new Map(Object.entries(labels)),
    ip,
  };
}

function holds({ peer, selectors }: PeerPredicate, { namespaceLabels, labels, ip }: Visitor): boolean {
  switch (peer.type) {
    case 'everything':
      return true;
    case 'pods':
      if (selectors === undefined) throw new Error('pods without selectors');
      return matches(selectors.namespaces, namespaceLabels) && matches(selectors.pods, labels);
    case 'addresses':
      return peer.cidrs.some((cidr) => inCidr(parseAddress(ip), cidr));
    case 'names':
      throw new Error('no domain names in random clusters');
  }
}

function listed(engine: Engine, sets: readonly PossibleSet[], who: Visitor, point: number): boolean {
  return sets.some(
    ({ all, none, ports }) =>
      engine.portSets.has(ports, point) &&
      all.every((predicate) => holds(predicate, who)) &&
      !none.some((predicate) => holds(predicate, who)),
  );
}

test('a listed peer is let through the gate of the workload, and one that is let through is listed', () => {
  const wrong: string[] = [];
  let compared = 0;
  let open = 0;
  for (let seed = 8500; seed < 8620; seed++) {
    const random = new Random(seed);
    const objects = randomCluster(seed);
    const engine = engineOf(objects);
    const possible = new PossiblePeers(engine);
    for (let round = 0; round < 3; round++) {
      const who = visitor(random, objects);
      const asked = engineOf(who.objects);
      const guest = asked.cluster.podNamed(who.namespace, 'visitor');
      if (guest === undefined) throw new Error('no visitor');
      for (let pod = 0; pod < engine.cluster.pods.length; pod++) {
        const { pods } = engine.cluster;
        if (pods.isHostNetwork(pod)) continue;
        const namespace = engine.cluster.namespaceName(pods.namespaceOf[pod] ?? -1);
        const host = asked.cluster.podNamed(namespace, pods.names[pod] ?? '');
        if (host === undefined) throw new Error('no host');
        // Without a common family there is nothing to ask.
        if (!(pods.ips[pod] ?? []).some(({ family }) => family === 4)) continue;
        for (const direction of ['ingress', 'egress'] as const) {
          const sets = possible.of(engine.classOfPod(pod), direction);
          if (!sets.every(({ certain }) => certain)) continue;
          for (const at of askedPorts) {
            const [from, to] = direction === 'ingress' ? [guest, host] : [host, guest];
            const ends = { from: { type: 'pod', pod: from }, to: { type: 'pod', pod: to } } as const;
            const gate = asked.explain({ ...ends, ...at })[direction];
            const said = listed(engine, sets, who, portPoint(at.protocol, at.port));
            compared++;
            if (said) open++;
            if (said === gate.allowed) continue;
            wrong.push(
              `seed ${seed}.${round}: ${direction} of ${namespace}/${pods.names[pod]} ${at.protocol}/${at.port}: listed ${said}, allowed ${gate.allowed}`,
            );
          }
        }
      }
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(compared).toBeGreaterThan(10_000);
  expect(open).toBeGreaterThan(2_000);
  expect(compared - open).toBeGreaterThan(2_000);
});
