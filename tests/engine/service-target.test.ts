import { describe, expect, it } from 'vitest';

import { explainTarget } from '../../src/engine/target-verdict.ts';
import { parseEndpoint } from '../../src/engine/endpoint.ts';
import type { VerdictResult } from '../../src/engine/results.ts';
import { parseTarget } from '../../src/engine/service-target.ts';
import {
  clusterOf,
  engineOf,
  namespace,
  pod,
  policy,
  portsText,
  service,
  workload,
  yaml,
} from './connectivity-cluster.ts';

const NAMED = { ports: [{ name: 'http', containerPort: 8080 }] };
const BASE = [
  namespace('shop'),
  workload('shop', 'web', { replicas: 2, ...NAMED }),
  workload('shop', 'client'),
  service('shop', 'web', {
    ports: [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'metrics', port: 9000, targetPort: 9090 },
    ],
  }),
  service('shop', 'plain', { selector: { app: 'web' }, ports: [{ port: 8080 }] }),
  service('shop', 'headless', {
    selector: { app: 'web' },
    clusterIP: 'None',
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
  }),
  service('shop', 'alias', { selector: undefined, type: 'ExternalName', externalName: 'db.example.com' }),
  service('shop', 'nobody', { selector: { app: 'nobody' }, ports: [{ port: 80 }] }),
  service('shop', 'misnamed', { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'htpp' }] }),
  service('shop', 'byhand', { selector: undefined, ports: [{ port: 80 }] }),
  service('shop', 'dns', { selector: { app: 'web' }, ports: [{ port: 53, protocol: 'UDP' }] }),
];

/** Two pods of one Deployment in the middle of a rollout: the port moved. */
const ROLLOUT = [
  pod('shop', 'api-old', {
    labels: { app: 'api' },
    owner: { kind: 'Deployment', name: 'api' },
    ports: [{ name: 'http', containerPort: 8080 }],
  }),
  pod('shop', 'api-new', {
    labels: { app: 'api' },
    owner: { kind: 'Deployment', name: 'api' },
    ports: [{ name: 'http', containerPort: 9090 }],
  }),
  pod('shop', 'api-bare', { labels: { app: 'api' }, owner: { kind: 'Deployment', name: 'api' } }),
  workload('shop', 'api', { labels: { app: 'api' } }),
  service('shop', 'api', { ports: [{ port: 80, targetPort: 'http' }] }),
];

const ENDPOINTS = [
  service('shop', 'outside', { selector: undefined, ports: [{ port: 443, targetPort: 8443 }] }),
  yaml({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'outside-1', labels: { 'kubernetes.io/service-name': 'outside' } },
    addressType: 'IPv4',
    ports: [{ port: 8443, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['192.0.2.9'] },
      { addresses: ['10.0.0.5'], targetRef: { kind: 'Pod', name: 'known', namespace: 'shop' } },
    ],
  }),
  pod('shop', 'known', { ips: ['10.0.0.5'] }),
];

const cluster = clusterOf(...BASE, ...ROLLOUT, ...ENDPOINTS);

function legs(text: string): string {
  const parsed = parseTarget(cluster, text);
  if (!parsed.ok)
    return `! ${parsed.problem.message}${parsed.problem.help === undefined ? '' : ` (${parsed.problem.help})`}`;
  return parsed.value.legs
    .map(({ label, port }) => (port.type === 'all' ? label : `${label} ${port.protocol} ${port.port}`))
    .join(' + ');
}

