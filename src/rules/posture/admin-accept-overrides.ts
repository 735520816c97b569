import { DIRECTIONS } from '../../engine/compiled.ts';
import { createEngine, type Engine } from '../../engine/engine.ts';
import type { ConnectionQuery } from '../../engine/query.ts';
import type { ClusterPolicyObject, ClusterPolicyRule } from '../../kube/objects.ts';
import { buildCluster } from '../../model/cluster.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** Pairs looked at for one rule; more would cost without saying more. */
const MAX_PAIRS = 2000;

/** M65, catalogue NP703 (S155): an Accept of the Admin tier is final, whatever NetworkPolicies say. */
export const adminAcceptOverrides = defineRule({
  name: 'admin-accept-overrides',
  severity: 'info',
  category: 'posture',
  summary: 'an Accept of the Admin tier opens what NetworkPolicies of namespaces deny',
  fixable: false,
  detectors: ['M65'],
  catalogue: ['NP703'],
  *check(context) {
    for (const policy of context.cluster.clusterPolicies) {
      if (policy.tier !== 'Admin') continue;
      for (const direction of DIRECTIONS) {
        for (const rule of policy[direction]) {
          if (rule.action !== 'Accept') continue;
          const { queries, namespaces } = overridden(context, policy, direction, rule);
          const [first] = queries;
          if (first === undefined) continue;
          const place = placeOf(policy, rule.path);
          const whose = namespaces.length === 1 ? (namespaces[0] ?? '') : `${namespaces.length} namespaces`;
          yield {
            message: `${rule.path} (Accept) opens ${direction} that NetworkPolicies of ${whose} deny`,
            why: 'The Admin tier decides first, and an Accept is final. Whoever reads only the policies of the namespace believes the pods to be shut.',
            help: 'narrow the rule, or use Pass so that NetworkPolicies decide',
            ...(place === undefined ? {} : { place }),
            object: objectId(policy),
            confidence: 'certain',
            pods: context.workloadIds(
              queries.flatMap(({ from, to }) => {
                const end = direction === 'ingress' ? to : from;
                return end.type === 'pod' ? [...context.engine.podsOfClass(context.engine.classOfPod(end.pod))] : [];
              }),
            ),
            witness: context.witness(first, 'allowed, and denied without this tier'),
          };
        }
      }
    }
  },
});

function overridden(
  context: AuditContext,
  policy: ClusterPolicyObject,
  direction: 'ingress' | 'egress',
  rule: ClusterPolicyRule,
): { readonly queries: readonly ConnectionQuery[]; readonly namespaces: readonly string[] } {
  const { cluster, engine, selections } = context;
  const subjects = onePerClass(engine, selections.pods(policy.subject).pods);
  const peers = onePerClass(
    engine,
    rule.peers.flatMap((peer) => (peer.type === 'pods' ? selections.pods(peer).pods : [])),
  );
  const without = withoutClusterPolicies(context);
  const queries: ConnectionQuery[] = [];
  const namespaces = new Set<string>();
  let pairs = 0;
  for (const subject of subjects) {
    // Nothing is denied where nothing is isolated.
    if (!context.isIsolated(subject, direction)) continue;
    for (const peer of peers) {
      if (subject === peer || ++pairs > MAX_PAIRS) continue;
      const [from, to] = direction === 'ingress' ? [peer, subject] : [subject, peer];
      const query = askedOf(context, rule, from, to);
      if (query === undefined || engine.verdict(query) !== 'allowed' || without.verdict(query) !== 'denied') continue;
      // The same rule, not another one: it is named as what decides.
      const { [direction]: gate } = engine.explain(query);
      if (!gate.by.some((by) => by.rule === rule.path && by.policy === objectId(policy))) continue;
      if (without.explain(query)[direction].allowed) continue;
      queries.push(query);
      namespaces.add(cluster.namespaceName(cluster.pods.namespaceOf[subject] ?? -1));
      break;
    }
  }
  return { queries, namespaces: [...namespaces].sort() };
}

/** A port of the rule that the destination may have. */
function askedOf(
  { cluster }: AuditContext,
  { ports }: ClusterPolicyRule,
  from: number,
  to: number,
): ConnectionQuery | undefined {
  const ends = { from: { type: 'pod', pod: from }, to: { type: 'pod', pod: to } } as const;
  const declared = cluster.pods.ports[to] ?? [];
  if (ports === undefined) {
    const [first] = declared;
    return { ...ends, protocol: first?.protocol ?? 'TCP', port: first?.containerPort ?? 80 };
  }
  for (const port of ports) {
    if (port.type === 'range') return { ...ends, protocol: port.protocol, port: port.start };
    if (port.type !== 'named') continue;
    const named = declared.find(({ name }) => name === port.name);
    if (named !== undefined) return { ...ends, protocol: named.protocol, port: named.containerPort };
  }
  return undefined;
}

/** The same pods in the same order, judged by NetworkPolicies alone. */
function withoutClusterPolicies(context: AuditContext): Engine {
  const { objects, cluster } = context;
  return context.shared('engine without cluster policies', () =>
    createEngine(
      buildCluster(
        { ...objects, clusterPolicies: [] },
        { podCidrs: cluster.podCidrs, allowEgressToLocalNode: cluster.allowEgressToLocalNode },
      ),
    ),
  );
}

function onePerClass(engine: Engine, pods: readonly number[]): readonly number[] {
  const seen = new Set<number>();
  return [...new Set(pods)].filter((pod) => {
    const classId = engine.classOfPod(pod);
    return !seen.has(classId) && seen.add(classId);
  });
}
