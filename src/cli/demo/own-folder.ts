/** The walk through somebody's own manifests. */
import { invariant } from '../../base/assert.ts';
import { connectivityMap } from '../../engine/connectivity.ts';
import { type Engine, createEngine } from '../../engine/engine.ts';
import type { KubeObjects, NetworkPolicyObject } from '../../kube/objects.ts';
import { readManifests } from '../../kube/read.ts';
import { buildCluster } from '../../model/cluster.ts';
import { countOf } from '../../report/wording.ts';
import type { Look } from '../print-report.ts';
import { type Question, renderStep } from './step.ts';
import { hasDns, tellingPairs } from './telling-pairs.ts';

/** The cluster's own namespace: nobody starts by shutting it. */
const leftOpen = 'kube-system';

/** The parts of the walk as text, one after the other. */
export function* ownFolderWalk(objects: KubeObjects, look: Look): Generator<string> {
  const open = engineOf({ ...objects, networkPolicies: [], clusterPolicies: [] });
  const namespaces = open.cluster.namespaces.map(({ name }) => name);
  const inhabited = namespaces.filter(
    (name) => name !== leftOpen && open.cluster.workloads.some((w) => open.cluster.namespaceName(w.namespace) === name),
  );
  const own = engineOf(objects);
  const ownMap = connectivityMap(own);
  const questions = tellingPairs(own, ownMap);
  const policies = objects.networkPolicies.length + objects.clusterPolicies.length;

  yield renderStep(
    {
      title: '1. Without policies',
      text: `Your ${countOf(open.cluster.workloads.length, 'workload')} as if there were no policy at all: this is what a cluster allows by itself.`,
      engine: open,
      questions: questions.slice(0, 1),
    },
    look,
  );
  yield renderStep(
    {
      title: '2. With a default deny',
      text:
        `Now with a policy in ${list(inhabited)} that selects every pod and allows nothing` +
        `${namespaces.includes(leftOpen) ? `; ${leftOpen} stays as open as it is` : ''}. This is where least privilege starts.`,
      engine: engineOf({ ...objects, networkPolicies: inhabited.map(defaultDeny), clusterPolicies: [] }),
      ...(inhabited.length > 0 ? { hidden: new Set([leftOpen]) } : {}),
      questions: [],
    },
    look,
  );
  if (policies === 0) {
    yield '== 3. With your own policies\nThe manifests have no policy, so step 1 is what your cluster allows today.\n\n';
    return;
  }
  yield renderStep(
    {
      title: '3. With your own policies',
      text: `What your ${policies === 1 ? 'one policy leaves' : `${policies} policies leave`} open.${dnsText(hasDns(ownMap), own, questions)}`,
      engine: own,
      questions,
    },
    look,
  );
}

function engineOf(objects: KubeObjects): Engine {
  return createEngine(buildCluster(objects));
}

function defaultDeny(namespace: string): NetworkPolicyObject {
  const text = JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'default-deny', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
  const [policy] = readManifests([{ name: 'default-deny', text }]).objects.networkPolicies;
  invariant(policy !== undefined, `no default deny for ${namespace}`);
  return policy;
}

function dnsText(inInput: boolean, { cluster }: Engine, questions: readonly Question[]): string {
  if (inInput)
    return questions.some(({ target }) => target.endsWith(':53/udp')) ? ' The last question is about DNS.' : '';
  return cluster.networkPolicies.some(({ isolates }) => isolates.egress)
    ? ' The manifests do not contain the DNS of the cluster; pods whose egress is isolated also need UDP and TCP 53 to it.'
    : '';
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'no namespace';
  if (names.length === 1) return `namespace ${names[0] ?? ''}`;
  if (names.length > 6) return `each of ${names.length} namespaces`;
  return `the namespaces ${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