describe('the backends of a Service (S92)', () => {
  it.each([
    ['by number', 'shop/svc/web:80', 'shop/Deployment/web TCP 8080'],
    ['by name', 'shop/service/web:http', 'shop/Deployment/web TCP 8080'],
    ['by a numeric target port', 'shop/svc/web:9000', 'shop/Deployment/web TCP 9090'],
    ['every port', 'shop/svc/web', 'shop/Deployment/web TCP 8080 + shop/Deployment/web TCP 9090'],
    ['target port defaults to the port', 'shop/svc/plain:8080', 'shop/Deployment/web TCP 8080'],
    ['protocol of the Service port', 'shop/svc/dns:53/udp', 'shop/Deployment/web UDP 53'],
    ['another protocol', 'shop/svc/dns:53', '! shop/Service/dns does not have port 53/tcp (it has 53/udp)'],
    [
      'the pods’ port',
      'shop/svc/web:9090',
      "! shop/Service/web does not have port 9090/tcp (9090 is the port of the pods; the Service's own is 9000)",
    ],
    [
      'no such name',
      'shop/svc/web:grpc',
      '! shop/Service/web does not have a port named grpc (it has 80/tcp (http), 9000/tcp (metrics))',
    ],
    [
      'ICMP',
      'shop/svc/web:icmp',
      '! shop/Service/web forwards only its ports; other protocols do not pass a Service (ask for the workload behind it)',
    ],
    ['headless: the port is the pods’ own', 'shop/svc/headless:80', 'shop/Deployment/web TCP 80'],
    ['headless: any port of the pods', 'shop/svc/headless:8080', 'shop/Deployment/web TCP 8080'],
    ['headless by name, as DNS says it', 'shop/svc/headless:http', 'shop/Deployment/web TCP 8080'],
    [
      'a rollout: each pod its own number (S113)',
      'shop/svc/api:80',
      'shop/Pod/api-new TCP 9090 + shop/Pod/api-old TCP 8080',
    ],
    ['endpoints by hand', 'shop/svc/outside:443', 'shop/Pod/known TCP 8443 + 192.0.2.9 TCP 8443'],
    [
      'ExternalName',
      'shop/svc/alias:80',
      '! shop/Service/alias is only an alias for the DNS name "db.example.com" (policy sees the addresses behind that name: ask for one of them)',
    ],
    [
      'selects nobody',
      'shop/svc/nobody:80',
      '! no pod of namespace shop has the labels app=nobody that shop/Service/nobody selects',
    ],
    [
      'no pod has the port',
      'shop/svc/misnamed:80',
      '! shop/Service/misnamed leads to the port named htpp, which shop/Deployment/web does not have',
    ],
    [
      'no endpoints',
      'shop/svc/byhand:80',
      '! shop/Service/byhand has no selector, and the input has no endpoints for it (add its EndpointSlice to the input, or ask for an address)',
    ],
    ['unknown', 'shop/svc/wep:80', '! no Service "wep" in namespace "shop" (did you mean shop/Service/web?)'],
    [
      'in another namespace',
      'default/svc/web:80',
      '! the input has no namespace "default" (did you mean shop/Deployment/web?)',
    ],
  ])('%s', (_, text, expected) => {
    expect(legs(text)).toBe(expected);
  });

  it.each([
    ['shop/svc/web:80', /port 80 of it is port 8080 of its pods/],
    ['shop/svc/plain:8080', /what counts is port 8080 of its pods/],
    ['shop/svc/headless:80', /headless: clients connect to port 80 of the pods themselves/],
    ['shop/svc/api:80', /shop\/Pod\/api-bare has no port named http and gets no traffic/],
  ])('says what happens to the port of %s', (text, note) => {
    const parsed = parseTarget(cluster, text);
    expect(parsed.ok && parsed.value.notes.join('\n')).toMatch(note);
  });
});

const OPEN_TO_CLIENT = policy('shop', 'web', {
  podSelector: { matchLabels: { app: 'web' } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 'http' }] }],
});

function ask(inputs: readonly string[], from: string, to: string): VerdictResult {
  const engine = engineOf(...inputs);
  const a = parseEndpoint(engine.cluster, from);
  const b = parseTarget(engine.cluster, to);
  if (!a.ok) throw new Error(a.problem.message);
  if (!b.ok) throw new Error(b.problem.message);
  const { verdict, notes } = explainTarget(engine, a.value, b.value);
  return { ...verdict, why: [...(verdict.why ?? []), ...notes] };
}

