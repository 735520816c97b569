import type { ServiceBackend, ServiceBackends } from '../../engine/service-backends.ts';
import { serviceBackends } from '../outside-reach.ts';
import type { ConnectionQuery } from '../../engine/query.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { defineRule } from '../rule.ts';
import { declaredAddresses, type DeclaredAddress } from './declared-addresses.ts';

/** Catalogue NP403: what the manifests themselves say a workload connects to, denied by verdict to every backend. */
export const declaredNeedDenied = defineRule({
  name: 'declared-need-denied',
  severity: 'error',
  category: 'needs',
  summary: 'a workload is configured with the address of a Service that policy keeps it from reaching',
  fixable: false,
  detectors: [],
  catalogue: ['NP403'],
  *check(context) {
    const services = serviceBackends(context);
    const told = new Set<string>();
    for (const need of declaredAddresses(context)) {
      const query = deniedQuery(context, need, services);
      const key = `${need.workload} ${objectId(need.service)} ${need.port}`;
      if (query === undefined || told.has(key)) continue;
      told.add(key);
      const { egress, ingress } = context.engine.explain(query);
      const gate = egress.allowed ? ingress : egress;
      const side = egress.allowed ? 'ingress' : 'egress';
      const workload = context.cluster.workloads[need.workload]?.id ?? '';
      const policies = gate.by.map(({ policy }) => policy);
      yield {
        message: `${workload} is told to use ${need.text}, but policy denies it`,
        why: `The ${side} gate is shut${policies.length === 0 ? '' : ` by ${policies.slice(0, 3).join(', ')}`}. Behind ${objectId(need.service)} it is port ${query.port} that counts.`,
        help:
          side === 'egress'
            ? `allow egress to the pods of ${objectId(need.service)} on port ${query.port}`
            : `allow ingress from ${workload} to the pods of ${objectId(need.service)} on port ${query.port}`,
        place: need.place,
        object: workload,
        confidence: context.absence,
        witness: context.witness(query, `denied at the ${side} gate`),
        pods: [workload],
        key: `${objectId(need.service)}:${need.port}`,
      };
    }
  },
});

/** One of the connections, when none of them is possible. */
function deniedQuery(
  context: AuditContext,
  { workload, service, port: wanted }: DeclaredAddress,
  services: ServiceBackends,
): ConnectionQuery | undefined {
  const { cluster, engine } = context;
  const port = service.ports.find((candidate) => candidate.port === wanted && candidate.protocol === 'TCP');
  const from = cluster.workloads[workload]?.pods.find((pod) => !cluster.pods.isHostNetwork(pod));
  if (port === undefined || from === undefined) return undefined;
  let denied: ConnectionQuery | undefined;
  for (const backend of services.of(service, port, true).backends) {
    const to = otherPod(backend, from);
    if (to === undefined) return undefined;
    const query: ConnectionQuery = {
      from: { type: 'pod', pod: from },
      to: { type: 'pod', pod: to },
      protocol: backend.protocol,
      port: backend.port,
    };
    if (engine.verdict(query) !== 'denied') return undefined;
    denied ??= query;
  }
  return denied;
}

function otherPod({ end, certain }: ServiceBackend, from: number): number | undefined {
  return end.type === 'pod' && certain && end.pod !== from ? end.pod : undefined;
}
