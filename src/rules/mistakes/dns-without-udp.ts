import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPort } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding, type Fix } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { insertItem } from '../yaml-edit.ts';

const DNS_PORT = 53;

/** M13, catalogue NP007: a rule for port 53 that forgets `protocol: UDP` opens TCP only (S15). */
export const dnsWithoutUdp = defineRule({
  name: 'dns-without-udp',
  severity: 'error',
  category: 'mistakes',
  summary: 'an egress rule opens port 53 for TCP only, and nothing opens it for UDP',
  fixable: true,
  detectors: ['M13'],
  catalogue: ['NP007', 'NP401'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      if (!policy.isolates.egress || udpElsewhere(policy, context)) continue;
      for (const rule of policy.egress) {
        // A range that happens to hold 53 says nothing about name lookups.
        const index = rule.ports.findIndex(
          ({ protocol, port, endPort }) => protocol === 'TCP' && port === DNS_PORT && endPort === DNS_PORT,
        );
        if (index === -1) continue;
        yield findingOf(context, policy, rule, index);
      }
    }
  },
});

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  rule: NetworkPolicyRule,
  index: number,
): Finding {
  const written = locate(policy, rule.path, 'ports', index, 'protocol') !== undefined;
  const place = placeOf(policy, rule.path, 'ports', index);
  const fix = allowUdp(policy, rule);
  return {
    message: written
      ? 'port 53 is allowed for TCP only, but name lookups start over UDP'
      : 'port 53 without a protocol means TCP only, but name lookups start over UDP',
    why: 'No policy allows UDP port 53 to these pods, so every name lookup of theirs waits until it times out.',
    help: 'allow port 53 for UDP beside TCP',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: context.absence,
    pods: context.workloadIds(context.selections.subjects(policy).pods),
    ...(fix === undefined ? {} : { fix }),
  };
}

function allowUdp(policy: NetworkPolicyObject, rule: NetworkPolicyRule): Fix | undefined {
  const ports = locate(policy, rule.path, 'ports');
  const edits = ports && insertItem(ports, { protocol: 'UDP', port: DNS_PORT });
  return edits && { description: 'allow port 53 for UDP as well', edits, changesVerdicts: true };
}

/**
 * Whether some policy of the namespace opens UDP 53 to anybody. Which pods it selects is not asked: a namespace-wide
 * policy for lookups beside policies that know only TCP is common and right.
 */
function udpElsewhere(policy: NetworkPolicyObject, context: AuditContext): boolean {
  const open = context.shared('dns-without-udp: namespaces that open UDP 53', () => {
    const namespaces = new Set<string>();
    for (const { meta, isolates, egress } of context.cluster.networkPolicies) {
      if (isolates.egress && egress.some(opensUdp)) namespaces.add(meta.namespace);
    }
    return namespaces;
  });
  return open.has(policy.meta.namespace) || context.cluster.clusterPolicies.some(({ egress }) => egress.length > 0);
}

function opensUdp({ ports }: NetworkPolicyRule): boolean {
  return ports.length === 0 || ports.some((port) => covers(port, 'UDP'));
}

function covers({ protocol, port, endPort }: PolicyPort, wanted: PolicyPort['protocol']): boolean {
  if (protocol !== wanted) return false;
  // A name may well be the one of a container port 53.
  return typeof port === 'number' ? port <= DNS_PORT && DNS_PORT <= endPort : true;
}
