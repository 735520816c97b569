import type { NetworkPolicyObject } from '../../kube/objects.ts';
import { podsWithoutDns } from '../dns-reach.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M12, catalogue NP401: long answers come over TCP. Only where UDP is open, and the resolver answers over TCP as well. */
export const dnsWithoutTcp = defineRule({
  name: 'dns-without-tcp',
  severity: 'info',
  category: 'mistakes',
  summary: 'pods can look up names over UDP only, and long answers need TCP',
  fixable: false,
  detectors: ['M12'],
  catalogue: ['NP401'],
  *check(context) {
    const overUdp = new Set(podsWithoutDns(context, 'UDP').map(({ pod }) => pod));
    const byPolicy = new Map<NetworkPolicyObject, number[]>();
    for (const { pod } of podsWithoutDns(context, 'TCP')) {
      if (overUdp.has(pod)) continue;
      const policy = context
        .policiesOf(pod)
        .find(
          ({ isolates, egress }) =>
            isolates.egress && egress.some(({ ports }) => ports.some(({ port }) => port === 53)),
        );
      if (policy === undefined) continue;
      const list = byPolicy.get(policy);
      if (list === undefined) byPolicy.set(policy, [pod]);
      else list.push(pod);
    }
    for (const policy of context.cluster.networkPolicies) {
      const pods = byPolicy.get(policy);
      if (pods === undefined) continue;
      const rule = policy.egress.find(({ ports }) => ports.some(({ port }) => port === 53));
      const index = rule?.ports.findIndex(({ port }) => port === 53) ?? 0;
      const place = placeOf(policy, rule?.path ?? 'spec', 'ports', index);
      yield {
        message: 'lookups are allowed over UDP, but not over TCP',
        why: 'An answer that does not fit into a datagram is asked for again over TCP; such lookups fail, and only those.',
        help: 'allow port 53 for TCP beside UDP',
        ...(place === undefined ? {} : { place }),
        object: objectId(policy),
        confidence: context.absence,
        pods: context.workloadIds(pods),
      };
    }
  },
});