describe('the answer for a Service', () => {
  it('is about the pods and their port', () => {
    expect(ask([...BASE, OPEN_TO_CLIENT], 'shop/client', 'shop/svc/web:80')).toMatchObject({
      to: 'shop/Deployment/web',
      port: 8080,
      verdict: 'allowed',
      via: ['shop/Service/web'],
    });
    expect(ask([...BASE, OPEN_TO_CLIENT], 'shop/client', 'shop/svc/web:9000')).toMatchObject({
      port: 9090,
      verdict: 'denied',
    });
  });

  it('without a port tells which of its ports are open', () => {
    const result = ask([...BASE, OPEN_TO_CLIENT], 'shop/client', 'shop/svc/web');
    expect(result).toMatchObject({ to: 'shop/Service/web', protocol: 'any', port: null, verdict: 'allowed' });
    expect(portsText(result.ports ?? 'none')).toBe('TCP 8080');
    expect(result.legs?.map(({ port, verdict }) => [port, verdict])).toEqual([
      [8080, 'allowed'],
      [9090, 'denied'],
    ]);
  });

  it('is no when one of several backends is closed, and names both', () => {
    const result = ask(
      [
        ...BASE.slice(0, 3),
        ...ROLLOUT,
        policy('shop', 'api', { podSelector: { matchLabels: { app: 'api' } }, ingress: [{ ports: [{ port: 8080 }] }] }),
      ],
      'shop/client',
      'shop/svc/api:80',
    );
    expect(result).toMatchObject({ verdict: 'denied', allowed: false, to: 'shop/Service/api' });
    expect(result.partly).toEqual({
      allowed: ['shop/Deployment/client to shop/api-old TCP 8080'],
      denied: ['shop/Deployment/client to shop/api-new TCP 9090'],
      unknown: [],
    });
  });

  it.each([
    ['ClusterIP', { ports: [{ port: 80, targetPort: 8080 }] }, /no address outside the cluster/],
    [
      'LoadBalancer',
      { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080 }] },
      /externalTrafficPolicy Cluster/,
    ],
    [
      'NodePort',
      { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, targetPort: 8080 }] },
      /policy acts behind/,
    ],
  ])('from the internet through a %s says what else counts (S93)', (_, spec, why) => {
    const result = ask([...BASE.slice(0, 3), service('shop', 'web', spec)], 'internet', 'shop/svc/web:80');
    expect(result).toMatchObject({ from: 'internet', verdict: 'allowed' });
    expect(result.why?.join('\n')).toMatch(why);
  });
});

describe('the answer for an Ingress', () => {
  const controller = [
    namespace('ingress-nginx'),
    workload('ingress-nginx', 'controller', {
      labels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' },
      ports: [{ name: 'http', containerPort: 80 }],
    }),
    service('ingress-nginx', 'controller', {
      type: 'LoadBalancer',
      selector: { 'app.kubernetes.io/name': 'ingress-nginx' },
      ports: [{ port: 80, targetPort: 'http' }],
    }),
  ];
  const ingress = yaml({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
          },
        },
      ],
    },
  });
  const fromController = policy('shop', 'web', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
        ports: [{ port: 8080 }],
      },
    ],
  });

  it.each([['shop/ing/web'], ['shop.example.com'], ['shop.example.com:443']])(
    '%s goes through the controller',
    (text) => {
      const result = ask([...BASE, ...controller, ingress, fromController], 'internet', text);
      expect(result).toMatchObject({ from: 'internet', verdict: 'allowed', via: ['shop/Ingress/web'] });
      expect(result.legs?.map(({ from, to, port }) => `${from} ${to} ${port}`)).toEqual([
        'internet ingress-nginx/Deployment/controller 80',
        'ingress-nginx/Deployment/controller shop/Deployment/web 8080',
      ]);
    },
  );

  it('is no when policy does not let the controller in', () => {
    expect(ask([...BASE, ...controller, ingress, OPEN_TO_CLIENT], 'internet', 'shop/ing/web')).toMatchObject({
      verdict: 'denied',
    });
  });

  it('is no when policy keeps the source from the controller', () => {
    const closed = policy('ingress-nginx', 'deny', { policyTypes: ['Ingress'] });
    expect(ask([...BASE, ...controller, ingress, fromController, closed], 'internet', 'shop/ing/web')).toMatchObject({
      verdict: 'denied',
    });
  });

  it('is unknown without the controller, unless everybody or nobody may come in', () => {
    expect(ask([...BASE, ingress, fromController], 'internet', 'shop/ing/web')).toMatchObject({
      verdict: 'unknown',
      certain: false,
    });
    expect(ask([...BASE, ingress], 'internet', 'shop/ing/web')).toMatchObject({ verdict: 'allowed', certain: true });
    const nobody = policy('shop', 'deny', { policyTypes: ['Ingress'] });
    expect(ask([...BASE, ingress, nobody], 'internet', 'shop/ing/web')).toMatchObject({
      verdict: 'denied',
      certain: true,
    });
  });

  it('knows wildcard hosts', () => {
    const wildcard = ingress.replace('shop.example.com', '*.example.com');
    expect(parseTarget(clusterOf(...BASE, wildcard), 'a.example.com').ok).toBe(true);
    expect(parseTarget(clusterOf(...BASE, wildcard), 'a.b.example.com').ok).toBe(false);
  });
});

