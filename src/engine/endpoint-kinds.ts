/** Kind names as people type them: any case, plural or kubectl's short forms. */

const ALIASES: readonly (readonly [kind: string, ...aliases: string[]])[] = [
  ['Pod', 'pods', 'po'],
  ['Deployment', 'deployments', 'deploy'],
  ['ReplicaSet', 'replicasets', 'rs'],
  ['StatefulSet', 'statefulsets', 'sts'],
  ['DaemonSet', 'daemonsets', 'ds'],
  ['Job', 'jobs'],
  ['CronJob', 'cronjobs', 'cj'],
  ['ReplicationController', 'replicationcontrollers', 'rc'],
  ['Service', 'services', 'svc'],
  ['Ingress', 'ingresses', 'ing'],
  ['HTTPRoute', 'httproutes'],
  ['Gateway', 'gateways', 'gtw'],
  ['Node', 'nodes', 'no'],
  ['Namespace', 'namespaces', 'ns'],
];

const KINDS: ReadonlyMap<string, string> = new Map(
  ALIASES.flatMap(([kind, ...aliases]) => [kind.toLowerCase(), ...aliases].map((alias) => [alias, kind] as const)),
);

/** `sts`, `StatefulSets` and `statefulsets.apps` are all `StatefulSet`; `undefined` for a kind that is none of ours. */
export function kindOfAlias(text: string): string | undefined {
  const dot = text.indexOf('.');
  return KINDS.get((dot === -1 ? text : text.slice(0, dot)).toLowerCase());
}
