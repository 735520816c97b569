/** Which missing facts leave it open whether a rule concerns somebody (D14), in words. */
import { MAYBE } from '../base/tri.ts';
import type { ClusterPolicyPeer, LabelSelector, PolicyPeer } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { NAMESPACE_NAME_LABEL } from '../model/namespaces.ts';
import { selectorMatchesPartly } from '../model/selector-match.ts';
import { mayNamePods } from './peer-sources.ts';
import type { Party } from './parties.ts';
import { listWords } from './rule-words.ts';

const ANY_KEY = (): boolean => true;

/** What is missing to say whether one of the peers is this party. */
export function unknownPeerFacts(
  peers: readonly (PolicyPeer | ClusterPolicyPeer)[],
  party: Party,
  cluster: Cluster,
): readonly string[] {
  const facts: string[] = [];
  for (const peer of peers) {
    switch (peer.type) {
      case 'pods':
        facts.push(...unknownLabels(peer.namespaceSelector, peer.podSelector, party, cluster));
        break;
      case 'ipBlock':
      case 'networks':
        if (addressUnknown(party, cluster)) facts.push(`the addresses of ${party.name} are not part of the input`);
        break;
      case 'nodes':
        if (party.kind === 'host') facts.push(`the node of ${party.name} and its labels are not part of the input`);
        break;
      case 'domainNames':
        if (party.kind !== 'pod' || peer.names.some(mayNamePods)) {
          facts.push(`no input tells what ${listWords(peer.names)} resolves to`);
        }
        break;
      case 'unknown':
        break;
    }
  }
  return [...new Set(facts)];
}

/** What is missing to say whether selectors select a pod. */
export function unknownLabels(
  namespaceSelector: LabelSelector | undefined,
  podSelector: LabelSelector | undefined,
  party: Party,
  cluster: Cluster,
): readonly string[] {
  if (party.kind !== 'pod') return [];
  const facts: string[] = [];
  const namespace = cluster.namespaces[cluster.pods.namespaceOf[party.pod] ?? -1];
  if (namespaceSelector !== undefined && namespace !== undefined && !namespace.labelsKnown) {
    const match = selectorMatchesPartly(namespaceSelector, namespace.labels, (key) => key !== NAMESPACE_NAME_LABEL);
    if (match === MAYBE) {
      facts.push(`the labels of namespace ${namespace.name} are unknown: the input has no Namespace object for it`);
    }
  }
  const unknown = cluster.pods.unknownLabels(party.pod);
  const asked = (podSelector?.requirements ?? []).filter(({ key }) => unknown.has(key)).map(({ key }) => key);
  if (asked.length > 0 && selectorMatchesPartly(podSelector ?? NONE, new Map(), ANY_KEY) === MAYBE) {
    facts.push(
      `the value of label ${listWords([...new Set(asked)])} on the pods of ${party.name} is set by its controller`,
    );
  }
  return facts;
}

const NONE: LabelSelector = { requirements: [], invalid: false, span: undefined };

function addressUnknown(party: Party, cluster: Cluster): boolean {
  if (party.kind === 'external') return false;
  if (party.kind === 'host') {
    const known = (cluster.nodeNamed(party.nodeName)?.addresses ?? []).length > 0;
    return !known && (party.pod < 0 || (cluster.pods.ips[party.pod] ?? []).length === 0);
  }
  return (cluster.pods.ips[party.pod] ?? []).length === 0;
}
