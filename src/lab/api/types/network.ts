/** Network policies and endpoint slices: their fields, in the notation of message-table.ts. */
export const networkMessages = {
  DiscoveryEndpointPort: {
    name: '1 ?string =""',
    protocol: '2 ?string ="TCP"',
    port: '3 ?int32',
    appProtocol: '4 ?string',
  },
  Endpoint: {
    addresses: '1 []string set',
    conditions: '2 EndpointConditions',
    hostname: '3 ?string',
    targetRef: '4 ?ObjectReference atomic',
    deprecatedTopology: '5 {}string',
    nodeName: '6 ?string',
    zone: '7 ?string',
    hints: '8 ?EndpointHints',
  },
  EndpointConditions: {
    ready: '1 ?bool',
    serving: '2 ?bool',
    terminating: '3 ?bool',
  },
  EndpointHints: {
    forZones: '1 []ForZone',
  },
  EndpointSlice: {
    apiVersion: '- string',
    kind: '- string',
    metadata: '1 ObjectMeta',
    addressType: '4 string',
    endpoints: '2 []Endpoint',
    ports: '3 []DiscoveryEndpointPort',
  },
  ForZone: {
    name: '1 string',
  },
  IPBlock: {
    cidr: '1 string',
    except: '2 []string',
  },
  NetworkPolicy: {
    apiVersion: '- string',
    kind: '- string',
    metadata: '1 ObjectMeta',
    spec: '2 NetworkPolicySpec',
  },
  NetworkPolicyEgressRule: {
    ports: '1 []NetworkPolicyPort',
    to: '2 []NetworkPolicyPeer',
  },
  NetworkPolicyIngressRule: {
    ports: '1 []NetworkPolicyPort',
    from: '2 []NetworkPolicyPeer',
  },
  NetworkPolicyPeer: {
    podSelector: '1 ?LabelSelector atomic',
    namespaceSelector: '2 ?LabelSelector atomic',
    ipBlock: '3 ?IPBlock',
  },
  NetworkPolicyPort: {
    protocol: '1 ?string ="TCP"',
    port: '2 ?IntOrString',
    endPort: '3 ?int32',
  },
  NetworkPolicySpec: {
    podSelector: '1 LabelSelector atomic',
    ingress: '2 []NetworkPolicyIngressRule',
    egress: '3 []NetworkPolicyEgressRule',
    policyTypes: '4 []string',
  },
} as const;
