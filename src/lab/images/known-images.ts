/** The images that the lab has a program for. */
import { builtIn } from './built-in.ts';

export type Argv = readonly [string, ...string[]];
export type Environment = ReadonlyMap<string, string>;

/** What an image brings: the rest of its file system is that of the machine. */
export type KnownImage = ShellImage | ServerImage;

/** Nothing of its own: what is run in it comes from the machine. */
export interface ShellImage {
  readonly type: 'shell';
  /** Without arguments. */
  readonly cmd: Argv;
  /** Small programs such as wget are busybox's. Of other images the tag may say so (`nginx:alpine`). */
  readonly busybox: boolean;
  /** What arguments that are no program are for: that of `curlimages/curl`. */
  readonly entrypoint?: string;
}

/** It is there for one program, which the lab replaces by one of its own. */
export interface ServerImage {
  readonly type: 'server';
  /** Names of the program in the real image. */
  readonly programs: ReadonlySet<string>;
  readonly busybox: boolean;
  /** Folder of the pages that it serves. */
  readonly pages?: string;
  /** What runs in its place. */
  readonly start: (args: readonly string[], env: Environment, tag: string) => Argv;
}

interface Served {
  readonly names: readonly string[];
  readonly programs: readonly string[];
  readonly pages?: string;
  readonly start: ServerImage['start'];
}

const SHELLS: readonly (readonly [cmd: Argv, ...names: string[]])[] = [
  [['sh'], 'busybox', 'alpine', 'radial/busyboxplus', 'infoblox/dnstools', 'e2e-test-images/busybox', 'k8s-busybox'],
  [
    ['sh'],
    'yauritux/busybox-curl',
    'giantswarm/tiny-tools',
    'alpine/k8s',
    'dtzar/helm-kubectl',
    'rancherlabs/swiss-army-knife',
  ],
  [['bash'], 'ubuntu', 'debian', 'centos', 'fedora', 'rockylinux', 'almalinux', 'amazonlinux', 'archlinux', 'bash'],
  [['bash'], 'nicolaka/netshoot', 'tutum/dnsutils', 'leodotcloud/swiss-army-knife', 'arunvelsriram/utils'],
  [
    ['bash'],
    'weibeld/ubuntu-networking',
    'jonlabelle/network-tools',
    'raesene/alpine-containertools',
    'buildpack-deps',
  ],
  [['bash'], 'tutum/curl', 'byrnedo/alpine-bash', 'opensuse/leap', 'opensuse/tumbleweed', 'ubi8/ubi', 'ubi9/ubi'],
  [
    ['sh'],
    'google_containers/busybox',
    'google-containers/busybox',
    'prometheus/busybox',
    'lachlanevenson/k8s-kubectl',
  ],
  [
    ['sh'],
    'cilium/alpine-curl',
    'joffotron/docker-net-tools',
    'governmentpaas/curl-ssl',
    'ellerbrock/alpine-bash-curl-ssl',
  ],
  [['bash'], 'amouat/network-utils', 'mrlesmithjr/netutils', 'bitnami/kubectl', 'bitnami/minideb', 'perl'],
  [['python3'], 'python'],
  [
    ['sleep', 'infinity'],
    'kubernetes-e2e-test-images/dnsutils',
    'kubernetes-e2e-test-images/jessie-dnsutils',
    'google_containers/dnsutils',
  ],
  [['sleep', 'infinity'], 'e2e-test-images/jessie-dnsutils', 'e2e-test-images/dnsutils', 'e2e-test-images/nettools'],
];

/** Those that were made from alpine, besides the shells that begin with `sh`. */
const OF_BUSYBOX: ReadonlySet<string> = new Set([
  'nicolaka/netshoot',
  'jonlabelle/network-tools',
  'raesene/alpine-containertools',
  'byrnedo/alpine-bash',
  'praqma/network-multitool',
  'wbitt/network-multitool',
  'e2e-test-images/agnhost',
  'agnhost',
  'google-samples/hello-app',
  'google_samples/hello-app',
]);

const TOOLS: readonly (readonly [program: string, ...names: string[]])[] = [
  ['nc', 'subfuzion/netcat', 'gophernet/netcat'],
  [
    'curl',
    'pstauffer/curl',
    'rancher/curl',
    'curlimages/curl',
    'curl/curl',
    'alpine/curl',
    'appropriate/curl',
    'byrnedo/alpine-curl',
    'quay/curl',
  ],
];

