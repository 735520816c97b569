/**
 * The commands of kubectl that a lab must serve, in an order in which each finds what it needs. They are tried against
 * a lab with real packets: by the tests with the kubectl that is there, and by `npm run lab:kubectl` with many versions.
 */

import type { Ran } from './lab-process.ts';

/** An editor that changes something, as KUBE_EDITOR. */
export const editorScript = '#!/bin/sh\nsed -i "s/^  labels:/  labels:\\n    edited: \\"yes\\"/" "$1"\n';

export interface KubectlCommand {
  /** As somebody types it, without `kubectl`. */
  readonly args: readonly string[];
  readonly input?: string;
  /** 0 when absent. */
  readonly code?: number;
  readonly out?: RegExp;
  readonly err?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

function type(line: string, more: Omit<KubectlCommand, 'args'> = {}): KubectlCommand {
  return { args: line.split(' '), ...more };
}

function exec(target: string, command: readonly string[], more: Omit<KubectlCommand, 'args'> = {}): KubectlCommand {
  return { args: ['exec', ...target.split(' '), '--', ...command], ...more };
}

/** From `pod/web` of namespace shop to a URL, giving up soon. */
function curl(url: string, more: Omit<KubectlCommand, 'args'>): KubectlCommand {
  return exec('-n shop client', ['curl', '-sS', '-m', '3', url], more);
}

const policy = (name: string, spec: string): string => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: shop, labels: {team: shop}}
spec: ${spec}
`;
const denyAll = policy('deny-all', '{podSelector: {}, policyTypes: [Ingress, Egress]}');
const allowDns = policy(
  'allow-dns',
  '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}]}',
);
const allowWeb = policy(
  'allow-web',
  '{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}], egress: [{to: [{podSelector: {}}], ports: [{port: 80}]}], policyTypes: [Ingress, Egress]}',
);
const deployment = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: ${image}, ports: [{containerPort: 80, name: http}]}]
`;
const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gates.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: gates, singular: gate, kind: Gate, shortNames: [gt]}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {open: {type: boolean}}}}}}
      additionalPrinterColumns: [{name: Open, type: boolean, jsonPath: .spec.open}]
`;
const gate = `
apiVersion: example.com/v1
kind: Gate
metadata: {name: north, namespace: shop}
spec: {open: true}
`;
const clusterPolicy = `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: no-way-out}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  egress:
    - name: nothing outside
      action: Deny
      to: [{networks: [198.51.100.0/24]}]
`;
const job = `
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: busybox, command: [sh, -c, 'echo done']}]}}}
`;
const statefulSet = `
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {clusterIP: None, selector: {app: store}, ports: [{port: 80, name: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: shop}
spec:
  serviceName: store
  replicas: 2
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: nginx, ports: [{containerPort: 80}]}]}
`;
const daemonSet = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: everywhere, namespace: shop}
spec:
  selector: {matchLabels: {app: everywhere}}
  template:
    metadata: {labels: {app: everywhere}}
    spec: {containers: [{name: agent, image: busybox, command: [sleep, '1000']}]}
`;

