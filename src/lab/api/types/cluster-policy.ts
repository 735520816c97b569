/**
 * Cluster policies: their fields, in the notation of message-table.ts. They are custom resources, which never travel as
 * protobuf, so no field has a number.
 */
export const clusterPolicyMessages = {
  AdminNetworkPolicy: {
    apiVersion: '- string',
    kind: '- string',
    metadata: '- ObjectMeta',
    spec: '- AdminNetworkPolicySpec',
    status: '- AdminNetworkPolicyStatus',
  },
  AdminNetworkPolicyEgressPeer: {
    namespaces: '- ?LabelSelector atomic',
    pods: '- ?NamespacedPod',
    nodes: '- ?LabelSelector atomic',
    networks: '- []string set',
  },
  AdminNetworkPolicyEgressRule: {
    name: '- string',
    action: '- string',
    to: '- []AdminNetworkPolicyEgressPeer',
    ports: '- []AdminNetworkPolicyPort',
  },
  AdminNetworkPolicyIngressPeer: {
    namespaces: '- ?LabelSelector atomic',
    pods: '- ?NamespacedPod',
  },
  AdminNetworkPolicyIngressRule: {
    name: '- string',
    action: '- string',
    from: '- []AdminNetworkPolicyIngressPeer',
    ports: '- []AdminNetworkPolicyPort',
  },
  AdminNetworkPolicyPort: {
    portNumber: '- ?Port',
    namedPort: '- ?string',
    portRange: '- ?PortRange',
  },
  AdminNetworkPolicySpec: {
    priority: '- int32',
    subject: '- AdminNetworkPolicySubject',
    ingress: '- []AdminNetworkPolicyIngressRule',
    egress: '- []AdminNetworkPolicyEgressRule',
  },
  AdminNetworkPolicyStatus: {
    conditions: '- []Condition merge=type map=type',
  },
  AdminNetworkPolicySubject: {
    namespaces: '- ?LabelSelector atomic',
    pods: '- ?NamespacedPod',
  },
  BaselineAdminNetworkPolicy: {
    apiVersion: '- string',
    kind: '- string',
    metadata: '- ObjectMeta',
    spec: '- BaselineAdminNetworkPolicySpec',
    status: '- BaselineAdminNetworkPolicyStatus',
  },
  BaselineAdminNetworkPolicyEgressRule: {
    name: '- string',
    action: '- string',
    to: '- []AdminNetworkPolicyEgressPeer',
    ports: '- []AdminNetworkPolicyPort',
  },
  BaselineAdminNetworkPolicyIngressRule: {
    name: '- string',
    action: '- string',
    from: '- []AdminNetworkPolicyIngressPeer',
    ports: '- []AdminNetworkPolicyPort',
  },
  BaselineAdminNetworkPolicySpec: {
    subject: '- AdminNetworkPolicySubject',
    ingress: '- []BaselineAdminNetworkPolicyIngressRule',
    egress: '- []BaselineAdminNetworkPolicyEgressRule',
  },
  BaselineAdminNetworkPolicyStatus: {
    conditions: '- []Condition merge=type map=type',
  },
  ClusterNetworkPolicy: {
    apiVersion: '- string',
    kind: '- string',
    metadata: '- ObjectMeta',
    spec: '- ClusterNetworkPolicySpec',
    status: '- ClusterNetworkPolicyStatus',
  },
  ClusterNetworkPolicyEgressPeer: {
    namespaces: '- ?LabelSelector atomic',
    pods: '- ?NamespacedPod',
    nodes: '- ?LabelSelector atomic',
    networks: '- []string set',
    domainNames: '- []string set',
  },
  ClusterNetworkPolicyEgressRule: {
    name: '- string',
    action: '- string',
    to: '- []ClusterNetworkPolicyEgressPeer',
    protocols: '- []ClusterNetworkPolicyProtocol',
  },
  ClusterNetworkPolicyIngressPeer: {
    namespaces: '- ?LabelSelector atomic',
    pods: '- ?NamespacedPod',
  },
  ClusterNetworkPolicyIngressRule: {
    name: '- string',
    action: '- string',
    from: '- []ClusterNetworkPolicyIngressPeer',
    protocols: '- []ClusterNetworkPolicyProtocol',
  },
  ClusterNetworkPolicyProtocol: {
    tcp: '- ?ClusterNetworkPolicyTransport',
    udp: '- ?ClusterNetworkPolicyTransport',
    sctp: '- ?ClusterNetworkPolicyTransport',
    destinationNamedPort: '- string',
  },
  ClusterNetworkPolicyTransport: {
    destinationPort: '- ?DestinationPort',
  },
  ClusterNetworkPolicySpec: {
    tier: '- string',
    priority: '- int32',
    subject: '- AdminNetworkPolicySubject',
    ingress: '- []ClusterNetworkPolicyIngressRule',
    egress: '- []ClusterNetworkPolicyEgressRule',
  },
  ClusterNetworkPolicyStatus: {
    conditions: '- []Condition merge=type map=type',
  },
  DestinationPort: {
    number: '- int32',
    range: '- ?DestinationPortRange',
  },
  DestinationPortRange: {
    start: '- int32',
    end: '- int32',
  },
  NamespacedPod: {
    namespaceSelector: '- LabelSelector atomic',
    podSelector: '- LabelSelector atomic',
  },
  Port: {
    protocol: '- string',
    port: '- int32',
  },
  PortRange: {
    protocol: '- string',
    start: '- int32',
    end: '- int32',
  },
} as const;
