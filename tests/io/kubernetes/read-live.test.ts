import { afterEach, describe, expect, test } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';
import { parseEndpoint } from '../../../src/engine/endpoint.ts';
import { ApiClient } from '../../../src/io/kubernetes/api-client.ts';
import { type LiveReading, readLiveCluster } from '../../../src/io/kubernetes/read-live.ts';
import { OperationalError } from '../../../src/io/operational-error.ts';
import { buildCluster } from '../../../src/model/cluster.ts';
import { certificate } from './certificate.ts';
import { plainAccess } from './pods.ts';
import { namespace, runningPod, type ServedKinds, shop, SmallCluster } from './small-cluster.ts';

let cluster: SmallCluster;

afterEach(async () => {
  await cluster.stop();
});

async function started(kinds: ServedKinds = shop): Promise<SmallCluster> {
  cluster = await SmallCluster.start(kinds);
  return cluster;
}

async function read(options: { pageSize?: number; compressed?: boolean } = {}): Promise<LiveReading> {
  const client = new ApiClient({
    access: plainAccess(cluster.server.url),
    ...(options.compressed === undefined ? {} : { compressed: options.compressed }),
  });
  try {
    return await readLiveCluster({ client, ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }) });
  } finally {
    client.close();
  }
}

async function failure(): Promise<OperationalError> {
  const error: unknown = await read().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OperationalError) return error;
  throw new Error('it did not fail', { cause: error });
}

/** A door to the verdict: `from to port`. */
function verdictOf({ objects }: LiveReading, from: string, to: string, port: number): string {
  const engine = createEngine(buildCluster(objects));
  const [source, target] = [from, to].map((text) => {
    const parsed = parseEndpoint(engine.cluster, text, { namespace: 'default' });
    if (!parsed.ok) throw new Error(parsed.problem.message);
    return parsed.value.endpoint;
  });
  if (source === undefined || target === undefined) throw new Error('two ends');
  return engine.verdict({ from: source, to: target, protocol: 'TCP', port });
}

const many: ServedKinds = {
  ...shop,
  '/api/v1/pods': {
    kind: 'Pod',
    items: Array.from({ length: 23 }, (_, i) =>
      runningPod('shop', `web-${String(i).padStart(2, '0')}`, `10.0.1.${i + 1}`, { app: 'web' }),
    ),
  },
};

describe('a live cluster', () => {
  test('is read whole, and answered from', async () => {
    await started();
    const reading = await read();
    expect(reading.diagnostics).toEqual([]);
    expect(reading.count).toBe(9);
    expect(reading.objects.pods.map(({ meta }) => meta.name)).toEqual(['db', 'web', 'probe']);
    expect(reading.objects.services).toHaveLength(1);
    expect(verdictOf(reading, 'shop/web', 'shop/db', 5432)).toBe('allowed');
    expect(verdictOf(reading, 'shop/web', 'shop/db', 22)).toBe('denied');
    expect(verdictOf(reading, 'tools/probe', 'shop/db', 5432)).toBe('denied');
    expect(verdictOf(reading, 'tools/probe', 'shop/web', 5432)).toBe('allowed');
  });

  test('may be empty', async () => {
    await started({});
    const { objects, count, diagnostics } = await read();
    expect(count).toBe(0);
    expect(diagnostics).toEqual([]);
    expect(Object.values(objects).flat()).toEqual([]);
  });

  test('may write an empty list as null', async () => {
    await started();
    cluster.interfere((request) => {
      if (request.path !== '/apis/batch/v1/cronjobs') return false;
      request.json({ kind: 'CronJobList', apiVersion: 'batch/v1', metadata: { resourceVersion: '1' }, items: null });
      return true;
    });
    expect((await read()).count).toBe(9);
  });

  test('comes in pages', async () => {
    await started(many);
    const { objects } = await read({ pageSize: 10 });
    expect(objects.pods).toHaveLength(23);
    expect(cluster.requests.filter((text) => text.startsWith('/api/v1/pods?'))).toEqual([
      '/api/v1/pods?limit=10',
      '/api/v1/pods?limit=10&continue=10',
      '/api/v1/pods?limit=10&continue=20',
    ]);
  });

  test('begins a list anew when its continue token has expired, and tells nothing twice', async () => {
    await started(many);
    let expired = 0;
    cluster.interfere((request) => {
      if (request.path !== '/api/v1/pods' || request.query.get('continue') !== '20' || expired++ > 0) return false;
      request.status(410, 'Expired', 'The provided continue parameter is too old');
      return true;
    });
    const { objects, count } = await read({ pageSize: 10 });
    expect(expired).toBe(2);
    expect(objects.pods).toHaveLength(23);
    expect(count).toBe(29);
  });

  test('asks for one piece when tokens expire again and again', async () => {
    await started(many);
    cluster.interfere((request) => {
      if (request.query.get('continue') === null) return false;
      request.status(410, 'Expired', 'too old');
      return true;
    });
    expect((await read({ pageSize: 10 })).objects.pods).toHaveLength(23);
    expect(cluster.requests.filter((text) => text === '/api/v1/pods')).toHaveLength(1);
  });

  test('may change between two pages: an object that comes twice is one', async () => {
    await started(many);
    cluster.interfere((request) => {
      if (request.query.get('continue') !== '20') return false;
      request.json({
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: { resourceVersion: '9' },
        items: [{ ...runningPod('shop', 'web-00', '10.0.9.9', { app: 'web' }) }],
      });
      return true;
    });
    const { objects } = await read({ pageSize: 10 });
    expect(objects.pods).toHaveLength(20);
    expect(objects.pods.find(({ meta }) => meta.name === 'web-00')?.ips).toEqual([{ family: 4, value: 0x0a000909 }]);
  });

  test('is asked for compressed answers, and understood in both ways', async () => {
    await started();
    expect((await read({ compressed: true })).count).toBe(9);
    expect(cluster.headers[0]?.['accept-encoding']).toBe('gzip');
    cluster.gzip = true;
    expect((await read({ compressed: true })).count).toBe(9);
    // Even what nobody asked for: proxies do that.
    expect((await read()).count).toBe(9);
  });

  test.each([
    ['gzip', Buffer.from('no gzip at all'), 'is not the gzip that it says'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'is not the gzip that it says'],
    ['br', Buffer.from('x'), 'is encoded as br'],
  ])('with %s that is none is named', async (encoding, body, words) => {
    await started();
    cluster.interfere((request) => {
      if (request.path !== '/api/v1/pods') return false;
      request.bytes(body, 200, { 'content-encoding': encoding });
      return true;
    });
    const error = await failure();
    expect(error).toMatchObject({ code: 'api-malformed', exitCode: 4 });
    expect(error.message).toContain(words);
  });
});

