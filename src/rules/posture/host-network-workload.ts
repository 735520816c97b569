import { defineRule } from '../rule.ts';
import { SYSTEM_NAMESPACES } from './open-pods.ts';

/** M59 (S105, D2): pods on the host network are no subjects, and reach the pods of their node past policy (S100). */
export const hostNetworkWorkload = defineRule({
  name: 'host-network-workload',
  severity: 'info',
  category: 'posture',
  summary: 'a workload runs on the host network, where no policy holds it',
  fixable: false,
  detectors: ['M59'],
  catalogue: [],
  controls: { kubescape: ['C-0041'] },
  options: {
    ignoreNamespaces: {
      type: 'list',
      default: SYSTEM_NAMESPACES,
      summary: 'namespaces whose workloads may use the host network',
    },
  },
  *check(context, { ignoreNamespaces }) {
    const { cluster } = context;
    for (const workload of cluster.workloads) {
      if (!workload.hostNetwork || ignoreNamespaces.includes(cluster.namespaceName(workload.namespace))) continue;
      const place = workload.object?.span;
      yield {
        message: `${workload.id} runs on the host network, so no policy applies to it`,
        why: 'Its traffic has the addresses of its node. Policies cannot isolate it, peers cannot name it, and it may connect to every pod of its own node whatever their policies say.',
        help: 'give it the pod network; where it must have the host, protect the node itself',
        ...(place === undefined ? {} : { place }),
        object: workload.id,
        confidence: 'certain',
        pods: [workload.id],
        key: 'hostNetwork',
      };
    }
  },
});
