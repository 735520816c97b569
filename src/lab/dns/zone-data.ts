/** What the DNS of the cluster knows: the parts of objects that names are made of. */

export interface ZoneService {
  readonly namespace: string;
  readonly name: string;
  /** Empty for headless ones and for those that are only another name. */
  readonly clusterIPs: readonly string[];
  readonly ports: readonly ZonePort[];
  /** Of type `ExternalName`. */
  readonly externalName?: string | undefined;
}

export interface ZonePort {
  /** Empty when it has none. */
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

/** An EndpointSlice. */
export interface ZoneEndpoints {
  readonly namespace: string;
  /** Of the Service: label `kubernetes.io/service-name`. */
  readonly service: string;
  readonly ports: readonly ZonePort[];
  readonly endpoints: readonly ZoneEndpoint[];
}

export interface ZoneEndpoint {
  readonly addresses: readonly string[];
  readonly hostname?: string | undefined;
  readonly ready: boolean;
}

export interface ZonePod {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
}

/** `key` is unique within a kind, as `NAMESPACE/NAME` of the object; without `value` it is gone. */
export type ZoneChange =
  | { readonly kind: 'namespace'; readonly key: string; readonly value: true | undefined }
  | { readonly kind: 'service'; readonly key: string; readonly value: ZoneService | undefined }
  | { readonly kind: 'endpoints'; readonly key: string; readonly value: ZoneEndpoints | undefined }
  | { readonly kind: 'pod'; readonly key: string; readonly value: ZonePod | undefined };