describe('kinds', () => {
  const policyGroup = '/apis/policy.networking.k8s.io';
  const denyProbe = {
    metadata: { name: 'deny-probe' },
    spec: {
      tier: 'Admin',
      priority: 5,
      subject: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
      ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { team: 'ops' } } }] }],
    },
  };

  test.each(['v1alpha2', 'v1beta1'])('a cluster policy of %s counts', async (version) => {
    await started({
      ...shop,
      [`${policyGroup}/${version}/clusternetworkpolicies`]: {
        kind: 'ClusterNetworkPolicy',
        namespaced: false,
        items: [denyProbe],
      },
    });
    const reading = await read();
    expect(reading.diagnostics).toEqual([]);
    expect(verdictOf(reading, 'tools/probe', 'shop/web', 80)).toBe('denied');
  });

  test('of custom resources that nobody installed are not even asked for', async () => {
    await started();
    await read();
    expect(cluster.requests.filter((text) => /policy\.networking|gateway/.test(text))).toEqual([]);
  });

  test('may be missing where the server does not tell what it has', async () => {
    await started();
    cluster.interfere((request) => {
      if (!/^\/apis(?:\/(?:policy|gateway)[^/]*\/[^/]+)?$/.test(request.path)) return false;
      request.status(403, 'Forbidden', 'no');
      return true;
    });
    expect((await read()).objects.pods).toHaveLength(3);
  });

  test.each(['/apis/batch/v1/cronjobs', '/apis/networking.k8s.io/v1/ingresses'])(
    'that describe may be missing: %s',
    async (path) => {
      await started();
      cluster.remove(path);
      expect((await read()).diagnostics).toEqual([]);
    },
  );

  test('that decide may not', async () => {
    await started();
    cluster.remove('/apis/networking.k8s.io/v1/networkpolicies');
    expect(await failure()).toMatchObject({
      code: 'api-not-found',
      exitCode: 4,
      message: 'the test: the server has no NetworkPolicy (networking.k8s.io/v1)',
    });
  });

  test('a 404 of what the server says it has is no empty list', async () => {
    await started();
    cluster.interfere((request) => {
      if (request.path !== '/apis/networking.k8s.io/v1/networkpolicies') return false;
      request.text('not here', 404);
      return true;
    });
    expect(await failure()).toMatchObject({ code: 'api-not-found', exitCode: 4 });
  });

  test('of network plugins are counted, and told', async () => {
    const items = [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }, { metadata: { name: 'c' } }];
    await started({
      ...shop,
      '/apis/cilium.io/v2/ciliumnetworkpolicies': { kind: 'CiliumNetworkPolicy', items },
      '/apis/cilium.io/v2/ciliumendpoints': { kind: 'CiliumEndpoint', items },
      '/apis/crd.projectcalico.org/v1/globalnetworkpolicies': { kind: 'GlobalNetworkPolicy', namespaced: false },
      '/apis/projectcalico.org/v3/networkpolicies': { kind: 'NetworkPolicy', items },
    });
    expect((await read()).diagnostics).toEqual([
      {
        severity: 'warning',
        code: 'not-evaluated',
        message: 'not evaluated: 3 CiliumNetworkPolicy (cilium.io/v2)',
        help: 'what they allow or deny comes on top of what is answered here',
      },
    ]);
  });
});

