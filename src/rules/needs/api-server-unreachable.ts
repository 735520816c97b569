import { NO_PORTS } from '../../engine/port-sets.ts';
import type { PodFacts } from '../../kube/objects.ts';
import type { ClusterWorkload } from '../../model/entities.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectNode } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { field, items, podSpec, sourceObjects, text, type SourceObject } from '../source-objects.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** Verbs of requests to the API server; `use` and `bind` are about what others may do. */
const REQUESTS: ReadonlySet<string> = new Set([
  '*',
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
]);

/**
 * M40, catalogue NP404 (S85, S92). That a workload talks to the API server shows in the access rights that somebody gave
 * its ServiceAccount; that it cannot, in that it may open no connection to anything that is no pod, lookups aside.
 */
export const apiServerUnreachable = defineRule({
  name: 'api-server-unreachable',
  severity: 'error',
  category: 'needs',
  summary: 'a workload has rights at the API server, and policy lets it connect to no address outside the pod network',
  fixable: false,
  detectors: ['M40'],
  catalogue: ['NP404'],
  *check(context) {
    const { cluster } = context;
    const grants = grantsByAccount(context);
    if (grants.size === 0) return;
    const silent = accountsWithoutToken(context);
    for (const workload of cluster.workloads) {
      const account = `${cluster.namespaceName(workload.namespace)}/${factsOf(workload)?.serviceAccountName || 'default'}`;
      const grant = grants.get(account);
      const pod = workload.pods.find((index) => !cluster.pods.isHostNetwork(index));
      if (grant === undefined || pod === undefined || !mountsToken(workload, silent.has(account))) continue;
      if (!workload.pods.every((each) => isCutOff(context, each))) continue;
      const place = workload.object?.span;
      yield {
        message: `${workload.id} has rights at the API server (${grant}), but policy lets it connect to nothing outside the pod network`,
        why: 'The API server is no pod: no podSelector and no namespaceSelector means it, and the port that counts is its own (mostly 6443 or 443), not that of Service kubernetes.',
        help: 'allow egress with an ipBlock for the addresses of the API server (kubectl get endpointslices kubernetes), on their port',
        ...(place === undefined ? {} : { place }),
        object: workload.id,
        confidence: context.absence,
        pods: [workload.id],
        key: 'API server',
      };
    }
  },
});

function factsOf({ object }: ClusterWorkload): PodFacts | undefined {
  return object === undefined ? undefined : object.kind === 'Pod' ? object.pod : object.template;
}

/** The rights of the pod's own spec win over those of the account. */
function mountsToken({ object }: ClusterWorkload, accountSaysNo: boolean): boolean {
  const root = object === undefined ? undefined : objectNode(object);
  const own = root === undefined ? undefined : text(field(podSpec(root), 'automountServiceAccountToken'));
  return own === undefined ? !accountSaysNo : own !== 'false';
}

function accountsWithoutToken(context: AuditContext): ReadonlySet<string> {
  return new Set(
    sourceObjects(context, '', ['ServiceAccount'])
      .filter(({ root }) => text(field(root, 'automountServiceAccountToken')) === 'false')
      .map(({ namespace, name }) => `${namespace}/${name}`),
  );
}

/** Lookups aside, no connection over TCP to an address that is no pod's, or to a node. */
function isCutOff({ engine, cluster }: AuditContext, pod: number): boolean {
  if (cluster.pods.isHostNetwork(pod)) return false;
  const classId = engine.classOfPod(pod);
  for (let other = engine.podClassCount; other < engine.classCount; other++) {
    const { possible } = engine.classPorts(classId, other);
    if (possible === NO_PORTS) continue;
    const ports = engine.portsValue(possible);
    if (ports === 'any') return false;
    const tcp = ports.find(({ protocol }) => protocol === 'TCP');
    if (tcp?.ranges.some(([first, last]) => first !== 53 || last !== 53) === true) return false;
  }
  return true;
}

/** `namespace/name` of a ServiceAccount to the binding that lets it make requests. */
function grantsByAccount(context: AuditContext): ReadonlyMap<string, string> {
  const grants = new Map<string, string>();
  const roles = new Set(sourceObjects(context, RBAC, ['Role', 'ClusterRole']).filter(allowsRequests).map(roleKey));
  for (const binding of sourceObjects(context, RBAC, ['RoleBinding', 'ClusterRoleBinding'])) {
    const reference = field(binding.root, 'roleRef');
    const kind = text(field(reference, 'kind')) ?? '';
    const role = roleKey({ kind, namespace: binding.namespace, name: text(field(reference, 'name')) ?? '' });
    if (!roles.has(role)) continue;
    for (const subject of items(field(binding.root, 'subjects'))) {
      if (text(field(subject, 'kind')) !== 'ServiceAccount') continue;
      const namespace = text(field(subject, 'namespace')) ?? binding.namespace;
      const account = `${namespace}/${text(field(subject, 'name')) ?? ''}`;
      if (!grants.has(account)) grants.set(account, `${binding.kind} ${binding.name}`);
    }
  }
  return grants;
}

function roleKey({ kind, namespace, name }: Pick<SourceObject, 'kind' | 'namespace' | 'name'>): string {
  return kind === 'Role' ? `${namespace}/${name}` : name;
}

function allowsRequests({ root }: SourceObject): boolean {
  return items(field(root, 'rules')).some(
    (rule) =>
      items(field(rule, 'resources')).length > 0 &&
      items(field(rule, 'verbs')).some((verb) => REQUESTS.has(text(verb) ?? '')),
  );
}
