/** Through the controller of an Ingress or Gateway: to it, and from it to the backends. */
import type { Cluster } from '../model/cluster.ts';
import { type ResolvedEndpoint, podEndpointLabel, workloadEndpoint } from './endpoint.ts';
import type { Engine } from './engine.ts';
import { type Controller, controllersFor } from './exposure-controllers.ts';
import { WaysIn } from './exposure-ways.ts';
import { portPoint } from './port-sets.ts';
import type { Endpoint, Verdict } from './query.ts';
import { type GateResult, type VerdictResult, resultApiVersion } from './results.ts';
import { ask, askEveryPort } from './target-questions.ts';
import { ServiceBackends } from './service-backends.ts';
import { type Target, type TargetLeg, podsOf } from './target.ts';

/** From the source to every controller, and from there to every backend. */
export function proxied(engine: Engine, source: ResolvedEndpoint, target: Target): readonly VerdictResult[] {
  const { cluster } = engine;
  const ways = new WaysIn(engine, new ServiceBackends(cluster));
  const frontends = target.via.flatMap((hop) => {
    const [namespace = '', , name = ''] = hop.id.split('/');
    return [{ kind: hop.kind, namespace, name }];
  });
  const controllers = new Set(frontends.flatMap((frontend) => controllersFor(ways.controllers, cluster, frontend)));
  const results: VerdictResult[] = [];
  for (const controller of controllers) {
    const proxies = controller.type === 'pods' ? endpointsOf(cluster, controller.pods) : [];
    for (const proxy of proxies) {
      results.push(toController(engine, ways, source.endpoint, proxy));
      for (const leg of target.legs) results.push(ask(engine, proxy.endpoint, leg, false));
    }
    if (controller.type !== 'pods')
      for (const leg of target.legs) results.push(fromStranger(engine, ways, controller, leg));
  }
  return results;
}

/** Whole workloads where possible. */
function endpointsOf(cluster: Cluster, pods: readonly number[]): readonly ResolvedEndpoint[] {
  const byWorkload = new Map<number, number[]>();
  for (const pod of pods) {
    const workload = cluster.pods.workloadOf[pod] ?? -1;
    const list = byWorkload.get(workload);
    if (list === undefined) byWorkload.set(workload, [pod]);
    else list.push(pod);
  }
  return [...byWorkload].flatMap(([index, members]): ResolvedEndpoint[] => {
    const workload = cluster.workloads[index];
    if (workload !== undefined && workload.pods.length === members.length && workload.kind !== 'Pod')
      return [workloadEndpoint(workload)];
    return members.map((pod) => ({ endpoint: { type: 'pod', pod }, label: podEndpointLabel(cluster, pod), notes: [] }));
  });
}

/** By the port that is open, when a Service has several of it (80 and 443): one is enough to get in. */
function toController(engine: Engine, ways: WaysIn, from: Endpoint, proxy: ResolvedEndpoint): VerdictResult {
  const [pod] = podsOf(engine.cluster, proxy.endpoint);
  const doors = pod === undefined ? undefined : ways.doors.of(pod);
  if (doors === undefined) return askEveryPort(engine, from, proxy.endpoint);
  const results = doors.map(({ protocol, port }) =>
    engine.explain({ from, to: proxy.endpoint, protocol, port, viaService: true }),
  );
  const best =
    results.find(({ verdict }) => verdict === 'allowed') ??
    results.find(({ verdict }) => verdict === 'unknown') ??
    results[0];
  return best ?? askEveryPort(engine, from, proxy.endpoint);
}

/** A controller that the input does not have: certain only when every source is treated alike. */
function fromStranger(
  engine: Engine,
  ways: WaysIn,
  controller: Exclude<Controller, { readonly type: 'pods' }>,
  leg: TargetLeg,
): VerdictResult {
  const { protocol, port } = leg.port.type === 'all' ? { protocol: 'TCP' as const, port: 80 } : leg.port;
  const pods = podsOf(engine.cluster, leg.endpoint);
  const finding = ways.throughControllerToAll(controller, pods, portPoint(protocol, port));
  const verdict: Verdict =
    finding.openness === 'all' ? 'allowed' : finding.openness === 'unknown' ? 'unknown' : 'denied';
  const certain = verdict !== 'unknown';
  const isolated = pods.some((pod) => engine.isolation(engine.classOfPod(pod)).ingress === 3);
  const ingress: GateResult = {
    allowed: verdict === 'allowed',
    certain,
    isolated,
    tier: isolated ? 'NetworkPolicy' : 'none',
    by: [],
    ...(finding.why.length > 0 ? { why: finding.why } : {}),
  };
  const egress: GateResult = {
    allowed: true,
    certain: true,
    isolated: false,
    tier: 'exempt',
    by: [],
    why: [`${controller.name} is not part of the input`],
  };
  return {
    apiVersion: resultApiVersion,
    kind: 'Verdict',
    from: controller.name,
    to: leg.label,
    protocol,
    port: protocol === 'other' ? null : port,
    allowed: verdict === 'allowed',
    certain,
    verdict,
    egress,
    ingress,
  };
}