describe('rights', () => {
  test('that verdicts need and that are missing are named, all at once', async () => {
    await started();
    cluster.forbid('/api/v1/pods').forbid('/apis/networking.k8s.io/v1/networkpolicies').forbid('/api/v1/nodes');
    const error = await failure();
    expect(error).toMatchObject({ code: 'api-forbidden', exitCode: 4 });
    expect(error.message).toContain('this account may not list pods, networkpolicies.networking.k8s.io in the whole');
    expect(error.message).toContain('User "dev" cannot list resource "pods"');
    expect(error.hint).toContain('kubectl auth can-i list pods --all-namespaces');
  });

  test.each([
    ['/api/v1/nodes', 'nodes', 'connections from and to nodes', 'kubectl auth can-i list nodes checks it'],
    ['/api/v1/services', 'services', 'Services are missing', '--all-namespaces'],
    ['/apis/apps/v1/replicasets', 'replicasets.apps', 'under the name of their next owner', '--all-namespaces'],
  ])('on %s are missed, not needed', async (path, right, loss, check) => {
    await started();
    cluster.forbid(path);
    const reading = await read();
    expect(reading.diagnostics).toHaveLength(1);
    const [warning] = reading.diagnostics;
    expect(warning).toMatchObject({ severity: 'warning', code: 'not-readable' });
    expect(warning?.message).toContain(`may not list ${right}: `);
    expect(warning?.message).toContain(loss);
    expect(warning?.help).toContain(check);
    expect(verdictOf(reading, 'tools/probe', 'shop/db', 5432)).toBe('denied');
  });

  test('a cluster policy that may not be listed is needed when the server has it', async () => {
    const path = '/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies';
    await started({ ...shop, [path]: { kind: 'AdminNetworkPolicy', namespaced: false } });
    cluster.forbid(path);
    expect((await failure()).message).toContain('adminnetworkpolicies.policy.networking.k8s.io');
  });

  test('credentials that are not accepted end it', async () => {
    await started();
    cluster.interfere((request) => {
      request.status(401, 'Unauthorized', 'Unauthorized');
      return true;
    });
    expect(await failure()).toMatchObject({ code: 'api-unauthorized', exitCode: 4 });
  });
});

describe('stored policies', () => {
  function withPolicy(spec: unknown): ServedKinds {
    const path = '/apis/networking.k8s.io/v1/networkpolicies';
    return {
      ...shop,
      [path]: { kind: 'NetworkPolicy', items: [{ metadata: { namespace: 'shop', name: 'p' }, spec }] },
    };
  }

  test('that validation would refuse today count as far as they mean something, with a warning (D11)', async () => {
    await started(
      withPolicy({
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.4/24' } }, { ipBlock: { cidr: 'nonsense' } }] }],
      }),
    );
    const reading = await read();
    expect(reading.diagnostics.map(({ severity }) => severity)).toEqual(
      reading.diagnostics.map(() => 'warning' as const),
    );
    expect(reading.diagnostics.some(({ object }) => object === 'NetworkPolicy shop/p')).toBe(true);
    expect(verdictOf(reading, 'tools/probe', 'shop/db', 5432)).toBe('allowed');
  });

  test('that cannot be read at all are errors: nobody knows what they allow', async () => {
    await started(withPolicy({ podSelector: {}, ingress: 'all' }));
    const { diagnostics, objects } = await read();
    expect(objects.networkPolicies).toEqual([]);
    expect(diagnostics.map(({ severity, object }) => [severity, object])).toEqual([['error', 'NetworkPolicy shop/p']]);
  });

  test("the oddities of other kinds are the server's affair", async () => {
    await started({
      ...shop,
      '/api/v1/services': {
        kind: 'Service',
        items: [{ metadata: { namespace: 'shop', name: '9to5' }, spec: { ports: [{ port: 80 }], brandNew: true } }],
      },
    });
    const { diagnostics, objects } = await read();
    expect(diagnostics).toEqual([]);
    expect(objects.services).toHaveLength(1);
  });
});

test('over TLS with a client certificate', async () => {
  const authority = certificate('test authority');
  const own = certificate('server', { issuer: authority, addresses: [[127, 0, 0, 1]] });
  const person = certificate('dev', { issuer: authority });
  cluster = await SmallCluster.start(
    { '/api/v1/namespaces': { kind: 'Namespace', namespaced: false, items: [namespace('only')] } },
    { cert: own.certificate, key: own.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
  );
  const client = new ApiClient({
    access: plainAccess(cluster.server.url, {
      certificateAuthority: () => Promise.resolve(authority.certificate),
      credentials: {
        current: () => Promise.resolve({ clientCertificate: person.certificate, clientKey: person.key }),
        invalidate: () => {},
      },
    }),
  });
  try {
    expect((await readLiveCluster({ client })).objects.namespaces.map(({ meta }) => meta.name)).toEqual(['only']);
  } finally {
    client.close();
  }
});
