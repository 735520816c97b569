import type { ClusterAccess } from '../../../src/io/kubernetes/cluster-access.ts';
import { fixedCredentials } from '../../../src/io/kubernetes/credentials.ts';
import type { KubeResource } from '../../../src/io/kubernetes/resource.ts';

export const pods: KubeResource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

export const adminPolicies: KubeResource = {
  group: 'policy.networking.k8s.io',
  version: 'v1alpha1',
  plural: 'adminnetworkpolicies',
  kind: 'AdminNetworkPolicy',
  namespaced: false,
};

/** A pod as a server sends it; `uid` and `ip` differ from one life of the name to the next. */
export function pod(name: string, resourceVersion: number, ip = '10.0.0.1', uid = `uid-${name}`): unknown {
  return {
    metadata: { name, namespace: 'shop', uid, resourceVersion: String(resourceVersion), labels: { app: name } },
    spec: { containers: [{ name: 'main', ports: [{ containerPort: 8080 }] }], nodeName: 'node-1' },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  };
}

export function podList(resourceVersion: number, items: readonly unknown[], next = ''): unknown {
  return {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(resourceVersion), ...(next === '' ? {} : { continue: next }) },
    items,
  };
}

export function bookmark(resourceVersion: number, endsInitialEvents = false): unknown {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      resourceVersion: String(resourceVersion),
      ...(endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  };
}

/** Access without credentials. */
export function plainAccess(server: URL, more: Partial<ClusterAccess> = {}): ClusterAccess {
  return {
    description: 'the test',
    server,
    namespace: 'default',
    insecureSkipVerify: false,
    tlsServerName: undefined,
    certificateAuthority: () => Promise.resolve(undefined),
    credentials: fixedCredentials({}),
    headers: {},
    ...more,
  };
}
