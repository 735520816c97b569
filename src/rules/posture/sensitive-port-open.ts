import { YES } from '../../base/tri.ts';
import { INTERNET } from '../../engine/endpoint-internet.ts';
import { opennessAt } from '../../engine/exposure-sources.ts';
import { portPoint } from '../../engine/port-sets.ts';
import type { ContainerPort, NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../../kube/objects.ts';
import { cidrContainsCidr } from '../../base/inet.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { exposureSources } from '../outside-reach.ts';
import { defineRule } from '../rule.ts';

type Width = 'internet' | 'every namespace';

interface Opened {
  readonly policy: NetworkPolicyObject;
  readonly rule: NetworkPolicyRule;
  readonly port: number;
  readonly width: Width;
  readonly pods: number[];
}

/**
 * Catalogue NP308: by verdict, for ports that the pods declare and pods that are isolated. Pods that nothing isolates are
 * `open-ingress`'s.
 */
export const sensitivePortOpen = defineRule({
  name: 'sensitive-port-open',
  severity: 'warning',
  category: 'posture',
  summary: 'rules open a port of a database or of administration to the internet, or to every pod of every namespace',
  fixable: false,
  detectors: ['M29'],
  catalogue: ['NP308', 'NP508'],
  controls: { nsa: ['least-privilege'] },
  options: {
    ports: {
      type: 'list',
      default: [
        '22 SSH',
        '1433 SQL Server',
        '1521 Oracle',
        '2375 Docker',
        '2379 etcd',
        '2380 etcd',
        '3306 MySQL',
        '5432 PostgreSQL',
        '5984 CouchDB',
        '6379 Redis',
        '9042 Cassandra',
        '9200 Elasticsearch',
        '9300 Elasticsearch',
        '10250 kubelet',
        '11211 Memcached',
        '27017 MongoDB',
      ],
      summary: 'TCP ports that few should reach, each with a name for messages',
    },
  },
  *check(context, { ports }) {
    const names = new Map(ports.map((entry) => [Number.parseInt(entry, 10), entry.replace(/^\d+\s*/, '')] as const));
    for (const opened of openedPorts(context, names)) yield findingOf(context, opened, names.get(opened.port) ?? '');
  },
});

/** In the order of policies, rules and ports. */
function openedPorts(context: AuditContext, names: ReadonlyMap<number, string>): readonly Opened[] {
  const { cluster, engine } = context;
  const found = new Map<NetworkPolicyRule, Map<number, Opened>>();
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    if (cluster.pods.isHostNetwork(pod) || engine.isolation(engine.classOfPod(pod)).ingress !== YES) continue;
    for (const declared of cluster.pods.ports[pod] ?? []) {
      const { containerPort: port, protocol } = declared;
      if (protocol !== 'TCP' || !names.has(port)) continue;
      const opener = openerOf(context, pod, declared);
      if (opener === undefined) continue;
      let byPort = found.get(opener.rule);
      if (byPort === undefined) found.set(opener.rule, (byPort = new Map<number, Opened>()));
      const entry = byPort.get(port);
      if (entry === undefined) byPort.set(port, { ...opener, port, pods: [pod] });
      else if (entry.pods.at(-1) !== pod) entry.pods.push(pod);
    }
  }
  return cluster.networkPolicies.flatMap(({ ingress }) =>
    ingress.flatMap((rule) => [...(found.get(rule)?.values() ?? [])].sort((a, b) => a.port - b.port)),
  );
}

/** The widest rule that opens the port, when what it says is also the verdict. */
function openerOf(
  context: AuditContext,
  pod: number,
  declared: ContainerPort,
): Pick<Opened, 'policy' | 'rule' | 'width'> | undefined {
  const { cluster, engine } = context;
  const bounds = exposureSources(context).fromInternet(pod);
  const internet = opennessAt(engine, bounds, portPoint('TCP', declared.containerPort)) === 'all';
  // A cluster policy may deny what the rule opens.
  const plain = !cluster.clusterPolicies.some(({ ingress }) => ingress.some(({ action }) => action === 'Deny'));
  if (!internet && !plain) return undefined;
  for (const policy of context.policiesOf(pod)) {
    if (!policy.isolates.ingress) continue;
    for (const rule of policy.ingress) {
      if (!opensPort(rule, declared)) continue;
      if (internet && (rule.peers.length === 0 || rule.peers.some(isPublicRange))) {
        return { policy, rule, width: 'internet' };
      }
      if (plain && !internet && rule.peers.some(isEveryPod)) return { policy, rule, width: 'every namespace' };
    }
  }
  return undefined;
}

function opensPort({ ports }: NetworkPolicyRule, { name, containerPort: number }: ContainerPort): boolean {
  return (
    ports.length === 0 ||
    ports.some(
      ({ protocol, port, endPort }) =>
        protocol === 'TCP' &&
        (port === undefined || (typeof port === 'string' ? port === name : port <= number && number <= endPort)),
    )
  );
}

function isPublicRange(peer: PolicyPeer): boolean {
  const { cidr } = peer.type === 'ipBlock' ? peer : { cidr: undefined };
  return cidr !== undefined && INTERNET.some((range) => cidrContainsCidr(cidr, range));
}

function isEveryPod(peer: PolicyPeer): boolean {
  return (
    peer.type === 'pods' &&
    peer.namespaceSelector?.requirements.length === 0 &&
    (peer.podSelector?.requirements.length ?? 0) === 0
  );
}

function findingOf(context: AuditContext, { policy, rule, port, width, pods }: Opened, name: string): Finding {
  const place = placeOf(policy, rule.path);
  const [pod = 0] = pods;
  const whom = width === 'internet' ? 'every address of the internet' : 'every pod of every namespace';
  return {
    message: `${rule.path} opens port ${port}${name === '' ? '' : ` (${name})`} to ${whom}`,
    why: 'One stolen password, or one flaw of the server, is then enough from anywhere. Few clients ever need such a port.',
    help: 'name the pods that need the port in the rule',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: 'certain',
    ...(width === 'internet'
      ? {
          witness: context.witness(
            {
              from: { type: 'range', cidrs: INTERNET, label: 'internet' },
              to: { type: 'pod', pod },
              protocol: 'TCP',
              port,
            },
            'allowed by policy',
          ),
        }
      : {}),
    pods: context.workloadIds(pods),
    key: `${rule.path} ${port}`,
  };
}
