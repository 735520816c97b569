import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { labNetworks } from '../../../src/lab/networks.ts';
import { environmentOf, type ConfigSource } from '../../../src/lab/node/environment.ts';
import { expand } from '../../../src/lab/node/expansion.ts';
import { type PodFacts, quantity, resourceValue } from '../../../src/lab/node/field-ref.ts';
import { hostAliasesOf, hostnameOf, resolverOf } from '../../../src/lab/node/resolver.ts';
import { serviceLinks } from '../../../src/lab/node/service-links.ts';
import { accountFiles, mountsOf, volumesOf, type VolumeSource } from '../../../src/lab/node/volumes.ts';

const POD: JsonObject = {
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    uid: 'u-1',
    labels: { app: 'web', a: 'x"y' },
    annotations: { note: 'n' },
  },
  spec: { nodeName: 'lab-1', serviceAccountName: 'robot' },
};

const facts = (pod: JsonObject = POD): PodFacts => ({
  pod,
  podIPs: ['10.244.0.9', 'fd00:10:244::9'],
  hostIPs: ['172.30.0.2'],
  allocatable: new Map([
    ['memory', '2Gi'],
    ['cpu', '2'],
  ]),
});

const CONFIG: VolumeSource = {
  configMap: (name) =>
    name === 'settings'
      ? { metadata: { namespace: 'shop', name }, data: { color: 'blue', 'bad=name': 'x' }, binaryData: { raw: 'AAE=' } }
      : name === 'kube-root-ca.crt'
        ? { data: { 'ca.crt': 'CERT' } }
        : undefined,
  secret: (name) =>
    name === 'hidden' ? { metadata: { namespace: 'shop', name }, data: { key: 'c2VjcmV0' } } : undefined,
  token: (audience, seconds) => `token for ${audience || 'the API'}, ${seconds} s`,
};

const env = (container: JsonObject, links: ReadonlyMap<string, string> = new Map(), config: ConfigSource = CONFIG) =>
  Object.fromEntries(environmentOf(container, facts(), config, links));

describe('variables', () => {
  it('are replaced', () => {
    const known = new Map([
      ['A', '1'],
      ['B', '$(A)'],
    ]);
    const lookup = (name: string) => known.get(name);
    const cases: readonly (readonly [string, string])[] = [
      ['$(A)', '1'],
      ['x$(A)y$(B)z', 'x1y$(A)z'],
      ['$$(A)', '$(A)'],
      ['$$$(A)', '$1'],
      ['$(C) $A $', '$(C) $A $'],
      ['$(A', '$(A'],
      ['$(', '$('],
      ['', ''],
    ];
    expect(cases.map(([text]) => [text, expand(text, lookup)])).toEqual(cases);
  });

  it('come from everywhere', () => {
    const ref = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
    expect(
      env(
        {
          envFrom: [
            { prefix: 'C_', configMapRef: { name: 'settings' } },
            { secretRef: { name: 'hidden' } },
            { configMapRef: { name: 'no', optional: true } },
          ],
          env: [
            { name: 'PLAIN', value: 'text' },
            { name: 'BOTH', value: '$(PLAIN) $(C_color) $(WEB_HOST) $(LATER)' },
            { name: 'LATER', value: 'x' },
            { name: 'NAME', ...ref('metadata.name') },
            { name: 'APP', ...ref("metadata.labels['app']") },
            { name: 'IP', ...ref('status.podIP') },
            { name: 'IPS', ...ref('status.podIPs') },
            { name: 'HOST', ...ref('status.hostIP') },
            { name: 'ACCOUNT', ...ref('spec.serviceAccountName') },
            { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'hidden', key: 'key' } } },
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
            { name: 'NOTHING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none', optional: true } } },
            { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
            { name: 'OWN', value: 'mine' },
          ],
        },
        new Map([
          ['WEB_HOST', '10.96.0.80'],
          ['OWN', 'link'],
        ]),
      ),
    ).toEqual({
      C_color: 'blue',
      key: 'secret',
      PLAIN: 'text',
      BOTH: 'text blue 10.96.0.80 $(LATER)',
      LATER: 'x',
      NAME: 'web-0',
      APP: 'web',
      IP: '10.244.0.9',
      IPS: '10.244.0.9,fd00:10:244::9',
      HOST: '172.30.0.2',
      ACCOUNT: 'robot',
      SECRET: 'secret',
      COLOR: 'blue',
      LIMIT: '2048',
      OWN: 'mine',
      WEB_HOST: '10.96.0.80',
    });
  });

  it.each<readonly [string, JsonObject, string]>([
    ['a ConfigMap', { envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
    [
      'a Secret',
      { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }] },
      'secret "no" not found',
    ],
    [
      'a key',
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] },
      "couldn't find key k in ConfigMap shop/settings",
    ],
    [
      'a field',
      { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.secret' } } }] },
      'unsupported fieldPath: spec.secret',
    ],
  ])('that need %s that is missing are refused', (_, container, message) => {
    expect(() => env(container)).toThrow(message);
  });

  it('do not grow without end', () => {
    const doubling = Array.from({ length: 40 }, (_, index) => ({
      name: `V${index}`,
      value: index === 0 ? 'x'.repeat(100) : `$(V${index - 1})$(V${index - 1})`,
    }));
    expect(() => env({ env: doubling })).toThrow('variables expand to more than 1 MiB');
    expect(() =>
      env({ env: Array.from({ length: 300 }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(4000) })) }),
    ).toThrow('larger than 1 MiB');
  });

  it.each([
    ['500m', 0.5],
    ['1Ki', 1024],
    ['2', 2],
    ['1.5G', 1.5e9],
    ['1e3', 1000],
    ['x', undefined],
    ['', undefined],
  ])('read the quantity %s', (text, value) => {
    expect(quantity(text)).toBe(value);
  });

  it('round resources up', () => {
    const pod = {
      ...POD,
      spec: { containers: [{ name: 'c', resources: { limits: { cpu: '1500m' }, requests: { cpu: '250m' } } }] },
    };
    const value = (resource: string, divisor?: string) =>
      resourceValue(
        facts(pod),
        { containerName: 'c', resource, ...(divisor === undefined ? {} : { divisor }) },
        undefined,
      );
    expect([
      value('limits.cpu'),
      value('limits.cpu', '1m'),
      value('requests.cpu'),
      value('requests.memory'),
      value('limits.memory', '1Gi'),
    ]).toEqual(['2', '1500', '1', '0', '2']);
    expect(() => value('bogus')).toThrow('unsupported container resource');
  });

  it('lead to Services', () => {
    const service = (name: string, ports: readonly JsonObject[], namespace = 'shop'): JsonObject => ({
      metadata: { name, namespace },
      spec: { clusterIP: '10.96.0.80', ports },
    });
    const api = service('kubernetes', [{ name: 'https', port: 443 }], 'default');
    const links = serviceLinks(
      [
        service('my-web', [{ port: 80 }]),
        { metadata: { name: 'h' }, spec: { clusterIP: 'None', ports: [{ port: 1 }] } },
      ],
      api,
      true,
    );
    expect(Object.fromEntries(links)).toEqual({
      KUBERNETES_SERVICE_HOST: '10.96.0.80',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: 'tcp://10.96.0.80:443',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.80:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.80',
      MY_WEB_SERVICE_HOST: '10.96.0.80',
      MY_WEB_SERVICE_PORT: '80',
      MY_WEB_PORT: 'tcp://10.96.0.80:80',
      MY_WEB_PORT_80_TCP: 'tcp://10.96.0.80:80',
      MY_WEB_PORT_80_TCP_PROTO: 'tcp',
      MY_WEB_PORT_80_TCP_PORT: '80',
      MY_WEB_PORT_80_TCP_ADDR: '10.96.0.80',
    });
    expect(
      [...serviceLinks([service('web', [{ port: 80 }])], api, false).keys()].every((name) =>
        name.startsWith('KUBERNETES_'),
      ),
    ).toBe(true);
  });
});

