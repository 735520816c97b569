/** What the table does with packets, walked rule by rule, against the oracle. */
import { describe, expect, it } from 'vitest';
import { formatIp } from '../../src/base/inet-format.ts';
import { nodeOfPart } from '../../src/dataplane/node-peers.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { diffPlans, installPlan } from '../../src/dataplane/transaction.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { Oracle, type End } from '../oracle/oracle.ts';
import { engineAddress } from '../property/agreement.ts';
import { askedPorts, endName, endsOf } from '../property/queries.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';
import { FakeTable, type Packet } from './fake-table.ts';
import { planOf, separateNodes } from './plan-cluster.ts';

const protocolNumbers = { TCP: 6, UDP: 17, SCTP: 132, other: 1 } as const;
const node = 'node1';

const nameOf = ({ metadata }: Manifest): string => `${metadata.namespace ?? 'default'}/${metadata.name}`;

/** The pods that the node judges. */
function localPods(objects: readonly Manifest[]): Set<string> {
  const local = objects.filter((object) => {
    const spec: RawPodSpec = object.kind === 'Pod' ? (object.spec ?? {}) : {};
    return spec.nodeName === node && spec.hostNetwork !== true;
  });
  return new Set(local.map(nameOf));
}

interface Question {
  readonly label: string;
  readonly packet: Packet;
  readonly allowed: boolean;
}

/** First packets between every local pod and everybody else, in both directions, with what the oracle says. */
function* questions(manifests: readonly Manifest[], freeEgressToOwnNode: boolean): Generator<Question> {
  const objects = separateNodes(manifests);
  const oracle = new Oracle(objects, { freeEgressToOwnNode });
  const local = localPods(objects);
  const isLocal = (end: End): boolean => 'pod' in end && local.has(end.pod);
  const hosts = objects
    .filter(({ kind, spec }) => kind === 'Pod' && (spec as RawPodSpec).nodeName === node)
    .map(nameOf);
  // Pods on the host network are the node.
  const isOwnNode = (end: End): boolean =>
    'node' in end ? nodeOfPart(end.node) === node : 'pod' in end && !local.has(end.pod) && hosts.includes(end.pod);
  const ends = endsOf(objects);
  for (const from of ends) {
    for (const to of ends) {
      // A pod that reaches itself goes through a Service.
      if (!isLocal(from) && !isLocal(to)) continue;
      // To the oracle only the first part of a node is the pod's own.
      if ([from, to].some((end) => 'node' in end && isOwnNode(end) && end.node !== node)) continue;
      for (const family of [4, 6] as const) {
        const [source] = oracle.addresses(from, family);
        const [target] = oracle.addresses(to, family);
        if (source === undefined || target === undefined) continue;
        // Manifests write addresses in several ways, packets in one.
        const [saddr, daddr] = [formatIp(engineAddress(source)), formatIp(engineAddress(target))];
        for (const { protocol, port } of askedPorts) {
          const { egress, ingress } = oracle.evaluate({ from, to, protocol, port, family, viaService: true });
          yield {
            label: `${endName(from)} -> ${endName(to)} ${protocol}/${port} IPv${family}`,
            packet: {
              hook: isOwnNode(to) ? 'input' : isOwnNode(from) ? 'output' : 'forward',
              family,
              saddr,
              daddr,
              protocol: protocolNumbers[protocol],
              sport: 40000,
              dport: port,
              state: 'new',
              direction: 'original',
              mark: 0x1234,
              syn: true,
            },
            allowed: (!isLocal(from) || egress.allowed) && (!isLocal(to) || ingress.allowed),
          };
        }
      }
    }
  }
}

const reversed = (packet: Packet): Packet => ({
  ...packet,
  saddr: packet.daddr,
  daddr: packet.saddr,
  sport: packet.dport,
  dport: packet.sport,
});

/** What the table gets wrong. */
function mistakes(table: FakeTable, generation: number, objects: readonly Manifest[], free = false): string[] {
  const wrong: string[] = [];
  const current = generation * 0x10000;
  for (const { label, packet, allowed } of questions(objects, free)) {
    const expect = (what: string, got: unknown, wanted: unknown): void => {
      if (got !== wanted) wrong.push(`${label}: ${what}: ${String(got)}, not ${String(wanted)}`);
    };
    const verdict = allowed ? 'accept' : 'drop';
    const first = table.judge(packet);
    expect('first packet', first.verdict, verdict);
    if (packet.hook === 'output') continue;
    expect('mark', first.mark, allowed ? current + 0x1234 : 0x1234);
    const stale = { ...packet, state: 'established', mark: current + 0x1234 + 0x10000, syn: false } as const;
    expect('packet of an older generation', table.judge(stale).verdict, verdict);
    if (packet.hook === 'forward') {
      const reply = { ...reversed(stale), direction: 'reply' } as const;
      const answer = table.judge(reply);
      expect('reply of an older generation', answer.verdict, verdict);
      expect('mark of a reply', answer.mark, current * Number(allowed) + 0x1234);
      expect('reply', table.judge({ ...reply, mark: current }).verdict, 'accept');
    }
    expect('established', table.judge({ ...stale, mark: current }).verdict, 'accept');
  }
  return wrong;
}

describe('every packet gets the verdict of the oracle', () => {
  it.each(Array.from({ length: 10 }, (_, index) => [100 * index + 1]))('from seed %i on', (seed) => {
    const table = new FakeTable();
    let plan: Plan | undefined;
    let generation = 0;
    for (let at = seed; at < seed + 3; at++) {
      const objects = randomCluster(at);
      const next = planOf(objects, node, { previous: plan });
      const transaction = diffPlans(plan, next, { generation });
      table.apply(transaction);
      ({ generation } = transaction);
      plan = next;
      expect(mistakes(table, generation, objects).slice(0, 5), `seed ${at}`).toEqual([]);
    }
  });

  it('with the other reading of D1', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const objects = randomCluster(seed);
      const table = new FakeTable();
      table.apply(installPlan(planOf(objects, node, { cluster: { allowEgressToLocalNode: true } })));
      expect(mistakes(table, 1, objects, true).slice(0, 5), `seed ${seed}`).toEqual([]);
    }
  });

  it('in a larger cluster', () => {
    const objects = largeCluster(3);
    const table = new FakeTable();
    table.apply(installPlan(planOf(objects, node)));
    expect(mistakes(table, 1, objects).slice(0, 5)).toEqual([]);
  });
});
