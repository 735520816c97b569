import { describe, expect, test } from 'vitest';
import { spanLabel } from '../../src/base/source.ts';
import { readManifests } from '../../src/kube/read.ts';
import { errorsOf, read, warningsOf } from './reading.ts';

const policy = (name: string, more = '') =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}${more}}\nspec: {}\n`;
const pod = (name: string, more = '') => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}${more}}\nspec: {}\n`;

function labelsOf(
  result: ReturnType<typeof read>,
  group: 'pods' | 'networkPolicies' | 'services' | 'workloads',
): string[] {
  return result.objects[group].map(({ meta }) => `${meta.namespace}/${meta.name}`);
}

describe('documents', () => {
  test('several documents of several texts, in input order', () => {
    const result = readManifests([
      { name: 'b.yaml', text: `${pod('b')}---\n${pod('a')}` },
      { name: 'a.yaml', text: pod('c', ', namespace: shop') },
    ]);
    expect(labelsOf(result, 'pods')).toEqual(['default/b', 'default/a', 'shop/c']);
    expect(result.objects.pods.map(({ span }) => span && spanLabel(span))).toEqual([
      'b.yaml:1:1',
      'b.yaml:6:1',
      'a.yaml:1:1',
    ]);
  });

  test('objects without namespace land in the default namespace that was asked for (S3)', () => {
    const { objects } = readManifests([{ name: 'x', text: `${pod('a')}---\n${pod('b', ', namespace: ""')}` }], {
      defaultNamespace: 'team',
    });
    expect(objects.pods.map(({ meta }) => meta.namespace)).toEqual(['team', 'team']);
  });

  test('nothing at all', () => {
    for (const text of ['', '---\n---\n', '# only a comment\n', '\uFEFF'])
      expect(read(text)).toMatchObject({ diagnostics: [], skipped: [], rejected: 0 });
  });

  test('kinds that are not read are counted, lists of them too', () => {
    const result = read(
      `apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap}\n- {apiVersion: v1, kind: Secret}\n---\napiVersion: v1\nkind: SecretList\nitems: []\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\n---\napiVersion: serving.knative.dev/v1\nkind: Service\n`,
    );
    expect(result.skipped).toEqual([
      { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', count: 1 },
      { apiVersion: 'serving.knative.dev/v1', kind: 'Service', count: 1 },
      { apiVersion: 'v1', kind: 'ConfigMap', count: 2 },
      { apiVersion: 'v1', kind: 'Secret', count: 1 },
      { apiVersion: 'v1', kind: 'SecretList', count: 1 },
    ]);
    expect(result.diagnostics.map(({ message }) => message)).toEqual([
      'not read: 1 Service (serving.knative.dev/v1), whose pods are missing from the answer unless the input holds them',
    ]);
  });

  test.each([
    ['replicaCount: 1\nimage: {tag: x}', '1:1 not a Kubernetes object: no apiVersion and no kind; skipped'],
    ['services: {web: {image: x}}', '1:1 not a Kubernetes object: no apiVersion and no kind; skipped'],
    ['- a\n- b', '1:1 not a Kubernetes object: not a mapping; skipped'],
    ['just words', '1:1 not a Kubernetes object: not a mapping; skipped'],
    [
      'apiVersion: v2\nname: chart\nversion: 1.2.3',
      '1:1 not a Kubernetes object: the description of a Helm chart; skipped',
    ],
  ])('%j is a warning', (text, warning) => {
    expect(warningsOf(text)).toEqual([warning]);
    expect(read(text)).toMatchObject({ rejected: 0, diagnostics: [{ code: 'not-kubernetes' }] });
  });

  test.each([
    ['apiVersion: v1\nmetadata: {name: a}', "1:1 Object 'Kind' is missing"],
    ['kind: Pod\nmetadata: {name: a}', "1:1 Object 'apiVersion' is missing"],
    ['apiVersion: v1\nkind:\nmetadata: {name: a}', "1:1 Object 'Kind' is missing"],
    ['apiVersion: v1\nkind: 5', "1:1 Object 'Kind' is missing"],
    ['apiVersion: ""\nkind: Pod', "1:1 Object 'apiVersion' is missing"],
  ])('%j is an error', (text, error) => {
    expect(errorsOf(text)).toEqual([error]);
    expect(read(text).rejected).toBe(1);
  });

  test.each([
    ['extensions/v1beta1', 'Ingress', 'networking.k8s.io/v1'],
    ['networking.k8s.io/v1beta1', 'Ingress', 'networking.k8s.io/v1'],
    ['extensions/v1beta1', 'Deployment', 'apps/v1'],
    ['apps/v1beta2', 'StatefulSet', 'apps/v1'],
    ['v1', 'Deployment', 'apps/v1'],
    ['app/v1', 'Deployment', 'apps/v1'],
    ['batch/v1beta1', 'CronJob', 'batch/v1'],
    ['discovery.k8s.io/v1beta1', 'EndpointSlice', 'discovery.k8s.io/v1'],
    ['gateway.networking.k8s.io/v1alpha2', 'HTTPRoute', 'gateway.networking.k8s.io/v1'],
    ['apps/v1', 'Service', 'v1'],
    ['v2', 'Pod', 'v1'],
    ['extensions/v1beta1', 'NetworkPolicyList', 'networking.k8s.io/v1'],
  ])('%s does not serve %s (M54)', (apiVersion, kind, wanted) => {
    expect(read(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\nitems: []`).diagnostics).toMatchObject([
      {
        severity: 'error',
        code: 'unknown-kind',
        message: `no matches for kind "${kind}" in version "${apiVersion}"`,
        help: `write \`apiVersion: ${wanted}\``,
      },
    ]);
  });

  test.each([
    ['v1', 'pod', 'Pod', 'v1'],
    ['apps/v1', 'deployment', 'Deployment', 'apps/v1'],
    ['v1', 'DEPLOYMENT', 'Deployment', 'apps/v1'],
    ['apps/v1', 'Deploymnet', 'Deployment', 'apps/v1'],
    ['v1', 'Namespaces', 'Namespace', 'v1'],
  ])('%s %s was meant to be %s', (apiVersion, kind, meant, wanted) => {
    expect(read(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}`).diagnostics).toMatchObject([
      { code: 'unknown-kind', help: `write \`apiVersion: ${wanted}\` and \`kind: ${meant}\`` },
    ]);
  });
});

