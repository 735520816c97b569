/** Manifests brought into the kernel of a {@link Network}, and real connections held against the oracle. */
import { compilePlan } from '../../../src/dataplane/compile-plan.ts';
import { nodeOfPart } from '../../../src/dataplane/node-peers.ts';
import type { Plan } from '../../../src/dataplane/plan.ts';
import { diffPlans, installPlan } from '../../../src/dataplane/transaction.ts';
import { createEngine, type Engine } from '../../../src/engine/engine.ts';
import { Compiled } from '../../../src/engine/compiled.ts';
import { SpawnedNft } from '../../../src/io/nft/spawned-nft.ts';
import type { Manifest, RawPodSpec } from '../../oracle/manifest.ts';
import { Oracle, type End } from '../../oracle/oracle.ts';
import { allowedBy } from '../../property/agreement.ts';
import { endName, endsOf } from '../../property/queries.ts';
import { clusterOf, separateNodes } from '../plan-cluster.ts';
import type { Network, Place, Probe } from './network.ts';

export interface Ports {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

export const node1 = 'node1';
const usualPorts: Ports = { tcp: [53, 80, 81, 82, 443, 7000], udp: [53, 80, 65535] };

/** Long enough for a machine at rest; whoever is then still without an answer is asked again, for longer. */
const firstTimeoutMs = 150;
const secondTimeoutMs = 2000;

export interface PacketFindings {
  connections: number;
  allowed: number;
  readonly wrong: string[];
}

export class Enforced {
  readonly network: Network;
  readonly nft: SpawnedNft;
  plan: Plan | undefined;
  generation = 0;
  /** The node whose pods are judged. */
  node = node1;
  /** On which everybody answers. */
  ports = usualPorts;

  constructor(network: Network) {
    this.network = network;
    this.nft = new SpawnedNft({ command: network.onNode('nft') });
  }

  /** From what is in force, or anew. */
  async enforce(objects: readonly Manifest[], anew = false): Promise<Engine> {
    const cluster = clusterOf(objects);
    const previous = anew ? undefined : this.plan;
    const plan = compilePlan(new Compiled(cluster), this.node, { previous });
    const options = { generation: this.generation };
    const transaction = previous === undefined ? installPlan(plan, options) : diffPlans(previous, plan, options);
    await this.nft.apply(transaction);
    this.plan = plan;
    this.generation = transaction.generation;
    return createEngine(cluster);
  }

  /** Who is where: pods on the node each in their place, everybody else in one. */
  async arrange(objects: readonly Manifest[]): Promise<Map<string, Place>> {
    const { network, node } = this;
    const places = new Map<string, Place>();
    const oracle = new Oracle(separateNodes(objects));
    const addresses = (end: End): string[] => ([4, 6] as const).flatMap((family) => oracle.addresses(end, family));
    const pods: string[][] = [];
    const elsewhere = new Set<string>();
    const own = new Set<string>();
    for (const end of endsOf(separateNodes(objects))) {
      if ('node' in end && nodeOfPart(end.node) === node) {
        for (const ip of addresses(end)) own.add(ip);
        places.set(endName(end), network.router);
      } else if ('pod' in end && isLocal(objects, end.pod, node)) {
        const place = network.pods[pods.length];
        if (place === undefined) throw new Error('too many pods on the node');
        pods.push(addresses(end));
        places.set(end.pod, place);
      } else if (!('pod' in end && onHostNetwork(objects, end.pod))) {
        for (const ip of addresses(end)) elsewhere.add(ip);
        places.set(endName(end), network.elsewhere);
      }
    }
    await network.arrange({ node: [...own], pods, elsewhere: [...elsewhere], ...this.ports });
    return places;
  }

