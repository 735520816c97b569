/**
 * The independent truth: network policy evaluated straight from the specification (semantics §2, §4, §9), on raw
 * manifests, one rule after the other. Slow and obvious on purpose; never optimise it, and never import anything
 * from `src/`.
 *
 * Two-valued: the cluster must be complete (every namespace declared, every pod with addresses and a node).
 */
import { inCidr, parseAddress } from './addresses.ts';
import type {
  Manifest,
  RawClusterPeer,
  RawClusterRule,
  RawClusterSpec,
  RawPodSpec,
  RawPodsSelector,
  RawPolicyPeer,
  RawPolicyRule,
  RawPolicySpec,
  RawSelector,
} from './manifest.ts';
import { clusterPortsMatch, policyPortMatches } from './ports.ts';
import { isLegal, selects } from './selectors.ts';

/** One end of a connection: a pod as `namespace/name`, a node by name, or an address of neither. */
export type End = { readonly pod: string } | { readonly node: string } | { readonly ip: string };

export interface Query {
  readonly from: End;
  readonly to: End;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'other';
  /** The port on the destination; meaningless for `other`. */
  readonly port: number;
  readonly family: 4 | 6;
  /** Through a Service: a pod reaching itself is then evaluated (D3, S176). */
  readonly viaService?: boolean;
}

export interface Gate {
  readonly allowed: boolean;
  readonly tier: 'Admin' | 'NetworkPolicy' | 'Baseline' | 'none' | 'exempt';
  /** `namespace/name spec.ingress[0]` of each rule that decided; the isolating policies without a rule for their denial. */
  readonly by: readonly string[];
}

export interface Answer {
  readonly allowed: boolean;
  readonly egress: Gate;
  readonly ingress: Gate;
}

type Direction = 'ingress' | 'egress';

interface Party {
  /** The pod-network pod at this end; host-network pods are their node (D2). */
  readonly pod: Manifest | undefined;
  readonly node: string | undefined;
  /** Every address of this family; a node may have several. */
  readonly addresses: readonly string[];
}

interface Connection extends Query {
  readonly src: Party;
  readonly dst: Party;
}

const exempt: Gate = { allowed: true, tier: 'exempt', by: [] };

const namespaceOf = (object: Manifest): string => object.metadata.namespace || 'default';
const podSpec = (pod: Manifest): RawPodSpec => pod.spec ?? {};

export class Oracle {
  readonly objects: readonly Manifest[];

  /** D1, switched: NetworkPolicy does not judge egress to the pod's own node. */
  readonly freeEgressToOwnNode: boolean;

  constructor(objects: readonly Manifest[], options: { readonly freeEgressToOwnNode?: boolean } = {}) {
    this.objects = objects;
    this.freeEgressToOwnNode = options.freeEgressToOwnNode ?? false;
  }

  /** Whether the connection is allowed, and what decided at each of the two gates (§9 `verdict`). */
  evaluate(query: Query): Answer {
    const conn: Connection = {
      ...query,
      src: this.party(query.from, query.family),
      dst: this.party(query.to, query.family),
    };
    const itself = conn.src.pod !== undefined && conn.src.pod === conn.dst.pod && query.viaService !== true;
    const egress = itself || conn.src.pod === undefined ? exempt : this.gate(conn.src.pod, 'egress', conn);
    const ingress = itself || conn.dst.pod === undefined ? exempt : this.gate(conn.dst.pod, 'ingress', conn);
    return { allowed: egress.allowed && ingress.allowed, egress, ingress };
  }

  /** The addresses that an end has in a family; none means that no such connection can exist. */
  addresses(end: End, family: 4 | 6): readonly string[] {
    return this.party(end, family).addresses;
  }

  // ---- the cluster -----------------------------------------------------------------------------------------

  private ofKind(...kinds: string[]): Manifest[] {
    return this.objects.filter((object) => kinds.includes(object.kind));
  }

  private party(end: End, family: 4 | 6): Party {
    const inFamily = (list: readonly string[]) => list.filter((text) => parseAddress(text)?.family === family);
    if ('ip' in end) return { pod: undefined, node: undefined, addresses: inFamily([end.ip]) };
    if ('node' in end) return { pod: undefined, node: end.node, addresses: inFamily(this.nodeAddresses(end.node)) };
    const pod = this.ofKind('Pod').find((object) => `${namespaceOf(object)}/${object.metadata.name}` === end.pod);
    if (pod === undefined) throw new Error(`no pod ${end.pod}`);
    if (['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')) throw new Error(`${end.pod} has ended (S95)`);
    const node = podSpec(pod).nodeName ?? undefined;
    const ips = inFamily(pod.status?.podIPs?.map((entry) => entry.ip) ?? [pod.status?.podIP ?? '']);
    if (podSpec(pod).hostNetwork !== true) return { pod, node, addresses: ips };
    const host = this.nodeAddresses(node ?? '');
    return { pod: undefined, node, addresses: host.length > 0 ? inFamily(host) : ips };
  }

