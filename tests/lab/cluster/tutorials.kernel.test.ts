/** Well-known exercises on network policies, as their readers type them; the policies are our own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { describeKernel } from '../../packets/kernel.ts';
import { LabProcess } from './lab-process.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';

function hasKubectl(): boolean {
  try {
    execFileSync(kubectl, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What is typed after `kubectl`, or a policy; then what is seen of both outputs, and the exit code. */
type Step =
  | readonly [typed: string, seen: RegExp, code?: number]
  | { readonly policy: string; readonly spec: string; readonly namespace?: string };

const work = mkdtempSync(join(tmpdir(), 'sallyport-exercises-'));
writeFileSync(join(work, 'note.txt'), 'a note\n');
afterAll(() => rmSync(work, { recursive: true, force: true }));

const TIMED_OUT = /^wget: download timed out$/m;
const NGINX = /Welcome to nginx!/;
const once = (image: string, flags = ''): string =>
  `run try${flags === '' ? '' : ` ${flags}`} --image=${image} --rm -i --restart=Never --`;
const DNS = '{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}';

const EXERCISES: readonly (readonly [name: string, steps: readonly Step[]])[] = [
  [
    'a Deployment that a label gives access to',
    [
      ['create deployment nginx --image=nginx', /created/],
      ['expose deployment nginx --port=80', /exposed/],
      ['rollout status deployment nginx --timeout=20s', /successfully rolled out/],
      [
        `${once('busybox:1.28')} wget --spider --timeout=1 nginx`,
        /Connecting to nginx \([\d.]+:80\)\n.*remote file exists/s,
      ],
      {
        policy: 'access',
        spec: '{podSelector: {matchLabels: {app: nginx}}, ingress: [{from: [{podSelector: {matchLabels: {access: "true"}}}]}]}',
      },
      [`${once('busybox:1.28')} wget --spider --timeout=1 nginx`, TIMED_OUT, 1],
      [`${once('busybox:1.28', '--labels=access=true')} wget --spider --timeout=1 nginx`, /remote file exists/],
    ],
  ],
  [
    'nobody, then one namespace, then some pods of it',
    [
      ['run web --image=nginx --labels=app=web --expose --port=80', /service\/web created\npod\/web created/],
      ['wait --for=condition=ready pod/web --timeout=20s', /met/],
      [`${once('alpine')} wget -qO- --timeout=1 http://web`, NGINX],
      { policy: 'web', spec: '{podSelector: {matchLabels: {app: web}}, ingress: []}' },
      [`${once('alpine')} wget -qO- --timeout=1 http://web`, TIMED_OUT, 1],
      ['create namespace other', /created/],
      ['label namespace/other team=operations', /labeled/],
      {
        policy: 'web',
        spec: '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: operations}}, podSelector: {matchLabels: {type: monitoring}}}]}]}',
      },
      [`${once('alpine', '--labels=type=monitoring')} wget -qO- --timeout=1 http://web`, TIMED_OUT, 1],
      [`${once('alpine', '-n other')} wget -qO- --timeout=1 http://web.exercise1`, TIMED_OUT, 1],
      [`${once('alpine', '-n other --labels=type=monitoring')} wget -qO- --timeout=1 http://web.exercise1`, NGINX],
    ],
  ],
  [
    'one port of two, by the number of the pod and not of the Service',
    [
      ['run api --image=ahmet/app-on-two-ports --labels=app=api', /created/],
      ['create service clusterip api --tcp 8001:8000 --tcp 5001:5000', /created/],
      ['run client --image=curlimages/curl --command -- sleep 1d', /created/],
      ['wait --for=condition=ready pod --all --timeout=20s', /met/],
      { policy: 'api', spec: '{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 5000}]}]}' },
      ['exec client -- curl -sS -m 1 http://api:8001', /^curl: \(28\) .*timed out/m, 28],
      ['exec client -- curl -sS -m 1 http://api:5001/metrics', /go\.goroutines=/],
      ['exec client -- nc -zv -w 1 api 8001', /timed out/, 1],
      ['exec client -- nc -zv -w 1 api 5001', /succeeded|open/],
      {
        policy: 'api',
        spec: '{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 5000, endPort: 8000}]}]}',
      },
      ['exec client -- curl -sS -m 1 http://api:8001', /\w/],
    ],
  ],
  [
    'no egress, then DNS, then the cluster but not the internet',
    [
      ['run web --image=nginx --labels=app=web --expose --port=80', /created/],
      ['run foo --image=alpine --labels=app=foo -- sleep 1d', /created/],
      ['wait --for=condition=ready pod --all --timeout=20s', /met/],
      ['exec foo -- wget -qO- --timeout=1 http://www.example.com', /world outside of the cluster/],
      { policy: 'foo', spec: '{podSelector: {matchLabels: {app: foo}}, policyTypes: [Egress]}' },
      ['exec foo -- wget -qO- --timeout=1 http://web:80/', /^wget: bad address 'web:80'$/m, 1],
      { policy: 'foo', spec: `{podSelector: {matchLabels: {app: foo}}, policyTypes: [Egress], egress: [${DNS}]}` },
      [
        'exec foo -- wget -O- --timeout=1 http://web',
        /^Connecting to web \([\d.]+:80\)\nwget: download timed out$/m,
        1,
      ],
      ['exec foo -- nslookup web', /Name:\s+web\.exercise3\.svc\.cluster\.local/],
      {
        policy: 'foo',
        spec: `{podSelector: {matchLabels: {app: foo}}, policyTypes: [Egress], egress: [${DNS}, {to: [{namespaceSelector: {}}]}]}`,
      },
      ['exec foo -- wget -qO- --timeout=1 http://web', NGINX],
      ['exec foo -- wget -qO- --timeout=1 http://www.example.com', TIMED_OUT, 1],
      {
        policy: 'foo',
        spec: `{podSelector: {matchLabels: {app: foo}}, policyTypes: [Egress], egress: [${DNS}, {to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.244.0.0/16]}}]}]}`,
      },
      ['exec foo -- wget -qO- --timeout=1 http://web', TIMED_OUT, 1],
      ['exec foo -- wget -qO- --timeout=1 http://www.example.com', /world outside of the cluster/],
    ],
  ],
  [
    'probes of the upstream tests',
    [
      [
        'run server --image=registry.k8s.io/e2e-test-images/agnhost:2.45 --labels=pod=a --env=SERVE_PORT_80=eighty --env=SERVE_PORT_81=eighty-one -- porter',
        /created/,
      ],
      ['expose pod server --port=80', /exposed/],
      ['run probe --image=registry.k8s.io/e2e-test-images/agnhost:2.45', /created/],
      ['wait --for=condition=ready pod --all --timeout=20s', /met/],
      ['exec probe -- /agnhost connect server:80 --timeout=1s --protocol=tcp', /^$/],
      { policy: 'server', spec: '{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 81}]}]}' },
      ['exec probe -- /agnhost connect server:80 --timeout=1s --protocol=tcp', /^TIMEOUT$/m, 1],
      ['delete netpol server', /deleted/],
      ['exec probe -- /agnhost connect server:80 --timeout=1s --protocol=tcp', /^$/],
    ],
  ],
  [
    'what goes around policies',
    [
      ['run box --image=busybox --command -- sleep 1d', /created/],
      ['run web --image=nginx:alpine --expose --port=80', /created/],
      ['wait --for=condition=ready pod --all --timeout=20s', /met/],
      [`cp ${join(work, 'note.txt')} box:/tmp/note.txt`, /^$/],
      ['exec box -- cat /tmp/note.txt', /^a note$/m],
      [`cp box:/tmp/note.txt ${join(work, 'back.txt')}`, /^(?:tar: Removing leading|$)/],
      ['exec web -- cp /etc/hostname /usr/share/nginx/html/index.html', /^$/],
      ['exec box -- wget -qO- -T 1 web', /^web$/m],
      ['run shell --image=busybox --rm -i -- true', /deleted/],
      ['wait --for=delete pod/shell --timeout=3s', /^$/],
      ['delete service --all -n default', /"kubernetes" deleted/],
      ['wait --for=jsonpath={.spec.clusterIP}=10.96.0.1 service/kubernetes -n default --timeout=5s', /met/],
      ['exec box -- nc -zv -w 1 kubernetes.default 443', /succeeded|open/],
    ],
  ],
];

