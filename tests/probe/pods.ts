/** Small clusters of running pods, and what they measure. */
import type { Engine } from '../../src/engine/engine.ts';
import type { Measured, Outcome } from '../../src/probe/judge-probes.ts';
import type { ProbePlan } from '../../src/probe/probe-plan.ts';
import { engineOf } from '../engine/cluster-fixture.ts';

export interface PodFacts {
  readonly ips: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly object[];
  readonly hostNetwork?: boolean;
  readonly node?: string;
  readonly phase?: string;
}

function podOf(
  path: string,
  { ips, labels = {}, ports = [], hostNetwork = false, node = 'one', phase = 'Running' }: PodFacts,
) {
  const [namespace, name] = path.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: { nodeName: node, hostNetwork, containers: [{ name: 'main', image: 'x', ports }] },
    status: { phase, podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
  };
}

/** Pods by namespace and name; policies by namespace and name, or whole. */
export function probed(
  pods: Readonly<Record<string, PodFacts>>,
  policies: Readonly<Record<string, object>> = {},
  more: readonly object[] = [],
): Engine {
  const namespaces = new Set([...Object.keys(pods), ...Object.keys(policies)].map((path) => path.split('/')[0] ?? ''));
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'one' },
      status: { addresses: [{ type: 'InternalIP', address: '172.30.0.2' }] },
    },
    ...[...namespaces].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...Object.entries(pods).map(([path, facts]) => podOf(path, facts)),
    ...Object.entries(policies).map(([path, spec]) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: path.split('/')[0], name: path.split('/')[1] },
      spec,
    })),
    ...more,
  ];
  return engineOf(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

/** All attempts as text: `shop/a > shop/b 10.0.0.2 TCP 80: allowed`. */
export function attemptsOf(
  { attempts, sources, targets }: ProbePlan,
  format: (ip: ProbePlan['attempts'][number]['address']) => string,
) {
  return attempts.map(
    ({ source, target, address, protocol, port, predicted }) =>
      `${sources[source]?.label} > ${targets[target]?.label} ${format(address)} ${protocol} ${port}: ${predicted}`,
  );
}

export function measured(outcome: Outcome, text = ''): Measured {
  return { outcome, micros: 1200, text };
}

/** What reality is when it is as predicted. */
export function asPredicted({ attempts }: ProbePlan): readonly Measured[] {
  return attempts.map(({ predicted }) => measured(predicted === 'denied' ? 'timeout' : 'connected'));
}