describe('the answer for routes of the Gateway API', () => {
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
      hostnames: ['*.shop.example', 'shop.example'],
      rules: [{ backendRefs: [{ name: 'web', port: 80 }] }, { backendRefs: [{ name: 'gone', port: 80 }] }],
    },
  });
  const proxy = workload('infra', 'proxy', { labels: { 'gateway.networking.k8s.io/gateway-name': 'main' } });
  const inputs = [...BASE, namespace('infra'), gateway, route, proxy, OPEN_TO_CLIENT];

  it.each([
    ['shop/httproute/web'],
    ['infra/gateway/main'],
    ['infra/gtw/main'],
    ['shop.example'],
    ['a.b.shop.example:443'],
  ])('%s goes from the proxy of the Gateway to the backends', (text) => {
    const result = ask(inputs, 'internet', text);
    expect(result).toMatchObject({ verdict: 'denied', via: [expect.stringMatching(/HTTPRoute|Gateway/)] });
    expect(result.legs?.map(({ from, to, verdict }) => `${from} ${to} ${verdict}`)).toEqual([
      'internet infra/Deployment/proxy allowed',
      'infra/Deployment/proxy shop/Deployment/web denied',
    ]);
    expect(result.why?.join()).toMatch(/names shop\/Service\/gone, which the input does not have/);
  });

  it('is a problem when nothing is behind it', () => {
    const only = clusterOf(...BASE, namespace('infra'), gateway);
    expect(parseTarget(only, 'infra/gateway/main')).toMatchObject({ ok: false, problem: { code: 'no-backend' } });
    expect(parseTarget(only, 'infra/gateway/mian')).toMatchObject({
      ok: false,
      problem: { help: 'did you mean infra/Gateway/main?' },
    });
    expect(parseEndpoint(only, 'infra/gateway/main')).toMatchObject({ ok: false, problem: { code: 'unsupported' } });
    expect(parseTarget(clusterOf(...inputs), 'shop/httproute/web:icmp')).toMatchObject({
      ok: false,
      problem: { code: 'no-port' },
    });
  });
});

describe('what cannot be told about a Service (D14)', () => {
  it('is which replicas a label of the controller selects', () => {
    const inputs = [
      namespace('shop'),
      workload('shop', 'client'),
      workload('shop', 'db', { kind: 'StatefulSet', replicas: 3 }),
      service('shop', 'first', {
        selector: { app: 'db', 'statefulset.kubernetes.io/pod-name': 'db-0' },
        ports: [{ port: 5432 }],
      }),
    ];
    const result = ask(inputs, 'shop/client', 'shop/svc/first:5432');
    expect(result).toMatchObject({ verdict: 'unknown', certain: false });
    expect(result.why?.join()).toMatch(/label that only the controller/);
  });

  it('is asked of a bounded number of backends', () => {
    const pods = Array.from({ length: 260 }, (_, index) =>
      pod('shop', `api-${index}`, { labels: { app: 'api' }, ports: [{ name: 'http', containerPort: 1000 + index }] }),
    );
    const inputs = [
      namespace('shop'),
      workload('shop', 'client'),
      ...pods,
      service('shop', 'api', { ports: [{ port: 80, targetPort: 'http' }] }),
    ];
    const result = ask([inputs.join('')], 'shop/client', 'shop/svc/api:80');
    expect(result.legs?.length).toBe(200);
    expect(result.why?.join()).toMatch(/60 more backends of 260 were not asked/);
  });
});
