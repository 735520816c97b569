import { describe, expect, test } from 'vitest';
import { formatCidr, formatIp } from '../../src/base/inet-format.ts';
import { formatSelector } from '../../src/kube/selectors.ts';
import { errorsOf, messagesOf, read, warningsOf } from './reading.ts';

function object(apiVersion: string, kind: string, body: string, name = 'a'): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\n${body}`;
}

describe('Namespace', () => {
  test('carries its name as a label, whatever is written (S61)', () => {
    const { objects } = read(
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a, kubernetes.io/metadata.name: other}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: bare}',
    );
    expect(objects.namespaces.map(({ meta }) => [...meta.labels])).toEqual([
      [
        ['team', 'a'],
        ['kubernetes.io/metadata.name', 'shop'],
      ],
      [['kubernetes.io/metadata.name', 'bare']],
    ]);
    expect(objects.namespaces[0]?.meta.namespace).toBe('');
  });

  test('labels shared with another object are not changed by that (S61)', () => {
    const { objects } = read(
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: b}}',
    );
    expect([...(objects.pods[0]?.meta.labels ?? [])]).toEqual([['a', 'b']]);
  });

  test('a name is a DNS label', () => {
    expect(messagesOf('apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}')[0]).toContain(
      'metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label',
    );
  });
});

describe('Node', () => {
  test('addresses that are IPs, and pod ranges', () => {
    const text = object(
      'v1',
      'Node',
      'spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24, "fd00::/64"]}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.1}, {type: Hostname, address: node-a}, {type: ExternalIP, address: "2001:db8::1"}]}',
    );
    const [node] = read(text).objects.nodes;
    expect(node?.addresses.map(formatIp)).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(node?.podCidrs.map(formatCidr)).toEqual(['10.1.0.0/24', 'fd00::/64']);
    expect(read(text).diagnostics).toEqual([]);
  });

  test('an address that does not parse is a warning', () => {
    expect(warningsOf(object('v1', 'Node', 'status: {addresses: [{type: InternalIP, address: x}]}'))).toEqual([
      '4:50 status.addresses[0].address: "x" is no IP address and is ignored',
    ]);
  });
});

describe('Pod', () => {
  test('a name that is read as a boolean is spoken of as it was written', () => {
    const [diagnostic] = read('apiVersion: v1\nkind: Pod\nmetadata: {name: y}').diagnostics;
    expect(diagnostic).toMatchObject({ object: 'Pod default/y', help: 'quote it: "y"' });
  });

  test('everything that policy needs', () => {
    const text = [
      'apiVersion: v1',
      'kind: Pod',
      'metadata:',
      '  name: a',
      '  namespace: shop',
      '  labels: {app: web}',
      '  deletionTimestamp: "2026-01-01T00:00:00Z"',
      '  ownerReferences:',
      '  - {apiVersion: v1, kind: Other, name: x, uid: "1"}',
      '  - {apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: "2", controller: true}',
      'spec:',
      '  hostNetwork: true',
      '  nodeName: node-a',
      '  serviceAccountName: sa',
      '  initContainers:',
      '  - {name: setup, ports: [{containerPort: 1, name: setup}]}',
      '  - {name: proxy, restartPolicy: Always, ports: [{containerPort: 2, name: proxy}]}',
      '  containers:',
      '  - {name: c, ports: [{containerPort: 80, name: http, hostPort: 8080}, {containerPort: 53, protocol: UDP}]}',
      'status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}], hostIP: 192.0.2.1}',
    ].join('\n');
    const [pod] = read(text).objects.pods;
    expect(read(text).diagnostics).toEqual([]);
    expect(pod).toMatchObject({
      kind: 'Pod',
      phase: 'Running',
      terminating: true,
      meta: { name: 'a', namespace: 'shop', owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1' } },
      pod: {
        hostNetwork: true,
        nodeName: 'node-a',
        serviceAccountName: 'sa',
        // D4: containers and sidecars, not init containers that end.
        ports: [
          { name: 'http', protocol: 'TCP', containerPort: 80, hostPort: 8080 },
          { name: '', protocol: 'UDP', containerPort: 53, hostPort: 0 },
          { name: 'proxy', protocol: 'TCP', containerPort: 2, hostPort: 0 },
        ],
      },
    });
    expect(pod?.ips.map(formatIp)).toEqual(['10.0.0.1', 'fd00::1']);
    expect(pod?.hostIps.map(formatIp)).toEqual(['192.0.2.1']);
    expect(pod?.pod.labels).toBe(pod?.meta.labels);
  });

  test('the bare minimum', () => {
    const [pod] = read('apiVersion: v1\nkind: Pod\nmetadata: {name: a}').objects.pods;
    expect(pod).toMatchObject({
      phase: '',
      ips: [],
      hostIps: [],
      terminating: false,
      pod: { hostNetwork: false, nodeName: '', ports: [], serviceAccountName: '' },
    });
    expect(pod?.meta.owner).toBeUndefined();
  });

  test('the only owner is the owner; of several without controller none is', () => {
    const owners = (list: string) =>
      read(`apiVersion: v1\nkind: Pod\nmetadata: {name: a, ownerReferences: [${list}]}`).objects.pods[0]?.meta.owner
        ?.name;
    expect(owners('{apiVersion: v1, kind: X, name: x}')).toBe('x');
    expect(owners('{apiVersion: v1, kind: X, name: x}, {apiVersion: v1, kind: X, name: z}')).toBeUndefined();
  });

  test('equal labels are one object', () => {
    const { pods } = read(
      [1, 2].map((n) => `apiVersion: v1\nkind: Pod\nmetadata: {name: a${n}, labels: {app: web, b: c}}`).join('\n---\n'),
    ).objects;
    expect(pods[0]?.meta.labels).toBe(pods[1]?.meta.labels);
  });

  const at = 'spec.containers[0].ports[0]';
  test.each([
    ['{containerPort: 0}', [`${at}.containerPort: Required value`]],
    ['{}', [`${at}.containerPort: Required value`]],
    ['{containerPort: 65536}', [`${at}.containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive`]],
    [
      '{containerPort: 80, hostPort: 65536}',
      [`${at}.hostPort: Invalid value: 65536: must be between 1 and 65535, inclusive`],
    ],
    [
      '{containerPort: 80, protocol: tcp}',
      [`${at}.protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"`],
    ],
    [
      '{containerPort: 80, name: HTTP_PORT}',
      [
        `${at}.name: Invalid value: "HTTP_PORT": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
        `${at}.name: Invalid value: "HTTP_PORT": must contain at least one letter (a-z)`,
      ],
    ],
    [
      '{containerPort: "80"}',
      [
        'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
      ],
    ],
    [
      '{containerPort: 80, name: a}, {containerPort: 81, name: a}',
      ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
    ],
  ])('ports: [%s]', (port, messages) => {
    expect(messagesOf(object('v1', 'Pod', `spec: {containers: [{name: c, ports: [${port}]}]}`))).toEqual(messages);
  });

  test('two containers may use the same port name (S113)', () => {
    const text = object(
      'v1',
      'Pod',
      'spec: {containers: [{name: c, ports: [{containerPort: 80, name: a}]}, {name: d, ports: [{containerPort: 81, name: a}]}]}',
    );
    expect(read(text).objects.pods[0]?.pod.ports).toHaveLength(2);
  });

  test('what a status cannot mean is a warning', () => {
    expect(
      warningsOf(object('v1', 'Pod', 'status: {phase: running, podIPs: [{ip: 10.0.0}, {ip: 010.0.0.2}]}')),
    ).toEqual([
      '4:17 status.phase: "running" is no pod phase',
      '4:40 status.podIPs[0].ip: "10.0.0" is no IP address and is ignored',
    ]);
  });
});

describe('workloads', () => {
  const template =
    'template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80, name: http}]}]}}';
  test.each([
    ['apps/v1', 'Deployment', `spec: {replicas: 3, selector: {matchLabels: {app: web}}, ${template}}`, 3, 'app=web'],
    [
      'apps/v1',
      'Deployment',
      `spec: {selector: {matchExpressions: [{key: app, operator: Exists}]}, ${template}}`,
      undefined,
      'app',
    ],
    ['apps/v1', 'ReplicaSet', `spec: {replicas: 0, selector: {matchLabels: {app: web}}, ${template}}`, 0, 'app=web'],
    [
      'apps/v1',
      'StatefulSet',
      `spec: {replicas: 2, serviceName: s, selector: {matchLabels: {app: web}}, ${template}}`,
      2,
      'app=web',
    ],
    ['apps/v1', 'DaemonSet', `spec: {selector: {matchLabels: {app: web}}, ${template}}`, undefined, 'app=web'],
    ['batch/v1', 'Job', `spec: {parallelism: 4, ${template}}`, 4, undefined],
    [
      'batch/v1',
      'CronJob',
      `spec: {schedule: "* * * * *", jobTemplate: {spec: {parallelism: 2, ${template}}}}`,
      2,
      undefined,
    ],
    ['v1', 'ReplicationController', `spec: {replicas: 1, selector: {app: web}, ${template}}`, 1, 'app=web'],
  ])('%s %s', (apiVersion, kind, spec, replicas, selector) => {
    const result = read(object(apiVersion, kind, spec));
    expect(result.diagnostics).toEqual([]);
    const [workload] = result.objects.workloads;
    expect(workload).toMatchObject({ kind, apiVersion, template: { ports: [{ name: 'http', containerPort: 80 }] } });
    expect(workload?.replicas).toBe(replicas);
    expect(workload?.selector && formatSelector(workload.selector)).toBe(selector);
    expect([...(workload?.template.labels ?? [])]).toEqual([['app', 'web']]);
  });

  test('paths lead through the templates', () => {
    const bad = 'template: {spec: {containers: [{name: c, ports: [{containerPort: 0}]}]}}';
    expect(messagesOf(object('apps/v1', 'Deployment', `spec: {${bad}}`))).toEqual([
      'spec.template.spec.containers[0].ports[0].containerPort: Required value',
    ]);
    expect(messagesOf(object('batch/v1', 'CronJob', `spec: {jobTemplate: {spec: {${bad}}}}`))).toEqual([
      'spec.jobTemplate.spec.template.spec.containers[0].ports[0].containerPort: Required value',
    ]);
  });

  test.each([
    ['replicas: -1', 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ['replicas: "3"', 'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['selector: {matchLabels: {a: b c}}', 'spec.selector.matchLabels: Invalid value: "b c": a valid label must be'],
    [
      'template: {metadata: {labels: {a: 1}}}',
      'json: cannot unmarshal number into Go struct field ObjectMeta.spec.template.metadata.labels of type string',
    ],
  ])('%s', (spec, message) => {
    const [found, ...others] = messagesOf(object('apps/v1', 'Deployment', `spec: {${spec}}`));
    expect(found?.startsWith(message)).toBe(true);
    expect(others).toEqual([]);
  });

  test.each([
    ['Deployment', ['4:7 spec.selector: Required value']],
    ['ReplicaSet', ['4:7 spec.selector: Required value']],
    ['StatefulSet', ['4:7 spec.selector: Required value']],
    ['DaemonSet', ['4:7 spec.selector: Required value']],
  ])('%s without selector counts, with a warning', (kind, warnings) => {
    const text = object('apps/v1', kind, `spec: {${template}}`);
    expect(messagesOf(text)).toEqual([]);
    expect(warningsOf(text)).toEqual(warnings);
    expect(read(text).objects.workloads).toHaveLength(1);
  });

  test('Jobs, CronJobs and ReplicationControllers get their selector from the server', () => {
    for (const [apiVersion, kind, spec] of [
      ['batch/v1', 'Job', `{${template}}`],
      ['batch/v1', 'CronJob', `{jobTemplate: {spec: {${template}}}}`],
      ['v1', 'ReplicationController', `{${template}}`],
    ] as const) {
      expect(warningsOf(object(apiVersion, kind, `spec: ${spec}`))).toEqual([]);
    }
  });

  test('a selector that misses its own pods is a warning', () => {
    expect(
      warningsOf(object('apps/v1', 'Deployment', `spec: {selector: {matchLabels: {app: api}}, ${template}}`)),
    ).toEqual(['4:18 spec.template: `selector` does not match template `labels`']);
  });
});

describe('Service', () => {
  test('ports, selector and addresses', () => {
    const text = object(
      'v1',
      'Service',
      [
        'spec:',
        '  type: LoadBalancer',
        '  selector: {app: web}',
        '  clusterIP: 10.96.0.1',
        '  clusterIPs: [10.96.0.1, "fd00::1"]',
        '  externalIPs: [203.0.113.1]',
        '  externalTrafficPolicy: Local',
        '  ports:',
        '  - {name: http, port: 80, targetPort: web, nodePort: 30080}',
        '  - {name: dns, port: 53, protocol: UDP}',
        '  - {name: alt, port: 81, targetPort: 8081}',
        'status: {loadBalancer: {ingress: [{ip: 198.51.100.1, ipMode: VIP}, {hostname: lb.example.com}]}}',
      ].join('\n'),
    );
    const result = read(text);
    expect(result.diagnostics).toEqual([]);
    const [service] = result.objects.services;
    expect(service).toMatchObject({
      type: 'LoadBalancer',
      headless: false,
      externalTrafficPolicy: 'Local',
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, targetPort: 'web', nodePort: 30080 },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53, nodePort: 0 },
        { name: 'alt', protocol: 'TCP', port: 81, targetPort: 8081, nodePort: 0 },
      ],
    });
    expect([...(service?.selector ?? [])]).toEqual([['app', 'web']]);
    expect(service?.clusterIps.map(formatIp)).toEqual(['10.96.0.1', 'fd00::1']);
    expect(service?.externalIps.map(formatIp)).toEqual(['203.0.113.1']);
    expect(service?.loadBalancerIps.map(formatIp)).toEqual(['198.51.100.1']);
  });

  test('headless, without selector, by external name', () => {
    expect(
      read(object('v1', 'Service', 'spec: {clusterIP: None, selector: {a: b}}')).objects.services[0],
    ).toMatchObject({ headless: true, clusterIps: [], ports: [] });
    expect(read(object('v1', 'Service', 'spec: {ports: [{port: 80}]}')).objects.services[0]?.selector).toBeUndefined();
    expect(
      read(object('v1', 'Service', 'spec: {type: ExternalName, externalName: example.com}')).objects.services[0],
    ).toMatchObject({ type: 'ExternalName', externalName: 'example.com' });
  });

  test.each([
    [
      '{type: Nodeport, ports: [{port: 80}]}',
      [
        'spec.type: Unsupported value: "Nodeport": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      '{type: y, ports: [{port: 80}]}',
      ['json: cannot unmarshal bool into Go struct field ServiceSpec.spec.type of type v1.ServiceType'],
    ],
    ['{type: ExternalName}', ['spec.externalName: Required value']],
    ['{ports: [{port: 0}]}', ['spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive']],
    [
      '{ports: [{port: 80, targetPort: "80"}]}',
      ['spec.ports[0].targetPort: Invalid value: "80": must contain at least one letter (a-z)'],
    ],
    [
      '{ports: [{port: 80, targetPort: 65536}]}',
      ['spec.ports[0].targetPort: Invalid value: 65536: must be between 1 and 65535, inclusive'],
    ],
    [
      '{ports: [{port: 80, protocol: HTTP}]}',
      ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
    ],
    ['{ports: [{port: 80, name: a}, {port: 81, name: a}]}', ['spec.ports[1].name: Duplicate value: "a"']],
    [
      '{ports: [{port: "80"}]}',
      ['json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32'],
    ],
    [
      '{ports: [{port: 80}], selector: {a: true}}',
      ['json: cannot unmarshal bool into Go struct field ServiceSpec.spec.selector of type string'],
    ],
    [
      '{ports: [{port: 80}], selector: {matchLabels: {a: b}}}',
      ['json: cannot unmarshal object into Go struct field ServiceSpec.spec.selector of type string'],
    ],
  ])('%s', (spec, messages) => {
    expect(messagesOf(object('v1', 'Service', `spec: ${spec}`))).toEqual(messages);
  });

  test.each([
    ['{}', ['4:7 spec.ports: Required value'], []],
    [
      '{ports: [{port: 80}, {port: 81, targetPort: 8081}]}',
      ['4:16 spec.ports[0].name: Required value', '4:28 spec.ports[1].name: Required value'],
      [80, 8081],
    ],
  ])('%s is refused by the server, yet plain: it counts, with a warning', (spec, warnings, targets) => {
    const text = object('v1', 'Service', `spec: ${spec}`);
    expect(messagesOf(text)).toEqual([]);
    expect(warningsOf(text)).toEqual(warnings);
    expect(read(text).objects.services[0]?.ports.map(({ targetPort }) => targetPort)).toEqual(targets);
  });

  test.each([
    ['1st', 0],
    ['Web', 1],
    ['a.b', 1],
  ])('the name %s has %i errors', (name, count) => {
    expect(errorsOf(object('v1', 'Service', 'spec: {ports: [{port: 80}]}', name))).toHaveLength(count);
  });
});

describe('Endpoints and EndpointSlice', () => {
  test('every subset is an object of its own', () => {
    const text = object(
      'v1',
      'Endpoints',
      'subsets:\n- addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: web-1}}, {ip: 10.0.0.2}]\n  notReadyAddresses: [{ip: 10.0.0.3}]\n  ports: [{name: http, port: 8080}]\n- addresses: [{ip: "fd00::1"}]\n  ports: [{port: 53, protocol: UDP}]',
    );
    const { endpoints } = read(text).objects;
    expect(endpoints.map(({ kind, serviceName }) => [kind, serviceName])).toEqual([
      ['Endpoints', 'a'],
      ['Endpoints', 'a'],
    ]);
    expect(endpoints[0]?.endpoints.map(({ addresses, podName }) => [addresses.map(formatIp), podName])).toEqual([
      [['10.0.0.1'], 'web-1'],
      [['10.0.0.2'], ''],
    ]);
    expect(endpoints.map(({ ports }) => ports)).toEqual([
      [{ name: 'http', protocol: 'TCP', port: 8080 }],
      [{ name: '', protocol: 'UDP', port: 53 }],
    ]);
  });

  test('a slice', () => {
    const text =
      'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-x1, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nendpoints:\n- {addresses: [10.0.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: web-1, namespace: default}}\n- {addresses: [10.0.0.9]}\nports: [{name: "", port: 80, protocol: TCP}]';
    const [slice] = read(text).objects.endpoints;
    expect(slice).toMatchObject({ kind: 'EndpointSlice', serviceName: 'web', ports: [{ port: 80 }] });
    expect(slice?.endpoints.map(({ podName }) => podName)).toEqual(['web-1', '']);
  });

  test('a slice of names has no addresses', () => {
    const [slice] = read(
      object('discovery.k8s.io/v1', 'EndpointSlice', 'addressType: FQDN\nendpoints: [{addresses: [example.com]}]'),
    ).objects.endpoints;
    expect(slice?.endpoints).toEqual([{ addresses: [], podName: '' }]);
  });
});

describe('Ingress', () => {
  test('its backends', () => {
    const text = object(
      'networking.k8s.io/v1',
      'Ingress',
      [
        'spec:',
        '  ingressClassName: nginx',
        '  defaultBackend: {service: {name: fallback, port: {number: 80}}}',
        '  rules:',
        '  - host: shop.example.com',
        '    http:',
        '      paths:',
        '      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {name: http}}}}',
        '      - {pathType: ImplementationSpecific, backend: {resource: {kind: Bucket, name: b}}}',
        '  - host: bare.example.com',
      ].join('\n'),
    );
    const result = read(text);
    expect(result.diagnostics).toEqual([]);
    expect(result.objects.ingresses[0]).toMatchObject({
      ingressClassName: 'nginx',
      backends: [
        { host: '', path: '/', serviceNamespace: 'default', serviceName: 'fallback', servicePort: 80 },
        { host: 'shop.example.com', path: '/api', serviceName: 'api', servicePort: 'http' },
      ],
    });
  });

  test('the class by annotation', () => {
    const text =
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, annotations: {kubernetes.io/ingress.class: old}}\nspec: {defaultBackend: {service: {name: s, port: {number: 80}}}}';
    expect(read(text).objects.ingresses[0]?.ingressClassName).toBe('old');
  });

  const at = 'spec.rules[0].http.paths[0]';
  const path = (text: string) => `{rules: [{http: {paths: [${text}]}}]}`;
  test.each([
    ['{}', ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
    ['{rules: [{http: {}}]}', ['spec.rules[0].http.paths: Required value']],
    [
      path('{path: /, pathType: Prefix}'),
      [`${at}.backend: Invalid value: "": resource or service backend is required`],
    ],
    [
      path('{path: /, pathType: Prefix, backend: {service: {port: {number: 80}}}}'),
      [`${at}.backend.service.name: Required value`],
    ],
    [
      path('{path: /, pathType: Prefix, backend: {service: {name: s}}}'),
      [`${at}.backend: Required value: port name or number is required`],
    ],
    [
      path('{path: /, pathType: Prefix, backend: {service: {name: s, port: {name: a, number: 80}}}}'),
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [
      path('{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 65536}}}}'),
      [`${at}.backend.service.port.number: Invalid value: 65536: must be between 1 and 65535, inclusive`],
    ],
  ])('%s', (spec, messages) => {
    expect(messagesOf(object('networking.k8s.io/v1', 'Ingress', `spec: ${spec}`))).toEqual(messages);
  });

  const backend = 'backend: {service: {name: s, port: {number: 80}}}';
  test.each([
    [`{path: /, ${backend}}`, `${at}.pathType: Required value: pathType must be specified`],
    [
      `{path: /, pathType: prefix, ${backend}}`,
      `${at}.pathType: Unsupported value: "prefix": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
    [`{path: api, pathType: Prefix, ${backend}}`, `${at}.path: Invalid value: "api": must be an absolute path`],
  ])('%s leads to its Service all the same, with a warning', (text, warning) => {
    const ingress = object('networking.k8s.io/v1', 'Ingress', `spec: ${path(text)}`);
    expect(messagesOf(ingress)).toEqual([]);
    expect(warningsOf(ingress).map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([warning]);
    expect(read(ingress).objects.ingresses[0]?.backends).toMatchObject([{ serviceName: 's', servicePort: 80 }]);
  });
});

