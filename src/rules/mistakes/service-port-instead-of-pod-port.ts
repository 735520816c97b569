import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import { serviceBackends } from '../outside-reach.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPort, ServiceObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding, type Fix } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { replaceScalar } from '../yaml-edit.ts';

/** M15, catalogue NP109: policy acts behind the Service, so the port of the pods counts (S92). */
export const servicePortInsteadOfPodPort = defineRule({
  name: 'service-port-instead-of-pod-port',
  severity: 'error',
  category: 'mistakes',
  summary: 'a rule names the port of a Service, and the pods behind it listen on another one',
  fixable: true,
  detectors: ['M15'],
  catalogue: ['NP109'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, port] of rule.ports.entries()) {
            const mixUp = mixUpOf(context, policy, direction, rule, port);
            if (mixUp !== undefined) yield findingOf(context, policy, rule, index, port, mixUp);
          }
        }
      }
    }
  },
});

interface MixUp {
  readonly service: ServiceObject;
  /** Of the pods; the same for all of them. */
  readonly podPort: number;
  readonly pods: readonly number[];
}

function mixUpOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  rule: NetworkPolicyRule,
  { protocol, port, endPort }: PolicyPort,
): MixUp | undefined {
  if (typeof port !== 'number' || endPort !== port) return undefined;
  const pods = destinations(context, policy, direction, rule);
  if (pods.length === 0) return undefined;
  const { ports } = context.cluster.pods;
  const listens = pods.some((pod) =>
    (ports[pod] ?? []).some((declared) => declared.protocol === protocol && declared.containerPort === port),
  );
  if (listens) return undefined;
  const targets = new Set(pods);
  let found: { readonly service: ServiceObject; readonly podPort: number } | undefined;
  const reached = new Set<number>();
  for (const { service, protocol: of, port: number, pod, podPort } of servicePorts(context, policy, direction)) {
    if (of !== protocol || !targets.has(pod)) continue;
    // Somewhere the number is right.
    if (podPort === port) return undefined;
    if (number !== port) continue;
    if (found !== undefined && found.podPort !== podPort) return undefined;
    found ??= { service, podPort };
    reached.add(pod);
  }
  // Without a declared port of its own nobody knows what a pod listens on besides.
  const isKnown = pods.every((pod) => reached.has(pod) && (ports[pod] ?? []).length > 0);
  return found !== undefined && isKnown ? { ...found, pods } : undefined;
}

function destinations(
  { selections }: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  { peers }: NetworkPolicyRule,
): readonly number[] {
  if (direction === 'ingress') return selections.subjects(policy).pods;
  if (peers.some(({ type }) => type === 'ipBlock')) return [];
  return [...new Set(peers.flatMap((peer) => selections.peer(peer, policy.meta.namespace).pods))];
}

interface ServicePortOfPod {
  readonly service: ServiceObject;
  readonly protocol: string;
  readonly port: number;
  readonly pod: number;
  readonly podPort: number;
}

function servicePorts(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
): readonly ServicePortOfPod[] {
  const all = context.shared('ports of pods behind Services', () => {
    const backends = serviceBackends(context);
    const byNamespace = new Map<string, ServicePortOfPod[]>();
    for (const service of context.cluster.services) {
      const list = byNamespace.get(service.meta.namespace) ?? [];
      byNamespace.set(service.meta.namespace, list);
      for (const port of service.ports) {
        for (const { end, protocol, port: podPort, certain } of backends.of(service, port, true).backends) {
          if (end.type === 'pod' && certain) list.push({ service, protocol, port: port.port, pod: end.pod, podPort });
        }
      }
    }
    return byNamespace;
  });
  return direction === 'ingress' ? (all.get(policy.meta.namespace) ?? []) : [...all.values()].flat();
}

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  rule: NetworkPolicyRule,
  index: number,
  { port }: PolicyPort,
  { service, podPort, pods }: MixUp,
): Finding {
  const place = placeOf(policy, rule.path, 'ports', index, 'port');
  const scalar = locate(policy, rule.path, 'ports', index, 'port');
  const edits = scalar && replaceScalar(scalar, podPort);
  const fix: Fix | undefined = edits && { description: `write port ${podPort}`, edits, changesVerdicts: true };
  return {
    message: `port ${port ?? ''} is the port of ${objectId(service)}; its pods listen on ${podPort}`,
    why: 'The Service has translated the address and the port before policy looks at the connection.',
    help: `allow port ${podPort}`,
    ...(place === undefined ? {} : { place }),
    ...(service.span === undefined ? {} : { related: [{ message: 'the Service', span: service.span }] }),
    object: objectId(policy),
    confidence: context.absence,
    pods: context.workloadIds(pods),
    ...(fix === undefined ? {} : { fix }),
  };
}