  private nodeAddresses(name: string): string[] {
    const node = this.ofKind('Node').find((object) => object.metadata.name === name);
    return (node?.status?.addresses ?? []).map((entry) => entry.address);
  }

  private namespaceLabels(name: string): Record<string, string> {
    const namespace = this.ofKind('Namespace').find((object) => object.metadata.name === name);
    return { ...namespace?.metadata.labels, 'kubernetes.io/metadata.name': name }; // S61
  }

  // ---- one direction of one pod (§9 `dir`) ------------------------------------------------------------------

  private gate(pod: Manifest, direction: Direction, conn: Connection): Gate {
    const admin = this.tier('Admin', pod, direction, conn);
    if (admin !== undefined) return admin;
    const policies = this.isolating(pod, direction);
    if (policies.length > 0) {
      const peer = direction === 'ingress' ? conn.src : conn.dst;
      const onOwnNode = peer.pod === undefined && peer.node !== undefined && peer.node === podSpec(pod).nodeName;
      if (onOwnNode && (direction === 'ingress' || this.freeEgressToOwnNode)) return exempt; // S100, D1
      const matching = policies.flatMap((policy) =>
        (policySpec(policy)[direction] ?? []).flatMap((rule, i) =>
          this.ruleMatches(rule ?? {}, policy, direction, conn) ? [`${fullName(policy)} spec.${direction}[${i}]`] : [],
        ),
      );
      if (matching.length > 0) return { allowed: true, tier: 'NetworkPolicy', by: matching };
      return { allowed: false, tier: 'NetworkPolicy', by: policies.map(fullName) };
    }
    return this.tier('Baseline', pod, direction, conn) ?? { allowed: true, tier: 'none', by: [] };
  }

  /** The NetworkPolicies that isolate a pod for a direction (S71). */
  private isolating(pod: Manifest, direction: Direction): Manifest[] {
    return this.ofKind('NetworkPolicy').filter(
      (policy) =>
        namespaceOf(policy) === namespaceOf(pod) &&
        selects(policySpec(policy).podSelector, pod.metadata.labels) &&
        policyTypes(policySpec(policy)).includes(direction),
    );
  }

  /** Whether NetworkPolicies isolate the pod; never a host-network pod (D2). */
  isIsolated(name: string, direction: Direction): boolean {
    const { pod } = this.party({ pod: name }, 4);
    return pod !== undefined && this.isolating(pod, direction).length > 0;
  }

  // ---- NetworkPolicy v1 -------------------------------------------------------------------------------------

  private ruleMatches(rule: RawPolicyRule, policy: Manifest, direction: Direction, conn: Connection): boolean {
    const peers = (direction === 'ingress' ? rule.from : rule.to) ?? [];
    const ports = rule.ports ?? [];
    const peer = direction === 'ingress' ? conn.src : conn.dst;
    return (
      (peers.length === 0 || peers.some((entry) => this.peerMatches(entry ?? {}, namespaceOf(policy), peer))) &&
      (ports.length === 0 || ports.some((entry) => policyPortMatches(entry, { ...conn, pod: conn.dst.pod })))
    );
  }

  private peerMatches(peer: RawPolicyPeer, policyNamespace: string, party: Party): boolean {
    if (peer.ipBlock) {
      const { cidr, except } = peer.ipBlock;
      return party.addresses.some((ip) => inBlock(ip, [cidr]) && !inBlock(ip, except ?? []));
    }
    if (party.pod === undefined) return false; // S85
    const namespace = namespaceOf(party.pod);
    const inNamespace = peer.namespaceSelector
      ? selects(peer.namespaceSelector, this.namespaceLabels(namespace))
      : namespace === policyNamespace;
    return inNamespace && (!peer.podSelector || selects(peer.podSelector, party.pod.metadata.labels));
  }

  // ---- ClusterNetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy ---------------------------------

