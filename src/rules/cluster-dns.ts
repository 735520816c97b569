/** The cluster's resolver, as far as the input shows it. */
import { serviceBackends } from './outside-reach.ts';
import type { Protocol, ServiceObject } from '../kube/objects.ts';
import type { AuditContext } from './audit-context.ts';

export interface DnsEndpoint {
  readonly pod: number;
  readonly protocol: Protocol;
  /** On the pod, behind the Service. */
  readonly port: number;
}

export const DNS_PORT = 53;

/**
 * The pods that answer lookups: those behind the resolver's Service, else those in kube-system with its label. Empty
 * when the input has neither. Pods on the host network do not count: they are reached by address.
 */
export function clusterDns(context: AuditContext): readonly DnsEndpoint[] {
  return context.shared('cluster DNS', () => findDns(context));
}

/** By name, or by the label that the usual installations put on it. */
function isDnsService({ meta, ports }: ServiceObject): boolean {
  if (!ports.some(({ port }) => port === DNS_PORT)) return false;
  if (meta.namespace === 'openshift-dns') return true;
  return (
    meta.namespace === 'kube-system' &&
    (['kube-dns', 'coredns', 'core-dns', 'rke2-coredns-rke2-coredns'].includes(meta.name) ||
      meta.labels.get('k8s-app') === 'kube-dns')
  );
}

function findDns(context: AuditContext): readonly DnsEndpoint[] {
  const { cluster } = context;
  const services = serviceBackends(context);
  const found = cluster.services
    .filter(isDnsService)
    .flatMap((service) =>
      service.ports
        .filter(({ port }) => port === DNS_PORT)
        .flatMap((port) =>
          services
            .of(service, port)
            .backends.flatMap(({ end, protocol, port: number, certain }): DnsEndpoint[] =>
              end.type === 'pod' && certain && !cluster.pods.isHostNetwork(end.pod)
                ? [{ pod: end.pod, protocol, port: number }]
                : [],
            ),
        ),
    );
  if (found.length > 0) return found;
  const labelled = context.selections.pods({
    namespace: 'kube-system',
    podSelector: {
      requirements: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns', 'coredns'] }],
      invalid: false,
      span: undefined,
    },
  });
  return labelled.pods.flatMap((pod): DnsEndpoint[] => [
    { pod, protocol: 'UDP', port: DNS_PORT },
    { pod, protocol: 'TCP', port: DNS_PORT },
  ]);
}
