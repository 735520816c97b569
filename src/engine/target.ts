/**
 * Targets of a connection: an end and a port, or a Service, Ingress or route that leads to some.
 *
 * Policy is judged after the Service's address was translated (S92), so a Service stands for its backends at their own
 * ports, and an Ingress or route for a connection that the controller opens to the backends.
 */
import type { Protocol } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import type { NamedFrontend } from './endpoint.ts';
import type { Endpoint } from './query.ts';

/** The port to ask for; `all`: everything that is allowed. */
export type TargetPort =
  | { readonly type: 'one'; readonly protocol: Protocol | 'other'; readonly port: number }
  | { readonly type: 'all' };

/** One question to the engine. Several legs are alternatives: the Service picks one backend per connection. */
export interface TargetLeg {
  readonly endpoint: Endpoint;
  readonly label: string;
  readonly port: TargetPort;
  /** False when it depends on a label that the input does not tell whether this is a backend at all. */
  readonly certain: boolean;
}

/** What a connection passes before it reaches the legs. */
export interface TargetHop {
  /** `namespace/Service/name`, `namespace/Ingress/name`, `namespace/HTTPRoute/name`. */
  readonly id: string;
  readonly kind: NamedFrontend['kind'];
  /**
   * `address`: the source is kept, only the destination is translated. `proxy`: the controller of the Ingress or
   * Gateway accepts the connection and opens its own to the legs, so *it* is their source.
   */
  readonly works: 'address' | 'proxy';
}

export interface Target {
  readonly label: string;
  /** Never empty. */
  readonly legs: readonly TargetLeg[];
  readonly via: readonly TargetHop[];
  /** No port was asked for, and there may be several: the answer says which are allowed. */
  readonly everyPort: boolean;
  /** How the text was understood and what translation does to the port. */
  readonly notes: readonly string[];
}

export function frontendId({ kind, namespace, name }: NamedFrontend): string {
  return `${namespace}/${kind}/${name}`;
}

/** Every pod that an endpoint stands for; none for nodes and addresses. */
export function podsOf(cluster: Cluster, endpoint: Endpoint): readonly number[] {
  if (endpoint.type === 'pod') return [endpoint.pod];
  return endpoint.type === 'workload' ? (cluster.workloads[endpoint.workload]?.pods ?? []) : [];
}
