import { YES } from '../../base/tri.ts';
import type { IpAddress } from '../../base/inet.ts';
import { parseIp } from '../../base/inet-parse.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import { subtractCidrs } from '../../base/inet-ranges.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

const METADATA_PORT = 80;

/**
 * M23, catalogue NP304: by verdict, over all policies, for pods whose egress is isolated. Pods that nothing isolates
 * are `open-egress`'s.
 */
export const metadataServiceReachable = defineRule({
  name: 'metadata-service-reachable',
  severity: 'error',
  category: 'posture',
  summary: "egress rules let pods reach the cloud's metadata service, which hands out the node's credentials",
  fixable: false,
  detectors: ['M23'],
  catalogue: ['NP304'],
  controls: { nsa: ['metadata'], kubescape: ['C-0052'] },
  options: {
    addresses: {
      type: 'list',
      default: ['169.254.169.254', 'fd00:ec2::254'],
      summary: 'where metadata services answer, on TCP port 80',
    },
  },
  *check(context, { addresses }) {
    const targets = addresses.flatMap((text) => parseIp(text)?.ip ?? []);
    const found = new Map<NetworkPolicyRule, { policy: NetworkPolicyObject; ip: IpAddress; pods: number[] }>();
    const { cluster, engine } = context;
    for (let pod = 0; pod < cluster.pods.length; pod++) {
      if (cluster.pods.isHostNetwork(pod) || engine.isolation(engine.classOfPod(pod)).egress !== YES) continue;
      for (const ip of targets) {
        const question = {
          from: { type: 'pod', pod },
          to: { type: 'address', ip },
          protocol: 'TCP',
          port: METADATA_PORT,
        } as const;
        if (engine.verdict(question) !== 'allowed') continue;
        const opener = openerOf(context, pod, ip);
        if (opener === undefined) continue;
        const entry = found.get(opener.rule);
        if (entry === undefined) found.set(opener.rule, { policy: opener.policy, ip, pods: [pod] });
        else if (entry.pods.at(-1) !== pod) entry.pods.push(pod);
      }
    }
    for (const policy of cluster.networkPolicies) {
      for (const rule of policy.egress) {
        const entry = found.get(rule);
        if (entry !== undefined) yield findingOf(context, rule, entry);
      }
    }
  },
});

/** The first rule of a NetworkPolicy that opens it; none when a cluster policy does. */
function openerOf(
  context: AuditContext,
  pod: number,
  ip: IpAddress,
): { readonly policy: NetworkPolicyObject; readonly rule: NetworkPolicyRule } | undefined {
  for (const policy of context.policiesOf(pod)) {
    if (!policy.isolates.egress) continue;
    for (const rule of policy.egress) if (opens(rule, ip)) return { policy, rule };
  }
  return undefined;
}

function opens({ peers, ports }: NetworkPolicyRule, ip: IpAddress): boolean {
  const port = ports.some(
    ({ protocol, port, endPort }) =>
      protocol === 'TCP' &&
      (port === undefined || (typeof port === 'number' && port <= METADATA_PORT && METADATA_PORT <= endPort)),
  );
  const peer = peers.some(
    (candidate) =>
      candidate.type === 'ipBlock' &&
      candidate.cidr !== undefined &&
      subtractCidrs(candidate.cidr, candidate.except).some(
        (range) => range.family === ip.family && range.first <= ip.value && ip.value <= range.last,
      ),
  );
  return (ports.length === 0 || port) && (peers.length === 0 || peer);
}

function findingOf(
  context: AuditContext,
  rule: NetworkPolicyRule,
  {
    policy,
    ip,
    pods,
  }: { readonly policy: NetworkPolicyObject; readonly ip: IpAddress; readonly pods: readonly number[] },
): Finding {
  const place = placeOf(policy, rule.path);
  const [pod = 0] = pods;
  const witness = context.witness(
    { from: { type: 'pod', pod }, to: { type: 'address', ip }, protocol: 'TCP', port: METADATA_PORT },
    'allowed',
  );
  return {
    message: `${rule.path} lets pods reach the metadata service at ${witness.to}`,
    why: "On most clouds it gives the node's credentials to whoever asks, so one pod that is taken over may become the node.",
    help: 'except 169.254.0.0/16 from the range, or allow only the networks that are needed',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: 'certain',
    witness,
    pods: context.workloadIds(pods),
    key: rule.path,
  };
}
