/** Nodes, host-network pods, the pod itself, dual stack: S88, S100-S107, D1-D3. */
import { describe, expect, it } from 'vitest';
import { check, engineOf, endpoint, pod, policy, query, threeNamespaces } from './cluster-fixture.ts';

const host = `\n---${pod('x', 'host', '192.168.0.1', 'n1', 'hostNetwork: true')}`;
const denyAll = policy('deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}');

describe('hosts', () => {
  it('S100, S107: a pod accepts what its own node sends, and nothing from others', () => {
    // a and c run on n1, b on n2.
    check(engineOf(threeNamespaces + denyAll), [
      'node:n1 > x/a TCP 80: allowed',
      'node:n2 > x/a TCP 80: denied',
      'node:n2 > x/b TCP 80: allowed',
      'x/c > x/a TCP 80: denied',
    ]);
  });

  it('S102, D1: egress to the own node is judged, unless that is switched off', () => {
    check(engineOf(threeNamespaces + denyAll), ['x/a > node:n1 TCP 80: denied', 'x/a > node:n2 TCP 80: denied']);
    check(engineOf(threeNamespaces + denyAll, { allowEgressToLocalNode: true }), [
      'x/a > node:n1 TCP 80: allowed',
      'x/a > node:n2 TCP 80: denied',
    ]);
  });

  it('S105, S106, D2: a host-network pod is neither subject nor selector peer, but its node to ipBlocks', () => {
    const rules = policy(
      'p',
      '{podSelector: {matchLabels: {pod: b}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 192.168.0.1/32}}], ports: [{port: 80}]}, {from: [{podSelector: {}}]}]}',
    );
    check(engineOf(threeNamespaces + host + rules), [
      'y/a > x/host TCP 80: allowed',
      'x/host > y/a TCP 80: allowed',
      'x/host > x/b TCP 80: allowed',
      'x/host > x/b TCP 81: denied',
      'x/a > x/b TCP 81: allowed',
    ]);
    check(engineOf(threeNamespaces + host + denyAll), [
      'y/a > x/host TCP 80: allowed',
      'x/host > y/a TCP 80: allowed',
      'x/host > x/a TCP 80: allowed',
      'x/host > x/b TCP 80: denied',
    ]);
  });

  it('S107: a workload of hosts reaches the pods next to one of them', () => {
    const agent = (name: string, node: string) =>
      `\n---${pod('x', name, `192.168.0.${node.slice(1)}`, node, 'hostNetwork: true')}`.replace(
        `labels: {pod: "${name}"}`,
        'labels: {}, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: u, controller: true}]',
      );
    const engine = engineOf(
      threeNamespaces + agent('agent-1', 'n1') + agent('agent-2', 'n2') + agent('agent-3', 'n3') + denyAll,
    );
    // a runs on n1, b on n2.
    check(engine, [
      'x/DaemonSet/agent > x/a TCP 80: denied',
      'x/agent-1 > x/a TCP 80: allowed',
      'x/agent-3 > x/a TCP 80: denied',
    ]);
    expect(engine.explain(query(engine, 'x/DaemonSet/agent > x/b TCP 80')).partly).toEqual({
      allowed: ['x/agent-2'],
      denied: ['x/agent-1', 'x/agent-3'],
      unknown: [],
    });
  });

  it('says which end no policy binds', () => {
    const engine = engineOf(threeNamespaces + host + denyAll);
    const { egress, ingress } = engine.explain(query(engine, 'x/host > x/a TCP 80'));
    expect(egress).toMatchObject({ tier: 'exempt', allowed: true, why: [expect.stringContaining('host network')] });
    expect(ingress).toMatchObject({ tier: 'exempt', isolated: true, why: [expect.stringContaining('own node')] });
  });
});

describe('the pod itself', () => {
  it('S103, D3: directly always, through a Service by policy', () => {
    check(engineOf(threeNamespaces + denyAll), ['x/a > x/a TCP 80: allowed', 'x/a > x/a TCP 80 via: denied']);
    check(engineOf(threeNamespaces), ['x/a > x/a TCP 80 via: allowed']);
  });

  it('a workload with one pod reaches itself, replicas are judged', () => {
    const workload = (replicas: number) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: x}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}`;
    check(engineOf(threeNamespaces + workload(3) + denyAll), ['x/Deployment/web > x/Deployment/web TCP 80: denied']);
  });
});

describe('dual stack', () => {
  const dual = [
    pod('x', 'both', '10.1.0.1,fd00::1', 'n1'),
    pod('x', 'also', '10.1.0.2,fd00::2', 'n1'),
    pod('x', 'four', '10.1.0.3', 'n1'),
    pod('x', 'six', 'fd00::4', 'n1'),
  ].join('\n---');
  const onlySix = policy(
    'p',
    '{podSelector: {matchLabels: {pod: also}}, ingress: [{from: [{ipBlock: {cidr: "fd00::/64"}}]}]}',
  );

  it('S88: some common family that allows is enough, and which one is said', () => {
    const engine = engineOf(dual + onlySix);
    check(engine, [
      'x/both > x/also TCP 80: allowed',
      'x/four > x/also TCP 80: denied',
      'x/six > x/also TCP 80: allowed',
      'x/also > x/both TCP 80: allowed',
    ]);
    const ports = engine.ports(endpoint(engine, 'x/both'), endpoint(engine, 'x/also'));
    expect(engine.portsValue(ports.certain)).toBe('any');
    expect(engine.portsValue(ports.families?.IPv4?.possible ?? ports.certain)).toEqual([]);
    expect(engine.portsValue(ports.families?.IPv6?.certain ?? ports.certain)).toBe('any');
    expect(engine.explain(query(engine, 'x/both > x/also TCP 80')).why).toEqual([
      'denied over IPv4, allowed over IPv6',
    ]);
  });

  it('never joins the egress of one family with the ingress of the other', () => {
    const onlyFour = policy(
      'q',
      '{podSelector: {matchLabels: {pod: both}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}]}]}',
    );
    check(engineOf(dual + onlySix + onlyFour), ['x/both > x/also TCP 80: denied', 'x/both > x/four TCP 80: allowed']);
  });

  it('pods without a common family do not connect, and the answer says so', () => {
    const engine = engineOf(dual);
    check(engine, [
      'x/four > x/six TCP 80: denied',
      'x/four > 2001:db8::1 TCP 80: denied',
      'x/four > 8.8.8.8 TCP 80: allowed',
    ]);
    expect(engine.explain(query(engine, 'x/four > x/six TCP 80')).why).toEqual([
      'x/four has IPv4, x/six has IPv6: they share no IP family',
    ]);
  });
});
