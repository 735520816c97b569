/** A small cluster in YAML, questions as one line of text: `x/a > y/b TCP 80: denied`. */
import { expect } from 'vitest';
import { parseCidr, parseIp } from '../../src/base/inet-parse.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { ConnectionQuery, Endpoint, Verdict } from '../../src/engine/query.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster, type Cluster, type ClusterOptions } from '../../src/model/cluster.ts';

export function clusterOf(yaml: string, options: ClusterOptions = {}): Cluster {
  const { objects, diagnostics } = readManifests([{ name: 'test.yaml', text: yaml }]);
  expect(diagnostics.flatMap(({ severity, message }) => (severity === 'error' ? [message] : []))).toEqual([]);
  return buildCluster(objects, options);
}

export function engineOf(yaml: string, options: ClusterOptions = {}): Engine {
  return createEngine(clusterOf(yaml, options));
}

/** `ns/pod`, `ns/Kind/name`, `node:name`, an address, or `cidr/length`. */
export function endpoint(engine: Engine, text: string): Endpoint {
  const { cluster } = engine;
  if (text.startsWith('node:')) {
    const node = cluster.nodeNamed(text.slice(5));
    if (node === undefined) throw new Error(`no node ${text}`);
    return { type: 'node', node: node.index };
  }
  const ip = parseIp(text);
  if (ip !== undefined) return { type: 'address', ip: ip.ip };
  const cidrs = text.split(',').map((part) => parseCidr(part)?.cidr);
  if (cidrs.every((cidr) => cidr !== undefined)) return { type: 'range', cidrs, label: text };
  const workload = cluster.workloadById(text);
  if (workload !== undefined) return { type: 'workload', workload: workload.index };
  const [namespace = '', name = ''] = text.split('/');
  const pod = cluster.podNamed(namespace, name);
  if (pod === undefined) throw new Error(`no pod ${text}`);
  return { type: 'pod', pod };
}

/** `x/a > y/b TCP 80`, or `... other`; `via` at the end: through a Service. */
export function query(engine: Engine, text: string): ConnectionQuery {
  const match = /^(\S+) > (\S+) (TCP|UDP|SCTP|other)(?: (\d+))?( via)?$/.exec(text);
  if (match === null) throw new Error(`not a question: ${text}`);
  const [, from = '', to = '', protocol = '', port = '0', via] = match;
  return {
    from: endpoint(engine, from),
    to: endpoint(engine, to),
    protocol: protocol as ConnectionQuery['protocol'],
    port: Number(port),
    viaService: via !== undefined,
  };
}

/** Holds lines `question: verdict` against verdict, explanation and, where one pod asks another, the port sets. */
export function check(engine: Engine, lines: readonly string[]): void {
  const answers = lines.map((line) => {
    const [question = ''] = line.split(': ');
    const asked = query(engine, question);
    const verdict = engine.verdict(asked);
    const explained = engine.explain(asked);
    expect([question, explained.verdict]).toEqual([question, verdict]);
    expect(explained.allowed).toBe(verdict === 'allowed');
    return `${question}: ${verdict satisfies Verdict}`;
  });
  expect(answers).toEqual(lines);
}

/**
 * Namespaces x (team=red), y (team=blue), z (no labels); pods a, b, c each with label `pod`, an address
 * 10.0.<namespace>.<pod>, port `http` TCP 80, `metrics` TCP 9090 and `dns` UDP 53; nodes n1 and n2.
 */
export const threeNamespaces: string = [
  ...['x red', 'y blue', 'z'].map((entry) => {
    const [name = '', team] = entry.split(' ');
    const labels = team === undefined ? '' : `, labels: {team: ${team}}`;
    return `{apiVersion: v1, kind: Namespace, metadata: {name: "${name}"${labels}}}`;
  }),
  ...[1, 2].map(
    (n) =>
      `{apiVersion: v1, kind: Node, metadata: {name: n${n}, labels: {zone: z${n}}}, status: {addresses: [{type: InternalIP, address: 192.168.0.${n}}]}}`,
  ),
  ...['x', 'y', 'z'].flatMap((namespace, i) =>
    ['a', 'b', 'c'].map((name, j) => pod(namespace, name, `10.0.${i + 1}.${j + 1}`, `n${(j % 2) + 1}`)),
  ),
].join('\n---\n');

export function pod(namespace: string, name: string, ip: string, node: string, more = ''): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: "${name}", namespace: "${namespace}", labels: {pod: "${name}"}}
spec:
  nodeName: ${node === '' ? "''" : node}
  ${more}
  containers:
    - name: main
      image: main
      ports:
        - {name: http, containerPort: 80}
        - {name: metrics, containerPort: 9090}
        - {name: dns, containerPort: 53, protocol: UDP}
status: {phase: Running${
    ip === ''
      ? ''
      : `, podIPs: [${ip
          .split(',')
          .map((one) => `{ip: "${one}"}`)
          .join(', ')}]`
  }}`;
}

/** A NetworkPolicy of namespace x, selecting pod a unless told otherwise. */
export function policy(name: string, spec: string, namespace = 'x'): string {
  return `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: "${name}", namespace: "${namespace}"}
spec: ${spec}`;
}

export function clusterPolicy(name: string, spec: string): string {
  return `
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}}
spec: ${spec}`;
}
