/** Whether connections from outside the pod network get to a pod; what rules about ways in share. */
import { ExposureSources, opennessAt } from '../engine/exposure-sources.ts';
import { portPoint } from '../engine/port-sets.ts';
import { ServiceBackends } from '../engine/service-backends.ts';
import type { Protocol, ServiceObject, ServicePort } from '../kube/objects.ts';
import type { AuditContext } from './audit-context.ts';

export function exposureSources(context: AuditContext): ExposureSources {
  return context.shared('exposure sources', () => new ExposureSources(context.engine));
}

export function serviceBackends(context: AuditContext): ServiceBackends {
  return context.shared('backends of Services', () => new ServiceBackends(context.cluster));
}

/** A pod of the pod network that a Service sends to for certain. */
export interface PodBackend {
  readonly pod: number;
  readonly protocol: Protocol;
  readonly port: number;
}

/** `undefined` when there are none, or when some are no pods, on the host network, or uncertain. */
export function podBackends(
  context: AuditContext,
  service: ServiceObject,
  port: ServicePort,
): readonly PodBackend[] | undefined {
  const { pods } = context.cluster;
  const found: PodBackend[] = [];
  for (const { end, protocol, port: number, certain } of serviceBackends(context).of(service, port, true).backends) {
    if (!certain || end.type !== 'pod' || pods.isHostNetwork(end.pod)) return undefined;
    found.push({ pod: end.pod, protocol, port: number });
  }
  return found.length === 0 ? undefined : found;
}

/**
 * Policy denies it to every address that is no pod's and to every node but the pod's own (whose connections plugins let
 * through in any case, S100).
 */
export function isClosedToOutside(context: AuditContext, { pod, protocol, port }: PodBackend): boolean {
  const { engine } = context;
  const point = portPoint(protocol, port);
  if (opennessAt(engine, exposureSources(context).fromOutside(pod), point) !== 'none') return false;
  const classId = engine.classOfPod(pod);
  for (let host = engine.podClassCount; host < engine.podClassCount + engine.hostClassCount; host++) {
    if (engine.portSets.has(engine.classPorts(host, classId).possible, point)) return false;
  }
  return true;
}

/** Of several, one for each kind that the engine tells apart. */
export function onePerKind(context: AuditContext, backends: readonly PodBackend[]): readonly PodBackend[] {
  return [
    ...new Map(
      backends.map((backend) => [
        `${context.engine.classOfPod(backend.pod)} ${backend.protocol} ${backend.port}`,
        backend,
      ]),
    ).values(),
  ];
}