describe('Gateway API', () => {
  test.each(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'])('%s', (apiVersion) => {
    const text = [
      object(
        apiVersion,
        'HTTPRoute',
        [
          'spec:',
          '  parentRefs: [{name: gw, namespace: infra}, {name: local}, {kind: Service, group: "", name: mesh}]',
          '  hostnames: [a.example.com, b.example.com]',
          '  rules:',
          '  - matches: [{path: {type: PathPrefix, value: /api}}]',
          '    backendRefs: [{name: api, port: 80}, {name: canary, namespace: other, port: 81, weight: 1}, {name: off, port: 82, weight: 0}, {kind: Bucket, group: x, name: b}]',
          '  - backendRefs: [{name: rest, port: 90}]',
        ].join('\n'),
      ),
      object(
        apiVersion,
        'Gateway',
        'spec: {gatewayClassName: gc, listeners: [{name: http, port: 80, protocol: HTTP, hostname: "*.example.com"}]}',
      ),
    ].join('\n---\n');
    const result = read(text);
    expect(result.diagnostics).toEqual([]);
    expect(result.objects.httpRoutes[0]).toMatchObject({
      parents: [
        { namespace: 'infra', name: 'gw' },
        { namespace: 'default', name: 'local' },
      ],
      backends: [
        {
          host: 'a.example.com,b.example.com',
          path: '/api',
          serviceNamespace: 'default',
          serviceName: 'api',
          servicePort: 80,
        },
        { serviceNamespace: 'other', serviceName: 'canary', servicePort: 81 },
        { path: '/', serviceName: 'rest', servicePort: 90 },
      ],
    });
    expect(result.objects.gateways[0]).toMatchObject({
      gatewayClassName: 'gc',
      listeners: [{ name: 'http', port: 80, protocol: 'HTTP', hostname: '*.example.com' }],
    });
  });

  test('wrong types in the words of a schema', () => {
    expect(messagesOf(object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'spec: {rules: {a: b}}'))).toEqual([
      'spec.rules: Invalid value: "object": spec.rules in body must be of type array: "object"',
    ]);
  });
});
