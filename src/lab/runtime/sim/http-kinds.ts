/** The pages of the built-in HTTP servers, as their real counterparts in the lab answer. */
import type { SimRequest, SimResponse } from './sim-server.ts';

export interface ServedPod {
  readonly hostname: string;
  readonly namespace: string;
  /** A file of the container. */
  readonly file: (path: string) => Buffer | undefined;
}

type Answer = (request: SimRequest) => SimResponse | undefined;

const ROOTS: ReadonlyMap<string, string> = new Map([
  ['nginx', '/usr/share/nginx/html'],
  ['httpd', '/usr/local/apache2/htdocs'],
]);
const SERVERS: ReadonlyMap<string, string> = new Map([
  ['nginx', 'nginx/1.27.0'],
  ['httpd', 'Apache/2.4.62 (Unix)'],
]);
const NOT_FOUND = html(
  404,
  '<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n</body>\n</html>\n',
);
const MAX_DELAY_S = 60;

export function httpKind(kind: string, text: string | undefined, pod: ServedPod): (request: SimRequest) => SimResponse {
  const special = specialOf(kind, text, pod);
  const folder = ROOTS.get(kind);
  const server = SERVERS.get(kind);
  return (request) => {
    const answer =
      (folder === undefined ? undefined : fileBelow(folder, request, pod)) ??
      special(request) ??
      commonAnswer(request, pod) ??
      NOT_FOUND;
    return server === undefined ? answer : { ...answer, server };
  };
}

function specialOf(kind: string, text: string | undefined, pod: ServedPod): Answer {
  const { hostname, namespace } = pod;
  switch (kind) {
    case 'nginx':
      return (request) => root(request, pageOfNginx(request, pod));
    case 'httpd':
      return (request) => root(request, '<html><body><h1>It works!</h1></body></html>\n');
    case 'echo':
      return (request) => json(200, `${described(request, pod)}\n`);
    case 'httpbin':
      return (request) => httpbin(request, pod);
    case 'whoami':
      return (request) => whoami(request, text, pod);
    case 'hello':
      return () => plain(200, `Hello, world!\nVersion: ${text ?? '1.0.0'}\nHostname: ${hostname}\n`);
    case 'two-ports':
      return twoPorts;
    case 'starwars':
      return (request) => starwars(request, pod);
    case 'multitool':
      return (request) =>
        root(
          request,
          `A tool box for networks, in pod ${hostname} (${namespace}), reached at port ${request.local.port}\n`,
        );
    case 'stand-in':
      return () => plain(200, `A stand-in of the lab, in pod ${hostname} of namespace ${namespace}\n`);
    default:
      return (request) => root(request, `Hello from pod ${hostname} of namespace ${namespace}\n`);
  }
}

/** What all of them know. */
export function commonAnswer({ path, query, client }: SimRequest, { hostname }: ServedPod): SimResponse | undefined {
  switch (path) {
    case '/hostname':
    case '/hostName':
      return plain(200, hostname);
    case '/clientip':
      return plain(200, withPort(client.address, client.port));
    case '/healthz':
    case '/readyz':
    case '/livez':
    case '/health':
    case '/ready':
      return plain(200, 'ok\n');
    case '/echo': {
      const code = query.get('code') ?? '';
      return plain(/^[2-5][0-9]{2}$/.test(code) ? Number(code) : 200, query.get('msg') ?? '');
    }
    default:
      return undefined;
  }
}

function root({ path }: SimRequest, page: string): SimResponse | undefined {
  if (path !== '/' && path !== '/index.html') return undefined;
  return page.startsWith('<') ? html(200, page) : plain(200, page);
}

function pageOfNginx({ client }: SimRequest, { hostname, namespace }: ServedPod): string {
  return `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page comes from a small server of the Sallyport lab that stands in for nginx.</p>
<p>It runs in pod <b>${escaped(hostname)}</b> of namespace <b>${escaped(namespace)}</b>; you reached it from <b>${client.address}</b>.</p>
</body>
</html>
`;
}

