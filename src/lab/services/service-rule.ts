/** A port of a Service as a node forwards it, after names of ports and readiness are resolved. */
export interface ServiceRule {
  /** `NAMESPACE/NAME:PORTNAME`, for messages. */
  readonly service: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** The addresses it is reached by (cluster, external and load balancer ones). */
  readonly addresses: readonly string[];
  readonly port: number;
  /** On all addresses of the node. */
  readonly nodePort?: number | undefined;
  /** Ready ones; without any, connections are refused. */
  readonly backends: readonly ServiceBackend[];
  /** `ClientIP`: for so many seconds; `undefined` for none. */
  readonly affinitySeconds?: number | undefined;
}

export interface ServiceBackend {
  readonly address: string;
  readonly port: number;
}
