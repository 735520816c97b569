import { describe, expect, it } from 'vitest';

import { type MapOptions, connectivityMap } from '../../src/engine/connectivity.ts';
import type { Exposure } from '../../src/engine/results.ts';
import { engineOf, exposureLines, namespace, pod, policy, service, workload, yaml } from './connectivity-cluster.ts';

const WEB = workload('shop', 'web', { ports: [{ name: 'http', containerPort: 8080 }] });
const BASE = [namespace('shop'), WEB];

function lines(...inputs: readonly string[]): string[] {
  return exposureLines(connectivityMap(engineOf(...inputs)));
}

function only(...inputs: readonly string[]): Exposure {
  const { exposed } = connectivityMap(engineOf(...inputs));
  expect(exposed.length).toBe(1);
  const [exposure] = exposed;
  if (exposure === undefined) throw new Error('nothing is exposed');
  return exposure;
}

const from = (peers: readonly unknown[], port: number | string = 8080): string =>
  policy('shop', 'web', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [{ from: peers, ports: [{ port }] }],
  });
const DENY = policy('shop', 'deny', { policyTypes: ['Ingress'] });

describe('Services', () => {
  const loadBalancer = service('shop', 'web', { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 'http' }] });

  it.each<[string, readonly string[], readonly string[]]>([
    ['open without policies', [loadBalancer], ['shop/Service/web -> shop/Deployment/web: TCP 8080 allowed']],
    ['shut under default deny', [loadBalancer, DENY], ['shop/Service/web -> shop/Deployment/web: TCP 8080 denied']],
    [
      'open to everybody by an empty from',
      [loadBalancer, from([])],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 allowed'],
    ],
    [
      'open on another port only',
      [loadBalancer, from([], 80)],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 denied'],
    ],
    [
      'pods are not the outside (S85)',
      [loadBalancer, from([{ namespaceSelector: {} }])],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 denied'],
    ],
    [
      'every public address, written in two halves',
      [loadBalancer, from([{ ipBlock: { cidr: '0.0.0.0/1' } }, { ipBlock: { cidr: '128.0.0.0/1' } }])],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 allowed'],
    ],
    [
      'private exceptions keep nobody public out',
      [loadBalancer, from([{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '192.168.0.0/16'] } }])],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 allowed'],
    ],
    [
      'some public addresses are not all',
      [loadBalancer, from([{ ipBlock: { cidr: '203.0.113.0/24' } }])],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 denied'],
    ],
    [
      'a NodePort',
      [service('shop', 'web', { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] })],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 allowed'],
    ],
    ['not a ClusterIP', [service('shop', 'web', { ports: [{ port: 80 }] })], []],
    [
      'unless it has external addresses',
      [service('shop', 'web', { externalIPs: ['203.0.113.9'], ports: [{ port: 80, targetPort: 8080 }] })],
      ['shop/Service/web -> shop/Deployment/web: TCP 8080 allowed'],
    ],
    [
      'ports that differ apart, ports alike together',
      [
        service('shop', 'web', {
          type: 'LoadBalancer',
          ports: [
            { name: 'a', port: 80, targetPort: 8080 },
            { name: 'b', port: 81, targetPort: 8081 },
            { name: 'c', port: 82, targetPort: 8082 },
          ],
        }),
        from([]),
      ],
      [
        'shop/Service/web -> shop/Deployment/web: TCP 8080 allowed',
        'shop/Service/web -> shop/Deployment/web: TCP 8081-8082 denied',
      ],
    ],
    [
      'that lead nowhere',
      [service('shop', 'web', { type: 'LoadBalancer', selector: { app: 'none' }, ports: [{ port: 80 }] })],
      ['shop/Service/web -> shop/Service/web: none denied'],
    ],
  ])('%s', (_, inputs, expected) => {
    expect(lines(...BASE, ...inputs)).toEqual(expected);
  });

  it('say who is let in and what node addresses may change (S93)', () => {
    expect(only(...BASE, loadBalancer, from([{ ipBlock: { cidr: '203.0.113.0/24' } }])).why).toEqual([
      'of the public addresses, policy lets in only 203.0.113.0/24',
      "externalTrafficPolicy is Cluster, so some network plugins see the address of a node instead of the client's and may decide otherwise",
    ]);
    const local = service('shop', 'web', {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      ports: [{ port: 80, targetPort: 8080 }],
    });
    expect(only(...BASE, local, from([{ ipBlock: { cidr: '0.0.0.0/0', except: ['203.0.113.0/24'] } }])).why).toEqual([
      'policy keeps out 203.0.113.0/24',
    ]);
  });

  it('are open only when every backend is', () => {
    const two = [
      pod('shop', 'web-a', { labels: { app: 'web', track: 'a' }, owner: { kind: 'Deployment', name: 'web' } }),
      pod('shop', 'web-b', { labels: { app: 'web', track: 'b' }, owner: { kind: 'Deployment', name: 'web' } }),
    ];
    const shut = policy('shop', 'b', { podSelector: { matchLabels: { track: 'b' } } });
    const exposure = only(...BASE, ...two, shut, service('shop', 'web', { type: 'NodePort', ports: [{ port: 80 }] }));
    expect(exposure).toMatchObject({ allowed: false });
    expect(exposure.why?.[0]).toBe('only some of the pods let the outside in');
  });
});