function fileBelow(folder: string, { path }: SimRequest, pod: ServedPod): SimResponse | undefined {
  if (path.split('/').includes('..')) return undefined;
  const file = `${folder}${path}${path.endsWith('/') ? 'index.html' : ''}`;
  const body = pod.file(file)?.toString();
  if (body === undefined) return undefined;
  return /\.html?$/.test(file) ? html(200, body) : file.endsWith('.json') ? json(200, body) : plain(200, body);
}

function described(request: SimRequest, { hostname, namespace }: ServedPod): string {
  const { client, method, path, query, headers, body } = request;
  return JSON.stringify({
    hostname,
    namespace,
    client: { ip: client.address, port: client.port },
    method,
    path,
    query: Object.fromEntries([...query].sort(([a], [b]) => (a < b ? -1 : 1))),
    headers: Object.fromEntries(headers),
    body,
  });
}

function httpbin(request: SimRequest, pod: ServedPod): SimResponse | undefined {
  const { path, client, headers } = request;
  const agent = headers.find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? '';
  const status = /^\/status\/([2-5][0-9]{2})$/.exec(path)?.[1];
  const delay = /^\/delay\/([0-9]{1,3})$/.exec(path)?.[1];
  if (path === '/ip') return json(200, `${JSON.stringify({ origin: client.address })}\n`);
  if (path === '/headers') return json(200, `${JSON.stringify({ headers: Object.fromEntries(headers) })}\n`);
  if (path === '/user-agent') return json(200, `${JSON.stringify({ 'user-agent': agent })}\n`);
  if (status !== undefined) return plain(Number(status), '');
  if (delay !== undefined)
    return { ...json(200, `${described(request, pod)}\n`), delayMs: Math.min(MAX_DELAY_S, Number(delay)) * 1000 };
  const known = ['/', '/get', '/post', '/put', '/patch', '/delete', '/anything'];
  return known.includes(path) || path.startsWith('/anything/') ? json(200, `${described(request, pod)}\n`) : undefined;
}

function whoami(request: SimRequest, name: string | undefined, { hostname }: ServedPod): SimResponse {
  const { path, local, method, target, client, headers } = request;
  if (path === '/health') return plain(200, '');
  if (path === '/bench') return plain(200, '1');
  const remoteAddr = withPort(client.address, client.port);
  if (path === '/api')
    return json(200, `${JSON.stringify({ hostname, ip: [local.address], method, url: target, remoteAddr })}\n`);
  const host = headers.find(([each]) => each.toLowerCase() === 'host')?.[1] ?? '';
  const fields = headers
    .filter(([each]) => each.toLowerCase() !== 'host')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, value]) => `${each}: ${value}\n`);
  const lines = [
    ...(name === undefined ? [] : [`Name: ${name}`]),
    `Hostname: ${hostname}`,
    `IP: ${local.address}`,
    `RemoteAddr: ${remoteAddr}`,
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
  ];
  return plain(200, `${lines.join('\n')}\n${fields.join('')}\n`);
}

function twoPorts({ path, local }: SimRequest): SimResponse | undefined {
  if (path !== '/' && path !== '/metrics') return undefined;
  if (local.port !== 5000) return plain(200, 'Hello from HTTP server\n');
  return plain(200, 'http.requests=1\ngo.goroutines=5\ngo.cpus=2\n');
}

function starwars({ method, path }: SimRequest, { hostname }: ServedPod): SimResponse | undefined {
  if (path === '/v1/request-landing' && method === 'POST') return plain(200, 'Ship landed\n');
  if (path === '/v1/exhaust-port' && method === 'PUT') return plain(503, 'Panic: deathstar exploded\n');
  if (path === '/v1/' || path === '/v1') return json(200, `${JSON.stringify({ name: 'Death Star', hostname })}\n`);
  return undefined;
}

export function plain(status: number, body: string): SimResponse {
  return { status, type: 'text/plain', body };
}

function html(status: number, body: string): SimResponse {
  return { status, type: 'text/html', body };
}

export function json(status: number, body: string): SimResponse {
  return { status, type: 'application/json', body };
}

export function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
