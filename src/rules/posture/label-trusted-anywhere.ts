import type { LabelSelector, PolicyPeer } from '../../kube/objects.ts';
import { formatSelector } from '../../kube/selectors.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { SYSTEM_NAMESPACES } from './open-pods.ts';

/**
 * M53, catalogue NP305: whoever may create a pod may give it any label. Only where the input shows whom the peer means,
 * and other namespaces whose pods it does not mean.
 */
export const labelTrustedAnywhere = defineRule({
  name: 'label-trusted-anywhere',
  severity: 'info',
  category: 'posture',
  summary: 'a peer of every namespace is told by a pod label alone, which pods of any namespace may take',
  fixable: false,
  detectors: ['M53'],
  catalogue: ['NP305'],
  controls: { nsa: ['least-privilege'] },
  options: {
    ignoreNamespaces: {
      type: 'list',
      default: SYSTEM_NAMESPACES,
      summary: 'namespaces in which only trusted people create pods',
    },
  },
  *check(context, { ignoreNamespaces }) {
    const { cluster, selections } = context;
    // A cluster policy may keep the other namespaces out.
    if (cluster.clusterPolicies.some(({ ingress }) => ingress.some(({ action }) => action === 'Deny'))) return;
    for (const policy of cluster.networkPolicies) {
      const subjects = selections.subjects(policy).pods;
      if (!policy.isolates.ingress || subjects.length === 0) continue;
      for (const rule of policy.ingress) {
        for (const [index, peer] of rule.peers.entries()) {
          const labels = labelsOf(peer);
          if (labels === undefined) continue;
          const { pods, maybe } = selections.peer(peer, policy.meta.namespace);
          if (pods.length === 0 || maybe.length > 0) continue;
          const meant = namespacesOf(context, pods);
          const others = strangers(context, [...meant, policy.meta.namespace, ...ignoreNamespaces]);
          const [other] = others;
          if (other === undefined) continue;
          const place = placeOf(policy, rule.path, 'from', index, 'namespaceSelector');
          const text = formatSelector(labels);
          yield {
            message: `pods of every namespace get in with the labels ${text}; today only ${meant.length === 1 ? `those of ${meant[0] ?? ''} have` : `pods of ${meant.length} namespaces have`} them`,
            why: `Whoever may create a pod in ${other}${others.length === 1 ? '' : ` or ${others.length - 1} more`} chooses its labels. Labels of namespaces are set by fewer people.`,
            help: `name the namespaces as well: namespaceSelector with kubernetes.io/metadata.name ${meant.slice(0, 3).join(', ')}`,
            ...(place === undefined ? {} : { place }),
            object: objectId(policy),
            confidence: 'certain',
            pods: context.workloadIds(subjects),
            key: text,
          };
        }
      }
    }
  },
});

/** Of a peer with every namespace and some pods. */
function labelsOf(peer: PolicyPeer): LabelSelector | undefined {
  if (peer.type !== 'pods' || peer.namespaceSelector?.requirements.length !== 0) return undefined;
  const { podSelector } = peer;
  return podSelector !== undefined && podSelector.requirements.length > 0 ? podSelector : undefined;
}

function namespacesOf({ cluster }: AuditContext, pods: readonly number[]): readonly string[] {
  return [...new Set(pods.map((pod) => cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1)))].sort();
}

function strangers(context: AuditContext, known: readonly string[]): readonly string[] {
  return context.cluster.namespaces.flatMap(({ name }) =>
    context.hasWorkloads(name) && !known.includes(name) ? [name] : [],
  );
}