const ingress = (className: string | undefined, serviceName = 'web', port: unknown = { number: 80 }): string =>
  yaml({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace: 'shop', name: 'front' },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      rules: [
        { http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: serviceName, port } } }] } },
      ],
    },
  });

const BACKEND = service('shop', 'web', { ports: [{ name: 'http', port: 80, targetPort: 'http' }] });

const NGINX = [
  namespace('edge', { role: 'edge' }),
  workload('edge', 'nginx', {
    labels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' },
  }),
];
const TRAEFIK = [
  namespace('traefik'),
  workload('traefik', 'traefik', { labels: { 'app.kubernetes.io/name': 'traefik' } }),
];
const FROM_EDGE = from([{ namespaceSelector: { matchLabels: { role: 'edge' } } }]);

describe('Ingresses', () => {
  const shop = 'shop/Ingress/front -> shop/Deployment/web: TCP 8080';
  it.each<[string, readonly string[], readonly string[]]>([
    ['through their controller', [ingress('nginx'), ...NGINX, FROM_EDGE], [`${shop} allowed`]],
    [
      'by the name of the Service port',
      [ingress('nginx', 'web', { name: 'http' }), ...NGINX, FROM_EDGE],
      [`${shop} allowed`],
    ],
    ['whose controller is kept out', [ingress('nginx'), ...NGINX, DENY], [`${shop} denied`]],
    [
      'whose controller is not public',
      [ingress('nginx'), ...NGINX, FROM_EDGE, policy('edge', 'deny', { policyTypes: ['Ingress'] })],
      [`${shop} denied`],
    ],
    [
      'of the only controller there is, when they name no class',
      [ingress(undefined), ...TRAEFIK, FROM_EDGE],
      [`${shop} denied`],
    ],
    ['of a class of their own', [ingress('internal'), ...NGINX, FROM_EDGE], [`${shop} allowed`]],
    [
      'of another controller than those of the input',
      [ingress('traefik'), ...NGINX, FROM_EDGE],
      [`${shop} denied (uncertain)`],
    ],
    [
      'with two controllers and no class',
      [ingress(undefined), ...NGINX, ...TRAEFIK, FROM_EDGE],
      [`${shop} denied (uncertain)`],
    ],
    ['without a controller, everybody let in', [ingress('nginx')], [`${shop} allowed`]],
    ['without a controller, an empty from', [ingress('nginx'), from([])], [`${shop} allowed`]],
    ['without a controller, nobody let in', [ingress('nginx'), DENY], [`${shop} denied`]],
    ['without a controller, nobody on this port', [ingress('nginx'), from([], 9090)], [`${shop} denied`]],
    ['without a controller, some let in', [ingress('nginx'), FROM_EDGE], [`${shop} denied (uncertain)`]],
    [
      'of a load balancer outside, everybody outside let in',
      [ingress('alb'), from([{ ipBlock: { cidr: '0.0.0.0/0' } }])],
      [`${shop} allowed`],
    ],
    [
      'of a load balancer outside, pods let in',
      [ingress('alb'), from([{ namespaceSelector: {} }])],
      [`${shop} denied`],
    ],
    [
      'of a load balancer outside, some let in',
      [ingress('alb'), from([{ ipBlock: { cidr: '10.0.0.0/8' } }])],
      [`${shop} denied (uncertain)`],
    ],
    ['that name no Service', [ingress('nginx', 'wep')], ['shop/Ingress/front -> shop/Service/wep: none denied']],
    [
      'that name no port',
      [ingress('nginx', 'web', { number: 81 })],
      ['shop/Ingress/front -> shop/Service/web: none denied'],
    ],
  ])('%s', (_, inputs, expected) => {
    expect(lines(...BASE, BACKEND, ...inputs)).toEqual(expected);
  });

  it('through controllers on the host network need the address of a node, not a namespace (S85)', () => {
    const labels = { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' };
    const host = pod('edge', 'nginx', { labels, hostNetwork: true, node: 'n1', ips: ['192.168.0.1'] });
    const backend = pod('shop', 'web-1', {
      labels: { app: 'web' },
      owner: { kind: 'Deployment', name: 'web' },
      node: 'n2',
      ips: ['10.0.0.9'],
      ports: [{ name: 'http', containerPort: 8080 }],
    });
    const inputs = [...BASE, BACKEND, backend, host, namespace('edge', { role: 'edge' }), ingress('nginx')];
    expect(lines(...inputs, FROM_EDGE)).toEqual([`${shop} denied`]);
    expect(lines(...inputs, from([{ ipBlock: { cidr: '192.168.0.0/24' } }]))).toEqual([`${shop} allowed`]);
  });

  it('of an unknown controller depend on cluster policies that select the backend', () => {
    const admin = yaml({
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'guard' },
      spec: {
        tier: 'Admin',
        priority: 1,
        subject: { namespaces: {} },
        ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { role: 'guest' } } }] }],
      },
    });
    expect(lines(...BASE, BACKEND, ingress('nginx'), admin)).toEqual([`${shop} denied (uncertain)`]);
  });

  it('say why', () => {
    expect(only(...BASE, BACKEND, ingress('nginx'), ...NGINX, DENY)).toMatchObject({
      through: ['edge/Deployment/nginx'],
      why: ['policy does not let ingress-nginx in (edge/Deployment/nginx)'],
    });
    expect(only(...BASE, BACKEND, ingress('nginx'), FROM_EDGE).why).toEqual([
      'policy lets in only certain sources, and the ingress controller of class nginx is not part of the input',
    ]);
    expect(only(...BASE, BACKEND, ingress('nginx', 'wep')).why).toEqual([
      'shop/Ingress/front names shop/Service/wep, which the input does not have',
    ]);
  });

  it('know controllers by their labels whatever their namespace is called', () => {
    const renamed = NGINX.map((text) => text.replaceAll('"edge"', '"zone"'));
    expect(only(...BASE, BACKEND, ingress('nginx'), ...renamed).through).toEqual(['zone/Deployment/nginx']);
  });
});

