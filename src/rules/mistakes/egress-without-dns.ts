import type { NetworkPolicyObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { podsWithoutDns, type DnsLack } from '../dns-reach.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M11, catalogue NP401: by verdict over all policies, to the real pods of the resolver where the input has them. */
export const egressWithoutDns = defineRule({
  name: 'egress-without-dns',
  severity: 'error',
  category: 'mistakes',
  summary: 'pods may send to others but cannot look up their names',
  fixable: false,
  detectors: ['M11'],
  catalogue: ['NP401'],
  *check(context) {
    const byPolicy = new Map<NetworkPolicyObject, DnsLack[]>();
    for (const lack of podsWithoutDns(context, 'UDP')) {
      const policies = context
        .policiesOf(lack.pod)
        .filter(({ isolates, egress }) => isolates.egress && egress.length > 0);
      const [policy] = policies;
      // A port 53 that lacks its protocol has a message of its own.
      if (policy === undefined || policies.some(opensTcp53)) continue;
      const list = byPolicy.get(policy);
      if (list === undefined) byPolicy.set(policy, [lack]);
      else list.push(lack);
    }
    for (const policy of context.cluster.networkPolicies) {
      const lacking = byPolicy.get(policy);
      if (lacking !== undefined) yield findingOf(context, policy, lacking);
    }
  },
});

function opensTcp53({ egress }: NetworkPolicyObject): boolean {
  return egress.some(({ ports }) => ports.some(({ protocol, port }) => protocol === 'TCP' && port === 53));
}

function findingOf(context: AuditContext, policy: NetworkPolicyObject, lacking: readonly DnsLack[]): Finding {
  const place = placeOf(policy, 'spec', 'egress');
  const [first] = lacking;
  const resolver = first?.resolver;
  const pods = context.workloadIds(lacking.map(({ pod }) => pod));
  const who = pods.length === 1 ? (pods[0] ?? '') : `${pods.length} workloads`;
  return {
    message: `${who} may send to others, but no policy lets ${pods.length === 1 ? 'it' : 'them'} look up names (port 53 over UDP)`,
    why: 'Once egress is isolated, lookups are denied like everything else, and every connection by name fails before it begins.',
    help: 'allow egress to the pods of the resolver (kube-system, k8s-app: kube-dns) on port 53 for UDP and TCP',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: resolver === undefined ? context.absence : 'certain',
    pods,
    ...(resolver === undefined || first === undefined
      ? {}
      : {
          witness: context.witness(
            {
              from: { type: 'pod', pod: first.pod },
              to: { type: 'pod', pod: resolver.pod },
              protocol: 'UDP',
              port: resolver.port,
            },
            'denied, and the pod behind the name is the resolver',
          ),
        }),
    key: 'lookups',
  };
}
