/** Stock kubectl against the server, on kinds that need no controllers. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { strategies } from '../../../../src/lab/api/kinds/strategies.ts';
import { startTestApi, type TestApi, TOKEN } from './test-api.ts';

/** Another one than that on the PATH, to try its version. */
const kubectl = process.env['KUBECTL'] ?? 'kubectl';

function hasKubectl(): boolean {
  try {
    execFileSync(kubectl, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const configMap = (value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop, labels: {app: web}}
data: {a: "${value}"}
`;
const policy = (spec: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: gate, namespace: shop}
spec: ${spec}
`;
const closed = policy('{podSelector: {}, policyTypes: [Ingress]}');
const open = policy(
  '{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}',
);
const service = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;
const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gates.example.dev}
spec:
  group: example.dev
  names: {kind: Gate, plural: gates, singular: gate, shortNames: [gt]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Open, type: boolean, jsonPath: .spec.open}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {open: {type: boolean, description: Whether all may pass.}}
`;
const custom = (isOpen: boolean) => `
apiVersion: example.dev/v1
kind: Gate
metadata: {name: north, namespace: shop}
spec: {open: ${isOpen}}
`;

describe.skipIf(!hasKubectl())('stock kubectl (left out only where there is no kubectl)', () => {
  let api: TestApi;
  let home: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    api = await startTestApi({ strategies });
    home = mkdtempSync(join(tmpdir(), 'kubectl-test-'));
    const server = `https://127.0.0.1:${api.port}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'lab',
          cluster: { server, 'certificate-authority-data': Buffer.from(api.authority).toString('base64') },
        },
      ],
      users: [{ name: 'lab', user: { token: TOKEN } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
      'current-context': 'lab',
    };
    writeFileSync(join(home, 'config'), JSON.stringify(config), { mode: 0o600 });
    env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'config') };
  });

  afterAll(async () => {
    await api.close();
    rmSync(home, { recursive: true, force: true });
  });

  function run(args: string, { input = '', more = [], settings = {} }: RunOptions = {}): Promise<Run> {
    return new Promise((resolve) => {
      const child = execFile(
        kubectl,
        [...args.split(' '), ...more],
        { env: { ...env, ...settings }, timeout: 30_000 },
        (error, out, err) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          // From 1.34 on deletions name the namespace.
          resolve({ code, out: out.trim().replaceAll(' from shop namespace', ''), err: err.trim() });
        },
      );
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }

  interface RunOptions {
    readonly input?: string;
    readonly more?: readonly string[];
    readonly settings?: NodeJS.ProcessEnv;
  }

  /** Expects that it succeeds; gives what it prints. */
  async function ok(args: string, options: RunOptions = {}): Promise<string> {
    const { code, out, err } = await run(args, options);
    expect({ args, code, err }).toMatchObject({ args, code: 0 });
    return out;
  }

  test('version, cluster-info, raw paths', async () => {
    expect(await ok('version')).toContain('Server Version: v1.33.1+sallyport');
    expect(await ok('get --raw /readyz')).toBe('ok');
    expect(await ok('cluster-info')).toContain(`https://127.0.0.1:${api.port}`);
    expect(await run('get --raw /nothing')).toMatchObject({
      code: 1,
      err: 'Error from server (NotFound): the server could not find the requested resource',
    });
  });

  test('api-resources, api-versions', async () => {
    const resources = await ok('api-resources');
    expect(resources).toMatch(/^networkpolicies +netpol +networking.k8s.io\/v1 +true +NetworkPolicy$/m);
    expect(resources).toMatch(/^namespaces +ns +v1 +false +Namespace$/m);
    expect((await ok('api-versions')).split('\n')).toEqual(expect.arrayContaining(['v1', 'apps/v1']));
  });

  test('auth whoami, can-i', async () => {
    expect(await ok('auth whoami')).toContain('kubernetes-admin');
    expect(await ok('auth whoami --as=bob --as-group=dev -o jsonpath={.status.userInfo}')).toBe(
      '{"groups":["dev","system:authenticated"],"username":"bob"}',
    );
    expect(await ok('auth can-i create networkpolicies')).toBe('yes');
    expect(await ok('auth can-i --list')).toContain('*.*');
  });

  test('create, label, annotate namespaces and show their labels', async () => {
    expect(await ok('create ns shop')).toBe('namespace/shop created');
    expect((await run('create ns shop')).err).toBe(
      'Error from server (AlreadyExists): namespaces "shop" already exists',
    );
    expect(await ok('label ns shop team=a')).toBe('namespace/shop labeled');
    expect((await run('label ns shop team=b')).err).toContain("'team' already has a value (a)");
    expect(await ok('annotate ns shop note=1')).toBe('namespace/shop annotated');
    expect(await ok('get ns shop --show-labels')).toMatch(/team=a/);
    expect(await ok('get ns -l team=a -o name')).toBe('namespace/shop');
    expect(await ok('get ns -L team')).toContain('TEAM');
  });

  test('create from the command line, which writes protobuf', async () => {
    expect(await ok('create cm made -n shop --from-literal=x=1')).toBe('configmap/made created');
    expect(await ok('create secret generic hidden -n shop --from-literal=x=1')).toBe('secret/hidden created');
    expect(await ok('create sa bob -n shop')).toBe('serviceaccount/bob created');
    expect(await ok('get cm made -n shop -o jsonpath={.data.x}')).toBe('1');
    expect(await ok('get cm made -n shop -o jsonpath={.metadata.managedFields[0].manager} --show-managed-fields')).toBe(
      'kubectl-create',
    );
  });

  test('apply, diff, apply again', async () => {
    expect(await ok('apply -f -', { input: configMap('1') })).toBe('configmap/settings created');
    expect(await ok('apply -f -', { input: configMap('1') })).toBe('configmap/settings unchanged');
    const diff = await run('diff -f -', { input: configMap('2') });
    expect(diff.code).toBe(1);
    expect(diff.out).toMatch(/^-  a: "1"$/m);
    expect(diff.out).toMatch(/^\+  a: "2"$/m);
    expect(await ok('apply -f -', { input: configMap('2') })).toBe('configmap/settings configured');
    expect(await ok('diff -f -', { input: configMap('2') })).toBe('');
  });

  test('apply --server-side, its conflicts and their end', async () => {
    const refused = await run('apply --server-side -f -', { input: configMap('3') });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('conflict with "kubectl-client-side-apply" using v1: .data.a');
    expect(await ok('apply --server-side --force-conflicts -f -', { input: configMap('3') })).toBe(
      'configmap/settings serverside-applied',
    );
    expect((await run('diff --server-side -f -', { input: configMap('3') })).code).toBe(0);
  });

  test('policies: apply, change, describe, refuse', async () => {
    expect(await ok('apply -f -', { input: closed })).toBe('networkpolicy.networking.k8s.io/gate created');
    expect(await ok('apply -f -', { input: open })).toBe('networkpolicy.networking.k8s.io/gate configured');
    expect(await ok('get netpol -n shop')).toMatch(/^gate +app=web +\d+s$/m);
    expect(await ok('describe netpol gate -n shop')).toContain('To Port: 80/TCP');
    const typo = await run('create -f -', {
      input: closed.replace('podSelector', 'podSelectr').replace('gate', 'typo'),
    });
    expect(typo.code).toBe(1);
    expect(typo.err).toContain('strict decoding error: unknown field "spec.podSelectr"');
    expect((await run('apply --validate=warn -f -', { input: closed.replace('{}', '{}, odd: 1') })).err).toContain(
      'Warning: unknown field "spec.odd"',
    );
  });

  test('patch in all three ways', async () => {
    expect(await ok('patch netpol gate -n shop -p', { more: ['{"spec":{"policyTypes":["Ingress","Egress"]}}'] })).toBe(
      'networkpolicy.networking.k8s.io/gate patched',
    );
    await ok('patch cm settings -n shop --type=merge -p', { more: ['{"data":{"b":"2"}}'] });
    await ok('patch cm settings -n shop --type=json -p', { more: ['[{"op":"remove","path":"/data/b"}]'] });
    expect(await ok('get cm settings -n shop -o jsonpath={.data}')).toBe('{"a":"3"}');
  });

  test('create --dry-run=server, and then in earnest', async () => {
    expect(await ok('create -f - --dry-run=server', { input: service })).toBe('service/web created (server dry run)');
    expect((await run('get svc web -n shop')).err).toBe('Error from server (NotFound): services "web" not found');
    expect(await ok('create -f -', { input: service })).toBe('service/web created');
    expect(await ok('get svc web -n shop -o wide')).toMatch(/SELECTOR\nweb +ClusterIP +10\.96\..* app=web$/);
  });

  test('replace, with and without force', async () => {
    expect(await ok('replace -f -', { input: closed })).toBe('networkpolicy.networking.k8s.io/gate replaced');
    const forced = await ok('replace --force -f -', { input: closed });
    expect(forced).toContain('networkpolicy.networking.k8s.io "gate" deleted');
    expect(forced).toContain('networkpolicy.networking.k8s.io/gate replaced');
  });

  test('edit', async () => {
    const editor = join(home, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i \'s/a: "3"/a: "4"/\' "$1"\n');
    chmodSync(editor, 0o755);
    expect(await ok('edit cm settings -n shop', { settings: { EDITOR: editor } })).toBe('configmap/settings edited');
    expect(await ok('get cm settings -n shop -o jsonpath={.data.a}')).toBe('4');
  });

  test('wait for a value and for an end', async () => {
    expect(await ok('wait --for=jsonpath={.data.a}=4 cm/settings -n shop --timeout=20s')).toBe(
      'configmap/settings condition met',
    );
    const end = run('wait --for=delete cm/made -n shop --timeout=20s');
    await ok('delete cm made -n shop');
    expect((await end).code).toBe(0);
  });

  test('explain', async () => {
    const text = await ok('explain networkpolicy.spec.ingress');
    expect(text).toContain('FIELD: ingress <[]NetworkPolicyIngressRule>');
    expect(text).toMatch(/^ {2}from\t<\[\]NetworkPolicyPeer>$/m);
  });

  test.each([
    ['rows of a table', '', /^seen +\d+ +\d+s$/m],
    ['names', '-o name', /^configmap\/seen$/m],
    ['events', '--output-watch-events', /^ADDED +seen /m],
  ])('get -w shows %s as they come', async (_, options, line) => {
    const args = ['get', 'cm', '-n', 'default', '-w', ...options.split(' ').filter((word) => word !== '')];
    const child: ChildProcess = spawn(kubectl, args, { env });
    let out = '';
    const seen = new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (piece: Buffer) => {
        out += piece.toString();
        if (line.test(out)) resolve();
      });
      child.on('exit', () => reject(new Error(`ended with ${out}`)));
    });
    await expect.poll(() => api.server.watches, { timeout: 20_000 }).toBe(1);
    await ok('create cm seen -n default');
    await seen;
    child.removeAllListeners('exit').kill();
    await ok('delete cm seen -n default');
    await expect.poll(() => api.server.watches, { timeout: 20_000 }).toBe(0);
  });

  test('informers that take their list from the watch', async () => {
    // Clients of 1.35 do so by themselves.
    const settings = { KUBE_FEATURE_WatchListClient: 'true' };
    expect(await ok('wait --for=jsonpath={.data.a}=4 cm/settings -n shop --timeout=20s', { settings })).toContain(
      'met',
    );
    expect(await ok('delete cm settings -n shop --timeout=20s', { settings })).toBe('configmap "settings" deleted');
  });

  test('custom resources', async () => {
    expect(await ok('apply -f -', { input: definition })).toContain('gates.example.dev created');
    await ok('wait --for=condition=Established crd/gates.example.dev --timeout=20s');
    expect(await ok('apply -f -', { input: custom(true) })).toBe('gate.example.dev/north created');
    expect(await ok('apply -f -', { input: custom(false) })).toBe('gate.example.dev/north configured');
    expect(await ok('get gt -A')).toMatch(/^NAMESPACE +NAME +OPEN\nshop +north +false$/);
    expect(await ok('patch gate north -n shop --type=merge -p', { more: ['{"spec":{"open":true}}'] })).toContain(
      'patched',
    );
    expect((await run('patch gate north -n shop -p', { more: ['{"spec":{"open":true}}'] })).err).toContain(
      'application/strategic-merge-patch+json is not supported',
    );
    expect(await ok('apply --server-side --force-conflicts -f -', { input: custom(true) })).toContain(
      'serverside-applied',
    );
    expect(await ok('explain gate.spec')).toContain('Whether all may pass.');
    const wrong = custom(true).replace('true', '"wide"');
    expect((await run('apply -f -', { input: wrong })).err).toContain('spec.open');
    expect(await ok('delete gate north -n shop')).toBe('gate.example.dev "north" deleted');
    await ok('delete crd gates.example.dev');
    // It remembers what there was.
    const gone = await run('get gates -A');
    expect(gone.code).toBe(1);
    expect(gone.err).toContain('the server could not find the requested resource');
  });

  test('delete by name, label and kind', async () => {
    for (const name of ['one', 'two', 'three']) await ok(`create cm ${name} -n shop`);
    await ok('label cm one -n shop kind=odd');
    expect((await run('delete cm nothing -n shop')).err).toBe(
      'Error from server (NotFound): configmaps "nothing" not found',
    );
    expect(await ok('delete cm one -n shop --dry-run=server')).toBe('configmap "one" deleted (server dry run)');
    expect(await ok('delete cm -l kind=odd -n shop')).toBe('configmap "one" deleted');
    expect(await ok('delete cm --all -n shop')).toBe('configmap "three" deleted\nconfigmap "two" deleted');
    expect(await ok('delete netpol gate -n shop --now')).toContain('deleted');
  });

  test('nothing of all this was a bug', () => {
    expect(api.errors).toEqual([]);
  });
});
