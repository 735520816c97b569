import { describe, expect, it } from 'vitest';
import { type JsonObject, withFields } from '../../../../src/lab/api/json.ts';
import { objectAt, objectsInPlace } from '../../../../src/lab/api/field-values.ts';
import { strategies } from '../../../../src/lab/api/kinds/strategies.ts';
import { KindCluster, podOf } from './kind-cluster.ts';

const web = { name: 'web', image: 'nginx' };

function causesOf(spec: JsonObject): readonly string[] {
  return new KindCluster().create(podOf(spec)).causes;
}

function withContainer(fields: JsonObject): JsonObject {
  return { containers: [{ ...web, ...fields }] };
}

describe('what is filled into a pod', () => {
  it('is everything that a bare one lacks', () => {
    const { object, causes, warnings } = new KindCluster().create(podOf({ containers: [web] }));
    expect(causes).toEqual([]);
    expect(warnings).toEqual([]);
    expect(object['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(object['spec']).toEqual({
      containers: [
        {
          name: 'web',
          image: 'nginx',
          imagePullPolicy: 'Always',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      serviceAccount: 'default',
      serviceAccountName: 'default',
      terminationGracePeriodSeconds: 30,
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    });
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry.test:5000/nginx', 'Always'],
    ['registry.test:5000/nginx:1.27', 'IfNotPresent'],
    ['nginx@sha256:abc', 'IfNotPresent'],
    ['nginx:latest@sha256:abc', 'Always'],
  ])('pulls %s %s', (image, policy) => {
    const { object } = new KindCluster().create(podOf({ containers: [{ name: 'web', image }] }));
    expect(objectsInPlace(objectAt(object, 'spec'), 'containers')[0]?.['imagePullPolicy']).toBe(policy);
  });

  it('takes limits for requests, in canonical form', () => {
    const limits = { cpu: '0.5', memory: '1024Mi', 'ephemeral-storage': '1e3' };
    const { object } = new KindCluster().create(
      podOf(withContainer({ resources: { limits, requests: { cpu: '.1' } } })),
    );
    expect(objectsInPlace(objectAt(object, 'spec'), 'containers')[0]?.['resources']).toEqual({
      limits: { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1e3' },
      requests: { cpu: '100m', memory: '1Gi', 'ephemeral-storage': '1e3' },
    });
  });

  it.each([
    [{}, 'BestEffort'],
    [{ requests: { cpu: '0' } }, 'BestEffort'],
    [{ requests: { cpu: '1' } }, 'Burstable'],
    [{ limits: { cpu: '1' } }, 'Burstable'],
    [{ limits: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
    [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } }, 'Guaranteed'],
    [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '900m' } }, 'Burstable'],
  ])('says how sure %j is: %s', (resources, expected) => {
    const { object } = new KindCluster().create(podOf(withContainer({ resources })));
    expect(objectAt(object, 'status')['qosClass']).toBe(expected);
  });

  it('puts ports of the host network on the host', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 81, hostPort: 81 }];
    const { object, causes } = new KindCluster().create(podOf({ hostNetwork: true, ...withContainer({ ports }) }));
    expect(causes).toEqual([]);
    expect(objectsInPlace(objectAt(object, 'spec'), 'containers')[0]?.['ports']).toEqual([
      { containerPort: 80, hostPort: 80, protocol: 'TCP' },
      { containerPort: 81, hostPort: 81, protocol: 'TCP' },
    ]);
  });

  it('makes a volume without a source an empty directory', () => {
    const { object } = new KindCluster().create(podOf({ containers: [web], volumes: [{ name: 'tmp' }] }));
    expect(objectAt(object, 'spec')['volumes']).toEqual([{ name: 'tmp', emptyDir: {} }]);
  });

  it('says that gates hold it', () => {
    const { object } = new KindCluster().create(podOf({ containers: [web], schedulingGates: [{ name: 'a/b' }] }));
    expect(objectsInPlace(objectAt(object, 'status'), 'conditions')[0]).toMatchObject({ reason: 'SchedulingGated' });
  });
});