describeKernel('well-known exercises', () => {
  const found = hasKubectl();
  describe.skipIf(!found)(found ? 'typed' : 'typed (skipped: there is no kubectl here)', () => {
    let lab: LabProcess;
    beforeAll(async () => {
      buildWhenStale();
      lab = await LabProcess.start(['--runtime', 'netns', '--nodes', '2', '--name', `exercises-${process.pid}`]);
    });
    afterAll(() => lab.stop());

    async function apply(namespace: string, name: string, spec: string): Promise<void> {
      const head = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\n`;
      const ran = await lab.kubectl(kubectl, ['apply', '-n', namespace, '-f', '-'], {
        input: `${head}spec: ${spec}\n`,
      });
      expect([ran.code, ran.err]).toEqual([0, '']);
    }

    test.concurrent.each(EXERCISES.map(([name, steps], index) => [name, `exercise${index}`, steps] as const))(
      '%s',
      async (_, namespace, steps) => {
        await lab.kubectl(kubectl, ['create', 'namespace', namespace]);
        for (const step of steps) {
          if ('policy' in step) {
            await apply(namespace, step.policy, step.spec);
            continue;
          }
          const [typed, seen, code = 0] = step;
          const args = typed.split(' ');
          const ran = await lab.kubectl(kubectl, args.includes('-n') ? args : ['-n', namespace, ...args]);
          expect({ typed, code: ran.code, output: `${ran.out}${ran.err}` }).toEqual({
            typed,
            code,
            output: expect.stringMatching(seen) as unknown,
          });
        }
      },
    );

    test('kubectl cp brought the note back', () => {
      expect(readFileSync(join(work, 'back.txt'), 'utf8')).toBe('a note\n');
    });
  });
});