describe('lists', () => {
  test('of mixed kinds, nested, each object with its own place', () => {
    const text = [
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- apiVersion: v1',
      '  kind: Pod',
      '  metadata: {name: a}',
      '- apiVersion: v1',
      '  kind: List',
      '  items:',
      '  - {apiVersion: v1, kind: Pod, metadata: {name: b}}',
      '- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: P}}',
    ].join('\n');
    const result = read(text);
    expect(result.objects.pods.map(({ meta, span }) => [meta.name, span && spanLabel(span)])).toEqual([
      ['a', 'in.yaml:4:3'],
      ['b', 'in.yaml:10:5'],
    ]);
    expect(result.diagnostics.map(({ span }) => span && spanLabel(span))).toEqual(['in.yaml:11:76']);
  });

  test('typed lists, whose items need not say what they are', () => {
    const result = read(
      'apiVersion: v1\nkind: PodList\nmetadata: {resourceVersion: "1"}\nitems:\n- {metadata: {name: a}}\n- {kind: Pod, apiVersion: v1, metadata: {name: b}}',
    );
    expect(labelsOf(result, 'pods')).toEqual(['default/a', 'default/b']);
    expect(result.diagnostics).toEqual([]);
  });

  test('as JSON', () => {
    const items = ['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } }));
    expect(labelsOf(read(JSON.stringify({ apiVersion: 'v1', kind: 'List', items })), 'pods')).toEqual([
      'default/a',
      'default/b',
    ]);
  });

  test.each([
    ['items:', []],
    ['{}', []],
    ['items: {}', ['json: cannot unmarshal object into Go struct field List.items of type []runtime.RawExtension']],
    ['items: [5]', []],
  ])('a List with %j', (items, errors) => {
    const text = items === '{}' ? 'apiVersion: v1\nkind: List' : `apiVersion: v1\nkind: List\n${items}`;
    expect(
      read(text)
        .diagnostics.filter(({ severity }) => severity === 'error')
        .map(({ message }) => message),
    ).toEqual(errors);
  });

  test('items of an untyped List must say what they are', () => {
    expect(warningsOf('apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}]')).toHaveLength(1);
  });
});

describe('M56: the same name twice', () => {
  test('the last one counts, and the warning names both places', () => {
    const result = readManifests([
      { name: 'a.yaml', text: policy('p', ', labels: {v: "1"}') },
      { name: 'b.yaml', text: policy('other') },
      { name: 'c.yaml', text: policy('p', ', labels: {v: "2"}') },
    ]);
    expect(result.objects.networkPolicies.map(({ meta }) => [meta.name, meta.labels.get('v')])).toEqual([
      ['other', undefined],
      ['p', '2'],
    ]);
    expect(result.diagnostics).toMatchObject([
      {
        severity: 'warning',
        code: 'duplicate-object',
        object: 'NetworkPolicy default/p',
        message: 'NetworkPolicy default/p is defined more than once; the last definition counts',
      },
    ]);
    const [diagnostic] = result.diagnostics;
    expect(diagnostic?.span && spanLabel(diagnostic.span)).toBe('c.yaml:3:18');
    expect(diagnostic?.related?.map(({ span }) => spanLabel(span))).toEqual(['a.yaml:3:18']);
  });

  test('other kinds, namespaces and rejected objects do not count', () => {
    const result = read(
      [policy('p'), policy('p', ', namespace: other'), pod('p'), policy('p', ', labels: {v: 1}')].join('---\n'),
    );
    expect(result.diagnostics.map(({ code }) => code)).toEqual(['wrong-type']);
    expect(labelsOf(result, 'networkPolicies')).toEqual(['default/p', 'other/p']);
  });

  test('three times: one warning for each replacement', () => {
    const result = read([pod('a'), pod('a'), pod('a')].join('---\n'));
    expect(result.diagnostics).toHaveLength(2);
    expect(result.objects.pods).toHaveLength(1);
  });

  test('generated names never collide', () => {
    const generated = 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n';
    const result = read([generated, generated, pod('job-1'), generated.replace('job-', 'other-')].join('---\n'));
    expect(labelsOf(result, 'pods')).toEqual(['default/job-2', 'default/job-3', 'default/job-1', 'default/other-1']);
    expect(result.diagnostics).toEqual([]);
  });
});

describe('kinds other than policies tolerate what is newer than this program', () => {
  test('an unknown field is a warning', () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostnetwork: true}';
    expect(warningsOf(text)).toEqual(['4:8 unknown field "spec.hostnetwork"']);
    expect(read(text).diagnostics[0]?.help).toBe('did you mean `hostNetwork`?');
    expect(read(text).objects.pods).toHaveLength(1);
  });

  test('parts that are not read are not looked at', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, finalizers: 5}\nspec: {volumes: {anything: [goes]}, affinity: 3}\nstatus: {brandNew: {a: b}}';
    expect(read(text).diagnostics).toEqual([]);
  });

  test('wrong types and duplicate keys in parts that are read are errors', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostNetwork: "true", nodeName: a, nodeName: b}';
    expect(errorsOf(text)).toEqual([
      '4:42 strict decoding error: duplicate field "spec.nodeName"',
      '4:21 json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ]);
  });
});