  /** Tries every pair with a local pod on the ports that somebody answers on. */
  async compare(
    objects: readonly Manifest[],
    engine: Engine,
    places: ReadonlyMap<string, Place>,
  ): Promise<PacketFindings> {
    const findings: PacketFindings = { connections: 0, allowed: 0, wrong: [] };
    const asked = [...this.questions(objects, engine, places, findings)];
    const results = await tryAll(asked, firstTimeoutMs);
    const again = asked.filter((each, index) => (results[index] === 'open') !== each.expected);
    const second = await tryAll(again, secondTimeoutMs);
    findings.connections += asked.length;
    findings.allowed += asked.filter(({ expected }) => expected).length;
    again.forEach((each, index) => {
      const result = second[index] ?? '';
      if ((result === 'open') === each.expected) return;
      const { from, to, protocol, port } = each.probe;
      findings.wrong.push(
        `${each.label} ${protocol}/${port} (${from} -> ${to}): ${result}, oracle ${each.expected ? 'allows' : 'denies'}`,
      );
    });
    return findings;
  }

  private *questions(
    objects: readonly Manifest[],
    engine: Engine,
    places: ReadonlyMap<string, Place>,
    findings: PacketFindings,
  ): Generator<Question> {
    const { node } = this;
    const separate = separateNodes(objects);
    const oracle = new Oracle(separate);
    const ports = [
      ...this.ports.tcp.map((port) => ({ protocol: 'TCP', port }) as const),
      ...this.ports.udp.map((port) => ({ protocol: 'UDP', port }) as const),
    ];
    const ends = endsOf(separate);
    for (const from of ends) {
      for (const to of ends) {
        const place = places.get(endName(from));
        const [local, remote] = [isLocalPod(objects, from, node), isLocalPod(objects, to, node)];
        if (place === undefined || !places.has(endName(to)) || (!local && !remote) || endName(from) === endName(to))
          continue;
        // Only its first part is known to be the pod's own node to the oracle.
        if ([from, to].some((end) => 'node' in end && end.node !== node && nodeOfPart(end.node) === node)) continue;
        for (const family of [4, 6] as const) {
          const [source] = oracle.addresses(from, family);
          const [target] = oracle.addresses(to, family);
          if (source === undefined || target === undefined) continue;
          for (const { protocol, port } of ports) {
            const query = { from, to, protocol, port, family };
            const answer = oracle.evaluate(query);
            const label = `${endName(from)} -> ${endName(to)}`;
            if (allowedBy(engine, query) !== answer.allowed)
              findings.wrong.push(`${label}: the engine and the oracle differ`);
            // The other end's node judges the other gate.
            const expected = (!local || answer.egress.allowed) && (!remote || answer.ingress.allowed);
            yield { place, probe: { from: source, to: target, protocol, port }, expected, label };
          }
        }
      }
    }
  }
}

interface Question {
  readonly place: Place;
  readonly probe: Probe;
  readonly expected: boolean;
  readonly label: string;
}

async function tryAll(asked: readonly Question[], timeoutMs: number): Promise<string[]> {
  const results: string[] = [];
  const byPlace = new Map<Place, number[]>();
  asked.forEach(({ place }, index) => byPlace.set(place, [...(byPlace.get(place) ?? []), index]));
  await Promise.all(
    [...byPlace].map(async ([place, indexes]) => {
      const answers = await place.probe(
        indexes.flatMap((index) => asked[index]?.probe ?? []),
        timeoutMs,
      );
      indexes.forEach((index, at) => (results[index] = answers[at] ?? ''));
    }),
  );
  return results;
}

function podNamed(objects: readonly Manifest[], name: string): Manifest | undefined {
  return objects.find(
    (object) => object.kind === 'Pod' && `${object.metadata.namespace ?? 'default'}/${object.metadata.name}` === name,
  );
}

const specOf = (objects: readonly Manifest[], name: string): RawPodSpec => podNamed(objects, name)?.spec ?? {};

function onHostNetwork(objects: readonly Manifest[], name: string): boolean {
  return specOf(objects, name).hostNetwork === true;
}

function isLocal(objects: readonly Manifest[], name: string, node: string): boolean {
  return specOf(objects, name).nodeName === node && !onHostNetwork(objects, name);
}

function isLocalPod(objects: readonly Manifest[], end: End, node: string): boolean {
  return 'pod' in end && isLocal(objects, end.pod, node);
}