/** Servers of which only the port is real: they answer in a few words of their protocol, or repeat what they hear. */
const STAND_INS: readonly (readonly [flags: string, programs: string, ...names: string[]])[] = [
  [
    '--tcp 6379',
    'redis-server',
    'redis',
    'redis/redis-stack',
    'redis/redis-stack-server',
    'valkey/valkey',
    'bitnami/redis',
    'bitnami/valkey',
  ],
  [
    '--tcp 6379',
    'redis-server',
    'google_samples/gb-redis-follower',
    'google-samples/gb-redis-follower',
    'google_samples/gb-redisslave',
    'google-samples/gb-redisslave',
    'redis-slave',
    'redis-follower',
  ],
  [
    '--tcp 5432 --unix /var/run/postgresql/.s.PGSQL.5432',
    'postgres',
    'postgres',
    'bitnami/postgresql',
    'pgvector/pgvector',
    'postgis/postgis',
    'timescale/timescaledb',
  ],
  [
    '--tcp 3306 --greet mysql --unix /var/run/mysqld/mysqld.sock',
    'mysqld',
    'mysql',
    'mysql/mysql-server',
    'bitnami/mysql',
    'percona',
  ],
  ['--tcp 3306 --greet mysql --unix /var/run/mysqld/mysqld.sock', 'mariadbd mysqld', 'mariadb', 'bitnami/mariadb'],
  ['--tcp 27017', 'mongod', 'mongo', 'bitnami/mongodb', 'mongodb/mongodb-community-server'],
  ['--tcp 11211', 'memcached', 'memcached', 'bitnami/memcached'],
  ['--tcp 5672 --tcp 15672', 'rabbitmq-server', 'rabbitmq', 'bitnami/rabbitmq'],
  ['--tcp 4222 --tcp 8222', 'nats-server', 'nats'],
  ['--tcp 9092', 'kafka', 'apache/kafka', 'bitnami/kafka', 'confluentinc/cp-kafka', 'wurstmeister/kafka'],
  ['--tcp 2181', 'zookeeper zkServer.sh', 'zookeeper', 'bitnami/zookeeper', 'confluentinc/cp-zookeeper'],
  ['--tcp 9042', 'cassandra', 'cassandra', 'bitnami/cassandra', 'scylladb/scylla'],
  ['--tcp 2379 --tcp 2380', 'etcd', 'etcd', 'etcd-development/etcd', 'coreos/etcd', 'bitnami/etcd'],
  [
    '--tcp 9200 --tcp 9300',
    'elasticsearch',
    'elasticsearch',
    'elasticsearch/elasticsearch',
    'bitnami/elasticsearch',
    'opensearchproject/opensearch',
  ],
  ['--tcp 1883', 'mosquitto', 'eclipse-mosquitto'],
  ['--tcp 9000 --tcp 9001', 'minio', 'minio/minio', 'bitnami/minio'],
  ['--tcp 8200', 'vault', 'vault', 'hashicorp/vault'],
  ['--tcp 8500 --udp 8600', 'consul', 'consul', 'hashicorp/consul'],
  ['--tcp 8086', 'influxd', 'influxdb'],
  ['--tcp 5000', 'registry', 'registry'],
  ['--tcp 9090', 'prometheus', 'prom/prometheus', 'prometheus/prometheus'],
  ['--tcp 9093', 'alertmanager', 'prom/alertmanager'],
  ['--tcp 9100', 'node_exporter', 'prom/node-exporter'],
  ['--tcp 3000', 'grafana-server', 'grafana/grafana'],
  ['--tcp 3100', 'loki', 'grafana/loki'],
  ['--tcp 5601', 'kibana', 'kibana', 'kibana/kibana'],
  ['--tcp 16686 --tcp 14268 --udp 6831', 'jaeger', 'jaegertracing/all-in-one'],
  ['--tcp 10000', 'envoy', 'envoyproxy/envoy'],
  ['--tcp 25', 'postfix', 'boky/postfix'],
];

