/** Every pod to every pod and to the world outside, or what intents promise. */
import { cidrContains, type IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import { invariant } from '../base/assert.ts';
import type { Engine, ExternalAtom } from '../engine/engine.ts';
import type { Endpoint } from '../engine/query.ts';
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
      for (const address of addresses) {
        if (!families.includes(address.family)) continue;
        // Towards one of the families, when policies tell them apart.
        const end: Endpoint = to.type === 'address' ? { type: 'address', ip: address } : to;
        for (const { protocol, port } of options.ports) {
          const predicted = engine.verdict({ from, to: end, protocol, port });
          attempts.push({ source, target, address, protocol, port, predicted });
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
  for (const { protocol, port, from, to, expected, intent } of promises) {
    const source = sources.findIndex(({ endpoint }) => isSamePod(endpoint, from.endpoint));
    const target = targetIndex(allTargets, to);
    const found = allTargets[target];
    if (source === -1 || found === undefined || protocol === 'other' || port === null) {
      left++;
      continue;
    }
    const families = sources[source]?.families ?? [];
    for (const address of found.addresses) {
      if (!families.includes(address.family)) continue;
      const end: Endpoint = to.endpoint.type === 'address' ? { type: 'address', ip: address } : to.endpoint;
      const predicted = engine.verdict({ from: from.endpoint, to: end, protocol, port });
      attempts.push({ source, target, address, protocol, port, predicted, expected: { intent, verdict: expected } });
    }
  }
  const more = left === 0 ? [] : [`${left} promised connections cannot be tried from inside a running pod`];
  return { sources, targets: allTargets, attempts, notes: [...notes, ...more] };
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
    ...(unborn === 0 ? [] : [`${unborn} pods do not run or have no address, and take no part`]),
    ...(hosts === 0 ? [] : [`${hosts} pods on the host network are connected to, but open no connections`]),
  ];
  return { sources, targets, notes };
}

function isSamePod(a: Endpoint, b: Endpoint): boolean {
  return a.type === 'pod' && b.type === 'pod' && a.pod === b.pod;
}

/** Documentation ranges: no service of anybody's is ever there. */
const PREFERRED: readonly IpAddress[] = [
  { family: 4, value: 0xc6_33_64_07 },
  { family: 4, value: 0xcb_00_71_09 },
  { family: 4, value: 0xc0_00_02_05 },
  { family: 6, value: 0x2001_0db8_0000_0000_0000_0000_0000_0007n },
];

/** One address of each set of addresses that policies tell apart, as far as they can be outside of the cluster. */
export function externalSamples(
  engine: Engine,
  isOutside: (ip: IpAddress) => boolean,
  most: number,
): readonly IpAddress[] {
  const found = engine.externalAtoms().flatMap((atom) => {
    const sample = sampleOf(atom, isOutside);
    return sample === undefined ? [] : [sample];
  });
  const both = PREFERRED.slice(0, 1).concat(PREFERRED.slice(3));
  const all = new Map([...both.filter(isOutside), ...found].map((ip) => [formatIp(ip), ip]));
  return [...all.values()].slice(0, most);
}

function sampleOf({ cidrs }: ExternalAtom, isOutside: (ip: IpAddress) => boolean): IpAddress | undefined {
  const preferred = PREFERRED.find((ip) => isOutside(ip) && cidrs.some((cidr) => cidrContains(cidr, ip)));
  if (preferred !== undefined) return preferred;
  for (const cidr of cidrs) {
    // The second address: the first one of a network is often nobody's.
    const candidates: readonly IpAddress[] =
      cidr.family === 4
        ? [1, 0].map((offset) => ({ family: 4, value: cidr.first + offset }))
        : [1n, 0n].map((offset) => ({ family: 6, value: cidr.first + offset }));
    const usable = candidates.find((ip) => cidrContains(cidr, ip) && isUnicast(ip) && isOutside(ip));
    if (usable !== undefined) return usable;
  }
  return undefined;
}

/** Whether a packet can be sent there at all. */
function isUnicast(ip: IpAddress): boolean {
  if (ip.family === 4) {
    const first = Math.floor(ip.value / 2 ** 24);
    return first > 0 && first < 224 && first !== 127;
  }
  const top = ip.value >> 112n;
  return top >= 0x2000n && top < 0xfe00n;
}