/** @param edit a program that changes what it is given, as an editor would */
export function kubectlCommands(edit: string): readonly KubectlCommand[] {
  return [
    type('version', { out: /Server Version: v1\.\d+/ }),
    type('cluster-info', { out: /is running at/ }),
    type('api-resources', { out: /networkpolicies +netpol +networking\.k8s\.io\/v1 +true +NetworkPolicy/ }),
    type('api-versions', { out: /^policy\.networking\.k8s\.io\/v1alpha2$/m }),
    type('get --raw /healthz', { out: /^ok/ }),
    type('auth can-i create pods', { out: /^yes/ }),
    type('auth can-i --list', { out: /\*\.\*/ }),
    type('auth whoami', { out: /kubernetes-admin/ }),
    type('get nodes -o wide', { out: /lab-1 +Ready/ }),
    type('describe node lab-1', { out: /InternalIP: +172\.30\.0\.2/ }),

    type('create namespace shop', { out: /namespace\/shop created/ }),
    type('create namespace shop', { code: 1, err: /AlreadyExists/ }),
    type('label namespace shop team=shop', { out: /namespace\/shop labeled/ }),
    type('annotate namespace shop owner=shop-team', { out: /annotated/ }),
    type('get ns --show-labels', { out: /kubernetes\.io\/metadata\.name=shop,team=shop/ }),
    type('describe ns shop', { out: /owner: shop-team/ }),

    type('run web --image=nginx -n shop --port=80', { out: /pod\/web created/ }),
    type('run client -n shop --image=busybox -- sleep 10000', { out: /pod\/client created/ }),
    type('run broken -n shop --image=example.com/no/such:1', { out: /pod\/broken created/ }),
    type('wait -n shop --for=condition=Ready pod/web pod/client --timeout=30s', { out: /pod\/web condition met/ }),
    type('get pods -n shop', { out: /broken +0\/1 +(ErrImagePull|ImagePullBackOff)/ }),
    type('describe pod -n shop broken', { out: /Failed to pull image[^]*nginx/ }),
    type('delete pod -n shop broken --now', { out: /"broken".* deleted/ }),
    type('get pods -n shop -o wide', { out: /web +1\/1 +Running.* 10\.244\.0\.\d+ +lab-1/ }),
    type('get pods -n shop --show-labels', { out: /run=web/ }),
    type('get pods -n shop -L run', { out: /RUN\n/ }),
    type('get pod -n shop web -o yaml', { out: /podIP: 10\.244/ }),
    type('get pod -n shop web -o json', { out: /"phase": "Running"/ }),
    type('get pod -n shop -o name', { out: /^pod\/web$/m }),
    type('get pod -n shop web -o jsonpath={.status.phase}', { out: /^Running$/ }),
    type('get pod -n shop -o custom-columns=N:.metadata.name', { out: /^N\n/ }),
    type('get pod -n shop --sort-by=.metadata.name', { out: /client[^]*web/ }),
    type('get all -n shop', { out: /pod\/web/ }),
    type('expose pod web -n shop --name=web-svc --port=80', { out: /service\/web-svc exposed/ }),
    type('describe svc -n shop web-svc', { out: /Endpoints: +10\.244\.0\.\d+:80/ }),
    type('get endpointslices -n shop', { out: /web-svc-.* +IPv4 +80/ }),
    curl('http://web-svc', { out: /Welcome to nginx!/ }),
    curl('http://web-svc.shop.svc.cluster.local', { out: /Welcome to nginx!/ }),

    { args: ['apply', '-f', '-'], input: denyAll, out: /networkpolicy\.networking\.k8s\.io\/deny-all created/ },
    curl('http://web-svc', { code: 28, err: /timed out/i }),
    { args: ['apply', '-f', '-'], input: allowDns, out: /allow-dns created/ },
    { args: ['diff', '-f', '-'], input: allowWeb, code: 1, out: /allow-web/ },
    { args: ['apply', '-f', '-'], input: allowWeb, out: /allow-web created/ },
    { args: ['apply', '-f', '-'], input: denyAll, out: /deny-all unchanged/ },
    curl('http://web-svc', { out: /Welcome to nginx!/ }),
    type('get netpol -n shop', { out: /deny-all +<none>/ }),
    type('describe netpol -n shop allow-web', { out: /To Port: 80\/TCP/ }),
    {
      args: ['apply', '-f', '-'],
      input: policy('typo', '{podSelectr: {}}'),
      code: 1,
      err: /unknown field "spec\.podSelectr"/,
    },
    {
      args: ['apply', '-f', '-'],
      input: policy('wrong', '{podSelector: {}, ingress: [{ports: [{port: 70000}]}]}'),
      code: 1,
      err: /spec\.ingress\[0\]\.ports\[0\]\.port: Invalid value: 70000: must be between 1 and 65535/,
    },
    {
      args: ['apply', '--server-side', '-f', '-'],
      input: policy('ssa', '{podSelector: {}}'),
      out: /serverside-applied/,
    },
    { args: ['delete', '-f', '-'], input: policy('ssa', '{podSelector: {}}'), out: /deleted/ },
    {
      args: ['create', '--dry-run=server', '-f', '-'],
      input: policy('dry', '{podSelector: {}}'),
      out: /server dry run/,
    },
    { args: ['replace', '-f', '-'], input: allowDns, out: /allow-dns replaced/ },
    { args: ['replace', '--force', '-f', '-'], input: allowDns, out: /allow-dns replaced/ },
    {
      args: ['edit', 'netpol', '-n', 'shop', 'deny-all'],
      env: { KUBE_EDITOR: edit },
      out: /deny-all edited/,
    },
    {
      args: ['patch', 'netpol', '-n', 'shop', 'deny-all', '-p', '{"metadata":{"labels":{"a":"b"}}}'],
      out: /deny-all patched/,
    },
    {
      args: ['patch', 'netpol', '-n', 'shop', 'deny-all', '--type=merge', '-p', '{"metadata":{"labels":{"a":null}}}'],
      out: /deny-all patched/,
    },
    {
      args: [
        'patch',
        'netpol',
        '-n',
        'shop',
        'deny-all',
        '--type=json',
        '-p',
        '[{"op":"add","path":"/metadata/labels/c","value":"d"}]',
      ],
      out: /deny-all patched/,
    },
    type('explain networkpolicy.spec.podSelector', { out: /matchLabels/ }),
    { args: ['apply', '-f', '-'], input: clusterPolicy, out: /clusternetworkpolicy.*no-way-out created/ },
    type('get cnp', { out: /no-way-out +Admin +10/i }),
    type('delete cnp no-way-out', { out: /deleted/ }),
    type('delete netpol -n shop --all', { out: /"deny-all" deleted|deny-all/ }),

    exec('-n shop web', ['sh', '-c', 'exit 7'], { code: 7 }),
    { args: ['exec', '-i', '-n', 'shop', 'client', '--', 'cat'], input: 'hello\n', out: /^hello$/m },
    exec('-n shop web', ['no-such-program'], { code: 1, err: /no-such-program/ }),
    type('logs -n shop web', { out: /GET \// }),
    type('logs -n shop web --tail=1', { out: /GET \// }),
    type('run once -n shop -i --rm --restart=Never --image=busybox -- echo from-within', { out: /from-within/ }),
    type('run code -n shop -i --rm --restart=Never --image=busybox -- sh -c exit\u00A05', { code: 5 }),
    type('debug -n shop web --image=busybox --container=look -- sleep 100', { code: 0 }),

    { args: ['apply', '-f', '-'], input: deployment('nginx:1.26'), out: /deployment\.apps\/api created/ },
    type('rollout status -n shop deploy/api --timeout=60s', { out: /successfully rolled out/ }),
    type('scale -n shop deploy/api --replicas=3', { out: /scaled/ }),
    type('wait -n shop --for=jsonpath={.status.readyReplicas}=3 deploy/api --timeout=30s', { out: /condition met/ }),
    type('set image -n shop deploy/api api=nginx:1.27', { out: /image updated/ }),
    type('rollout status -n shop deploy/api --timeout=60s', { out: /successfully rolled out/ }),
    type('rollout history -n shop deploy/api', { out: /^2 /m }),
    type('rollout undo -n shop deploy/api', { out: /rolled back/ }),
    type('rollout status -n shop deploy/api --timeout=60s', { out: /successfully rolled out/ }),
    type('rollout restart -n shop deploy/api', { out: /restarted/ }),
    type('rollout pause -n shop deploy/api', { out: /paused/ }),
    type('rollout resume -n shop deploy/api', { out: /resumed/ }),
    type('rollout status -n shop deploy/api --timeout=60s', { out: /successfully rolled out/ }),
    exec('-n shop deploy/api', ['cat', '/etc/resolv.conf'], { out: /search shop\.svc\.cluster\.local/ }),
    type('expose deploy api -n shop --port=80', { out: /service\/api exposed/ }),
    curl('http://api', { out: /Welcome to nginx!/ }),
    type('describe deploy -n shop api', { out: /NewReplicaSet: +api-/ }),
    type('get rs -n shop', { out: /api-/ }),
    type('create deployment plain -n shop --image=nginx', { out: /deployment\.apps\/plain created/ }),
    type('set env -n shop deploy/plain A=b', { out: /env updated/ }),
    type('delete deploy -n shop plain', { out: /deleted/ }),

    { args: ['apply', '-f', '-'], input: statefulSet, out: /statefulset\.apps\/store created/ },
    type('rollout status -n shop statefulset/store --timeout=60s', { out: /complete|rolled out/ }),
    curl('http://store-1.store', { out: /Welcome to nginx!/ }),
    { args: ['apply', '-f', '-'], input: daemonSet, out: /daemonset\.apps\/everywhere created/ },
    type('rollout status -n shop daemonset/everywhere --timeout=60s', { out: /rolled out/ }),
    { args: ['apply', '-f', '-'], input: job, out: /job\.batch\/once created/ },
    type('wait -n shop --for=condition=complete job/once --timeout=30s', { out: /condition met/ }),
    type('logs -n shop job/once', { out: /done/ }),

    type('create configmap settings -n shop --from-literal=a=b', { out: /configmap\/settings created/ }),
    type('create secret generic hidden -n shop --from-literal=a=b', { out: /secret\/hidden created/ }),
    type('create serviceaccount robot -n shop', { out: /serviceaccount\/robot created/ }),
    type('create service clusterip extra -n shop --tcp=80', { out: /service\/extra created/ }),
    type('create service nodeport outer -n shop --tcp=80', { out: /service\/outer created/ }),
    type('set selector service/extra app=api -n shop', { out: /selector updated/ }),
    type('create job second -n shop --image=busybox -- true', { out: /job\.batch\/second created/ }),
    type('get events -n shop', { out: /Scheduled/ }),
    type('events -n shop', { out: /Scheduled/ }),
    { args: ['apply', '-f', '-'], input: definition, out: /gates\.example\.com created/ },
    type('wait --for=condition=Established crd/gates.example.com --timeout=10s', { out: /condition met/ }),
    { args: ['apply', '-f', '-'], input: gate, out: /gate\.example\.com\/north created/ },
    type('get gt -n shop', { out: /north +true/ }),
    { args: ['patch', 'gate', '-n', 'shop', 'north', '--type=merge', '-p', '{"spec":{"open":false}}'], out: /patched/ },
    type('get crd', { out: /clusternetworkpolicies\.policy\.networking\.k8s\.io/ }),

    type('cordon lab-1', { out: /cordoned/ }),
    type('uncordon lab-1', { out: /uncordoned/ }),
    type('taint nodes lab-1 a=b:NoSchedule', { out: /tainted/ }),
    type('taint nodes lab-1 a=b:NoSchedule-', { out: /untainted/ }),
    type('drain lab-1 --ignore-daemonsets --force --delete-emptydir-data --timeout=60s', {
      out: /drained/,
      timeoutMs: 90_000,
    }),
    type('uncordon lab-1', { out: /uncordoned/ }),
    type('top pods -n shop', { code: 1, err: /Metrics API not available/i }),
    type('delete service,configmap -n shop --all', { out: /deleted/ }),
    type('delete ns shop --timeout=60s', { out: /namespace "shop" deleted/, timeoutMs: 90_000 }),
    type('get ns shop', { code: 1, err: /NotFound/ }),
  ].map((command) => ({ ...command, args: command.args.map((word) => word.replaceAll('\u00A0', ' ')) }));
}

/** What is not as it should be; `undefined` when all is. */
export function problemOf({ code = 0, out, err }: KubectlCommand, ran: Ran): string | undefined {
  const problems = [
    ...(ran.code === code ? [] : [`exit code ${ran.code}, not ${code}`]),
    ...(out === undefined || out.test(ran.out) ? [] : [`its output does not match ${out.source}`]),
    ...(err === undefined || err.test(ran.err) ? [] : [`its complaint does not match ${err.source}`]),
  ];
  return problems.length === 0 ? undefined : `${problems.join('; ')}\n${ran.out}${ran.err}`.trim();
}
