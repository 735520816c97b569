/** A small cluster as the agent on node-1 knows it, and packets in it. */
import { parseIp } from '../../../src/base/inet-parse.ts';
import { NodePlanner } from '../../../src/dataplane/node-planner.ts';
import { FULL_OBSERVATION } from '../../../src/dataplane/observation.ts';
import type { ReasonSource } from '../../../src/agent/flow-log/flow-reasons.ts';
import type { QuarantinedPolicySet } from '../../../src/agent/status.ts';
import type { IpAddress } from '../../../src/base/inet.ts';
import type { LoggedPacket } from '../../../src/io/nflog/log-message.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { readManifests } from '../../../src/kube/read.ts';

export const SHOP = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Node
metadata: { name: node-1 }
spec: { podCIDRs: [10.1.0.0/24] }
status: { addresses: [{ type: InternalIP, address: 192.0.2.1 }, { type: ExternalIP, address: 192.0.2.2 }] }
---
apiVersion: v1
kind: Pod
metadata:
  name: web-5d9c-x1
  namespace: shop
  labels: { app: web, pod-template-hash: 5d9c }
  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9c, uid: u1, controller: true }]
spec: { nodeName: node-1, containers: [{ name: c }] }
status: { phase: Running, podIP: 10.1.0.5, podIPs: [{ ip: 10.1.0.5 }, { ip: "fd00::5" }] }
---
apiVersion: v1
kind: Pod
metadata:
  name: db-0
  namespace: shop
  labels: { app: db }
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u2, controller: true }]
spec: { nodeName: node-1, containers: [{ name: c }] }
status: { phase: Running, podIP: 10.1.0.6 }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: api } } }]
      ports: [{ port: 5432 }]
`;

/** In audit mode: would take port 80 from everybody but app=api. */
export const STAGED = `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop, annotations: { sallyport.dev/mode: audit } }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }] }]
`;

export function objectsOf(text: string): KubeObject[] {
  const { objects } = readManifests([{ name: 'shop.yaml', text }]);
  return [
    ...objects.namespaces,
    ...objects.nodes,
    ...objects.pods,
    ...objects.networkPolicies,
    ...objects.clusterPolicies,
  ];
}

/** The agent as far as the flow log asks it. */
export class ShopView implements ReasonSource {
  readonly planner = new NodePlanner({ node: 'node-1', closedRanges: 'node-pod-cidrs', observation: FULL_OBSERVATION });
  generation = 1;
  quarantined: QuarantinedPolicySet[] = [];
  lookUps = 0;

  constructor(text = SHOP) {
    this.load(text);
  }

  load(text: string): void {
    this.planner.reset(objectsOf(text));
    this.planner.plan();
  }

  inForce(): ReturnType<ReasonSource['inForce']> {
    const { planner, generation } = this;
    return { plan: planner.plan(), engine: planner.engine, stagedEngine: planner.stagedEngine, generation };
  }

  ownerOf(address: IpAddress): ReturnType<ReasonSource['ownerOf']> {
    return this.planner.ownerOf(address);
  }

  enginesAmong(addresses: readonly IpAddress[]): ReturnType<ReasonSource['enginesAmong']> {
    this.lookUps++;
    return this.planner.enginesAmong(addresses);
  }

  status(): ReturnType<ReasonSource['status']> {
    return { quarantined: this.quarantined };
  }

  /** The policy set that judges a pod, or its shadow. */
  setOf(pod: string, direction: 'ingress' | 'egress', shadow = false): string {
    const local = this.planner.plan().localPods.find((each) => each.pod === pod);
    return (shadow ? local?.shadow[direction] : local?.[direction]) ?? '';
  }
}

export function ip(text: string): IpAddress {
  const address = parseIp(text)?.ip;
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
}

export function packet(
  prefix: string,
  from: string,
  to: string,
  more: Partial<LoggedPacket['packet']> = {},
): LoggedPacket {
  return {
    prefix,
    hook: 'forward',
    sequence: undefined,
    packet: {
      source: ip(from),
      destination: ip(to),
      protocol: 6,
      sourcePort: 40000,
      destinationPort: 5432,
      icmp: undefined,
      opens: true,
      ...more,
    },
  };
}
