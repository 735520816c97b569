import type { ServiceObject } from '../../kube/objects.ts';
import { contradicts, isContradictory } from '../../kube/selectors.ts';
import { NAMESPACE_NAME_LABEL } from '../../model/namespaces.ts';
import type { Span } from '../../base/source.ts';
import type { YamlNode } from '../../yaml/node.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { isClosedToOutside, onePerKind, podBackends, type PodBackend } from '../outside-reach.ts';
import { defineRule } from '../rule.ts';
import { field, items, sourceObjects, spanIn, text } from '../source-objects.ts';

/** A Service that the API server calls. */
interface Called {
  /** `ValidatingWebhookConfiguration/name` */
  readonly by: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly place: Span;
}

/**
 * M41, catalogue NP405 (S101): the API server is no pod, so only an ipBlock or a rule without peers lets it in. Where its
 * calls come through an agent in kube-system, as some managed clusters have it, a rule that may mean that one counts.
 */
export const webhookBlocked = defineRule({
  name: 'webhook-blocked',
  severity: 'error',
  category: 'needs',
  summary: 'the API server calls a webhook or an aggregated API whose pods let in no address outside the pod network',
  fixable: false,
  detectors: ['M41'],
  catalogue: ['NP405'],
  *check(context) {
    const { services } = context.cluster;
    const told = new Set<string>();
    for (const called of calledServices(context)) {
      const service = services.find(({ meta }) => meta.namespace === called.namespace && meta.name === called.name);
      const backends = service === undefined ? undefined : backendsOf(context, service, called.port);
      const key = `${called.by} ${called.namespace}/${called.name}:${called.port}`;
      if (service === undefined || backends === undefined || told.has(key)) continue;
      if (!onePerKind(context, backends).every((backend) => isClosed(context, backend))) continue;
      told.add(key);
      const ports = [...new Set(backends.map(({ port }) => port))].join(', ');
      yield {
        message: `the API server calls ${objectId(service)} for ${called.by}, but policy lets no address outside the pod network in to port ${ports} of its pods`,
        why: 'The API server is no pod: podSelector and namespaceSelector never mean it. A webhook that cannot be called fails the requests that it should judge, or lets them pass unseen.',
        help: `allow ingress on port ${ports} from the addresses of the control plane, or from everybody`,
        place: called.place,
        object: called.by,
        confidence: context.absence,
        pods: context.workloadIds(backends.map(({ pod }) => pod)),
        key: `${called.namespace}/${called.name}:${called.port}`,
      };
    }
  },
});

function backendsOf(context: AuditContext, service: ServiceObject, number: number): readonly PodBackend[] | undefined {
  const port = service.ports.find((candidate) => candidate.port === number && candidate.protocol === 'TCP');
  return port === undefined ? undefined : podBackends(context, service, port);
}

function isClosed(context: AuditContext, backend: PodBackend): boolean {
  return isClosedToOutside(context, backend) && !mayLetInSystemPods(context, backend.pod);
}

/** Whether a rule for the pod may mean a pod of kube-system, which may be the one that the calls come through. */
function mayLetInSystemPods(context: AuditContext, pod: number): boolean {
  if (context.cluster.clusterPolicies.some(({ ingress }) => ingress.some(({ action }) => action === 'Accept')))
    return true;
  return context.policiesOf(pod).some(({ isolates, ingress, meta }) => {
    if (!isolates.ingress) return false;
    return ingress.some(({ peers }) =>
      peers.some((peer) => {
        if (peer.type === 'ipBlock' || (peer.podSelector !== undefined && isContradictory(peer.podSelector)))
          return false;
        if (peer.namespaceSelector === undefined) return meta.namespace === 'kube-system';
        return !contradicts([
          ...peer.namespaceSelector.requirements,
          { key: NAMESPACE_NAME_LABEL, operator: 'In', values: ['kube-system'] },
        ]);
      }),
    );
  });
}

function calledServices(context: AuditContext): readonly Called[] {
  const found: Called[] = [];
  for (const object of sourceObjects(context, 'admissionregistration.k8s.io', [
    'ValidatingWebhookConfiguration',
    'MutatingWebhookConfiguration',
  ])) {
    for (const webhook of items(field(object.root, 'webhooks'))) {
      push(found, object, field(field(webhook, 'clientConfig'), 'service'));
    }
  }
  for (const object of sourceObjects(context, 'apiregistration.k8s.io', ['APIService'])) {
    push(found, object, field(field(object.root, 'spec'), 'service'));
  }
  for (const object of sourceObjects(context, 'apiextensions.k8s.io', ['CustomResourceDefinition'])) {
    const webhook = field(field(field(object.root, 'spec'), 'conversion'), 'webhook');
    push(found, object, field(field(webhook, 'clientConfig'), 'service'));
  }
  return found;
}

function push(
  found: Called[],
  { kind, name: own, source }: ReturnType<typeof sourceObjects>[number],
  service: YamlNode | undefined,
): void {
  const namespace = text(field(service, 'namespace'));
  const name = text(field(service, 'name'));
  if (service === undefined || namespace === undefined || name === undefined) return;
  const port = Number(text(field(service, 'port')) ?? '443');
  found.push({ by: `${kind}/${own}`, namespace, name, port, place: spanIn(source, service) });
}
