/** Every pod to every pod and to the world outside, or what intents promise. */
import { invariant } from '../base/assert.ts';
import type { IpAddress, IpFamily } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { Engine } from '../engine/engine.ts';
import { portPoint } from '../engine/port-sets.ts';
import type { Endpoint, Verdict } from '../engine/query.ts';
import { sampleOf } from './external-samples.ts';
import type { Attempt, ProbePlan, ProbePort, ProbeSource, ProbeTarget, PromisedConnection } from './probe-plan.ts';

export interface PlanOptions {
  readonly ports: readonly ProbePort[];
  /** Only pods of these namespaces open connections; all when empty. */
  readonly namespaces: readonly string[];
  /** Addresses outside the cluster that are tried. */
  readonly external: readonly IpAddress[];
  /** Attempts at most. */
  readonly most: number;
}

/** @throws RangeError when there would be more attempts than `most` */
export function planProbes(engine: Engine, options: PlanOptions): ProbePlan {
  const { sources, targets, notes } = endsOf(engine, options);
  const attempts: Attempt[] = [];
  sources.forEach(({ endpoint: from, families }, source) => {
    targets.forEach(({ endpoint: to, addresses }, target) => {
      if (isSamePod(from, to)) return;
      const predict = prediction(engine, from, to);
      for (const address of addresses) {
        if (!families.includes(address.family)) continue;
        for (const port of options.ports) {
          attempts.push({ source, target, address, ...port, predicted: predict(address.family, port) });
        }
      }
      if (attempts.length > options.most) throw new RangeError('too many connections');
    });
  });
  return { sources, targets, attempts, notes };
}

/** What intents promise, as far as it can be tried. */
export function planPromises(engine: Engine, promises: readonly PromisedConnection[]): ProbePlan {
  const { sources, targets, notes } = endsOf(engine, { namespaces: [], external: [] });
  const allTargets = [...targets];
  const attempts: Attempt[] = [];
  let left = 0;
  for (const { protocol, port, from, to: promised, expected, intent } of promises) {
    const to = atAddress(promised);
    const source = sources.findIndex(({ endpoint }) => isSamePod(endpoint, from.endpoint));
    const target = targetIndex(allTargets, to);
    const found = allTargets[target];
    if (source === -1 || found === undefined || protocol === 'other' || port === null) {
      left++;
      continue;
    }
    const families = sources[source]?.families ?? [];
    const predict = prediction(engine, from.endpoint, to.endpoint);
    for (const address of found.addresses) {
      if (!families.includes(address.family)) continue;
      const predicted = predict(address.family, { protocol, port });
      attempts.push({ source, target, address, protocol, port, predicted, expected: { intent, verdict: expected } });
    }
  }
  const more = left === 0 ? [] : [`promised connections that cannot be tried from inside a running pod: ${left}`];
  return { sources, targets: allTargets, attempts, notes: [...notes, ...more] };
}

/** In one family: the verdict of the engine is that of whichever family allows. */
function prediction(engine: Engine, from: Endpoint, to: Endpoint): (family: IpFamily, port: ProbePort) => Verdict {
  const { portSets } = engine;
  const sets = engine.ports(from, to);
  return (family, { protocol, port }) => {
    const bounds = sets.families === undefined ? sets : sets.families[`IPv${family}`];
    if (bounds === undefined) return 'unknown';
    const point = portPoint(protocol, port);
    if (!portSets.has(bounds.possible, point)) return 'denied';
    return portSets.has(bounds.certain, point) ? 'allowed' : 'unknown';
  };
}

/** Of a range outside the cluster one address. */
function atAddress(end: PromisedConnection['to']): PromisedConnection['to'] {
  const ip = end.endpoint.type === 'range' ? sampleOf(end.endpoint.cidrs) : undefined;
  return ip === undefined ? end : { endpoint: { type: 'address', ip }, label: formatIp(ip) };
}

function targetIndex(
  targets: ProbeTarget[],
  { endpoint, label }: { readonly endpoint: Endpoint; readonly label: string },
): number {
  const known = targets.findIndex(
    (target) => isSamePod(target.endpoint, endpoint) || (endpoint.type !== 'pod' && target.label === label),
  );
  if (known !== -1 || endpoint.type !== 'address') return known;
  targets.push({ label, group: label, endpoint, addresses: [endpoint.ip] });
  return targets.length - 1;
}

function endsOf(
  engine: Engine,
  { namespaces, external }: Pick<PlanOptions, 'external' | 'namespaces'>,
): Omit<ProbePlan, 'attempts'> {
  const { cluster } = engine;
  const { pods } = cluster;
  const sources: ProbeSource[] = [];
  const targets: ProbeTarget[] = [];
  let unborn = 0;
  let hosts = 0;
  for (let index = 0; index < pods.length; index++) {
    const { namespace, name, ips, hostNetwork, synthetic, terminating, workload } = pods.at(index);
    if (synthetic || terminating || ips.length === 0) {
      unborn++;
      continue;
    }
    const namespaceName = cluster.namespaces[namespace]?.name;
    invariant(namespaceName !== undefined, 'a pod is in a namespace');
    const label = `${namespaceName}/${name}`;
    const group = cluster.workloads[workload]?.id ?? label;
    const endpoint: Endpoint = { type: 'pod', pod: index };
    targets.push({ label, group, endpoint, addresses: ips });
    if (hostNetwork) {
      hosts++;
      continue;
    }
    if (namespaces.length > 0 && !namespaces.includes(namespaceName)) continue;
    const families = [...new Set(ips.map(({ family }) => family))];
    sources.push({ label, group, endpoint, namespace: namespaceName, pod: name, families });
  }
  for (const ip of external) {
    const label = formatIp(ip);
    targets.push({ label, group: label, endpoint: { type: 'address', ip }, addresses: [ip] });
  }
  const notes = [
    ...(unborn === 0 ? [] : [`${podsOf(unborn)} not running or without an address: left out`]),
    ...(hosts === 0 ? [] : [`${podsOf(hosts)} on the host network: connected to, but opening no connections`]),
  ];
  return { sources, targets, notes };
}

function podsOf(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}

function isSamePod(a: Endpoint, b: Endpoint): boolean {
  return a.type === 'pod' && b.type === 'pod' && a.pod === b.pod;
}