describe('HTTPRoutes', () => {
  const gateway = yaml({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace: 'infra', name: 'main' },
    spec: { gatewayClassName: 'istio', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  });
  const route = yaml({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      parentRefs: [{ name: 'main', namespace: 'infra' }],
      hostnames: ['a.example', 'b.example'],
      rules: [{ backendRefs: [{ name: 'web', port: 80 }] }],
    },
  });
  const proxy = workload('infra', 'main-istio', { labels: { 'gateway.networking.k8s.io/gateway-name': 'main' } });
  const fromInfra = from([{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'infra' } } }]);
  const base = [...BASE, BACKEND, namespace('infra'), gateway, route];

  it('come through the proxy of their Gateway', () => {
    expect(only(...base, proxy, fromInfra)).toEqual({
      via: 'shop/HTTPRoute/web',
      to: 'shop/Deployment/web',
      through: ['infra/Deployment/main-istio'],
      ports: [{ protocol: 'TCP', ranges: [[8080, 8080]] }],
      allowed: true,
    });
    expect(lines(...base, proxy, DENY)).toEqual(['shop/HTTPRoute/web -> shop/Deployment/web: TCP 8080 denied']);
  });

  it('are unknown without it', () => {
    expect(lines(...base, fromInfra)).toEqual([
      'shop/HTTPRoute/web -> shop/Deployment/web: TCP 8080 denied (uncertain)',
    ]);
  });
});

describe('views', () => {
  it('name the peer of the map', () => {
    const engine = engineOf(...BASE, service('shop', 'web', { type: 'NodePort', ports: [{ port: 80 }] }));
    const toOf = (by: 'workload' | 'namespace' | 'pod' | 'class'): readonly string[] =>
      connectivityMap(engine, { by }).exposed.map(({ to }) => to);
    expect(toOf('workload')).toEqual(['shop/Deployment/web']);
    expect(toOf('namespace')).toEqual(['namespace/shop']);
    expect(toOf('pod')).toEqual(['shop/Deployment/web']);
    expect(toOf('class')).toEqual(['shop/Class/0']);
  });

  it('show what is in view only', () => {
    const nodePort = service('shop', 'web', { type: 'NodePort', ports: [{ port: 80 }] });
    const engine = engineOf(...BASE, namespace('other'), workload('other', 'job'), nodePort, ingress('nginx', 'wep'));
    const shown = (options: MapOptions): readonly string[] =>
      connectivityMap(engine, options).exposed.map(({ via }) => via);
    const job = engine.cluster.workloadById('other/Deployment/job')?.index ?? -1;
    const web = engine.cluster.workloadById('shop/Deployment/web')?.index ?? -1;
    expect(shown({})).toEqual(['shop/Ingress/front', 'shop/Service/web']);
    expect(shown({ namespaces: ['other'] })).toEqual([]);
    expect(shown({ namespaces: ['shop'] })).toEqual(['shop/Service/web']);
    expect(shown({ to: [{ type: 'workload', workload: web }] })).toEqual(['shop/Service/web']);
    expect(shown({ to: [{ type: 'workload', workload: job }] })).toEqual([]);
    expect(shown({ from: [{ type: 'workload', workload: job }] })).toEqual([]);
    expect(shown({ from: [{ type: 'address', ip: { family: 4, value: 0x08080808 } }] })).toEqual([
      'shop/Ingress/front',
      'shop/Service/web',
    ]);
  });
});
