import type { Span } from '../../base/source.ts';
import type { KubeObject, NetworkPolicyObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type RelatedPlace } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M37, catalogue NP006 (S3): without a namespace an object lands wherever kubectl happens to point. */
export const namespaceOmitted = defineRule({
  name: 'namespace-omitted',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a policy names no namespace although everything else in its file does',
  fixable: false,
  detectors: ['M37'],
  catalogue: ['NP006'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      if (policy.span === undefined || namesNamespace(policy)) continue;
      const neighbours = neighboursOf(policy, context);
      // Where nothing names one, the namespace is given from outside: by kustomize, helm or kubectl -n.
      if (neighbours.length === 0 || !neighbours.every(namesNamespace)) continue;
      const namespaces = [...new Set(neighbours.map(({ meta }) => meta.namespace))].sort();
      if (namespaces.includes(policy.meta.namespace)) continue;
      const [first] = neighbours;
      const there = namespaces.length === 1 ? `in ${namespaces[0] ?? ''}` : `in ${namespaces.length} namespaces`;
      const place = placeOf(policy, 'metadata');
      yield {
        message: `${policy.meta.name} names no namespace, so it lands in ${policy.meta.namespace}, and the rest of the file is ${there}`,
        why: 'A policy selects pods of its own namespace only. Applied as it is, it protects nothing that stands beside it.',
        help:
          namespaces.length === 1
            ? `add \`namespace: ${namespaces[0] ?? ''}\` to its metadata`
            : 'add the namespace of the pods that it is about to its metadata',
        ...(place === undefined ? {} : { place }),
        related: relatedOf(first),
        object: objectId(policy),
        confidence: context.absence,
      };
    }
  },
});

function namesNamespace(object: KubeObject): boolean {
  return locate(object, 'metadata', 'namespace') !== undefined;
}

/** Namespaced objects of the same file, in its order. */
function neighboursOf(policy: NetworkPolicyObject, context: AuditContext): readonly KubeObject[] {
  const bySource = context.shared('namespace-omitted: objects by file', () => {
    const { workloads, services, pods, networkPolicies, ingresses } = context.objects;
    const files = new Map<Span['source'], KubeObject[]>();
    for (const object of [...workloads, ...services, ...pods, ...networkPolicies, ...ingresses]) {
      if (object.span === undefined) continue;
      const list = files.get(object.span.source);
      if (list === undefined) files.set(object.span.source, [object]);
      else list.push(object);
    }
    return files;
  });
  const source = policy.span?.source;
  return (source === undefined ? [] : (bySource.get(source) ?? [])).filter((object) => object !== policy);
}

function relatedOf(object: KubeObject | undefined): readonly RelatedPlace[] {
  if (object === undefined) return [];
  const span = placeOf(object, 'metadata', 'namespace');
  return [{ message: `${objectId(object)} names its own`, ...(span === undefined ? {} : { span }) }];
}