const HTTP: readonly (readonly [port: number, programs: string, ...names: string[]])[] = [
  [80, 'haproxy', 'haproxy', 'haproxytech/haproxy-alpine'],
  [80, 'caddy', 'caddy'],
  [80, 'traefik', 'traefik'],
  [80, 'apache2-foreground', 'wordpress', 'drupal', 'joomla', 'nextcloud', 'phpmyadmin', 'hpa-example', 'php-apache'],
  [80, 'apache2-foreground', 'google_samples/gb-frontend', 'google-samples/gb-frontend'],
  [
    80,
    '',
    'docker/getting-started',
    'dockersamples/static-site',
    'training/webapp',
    'nginxdemos/hello',
    'nginxdemos/nginx-hello',
  ],
  [80, '', 'rancher/hello-world', 'crccheck/hello-world', 'stefanprodan/static'],
  [8080, 'catalina.sh', 'tomcat', 'bitnami/tomcat'],
  [
    8080,
    '',
    'jenkins/jenkins',
    'adminer',
    'paulbouwer/hello-kubernetes',
    'jmalloc/echo-server',
    'echoserver',
    'google_containers/echoserver',
    'e2e-test-images/echoserver',
  ],
  [8080, '', 'google-samples/kubernetes-bootcamp', 'jocatalin/kubernetes-bootcamp', 'solo-io/httpbin'],
  [8080, 'httpd', 'bitnami/apache'],
  [8080, '', 'dgkanatsios/simpleapp', 'kodekloud/webapp-color', 'kodekloud/simple-webapp', 'kuar-demo/kuard-amd64'],
  [8080, '', 'kicbase/echo-server', 'openshift/hello-openshift', 'google-samples/node-hello', 'cilium/json-mock'],
  [8080, '', 'google-samples/whereami', 'google-samples/containers/gke/whereami', 'buoyantio/emojivoto-web'],
  [80, '', 'azuredocs/azure-vote-front', 'azuredocs/aks-helloworld', 'weaveworksdemos/front-end'],
  [
    9080,
    '',
    'istio/examples-bookinfo-productpage-v1',
    'istio/examples-bookinfo-details-v1',
    'istio/examples-bookinfo-ratings-v1',
    'istio/examples-bookinfo-reviews-v1',
    'istio/examples-bookinfo-reviews-v2',
    'istio/examples-bookinfo-reviews-v3',
  ],
  [5000, '', 'istio/examples-helloworld-v1', 'istio/examples-helloworld-v2'],
  [3000, '', 'ibmcom/guestbook'],
  [8888, '', 'cloudnatived/demo'],
  [2368, '', 'ghost'],
  [9898, 'podinfo', 'stefanprodan/podinfo'],
];