  private tier(tier: 'Admin' | 'Baseline', pod: Manifest, direction: Direction, conn: Connection): Gate | undefined {
    const policies = this.ofKind('ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy')
      .filter((policy) => tierOf(policy) === tier && this.isSubject(clusterSpec(policy), pod))
      .sort((a, b) => priorityOf(a) - priorityOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1)); // D9
    for (const policy of policies) {
      for (const [i, rule] of (clusterSpec(policy)[direction] ?? []).entries()) {
        const understood = subjectUnderstood(clusterSpec(policy)) && ruleUnderstood(rule, direction);
        if (understood ? !this.clusterRuleMatches(rule, direction, conn) : isAccept(rule)) continue;
        const by = [`${policy.metadata.name} spec.${direction}[${i}]`];
        if (!understood) return { allowed: false, tier, by }; // S157: fail closed
        if (rule.action === 'Pass') return undefined; // leaves the whole tier (S152)
        return { allowed: isAccept(rule), tier, by };
      }
    }
    return undefined;
  }

  /** A selector that cannot be understood may mean anybody: the rules then fail closed for everybody (S157, B7). */
  private isSubject({ subject }: RawClusterSpec, pod: Manifest): boolean {
    const { namespaceSelector, podSelector } = subject.pods ?? { namespaceSelector: subject.namespaces };
    const readable = (selector: RawSelector | null | undefined) => (isLegal(selector) ? selector : {});
    return this.selectsPod({ namespaceSelector: readable(namespaceSelector), podSelector: readable(podSelector) }, pod);
  }

  private selectsPod(selector: RawPodsSelector, pod: Manifest): boolean {
    return (
      selects(selector.namespaceSelector, this.namespaceLabels(namespaceOf(pod))) &&
      selects(selector.podSelector, pod.metadata.labels)
    );
  }

  private clusterRuleMatches(rule: RawClusterRule, direction: Direction, conn: Connection): boolean {
    return ((direction === 'ingress' ? rule.from : rule.to) ?? []).some((peer) => {
      const party = direction === 'ingress' ? conn.src : conn.dst;
      if (!this.clusterPeerMatches(peer, party)) return false;
      // S158: a named port means nothing for networks and nodes, whoever has the address.
      return clusterPortsMatch(rule, { ...conn, pod: peer.networks || peer.nodes ? undefined : conn.dst.pod });
    });
  }

  private clusterPeerMatches(peer: RawClusterPeer, party: Party): boolean {
    if (peer.networks) return party.addresses.some((ip) => inBlock(ip, peer.networks ?? [])); // S163
    if (peer.nodes) {
      const labels = this.ofKind('Node').find((node) => node.metadata.name === party.node)?.metadata.labels;
      return party.pod === undefined && party.node !== undefined && selects(peer.nodes, labels); // S164
    }
    if (party.pod === undefined) return false; // S161, S162
    return this.selectsPod(peer.pods ?? { namespaceSelector: peer.namespaces }, party.pod);
  }
}

// ---- defaults and names -----------------------------------------------------------------------------------------

const policySpec = (policy: Manifest): RawPolicySpec => policy.spec ?? {};
const clusterSpec = (policy: Manifest): RawClusterSpec => policy.spec as RawClusterSpec;
const fullName = (policy: Manifest): string => `${namespaceOf(policy)}/${policy.metadata.name}`;
const priorityOf = (policy: Manifest): number => clusterSpec(policy).priority ?? 0;
const isAccept = (rule: RawClusterRule): boolean => rule.action === 'Accept' || rule.action === 'Allow';

function tierOf(policy: Manifest): string {
  if (policy.kind === 'AdminNetworkPolicy') return 'Admin';
  return policy.kind === 'BaselineAdminNetworkPolicy' ? 'Baseline' : (clusterSpec(policy).tier ?? '');
}

/** S16, S17: the API server's default. */
function policyTypes(spec: RawPolicySpec): Direction[] {
  const given = spec.policyTypes ?? [];
  const types = given.length > 0 ? given : ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])];
  return types.map((type) => (type === 'Ingress' ? 'ingress' : 'egress'));
}

const inBlock = (ip: string, cidrs: readonly string[]): boolean => cidrs.some((cidr) => inCidr(parseAddress(ip), cidr));

function subjectUnderstood({ subject }: RawClusterSpec): boolean {
  return [subject.namespaces, subject.pods?.namespaceSelector, subject.pods?.podSelector].every(isLegal);
}

/** Whether every peer and selector of the rule is one that this API knows (S157, S159). */
function ruleUnderstood(rule: RawClusterRule, direction: Direction): boolean {
  return ((direction === 'ingress' ? rule.from : rule.to) ?? []).every((peer) => {
    if (peer.networks) return true;
    if (peer.nodes) return isLegal(peer.nodes);
    if (peer.pods) return isLegal(peer.pods.namespaceSelector) && isLegal(peer.pods.podSelector);
    return peer.namespaces ? isLegal(peer.namespaces) : false;
  });
}