describe('volumes', () => {
  const mounted = (volumes: readonly JsonObject[], mounts: readonly JsonObject[]) => {
    const pod = { ...POD, spec: { volumes } };
    const { files, folders } = mountsOf(
      { volumeMounts: mounts },
      volumesOf(facts(pod), CONFIG),
      new Map([['SUB', 'color']]),
    );
    return {
      files: files.map(({ path, content, mode }) => `${path} ${mode.toString(8)} ${Buffer.from(content).toString()}`),
      folders,
    };
  };

  it('are files', () => {
    expect(
      mounted(
        [
          { name: 'c', configMap: { name: 'settings', defaultMode: 0o600 } },
          { name: 's', secret: { secretName: 'hidden', items: [{ key: 'key', path: 'deep/file', mode: 0o400 }] } },
          { name: 'e', emptyDir: {} },
          { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          {
            name: 'p',
            projected: {
              sources: [
                { serviceAccountToken: { path: 'token', audience: 'me', expirationSeconds: 600 } },
                { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
                { secret: { name: 'none', optional: true } },
              ],
            },
          },
        ],
        [
          { name: 'c', mountPath: '/etc/settings/' },
          { name: 'c', mountPath: '/one', subPath: 'color' },
          { name: 'c', mountPath: '/two', subPathExpr: '$(SUB)' },
          { name: 's', mountPath: '/s' },
          { name: 's', mountPath: '/deep', subPath: 'deep' },
          { name: 'e', mountPath: 'cache' },
          { name: 'd', mountPath: '/d' },
          { name: 'p', mountPath: '/p' },
        ],
      ),
    ).toEqual({
      files: [
        '/etc/settings/color 600 blue',
        '/etc/settings/bad=name 600 x',
        '/etc/settings/raw 600 \u0000\u0001',
        '/one 600 blue',
        '/two 600 blue',
        '/s/deep/file 400 secret',
        '/deep/file 400 secret',
        '/d/labels 644 a="x\\"y"\napp="web"',
        '/p/token 644 token for me, 600 s',
        '/p/ca.crt 644 CERT',
      ],
      folders: ['/cache'],
    });
  });

  it.each<readonly [string, JsonObject, string]>([
    [
      'a ConfigMap that is not there',
      { configMap: { name: 'no' } },
      'MountVolume.SetUp failed for volume "v" : configmap "no" not found (namespace shop)',
    ],
    [
      'a key that is not there',
      { secret: { secretName: 'hidden', items: [{ key: 'x', path: 'x' }] } },
      'references non-existent secret key: x',
    ],
    [
      'what the lab has not',
      { persistentVolumeClaim: { claimName: 'c' } },
      'the lab has no volumes of the kind persistentVolumeClaim',
    ],
    [
      'a way out',
      { configMap: { name: 'settings', items: [{ key: 'color', path: '../../etc/passwd' }] } },
      'invalid path "../../etc/passwd"',
    ],
  ])('refuse %s', (_, volume, message) => {
    expect(() => mounted([{ name: 'v', ...volume }], [{ name: 'v', mountPath: '/v' }])).toThrow(message);
  });

  it.each(['', '/', '../x', '/a/../../b'])('are not mounted at %j', (mountPath) => {
    expect(() => mounted([{ name: 'v', emptyDir: {} }], [{ name: 'v', mountPath }])).toThrow('cannot mount');
  });

  it.each<readonly [string, JsonObject, JsonObject, JsonObject | undefined, readonly string[]]>([
    ['everybody', {}, {}, {}, ['ca.crt', 'namespace', 'token']],
    ['nobody without an account', {}, {}, undefined, []],
    [
      'nobody whose pod says no',
      {},
      { automountServiceAccountToken: false },
      { automountServiceAccountToken: true },
      [],
    ],
    ['nobody whose account says no', {}, {}, { automountServiceAccountToken: false }, []],
    [
      'who asks for it',
      {},
      { automountServiceAccountToken: true },
      { automountServiceAccountToken: false },
      ['ca.crt', 'namespace', 'token'],
    ],
    [
      'nobody who has it already',
      { volumeMounts: [{ name: 'x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] },
      {},
      {},
      [],
    ],
  ])('give the token to %s', (_, container, spec, account, names) => {
    const files = accountFiles(container, facts({ ...POD, spec }), account, CONFIG);
    expect(files.map(({ path }) => path.slice('/var/run/secrets/kubernetes.io/serviceaccount/'.length))).toEqual(names);
  });
});

describe('the resolver', () => {
  const networks = labNetworks(1, 'dual');
  const resolver = (spec: JsonObject) => resolverOf({ metadata: { namespace: 'shop' }, spec }, networks);
  const servers = ['10.96.0.10', 'fd00:10:96::a'];
  const searches = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];

  it.each<readonly [string, JsonObject, readonly string[], readonly string[], readonly string[]]>([
    ['in the cluster', {}, servers, searches, ['ndots:5']],
    ['on the network of the node', { hostNetwork: true }, servers, [], []],
    [
      'in the cluster, on the network of the node',
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      servers,
      searches,
      ['ndots:5'],
    ],
    ['of the node', { dnsPolicy: 'Default' }, servers, [], []],
    [
      'of its own',
      {
        dnsPolicy: 'None',
        dnsConfig: {
          nameservers: ['1.2.3.4'],
          searches: ['example.com'],
          options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
        },
      },
      ['1.2.3.4'],
      ['example.com'],
      ['ndots:2', 'edns0'],
    ],
    [
      'with more',
      {
        dnsConfig: {
          nameservers: ['1.2.3.4', '5.6.7.8'],
          searches: ['cluster.local', 'x y', 'b\nnameserver 6.6.6.6'],
          options: [{ name: 'ndots', value: '1' }],
        },
      },
      [...servers, '1.2.3.4'],
      searches,
      ['ndots:1'],
    ],
  ])('%s', (_, spec, nameservers, expected, resolverOptions) => {
    expect(resolver(spec)).toEqual({ nameservers, searches: expected, resolverOptions });
  });

  it('knows the pod itself', () => {
    const pod = (spec: JsonObject, name = 'web-0') => ({ metadata: { name, namespace: 'shop' }, spec });
    expect(hostnameOf(pod({}), 'lab-1')).toBe('web-0');
    expect(hostnameOf(pod({ hostname: 'h' }), 'lab-1')).toBe('h');
    expect(hostnameOf(pod({ hostNetwork: true }), 'lab-1')).toBe('lab-1');
    expect(hostnameOf(pod({}, `${'a'.repeat(62)}-b`), 'lab-1')).toBe('a'.repeat(62));
    expect(
      hostAliasesOf(
        pod({
          subdomain: 'web',
          hostAliases: [
            { ip: '1.2.3.4', hostnames: ['a', 'b\nc'] },
            { ip: '', hostnames: ['x'] },
          ],
        }),
        ['10.244.0.9'],
      ),
    ).toEqual([
      { address: '10.244.0.9', names: ['web-0.web.shop.svc.cluster.local', 'web-0'] },
      { address: '1.2.3.4', names: ['a'] },
    ]);
  });
});
