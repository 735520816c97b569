/** What an input holds that decides over connections and that no answer takes into account. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SkippedKind } from '../yaml/parse.ts';

/** Groups whose policies network plugins and meshes enforce beside those of Kubernetes. */
const POLICY_KINDS: Readonly<Record<string, readonly string[]>> = {
  'cilium.io': ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'],
  'crd.antrea.io': ['NetworkPolicy', 'ClusterNetworkPolicy'],
  'crd.projectcalico.org': ['NetworkPolicy', 'GlobalNetworkPolicy'],
  'k8s.ovn.org': ['EgressFirewall'],
  'network.openshift.io': ['EgressNetworkPolicy'],
  'projectcalico.org': ['NetworkPolicy', 'GlobalNetworkPolicy'],
  'security.istio.io': ['AuthorizationPolicy'],
};

/** Kinds that bring pods into the cluster, as Deployments do. */
const WORKLOAD_KINDS: Readonly<Record<string, readonly string[]>> = {
  'apps.openshift.io': ['DeploymentConfig'],
  'argoproj.io': ['Rollout'],
  'serving.knative.dev': ['Service'],
};

/** Kinds that lead connections from outside to Services, as an Ingress does. */
const EXPOSURE_KINDS: Readonly<Record<string, readonly string[]>> = {
  'gateway.networking.k8s.io': ['GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute'],
  'networking.istio.io': ['VirtualService'],
  'projectcontour.io': ['HTTPProxy'],
  'route.openshift.io': ['Route'],
  'traefik.containo.us': ['IngressRoute', 'IngressRouteTCP', 'IngressRouteUDP'],
  'traefik.io': ['IngressRoute', 'IngressRouteTCP', 'IngressRouteUDP'],
};

/** A warning for every skipped kind without which an answer may be wrong, in the order of `skipped`. */
export function notEvaluated(skipped: readonly SkippedKind[]): readonly Diagnostic[] {
  return skipped.flatMap(({ apiVersion, kind, count }) => {
    const group = apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));
    const name = `${count} ${kind} (${apiVersion})`;
    if (lists(POLICY_KINDS, group, kind)) {
      const help = 'what they allow or deny comes on top of what is answered here';
      return [warning(`not evaluated: ${name}`, help)];
    }
    if (lists(WORKLOAD_KINDS, group, kind)) {
      const help = 'add the Pods themselves (kubectl get pods -o yaml) to see them in the answer';
      return [warning(`not read: ${name}, whose pods are missing from the answer unless the input holds them`, help)];
    }
    if (lists(EXPOSURE_KINDS, group, kind))
      return [warning(`not read: ${name}; what it exposes is missing from the answer`)];
    return [];
  });
}

/**
 * Kinds of a group that decide over connections, or lead them into the cluster, and that no answer takes into account.
 * Those that only bring pods are not among them: a live cluster has the pods themselves.
 */
export function kindsDecidedElsewhere(group: string): readonly string[] {
  return [POLICY_KINDS, EXPOSURE_KINDS].flatMap((table) => (Object.hasOwn(table, group) ? (table[group] ?? []) : []));
}

function lists(table: Readonly<Record<string, readonly string[]>>, group: string, kind: string): boolean {
  return Object.hasOwn(table, group) && table[group]?.includes(kind) === true;
}

function warning(message: string, help?: string): Diagnostic {
  return { severity: 'warning', code: 'not-evaluated', message, ...(help === undefined ? {} : { help }) };
}
