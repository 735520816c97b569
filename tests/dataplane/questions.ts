/** First packets between every local pod and everybody else, with what the oracle says about them. */
import { formatIp } from '../../src/base/inet-format.ts';
import { nodeOfPart } from '../../src/dataplane/node-peers.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { Oracle, type End, type Gate } from '../oracle/oracle.ts';
import { engineAddress } from '../property/agreement.ts';
import { askedPorts, endName, endsOf } from '../property/queries.ts';
import type { Packet } from './fake-table.ts';
import { separateNodes } from './plan-cluster.ts';

const protocolNumbers = { TCP: 6, UDP: 17, SCTP: 132, other: 1 } as const;
export const node = 'node1';

const nameOf = ({ metadata }: Manifest): string => `${metadata.namespace ?? 'default'}/${metadata.name}`;

/** The pods that the node judges. */
function localPods(objects: readonly Manifest[]): Set<string> {
  const local = objects.filter((object) => {
    const spec: RawPodSpec = object.kind === 'Pod' ? (object.spec ?? {}) : {};
    return spec.nodeName === node && spec.hostNetwork !== true;
  });
  return new Set(local.map(nameOf));
}

export interface Question {
  readonly label: string;
  readonly packet: Packet;
  readonly allowed: boolean;
  /** Of the ends that are local; `undefined` where another node judges, or nobody. */
  readonly egress: Gate | undefined;
  readonly ingress: Gate | undefined;
}

/** First packets between every local pod and everybody else, in both directions, with what the oracle says. */
export function* questions(manifests: readonly Manifest[], freeEgressToOwnNode: boolean): Generator<Question> {
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
          const answer = oracle.evaluate({ from, to, protocol, port, family, viaService: true });
          const egress = isLocal(from) ? answer.egress : undefined;
          const ingress = isLocal(to) ? answer.ingress : undefined;
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
            allowed: egress?.allowed !== false && ingress?.allowed !== false,
            egress,
            ingress,
          };
        }
      }
    }
  }
}