describe('what is refused in a pod', () => {
  it.each<[what: string, spec: JsonObject, causes: readonly string[]]>([
    ['no container', {}, ['spec.containers: Required value']],
    [
      'names and images that are missing, malformed or taken',
      { containers: [{}, { name: 'A', image: 'x' }, { name: 'web', image: ' ' }, web] },
      [
        'spec.containers[0].name: Required value',
        'spec.containers[0].image: Required value',
        "spec.containers[1].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'spec.containers[3].name: Duplicate value: "web"',
        'spec.containers[2].image: Invalid value: " ": must not have leading or trailing whitespace',
      ],
    ],
    [
      'ports',
      withContainer({
        ports: [
          { name: 'http', containerPort: 0 },
          { name: 'http', containerPort: 65_536, protocol: 'ICMP' },
          { name: '80', containerPort: 80, hostPort: -1 },
        ],
      }),
      [
        'spec.containers[0].ports[0].containerPort: Required value',
        'spec.containers[0].ports[1].name: Duplicate value: "http"',
        'spec.containers[0].ports[1].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive',
        'spec.containers[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        'spec.containers[0].ports[2].name: Invalid value: "80": must contain at least one letter (a-z)',
        'spec.containers[0].ports[2].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'the same port of the host twice',
      {
        containers: [
          { ...web, ports: [{ containerPort: 80, hostPort: 8080 }] },
          { name: 'other', image: 'x', ports: [{ containerPort: 81, hostPort: 8080 }] },
        ],
      },
      ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//8080"'],
    ],
    [
      'another port of the host than of the container on the host network',
      { hostNetwork: true, ...withContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }) },
      [
        'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
      ],
    ],
    [
      'environment variables',
      withContainer({
        env: [
          { value: 'x' },
          { name: 'a=b' },
          { name: 'C', value: 'x', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'D', valueFrom: {} },
          { name: 'E', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } },
          { name: 'F', valueFrom: { secretKeyRef: { name: 's', key: 'a/b' } } },
          { name: 'G', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        ],
      }),
      [
        'spec.containers[0].env[0].name: Required value',
        'spec.containers[0].env[1].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
        'spec.containers[0].env[2].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        'spec.containers[0].env[3].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        'spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.nope": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
        "spec.containers[0].env[5].valueFrom.secretKeyRef.key: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      'mounts of volumes that are not there',
      {
        volumes: [{ name: 'tmp' }, { name: 'tmp' }, { name: 'two', emptyDir: {}, hostPath: { path: '/' } }],
        ...withContainer({
          volumeMounts: [
            { name: 'tmp', mountPath: '/a' },
            { name: 'data', mountPath: '/a' },
            { name: 'tmp', mountPath: '/b', subPath: '../x' },
          ],
        }),
      },
      [
        'spec.volumes[1].name: Duplicate value: "tmp"',
        'spec.volumes[2].hostPath: Forbidden: may not specify more than 1 volume type',
        'spec.containers[0].volumeMounts[1].name: Not found: "data"',
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
        'spec.containers[0].volumeMounts.subPath: Invalid value: "../x": must not contain \'..\'',
      ],
    ],
    [
      'probes',
      withContainer({
        livenessProbe: { successThreshold: 2, exec: { command: [] } },
        readinessProbe: { periodSeconds: -1, httpGet: { port: 'http_' }, tcpSocket: { port: 80 } },
        startupProbe: {},
      }),
      [
        'spec.containers[0].livenessProbe.exec.command: Required value',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
        'spec.containers[0].readinessProbe.httpGet.port: Invalid value: "http_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
        'spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.containers[0].startupProbe: Required value: must specify a handler type',
      ],
    ],
    [
      'resources',
      withContainer({
        resources: { limits: { cpu: '-1', nope: '1', memory: '1Gi' }, requests: { memory: '2Gi', 'a.b/c': '1' } },
      }),
      [
        'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.containers[0].resources.limits[nope]: Invalid value: "nope": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[nope]: Invalid value: "nope": must be a standard resource for containers',
        'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
        'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
        'spec.containers[0].resources.requests[nope]: Invalid value: "nope": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[nope]: Invalid value: "nope": must be a standard resource for containers',
      ],
    ],
    [
      'policies',
      { containers: [{ ...web, imagePullPolicy: 'Sometimes' }], restartPolicy: 'never', dnsPolicy: 'None' },
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        'spec.restartPolicy: Unsupported value: "never": supported values: "Always", "OnFailure", "Never"',
        'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
      ],
    ],
    [
      'what init containers may not have',
      {
        containers: [web],
        initContainers: [
          { name: 'web', image: 'x', livenessProbe: { tcpSocket: { port: 1 } } },
          { name: 'side', image: 'x', restartPolicy: 'Always', readinessProbe: { tcpSocket: { port: 1 } } },
          { name: 'once', image: 'x', restartPolicy: 'Never' },
        ],
      },
      [
        'spec.initContainers[0].name: Duplicate value: "web"',
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
        'spec.initContainers[2].restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ],
    ],
    [
      'names, times and tolerations',
      {
        containers: [web],
        nodeSelector: { 'a b': 'c d' },
        serviceAccountName: 'A',
        activeDeadlineSeconds: 0,
        hostname: 'a.b',
        tolerations: [{ operator: 'Equal' }, { key: 'k', operator: 'Exists', value: 'v', effect: 'Nope' }],
        hostAliases: [{ ip: '1.2.3' }],
      },
      [
        expect.stringContaining('spec.nodeSelector: Invalid value: "a b": name part must consist of') as string,
        expect.stringContaining('spec.nodeSelector: Invalid value: "c d": a valid label must be') as string,
        expect.stringContaining(
          'spec.serviceAccountName: Invalid value: "A": a lowercase RFC 1123 subdomain',
        ) as string,
        'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
        expect.stringContaining('spec.hostname: Invalid value: "a.b": a lowercase RFC 1123 label') as string,
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        'spec.tolerations[1].operator: Invalid value: "v": value must be empty when `operator` is \'Exists\'',
        'spec.tolerations[1].effect: Unsupported value: "Nope": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'affinities',
      {
        containers: [web],
        affinity: {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 101, podAffinityTerm: { topologyKey: 'zone' } },
            ],
          },
        },
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
        'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100',
      ],
    ],
    [
      'security that contradicts itself',
      {
        securityContext: { runAsUser: -1, seccompProfile: { type: 'Localhost' } },
        ...withContainer({ securityContext: { allowPrivilegeEscalation: false, privileged: true } }),
      },
      [
        'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
        'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
      ],
    ],
    [
      'a node before its time',
      { containers: [web], nodeName: 'lab-1', schedulingGates: [{ name: 'a/b' }] },
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
  ])('%s', (_, spec, causes) => {
    expect(causesOf(spec)).toEqual(causes);
  });

  it('ephemeral containers, before it is there', () => {
    const pod = podOf({ containers: [web], ephemeralContainers: [{ name: 'debug', image: 'busybox' }] });
    const message = 'Pod "web" is invalid: spec.ephemeralContainers: Forbidden: cannot be set on create';
    expect(() => new KindCluster().create(pod)).toThrow(message);
  });

  it('ephemeral containers that others would rely on', () => {
    const cluster = new KindCluster();
    const pod = cluster.store(podOf({ containers: [web] }));
    const ephemeralContainers = [
      { name: 'web', image: 'x', ports: [{ containerPort: 1, protocol: 'TCP' }], targetContainerName: 'nope' },
      { name: 'debug', image: 'x', volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a' }] },
    ];
    expect(cluster.updateSpec(pod, { ephemeralContainers }).causes).toEqual([
      'spec.ephemeralContainers[0].name: Duplicate value: "web"',
      'spec.ephemeralContainers[0].targetContainerName: Not found: "nope"',
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[1].volumeMounts[0].name: Not found: "v"',
      'spec.ephemeralContainers[1].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container',
      // They come by their subresource alone.
      expect.stringContaining('changed: `spec.ephemeralContainers`') as string,
    ]);
  });

  it.each<[what: string, spec: JsonObject, warnings: readonly string[]]>([
    [
      'variables and ports twice',
      withContainer({
        env: [{ name: 'A' }, { name: 'A' }, { name: 'A', value: '$(A):b' }],
        ports: [{ containerPort: 80 }, { containerPort: 80 }],
      }),
      [
        'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
      ],
    ],
    [
      'ports that overlap',
      withContainer({
        ports: [
          { containerPort: 80, hostPort: 8080 },
          { containerPort: 80, hostPort: 8080, hostIP: '10.0.0.1' },
          { containerPort: 80, protocol: 'UDP' },
          { containerPort: 80, protocol: 'UDP', hostPort: 9 },
        ],
      }),
      [
        'spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[2]',
      ],
    ],
    [
      'half bytes, old labels and selectors of nothing',
      {
        ...withContainer({ resources: { limits: { memory: '100m' } } }),
        nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
        imagePullSecrets: [{ name: 'a' }, { name: 'a' }],
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a' }] } },
      },
      [
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
  ])('is warned of when it is only strange: %s', (_, spec, expected) => {
    const { causes, warnings } = new KindCluster().create(podOf(spec));
    expect(causes).toEqual([]);
    expect(warnings).toEqual(expected);
  });
});

describe('what may change in a pod', () => {
  const cluster = new KindCluster();
  const pod = cluster.store(podOf({ containers: [web], activeDeadlineSeconds: 100 }));

  it.each<[what: string, spec: JsonObject]>([
    ['the image', { containers: [{ ...containerOf(pod), image: 'nginx:2' }] }],
    ['a shorter deadline', { activeDeadlineSeconds: 50 }],
    [
      'more tolerations',
      { tolerations: [...objectsInPlace(objectAt(pod, 'spec'), 'tolerations'), { key: 'new', operator: 'Exists' }] },
    ],
  ])('%s', (_, spec) => {
    expect(cluster.updateSpec(pod, spec).causes).toEqual([]);
  });

  it.each<[what: string, spec: JsonObject, causes: readonly string[]]>([
    [
      'containers that come or go',
      { containers: [web, { name: 'b', image: 'x' }] },
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'a longer deadline',
      { activeDeadlineSeconds: 101 },
      ['spec.activeDeadlineSeconds: Invalid value: 101: must be less than or equal to previous value'],
    ],
    [
      'no deadline any more',
      { activeDeadlineSeconds: undefined },
      ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
    ],
    [
      'other tolerations',
      { tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }] },
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    ],
    [
      'the rest',
      { nodeName: 'lab-1', restartPolicy: 'Never' },
      [
        'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\nchanged: `spec.restartPolicy`, `spec.nodeName`',
      ],
    ],
  ])('not %s', (_, spec, causes) => {
    expect(cluster.updateSpec(pod, spec).causes).toEqual(causes);
  });

  it('labels at will', () => {
    const next = withFields(pod, { metadata: { ...objectAt(pod, 'metadata'), labels: { app: 'web' } } });
    expect(cluster.update(pod, next).causes).toEqual([]);
  });
});

describe('how long a pod may take to end', () => {
  const grace = (pod: JsonObject) => strategies.get('Pod')?.gracePeriodSeconds?.(pod);
  it.each<[spec: JsonObject, phase: string, seconds: number]>([
    [{ nodeName: 'lab-1', terminationGracePeriodSeconds: 5 }, 'Running', 5],
    [{ nodeName: 'lab-1' }, 'Running', 30],
    [{ nodeName: 'lab-1', terminationGracePeriodSeconds: -5 }, 'Running', 1],
    [{ terminationGracePeriodSeconds: 5 }, 'Pending', 0],
    [{ nodeName: 'lab-1', terminationGracePeriodSeconds: 5 }, 'Succeeded', 0],
  ])('%j in phase %s: %d s', (spec, phase, seconds) => {
    expect(grace({ ...podOf(spec), status: { phase } })).toBe(seconds);
  });
});

function containerOf(pod: JsonObject): JsonObject {
  return objectsInPlace(objectAt(pod, 'spec'), 'containers')[0] ?? {};
}
