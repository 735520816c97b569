/**
 * Which pods stand between the outside and the backends of an Ingress or Gateway: the connection that policy judges is
 * the controller's own. Controllers are told by the labels that their usual installations give the pods.
 */
import { assertNever } from '../base/assert.ts';
import type { Labels } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { NAMESPACE_NAME_LABEL } from '../model/namespaces.ts';
import type { NamedFrontend } from './endpoint.ts';

interface ControllerSignature {
  readonly name: string;
  /** Any of them; all pairs of one must be on the pod. */
  readonly labels: readonly Readonly<Record<string, string>>[];
  readonly ingressClasses: readonly string[];
  readonly gatewayClasses: readonly string[];
}

/** Facts from the projects' manifests and charts. */
const SIGNATURES: readonly ControllerSignature[] = [
  {
    name: 'ingress-nginx',
    labels: [{ 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' }],
    ingressClasses: ['nginx'],
    gatewayClasses: [],
  },
  {
    name: 'NGINX Ingress Controller',
    labels: [{ 'app.kubernetes.io/name': 'nginx-ingress' }, { app: 'nginx-ingress' }],
    ingressClasses: ['nginx'],
    gatewayClasses: [],
  },
  {
    name: 'NGINX Gateway Fabric',
    labels: [{ 'app.kubernetes.io/name': 'nginx-gateway' }, { 'app.kubernetes.io/name': 'nginx-gateway-fabric' }],
    ingressClasses: [],
    gatewayClasses: ['nginx'],
  },
  {
    name: 'Traefik',
    labels: [{ 'app.kubernetes.io/name': 'traefik' }, { app: 'traefik' }],
    ingressClasses: ['traefik'],
    gatewayClasses: ['traefik'],
  },
  {
    name: 'HAProxy Ingress',
    labels: [
      { 'app.kubernetes.io/name': 'haproxy-ingress' },
      { 'app.kubernetes.io/name': 'kubernetes-ingress' },
      { run: 'haproxy-ingress' },
    ],
    ingressClasses: ['haproxy'],
    gatewayClasses: ['haproxy'],
  },
  {
    name: 'Contour',
    labels: [
      { 'app.kubernetes.io/name': 'contour', 'app.kubernetes.io/component': 'envoy' },
      { app: 'envoy', [NAMESPACE_NAME_LABEL]: 'projectcontour' },
    ],
    ingressClasses: ['contour'],
    gatewayClasses: ['contour'],
  },
  {
    name: 'Istio gateway',
    labels: [{ istio: 'ingressgateway' }],
    ingressClasses: ['istio'],
    gatewayClasses: ['istio'],
  },
  {
    name: 'Envoy Gateway',
    labels: [{ 'app.kubernetes.io/managed-by': 'envoy-gateway', 'app.kubernetes.io/component': 'proxy' }],
    ingressClasses: [],
    gatewayClasses: ['eg', 'envoy-gateway', 'envoy'],
  },
  {
    name: 'Kong',
    labels: [{ 'app.kubernetes.io/name': 'kong' }, { app: 'ingress-kong' }, { app: 'proxy-kong' }],
    ingressClasses: ['kong'],
    gatewayClasses: ['kong'],
  },
  {
    name: 'Emissary',
    labels: [{ 'app.kubernetes.io/name': 'emissary-ingress' }, { service: 'ambassador' }],
    ingressClasses: ['ambassador'],
    gatewayClasses: [],
  },
  {
    name: 'APISIX',
    labels: [{ 'app.kubernetes.io/name': 'apisix' }],
    ingressClasses: ['apisix'],
    gatewayClasses: ['apisix'],
  },
  {
    name: 'Gloo',
    labels: [{ gloo: 'gateway-proxy' }, { gloo: 'kube-gateway' }],
    ingressClasses: ['gloo'],
    gatewayClasses: ['gloo-gateway', 'kgateway'],
  },
  {
    name: 'Skipper',
    labels: [{ application: 'skipper-ingress' }],
    ingressClasses: ['skipper'],
    gatewayClasses: [],
  },
  {
    name: 'OpenShift router',
    labels: [{ 'ingresscontroller.operator.openshift.io/deployment-ingresscontroller': 'default' }],
    ingressClasses: ['openshift-default'],
    gatewayClasses: [],
  },
];

/** Taken apart once: every pod is held against all of them. */
const LABEL_SETS = SIGNATURES.flatMap((signature) =>
  signature.labels.map((labels) => ({ signature, wanted: Object.entries(labels) })),
);

/** Classes whose proxy is a load balancer outside the cluster that connects to the pods itself. */
const OUTSIDE_INGRESS_CLASSES: ReadonlySet<string> = new Set([
  'alb',
  'gce',
  'gce-internal',
  'azure-application-gateway',
  'azure/application-gateway',
  'oci-native-ingress-controller',
]);
const OUTSIDE_GATEWAY_CLASS_PREFIXES: readonly string[] = ['gke-l7-', 'amazon-vpc-lattice', 'aws-alb', 'azure-alb'];

/** Labels that controllers put on the proxies they run for one Gateway. */
const GATEWAY_NAME_LABELS: readonly string[] = [
  'gateway.networking.k8s.io/gateway-name',
  'gateway.envoyproxy.io/owning-gateway-name',
  'istio.io/gateway-name',
];
const GATEWAY_NAMESPACE_LABEL = 'gateway.envoyproxy.io/owning-gateway-namespace';

/** Who opens the connections to the backends. */
export type Controller =
  /** These pods. */
  | { readonly type: 'pods'; readonly name: string; readonly pods: readonly number[] }
  /** A load balancer outside the cluster; its addresses are not known. */
  | { readonly type: 'outside'; readonly name: string }
  /** Not part of the input. */
  | { readonly type: 'unknown'; readonly name: string };

/** Finds the controllers of one cluster; looks at every pod once, and gives the same object for the same question. */
export class Controllers {
  private readonly cluster: Cluster;
  private found: ReadonlyMap<ControllerSignature, readonly number[]> | undefined;
  private byGateway: ReadonlyMap<string, readonly number[]> | undefined;
  private readonly known = new Map<string, Controller>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** An Ingress without a class belongs to the only controller there is, if there is just one. */
  ofIngress(className: string): Controller {
    return this.remember(`ingress ${className}`, () =>
      OUTSIDE_INGRESS_CLASSES.has(className)
        ? { type: 'outside', name: `the load balancer of class ${className}` }
        : this.ofClass(className, 'ingressClasses', 'ingress controller'),
    );
  }

  ofGateway(gateway: { readonly namespace: string; readonly name: string }, className: string): Controller {
    const id = `${gateway.namespace}/${gateway.name}`;
    return this.remember(`gateway ${id} ${className}`, () => {
      if (OUTSIDE_GATEWAY_CLASS_PREFIXES.some((prefix) => className.startsWith(prefix))) {
        return { type: 'outside', name: `the load balancer of class ${className}` };
      }
      this.byGateway ??= this.proxiesByGateway();
      const own = this.byGateway.get(id);
      if (own !== undefined) return { type: 'pods', name: `the proxy of Gateway ${id}`, pods: own };
      return this.ofClass(className, 'gatewayClasses', 'gateway controller');
    });
  }

  /** Of every Gateway that a route attaches to. */
  ofHttpRoute(parents: readonly { readonly namespace: string; readonly name: string }[]): readonly Controller[] {
    const { gateways } = this.cluster;
    const found = parents.map((parent) => {
      const gateway = gateways.find(({ meta }) => meta.namespace === parent.namespace && meta.name === parent.name);
      return this.ofGateway(parent, gateway?.gatewayClassName ?? '');
    });
    return found.length > 0
      ? found
      : [this.remember('route', () => ({ type: 'unknown', name: 'the gateway that serves it' }))];
  }

  private remember(key: string, find: () => Controller): Controller {
    let controller = this.known.get(key);
    if (controller === undefined) this.known.set(key, (controller = find()));
    return controller;
  }

  private ofClass(className: string, classes: 'ingressClasses' | 'gatewayClasses', what: string): Controller {
    this.found ??= this.signaturesFound();
    const candidates = [...this.found].filter(([signature]) => signature[classes].length > 0);
    const named = candidates.filter(([signature]) => signature[classes].includes(className));
    const known = SIGNATURES.some((signature) => signature[classes].includes(className));
    // A class of its own name says nothing about the controller; then the only one in the input must be it.
    const chosen = named.length > 0 ? named : known ? [] : candidates;
    const [only] = chosen;
    if (only !== undefined && chosen.length === 1) return { type: 'pods', name: only[0].name, pods: only[1] };
    const ofClass = className === '' ? what : `${what} of class ${className}`;
    return { type: 'unknown', name: `the ${ofClass}` };
  }

  private signaturesFound(): ReadonlyMap<ControllerSignature, readonly number[]> {
    const { pods } = this.cluster;
    const found = new Map<ControllerSignature, number[]>();
    for (let pod = 0; pod < pods.length; pod++) {
      const labels = pods.labels[pod];
      if (labels === undefined || labels.size === 0) continue;
      const namespace = this.cluster.namespaceName(pods.namespaceOf[pod] ?? -1);
      const signature = LABEL_SETS.find(({ wanted }) => carries(labels, namespace, wanted))?.signature;
      if (signature === undefined) continue;
      const list = found.get(signature);
      if (list === undefined) found.set(signature, [pod]);
      else list.push(pod);
    }
    return found;
  }

  private proxiesByGateway(): ReadonlyMap<string, readonly number[]> {
    const { pods } = this.cluster;
    const byGateway = new Map<string, number[]>();
    for (let pod = 0; pod < pods.length; pod++) {
      const labels = pods.labels[pod];
      const name = GATEWAY_NAME_LABELS.map((key) => labels?.get(key)).find((value) => value !== undefined);
      if (name === undefined) continue;
      const namespace = labels?.get(GATEWAY_NAMESPACE_LABEL) ?? this.cluster.namespaceName(pods.namespaceOf[pod] ?? -1);
      const key = `${namespace}/${name}`;
      const list = byGateway.get(key);
      if (list === undefined) byGateway.set(key, [pod]);
      else list.push(pod);
    }
    return byGateway;
  }
}

/** Of one Ingress, route or Gateway; a Service needs none. */
export function controllersFor(
  controllers: Controllers,
  cluster: Cluster,
  frontend: NamedFrontend,
): readonly Controller[] {
  const isIt = ({ meta }: { readonly meta: { readonly namespace: string; readonly name: string } }): boolean =>
    meta.namespace === frontend.namespace && meta.name === frontend.name;
  switch (frontend.kind) {
    case 'Ingress':
      return cluster.ingresses.filter(isIt).map(({ ingressClassName }) => controllers.ofIngress(ingressClassName));
    case 'HTTPRoute':
      return cluster.httpRoutes.filter(isIt).flatMap(({ parents }) => controllers.ofHttpRoute(parents));
    case 'Gateway':
      return controllers.ofHttpRoute([frontend]);
    case 'Service':
      return [];
    default:
      return assertNever(frontend.kind);
  }
}

function carries(labels: Labels, namespace: string, wanted: readonly (readonly [string, string])[]): boolean {
  return wanted.every(([key, value]) => (key === NAMESPACE_NAME_LABEL ? namespace : labels.get(key)) === value);
}
