import { parseIp } from '../../base/inet-parse.ts';
import type { NetworkPolicyObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { clusterDns } from '../cluster-dns.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** Where the cache listens unless it is set up otherwise. */
const CACHE = '169.254.20.10';

/** M14 (k8s NodeLocal DNSCache): pods ask the cache on their node, which no selector can name. */
export const nodeLocalDns = defineRule({
  name: 'node-local-dns',
  severity: 'warning',
  category: 'mistakes',
  summary: 'lookups are allowed to the pods of the resolver, but pods ask the NodeLocal DNSCache of their node',
  fixable: false,
  detectors: ['M14'],
  catalogue: ['NP401'],
  options: {
    address: { type: 'text', default: CACHE, summary: 'where the cache listens' },
  },
  *check(context, { address }) {
    const cache = context.cluster.workloads.find(
      ({ name, kind, hostNetwork, namespace }) =>
        kind === 'DaemonSet' &&
        hostNetwork &&
        name === 'node-local-dns' &&
        context.cluster.namespaceName(namespace) === 'kube-system',
    );
    const ip = parseIp(address)?.ip;
    const resolvers = clusterDns(context).filter(({ protocol }) => protocol === 'UDP');
    if (cache === undefined || ip === undefined || resolvers.length === 0) return;
    const { engine } = context;
    const cutOff = new Map<NetworkPolicyObject, number[]>();
    for (let pod = 0; pod < context.cluster.pods.length; pod++) {
      if (!context.isIsolated(pod, 'egress')) continue;
      const from = { type: 'pod', pod } as const;
      const asks = resolvers.some(
        ({ pod: to, port }) =>
          engine.verdict({ from, to: { type: 'pod', pod: to }, protocol: 'UDP', port }) === 'allowed',
      );
      if (!asks) continue;
      if (engine.verdict({ from, to: { type: 'address', ip }, protocol: 'UDP', port: 53 }) !== 'denied') continue;
      const policy = lookupPolicy(context, pod);
      if (policy === undefined) continue;
      const list = cutOff.get(policy);
      if (list === undefined) cutOff.set(policy, [pod]);
      else list.push(pod);
    }
    for (const [policy, pods] of cutOff) {
      const [first = -1] = pods;
      const place = placeOf(policy, 'spec', 'egress');
      const span = cache.object?.span;
      yield {
        message: `lookups to the pods of the resolver are allowed, but the cluster has a NodeLocal DNSCache, and ${address} is denied`,
        why: 'Pods then ask the cache at an address of their own node. It is on the host network, so no selector means it.',
        help: `allow \`ipBlock: { cidr: ${address}/32 }\` on port 53 for UDP and TCP as well`,
        ...(place === undefined ? {} : { place }),
        related: [{ message: 'the cache', ...(span === undefined ? {} : { span }) }],
        object: objectId(policy),
        confidence: 'implementation-defined',
        pods: context.workloadIds(pods),
        witness: context.witness(
          { from: { type: 'pod', pod: first }, to: { type: 'address', ip }, protocol: 'UDP', port: 53 },
          'denied',
        ),
      };
    }
  },
});

/** The policy that speaks of lookups; the one to amend. */
function lookupPolicy(context: AuditContext, pod: number): NetworkPolicyObject | undefined {
  const policies = context.policiesOf(pod).filter(({ isolates, egress }) => isolates.egress && egress.length > 0);
  return (
    policies.find(({ egress }) => egress.some(({ ports }) => ports.some(({ port }) => port === 53))) ?? policies[0]
  );
}