describe('hostile input', () => {
  test('an object with 100,000 errors is worth a hundred messages and a number', () => {
    const items = Array.from({ length: 100_000 }, () => '{}').join(',');
    const { diagnostics, rejected } = read(
      `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":{"ingress":[{"from":[${items}]}]}}`,
    );
    expect(rejected).toBe(1);
    expect(diagnostics).toHaveLength(101);
    expect(diagnostics.at(-1)).toMatchObject({
      severity: 'error',
      code: 'more-problems',
      message: '99900 more problems of this object are not shown',
    });
  });

  test('100,000 broken objects are worth a thousand messages and a number', () => {
    const items = Array.from({ length: 100_000 }, () => '{"metadata":{}}').join(',');
    const { diagnostics, rejected } = read(`{"apiVersion":"v1","kind":"PodList","items":[${items}]}`);
    expect(rejected).toBe(100_000);
    expect(diagnostics).toHaveLength(1001);
    expect(diagnostics.at(-1)).toMatchObject({
      severity: 'error',
      message: '99000 more errors and 0 more warnings are not shown',
    });
  });

  test('100,000 keys in one mapping, half of them twice', () => {
    const labels = Array.from({ length: 100_000 }, (_, i) => `"k${i % 50_000}":"v"`).join(',');
    const { diagnostics } = read(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{${labels}}}}`);
    expect(diagnostics.at(-1)?.message).toBe('49900 more problems of this object are not shown');
  });

  test('100,000 unknown fields', () => {
    const fields = Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(',');
    expect(
      read(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":{${fields}}}`)
        .diagnostics,
    ).toHaveLength(101);
  });

  test('a value of a megabyte is cut in the message', () => {
    const value = 'a_'.repeat(500_000);
    const [diagnostic] = read(`apiVersion: v1\nkind: Pod\nmetadata: {name: ${value}}`).diagnostics;
    expect(diagnostic?.message.length).toBeLessThan(2000);
  });

  test('lists inside lists inside lists', () => {
    let text = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}';
    for (let i = 0; i < 40; i++) text = `{"apiVersion":"v1","kind":"List","items":[${text}]}`;
    expect(read(text).objects.pods).toHaveLength(1);
    for (let i = 0; i < 5000; i++) text = `{"apiVersion":"v1","kind":"List","items":[${text}]}`;
    expect(read(text).diagnostics.map(({ severity }) => severity)).toEqual(['error']);
  });
});