/** The images whose answers somebody looks for. */
const SERVED: readonly Served[] = [
  {
    names: [
      'nginx',
      'nginx/nginx',
      'oss/nginx/nginx',
      'rancher/nginx',
      'nginx-slim',
      'e2e-test-images/nginx',
      'chainguard/nginx',
    ],
    programs: ['nginx', 'nginx-debug'],
    pages: '/usr/share/nginx/html',
    start: () => http('nginx', '80'),
  },
  {
    names: ['nginxinc/nginx-unprivileged', 'nginx/nginx-unprivileged', 'bitnami/nginx'],
    programs: ['nginx', 'nginx-debug'],
    pages: '/usr/share/nginx/html',
    start: () => http('nginx', '8080'),
  },
  {
    names: ['httpd', 'e2e-test-images/httpd'],
    programs: ['httpd', 'httpd-foreground', 'apachectl'],
    pages: '/usr/local/apache2/htdocs',
    start: () => http('httpd', '80'),
  },
  {
    names: ['hashicorp/http-echo', 'http-echo'],
    programs: ['http-echo'],
    start: (args) => [builtIn('http-echo'), ...args],
  },
  {
    names: ['traefik/whoami', 'containous/whoami', 'emilevauge/whoami', 'jwilder/whoami'],
    programs: ['whoami'],
    start: (args, env) => [builtIn('whoami'), ...portFrom(env, 'WHOAMI_PORT_NUMBER', '--port'), ...args],
  },
  {
    names: ['ealen/echo-server'],
    programs: ['node'],
    start: (_, env) => http('echo', env.get('PORT') ?? '80'),
  },
  {
    names: ['mendhak/http-https-echo'],
    programs: ['node'],
    start: (_, env) => http('echo', env.get('HTTP_PORT') ?? '8080'),
  },
  {
    names: ['kennethreitz/httpbin', 'mccutchen/go-httpbin'],
    programs: ['gunicorn', 'go-httpbin'],
    start: (_, env) => http('httpbin', env.get('PORT') ?? '80'),
  },
  {
    names: ['google-samples/hello-app', 'google_samples/hello-app', 'google-samples/containers/gke/hello-app'],
    programs: ['hello-app'],
    start: (_, env, tag) => [
      ...http('hello', env.get('PORT') ?? '8080'),
      '--text',
      /^\d+\.\d+$/.test(tag) ? `${tag}.0` : '1.0.0',
    ],
  },
  {
    names: ['ahmet/app-on-two-ports'],
    programs: ['app'],
    start: () => [...http('two-ports', '8000'), '--http', '5000'],
  },
  {
    names: ['cilium/starwars'],
    programs: ['starwars-docker', 'deathstar'],
    start: () => http('starwars', '80'),
  },
  {
    names: ['praqma/network-multitool', 'wbitt/network-multitool'],
    programs: ['nginx'],
    start: (_, env) => http('multitool', env.get('HTTP_PORT') ?? '80'),
  },
  {
    names: ['istio/tcp-echo-server', 'venilnoronha/tcp-echo-server'],
    programs: ['tcp-echo'],
    start: (args) => [
      builtIn('echo-server'),
      ...(args.length === 0 ? ['9000', 'hello'] : args).slice(0, 1).flatMap((port) => ['--tcp', port]),
    ],
  },
  {
    names: [
      'kubernetes-e2e-test-images/agnhost',
      'kubernetes-e2e-test-images/netexec',
      'e2e-test-images/agnhost',
      'e2e-test-images/netexec',
      'agnhost',
    ],
    programs: ['agnhost'],
    start: (args) => [builtIn('agnhost'), ...(args.length === 0 ? ['pause'] : args)],
  },
  {
    names: ['serve_hostname', 'e2e-test-images/serve-hostname'],
    programs: ['serve_hostname'],
    start: (args) => [builtIn('agnhost'), 'serve-hostname', ...args],
  },
  {
    names: ['pause', 'google_containers/pause', 'rancher/mirrored-pause', 'rancher/pause'],
    programs: ['pause'],
    start: () => [builtIn('pause')],
  },
  { names: ['coredns/coredns', 'coredns'], programs: ['coredns'], start: (args) => [builtIn('coredns'), ...args] },
];

/** By name without registry, tag and digest. */
export const KNOWN_IMAGES: ReadonlyMap<string, KnownImage> = knownImages();

function knownImages(): Map<string, KnownImage> {
  const images = new Map<string, KnownImage>();
  for (const [cmd, ...names] of SHELLS) {
    for (const name of names) {
      images.set(name, { type: 'shell', cmd, busybox: cmd[0] === 'sh' || OF_BUSYBOX.has(name) });
    }
  }
  for (const [program, ...names] of TOOLS) {
    for (const name of names) images.set(name, { type: 'shell', cmd: [program], entrypoint: program, busybox: true });
  }
  for (const [flags, programs, ...names] of STAND_INS) {
    const start: ServerImage['start'] = (args) => [builtIn('stand-in-server'), ...movedPort(flags.split(' '), args)];
    for (const name of names) images.set(name, server({ programs: words(programs), start }, name));
  }
  for (const [port, programs, ...names] of HTTP) {
    const start = () => http('page', String(port));
    for (const name of names) images.set(name, server({ programs: words(programs), start }, name));
  }
  for (const { names, programs, start, pages } of SERVED) {
    const served = { programs: new Set(programs), start, ...(pages === undefined ? {} : { pages }) };
    for (const name of names) images.set(name, server(served, name));
  }
  return images;
}

function server(of: Pick<ServerImage, 'programs' | 'start' | 'pages'>, name: string): ServerImage {
  return { type: 'server', ...of, busybox: OF_BUSYBOX.has(name) };
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' ').filter((word) => word !== ''));
}

function http(kind: string, port: string): Argv {
  return [builtIn('http-server'), '--kind', kind, '--http', port];
}

function portFrom(env: Environment, name: string, flag: string): string[] {
  const port = env.get(name);
  return port === undefined ? [] : [flag, port];
}

/** `--port` of databases moves the first port. */
function movedPort(flags: readonly string[], args: readonly string[]): string[] {
  const at = args.findIndex((arg) => arg === '--port' || arg.startsWith('--port='));
  const port = args[at]?.slice('--port='.length) || args[at + 1];
  if (at < 0 || port === undefined || !/^\d{1,5}$/.test(port)) return [...flags];
  return flags.map((flag, index) => (index === 1 ? port : flag));
}
