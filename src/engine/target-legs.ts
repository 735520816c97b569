/** Backends as questions to the engine, and how messages name them. */
import { formatIp } from '../base/inet-format.ts';
import type { Cluster } from '../model/cluster.ts';
import { nodeLabel, podEndpointLabel, workloadEndpoint } from './endpoint.ts';
import type { ServiceBackend } from './service-backends.ts';
import type { TargetLeg, TargetPort } from './target.ts';

/** The backends grouped as far as possible: a whole workload at one port is one leg. */
export function legsOf(cluster: Cluster, ends: readonly ServiceBackend[]): readonly TargetLeg[] {
  const groups = new Map<
    string,
    { readonly workload: number; readonly port: TargetPort; readonly pods: number[]; certain: boolean }
  >();
  const legs: TargetLeg[] = [];
  for (const { end, protocol, port, certain } of ends) {
    const targetPort: TargetPort = { type: 'one', protocol, port };
    switch (end.type) {
      case 'pod': {
        const workload = cluster.pods.workloadOf[end.pod] ?? -1;
        const key = `${workload} ${portKey(targetPort)}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { workload, port: targetPort, pods: [end.pod], certain });
        else {
          group.pods.push(end.pod);
          group.certain &&= certain;
        }
        break;
      }
      case 'node':
        legs.push({ endpoint: end, label: nodeLabel(cluster.nodes[end.node]), port: targetPort, certain });
        break;
      case 'address':
        legs.push({ endpoint: end, label: formatIp(end.ip), port: targetPort, certain });
        break;
    }
  }
  const grouped: TargetLeg[] = [];
  for (const { workload, port, pods, certain } of groups.values()) {
    const whole = cluster.workloads[workload];
    if (whole !== undefined && whole.kind !== 'Pod' && whole.pods.length === pods.length) {
      const { endpoint, label } = workloadEndpoint(whole);
      grouped.push({ endpoint, label, port, certain });
    } else {
      for (const pod of pods) grouped.push(podLeg(cluster, pod, port, certain));
    }
  }
  return [...grouped, ...legs];
}

export function podLeg(cluster: Cluster, pod: number, port: TargetPort, certain: boolean): TargetLeg {
  return { endpoint: { type: 'pod', pod }, label: podEndpointLabel(cluster, pod), port, certain };
}

export function portKey(port: TargetPort): string {
  return port.type === 'all' ? 'all' : `${port.port}/${port.protocol}`;
}

const MAX_NAMED = 3;

export function podList(cluster: Cluster, pods: readonly number[]): string {
  const names = [...new Set(pods.map((pod) => podEndpointLabel(cluster, pod)))];
  const more = names.length - MAX_NAMED;
  return more > 0 ? `${names.slice(0, MAX_NAMED).join(', ')} and ${more} more` : names.join(', ');
}
