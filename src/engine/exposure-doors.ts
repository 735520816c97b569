/** The container ports that Services open to the outside. */
import type { Protocol, ServiceObject } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ServiceBackends } from './service-backends.ts';

export interface Door {
  readonly protocol: Protocol;
  /** On the pod. */
  readonly port: number;
}

/** Whether the outside may come through a Service (S93): by its type, or by addresses of its own. */
export function facesOutside(service: ServiceObject): boolean {
  return service.type === 'LoadBalancer' || service.type === 'NodePort' || service.externalIps.length > 0;
}

/** Of one cluster; looks at the Services once. */
export class Doors {
  private readonly cluster: Cluster;
  private readonly backends: ServiceBackends;
  private byPod: ReadonlyMap<number, readonly Door[]> | undefined;

  constructor(cluster: Cluster, backends: ServiceBackends) {
    this.cluster = cluster;
    this.backends = backends;
  }

  /** `undefined` when no Service leads from outside to the pod. */
  of(pod: number): readonly Door[] | undefined {
    this.byPod ??= this.find();
    return this.byPod.get(pod);
  }

  private find(): ReadonlyMap<number, readonly Door[]> {
    const doors = new Map<number, Door[]>();
    for (const service of this.cluster.services) {
      if (!facesOutside(service)) continue;
      for (const servicePort of service.ports) {
        for (const { end, protocol, port } of this.backends.of(service, servicePort, true).backends) {
          if (end.type !== 'pod') continue;
          const list = doors.get(end.pod);
          if (list === undefined) doors.set(end.pod, [{ protocol, port }]);
          else if (!list.some((door) => door.protocol === protocol && door.port === port))
            list.push({ protocol, port });
        }
      }
    }
    return doors;
  }
}
