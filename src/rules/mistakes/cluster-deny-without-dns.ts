import type { ClusterPolicyObject, ClusterPolicyRule } from '../../kube/objects.ts';
import { cidr4 } from '../../base/inet.ts';
import { subtractCidrs, subtractRanges } from '../../base/inet-ranges.ts';
import type { AuditContext } from '../audit-context.ts';
import { clusterDns } from '../cluster-dns.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/**
 * M62, M69, catalogue NP705, NP708: a cluster policy that denies egress to everybody denies lookups too, and rules for
 * domain names are void without them. By verdict where the input has the resolver, else when nothing before the Deny
 * could mean it.
 */
export const clusterDenyWithoutDns = defineRule({
  name: 'cluster-deny-without-dns',
  severity: 'error',
  category: 'mistakes',
  summary: 'a cluster policy denies egress to everybody, lookups included',
  fixable: false,
  detectors: ['M62', 'M69'],
  catalogue: ['NP705', 'NP708'],
  *check(context) {
    for (const policy of context.cluster.clusterPolicies) {
      const index = policy.egress.findIndex(deniesEverybody);
      const rule = policy.egress[index];
      if (rule === undefined || !shutsLookups(context, policy, index)) continue;
      const place = placeOf(policy, rule.path);
      const names = policy.egress.find(({ peers }) => peers.some(({ type }) => type === 'domainNames'));
      const span = names === undefined ? undefined : placeOf(policy, names.path);
      yield {
        message: `${rule.path} denies lookups of names (port 53) together with everything else`,
        why:
          names === undefined
            ? 'Without lookups every connection by name fails before it begins.'
            : `Without lookups every connection by name fails before it begins, and the domain names of ${names.path} mean nobody.`,
        help: 'put a rule before it that accepts port 53 to the pods of the resolver',
        ...(place === undefined ? {} : { place }),
        ...(span === undefined ? {} : { related: [{ message: 'rests on lookups', span }] }),
        object: objectId(policy),
        confidence: context.absence,
        pods: context.workloadIds(context.selections.pods(policy.subject).pods),
      };
    }
  },
});

function deniesEverybody({ action, peers, ports }: ClusterPolicyRule): boolean {
  return (
    action === 'Deny' &&
    ports === undefined &&
    peers.some((peer) => {
      if (peer.type === 'pods') return isEverything(peer.namespaceSelector) && isEverything(peer.podSelector);
      if (peer.type !== 'networks') return false;
      const ranges = peer.cidrs.flatMap((cidr) => subtractCidrs(cidr, []));
      return subtractRanges(subtractCidrs(cidr4(0, 0), []), ranges).length === 0;
    })
  );
}

function isEverything({
  requirements,
  invalid,
}: {
  readonly requirements: readonly unknown[];
  readonly invalid: boolean;
}) {
  return !invalid && requirements.length === 0;
}

function shutsLookups(context: AuditContext, policy: ClusterPolicyObject, deny: number): boolean {
  const { engine, selections } = context;
  const resolvers = clusterDns(context).filter(({ protocol }) => protocol === 'UDP');
  const isResolver = new Set(resolvers.map(({ pod }) => pod));
  const subjects = selections.pods(policy.subject).pods.filter((pod) => !isResolver.has(pod));
  if (resolvers.length > 0 && subjects.length > 0) {
    return subjects.some((from) =>
      resolvers.every(({ pod: to, port }) => {
        const query = {
          from: { type: 'pod', pod: from },
          to: { type: 'pod', pod: to },
          protocol: 'UDP',
          port,
        } as const;
        if (engine.verdict(query) !== 'denied') return false;
        return engine.explain(query).egress.by.some((by) => by.policy === objectId(policy));
      }),
    );
  }
  // Rules of other policies may come first; without the resolver nobody can ask the engine about them.
  const others = context.cluster.clusterPolicies.some((other) => other !== policy && other.egress.length > 0);
  return !others && !policy.egress.slice(0, deny).some(mayMeanLookups);
}

function mayMeanLookups({ action, peers, ports }: ClusterPolicyRule): boolean {
  // A resolver that must be looked up first helps nobody.
  if (action === 'Deny' || peers.every(({ type }) => type === 'domainNames')) return false;
  return (
    ports === undefined ||
    ports.some((port) => port.type !== 'range' || (port.protocol === 'UDP' && port.start <= 53 && 53 <= port.end))
  );
}
