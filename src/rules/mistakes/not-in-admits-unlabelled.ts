import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { LabelSelector, Requirement } from '../../kube/objects.ts';
import { formatSelector } from '../../kube/selectors.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M10, catalogue NP306 (S60): `NotIn` also selects what lacks the label altogether. */
export const notInAdmitsUnlabelled = defineRule({
  name: 'not-in-admits-unlabelled',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a namespaceSelector with NotIn also means namespaces without the label, kube-system among them',
  fixable: false,
  detectors: ['M10'],
  catalogue: ['NP306'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, peer] of rule.peers.entries()) {
            if (peer.type !== 'pods' || peer.namespaceSelector === undefined) continue;
            const { namespaceSelector } = peer;
            const key = soleNotIn(namespaceSelector)?.key;
            const unlabelled = key === undefined ? [] : namespacesWithout(context, namespaceSelector, key);
            if (key === undefined || !unlabelled.includes('kube-system')) continue;
            const place = placeOf(policy, rule.path, peerFields[direction], index, 'namespaceSelector');
            yield {
              message: `${formatSelector(namespaceSelector)} also means namespaces without the label ${key}: ${unlabelled.join(', ')}`,
              why: 'NotIn holds for everything that lacks the label. A namespace that nobody labelled is on the inside.',
              help: `ask for the label as well (\`operator: Exists\`), or list the namespaces that are meant with \`operator: In\``,
              ...(place === undefined ? {} : { place }),
              object: objectId(policy),
              confidence: 'certain',
              pods: context.workloadIds(context.selections.peer(peer, policy.meta.namespace).pods),
            };
          }
        }
      }
    }
  },
});

/** The only requirement, when it is a `NotIn`. */
function soleNotIn({ requirements }: LabelSelector): Requirement | undefined {
  const [first, second] = requirements;
  return first?.operator === 'NotIn' && second === undefined ? first : undefined;
}

/** Names, as far as their labels are known. */
function namespacesWithout(context: AuditContext, selector: LabelSelector, key: string): readonly string[] {
  return context.selections
    .namespaces(selector)
    .namespaces.flatMap((index) => context.cluster.namespaces[index] ?? [])
    .filter(({ labels }) => !labels.has(key))
    .map(({ name }) => name);
}
