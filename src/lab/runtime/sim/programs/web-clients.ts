/** curl and wget. */
import type { SimConnection } from '../sim-network.ts';
import { resolveName } from '../sim-names.ts';
import type { SimProcess } from '../sim-process.ts';
import { headerLines, type SimResponse } from '../sim-server.ts';
import { CLIENT_PORT, simRequest } from '../sim-stream.ts';
import { type Options, readOptions } from './options.ts';
import { milliseconds, type Missed, waitInVain } from './waiting.ts';

interface Target {
  readonly url: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

type Fetched =
  | { readonly ok: true; readonly response: SimResponse; readonly address: string }
  | { readonly ok: false; readonly missed: Missed | 'no-http'; readonly address: string };

function targetOf(text: string): Target | undefined {
  const url = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === '') return undefined;
  const scheme = parsed.protocol.replace(':', '');
  const port = parsed.port === '' ? (scheme === 'https' ? 443 : 80) : Number(parsed.port);
  return { url, scheme, host: parsed.hostname, port, path: `${parsed.pathname}${parsed.search}` };
}

interface Asking {
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Waits as long as it takes, at most a second for nothing. */
async function fetched(
  process: SimProcess,
  target: Target,
  asking: Asking,
  limitMs: number | undefined,
): Promise<Fetched> {
  const { machine } = process;
  const resolved = resolveName(machine, target.host);
  if (!resolved.ok) {
    if (resolved.failure === 'timeout') await waitInVain(process, limitMs);
    return { ok: false, missed: resolved.failure === 'timeout' ? 'timeout' : 'unknown', address: target.host };
  }
  let last: SimConnection = { outcome: 'unreachable' };
  let address = target.host;
  for (const each of resolved.addresses) {
    address = each;
    last = machine.network.connect(machine.host, each, 'TCP', target.port);
    if (last.outcome === 'connected') break;
  }
  if (last.outcome !== 'connected') {
    if (last.outcome === 'dropped') await waitInVain(process, limitMs);
    return { ok: false, missed: last.outcome, address };
  }
  const { server, local, remote, port } = last;
  if (server.kind !== 'http' || target.scheme === 'https') return { ok: false, missed: 'no-http', address };
  const headers = [
    ['Host', target.port === 80 ? target.host : `${target.host}:${target.port}`] as const,
    ...asking.headers,
  ];
  const response = server.answer(
    simRequest(
      asking.method,
      target.path,
      headers,
      asking.body,
      { address: local, port: CLIENT_PORT },
      { address: remote, port },
    ),
  );
  if (response.delayMs !== undefined) await process.sleep(Math.min(response.delayMs, limitMs ?? response.delayMs));
  return { ok: true, response, address };
}

const CURL_VALUED = new Set(
  'm o d H X A u w T b c e F max-time connect-timeout output data data-raw data-binary header request user-agent user write-out retry retry-delay retry-max-time cacert resolve interface cookie url'.split(
    ' ',
  ),
);

export async function curl(process: SimProcess): Promise<number> {
  const options = readOptions(process.argv.slice(1), CURL_VALUED);
  const urls = [...options.operands, ...options.all.filter(([name]) => name === 'url').map(([, url]) => url)];
  if (options.values.has('V') || options.values.has('version')) {
    await process.print('curl 8.0 (simulated by the Sallyport lab)\n');
    return 0;
  }
  if (urls.length === 0) {
    await process.complain("curl: try 'curl --help' for more information\n");
    return 2;
  }
  let code = 0;
  for (const url of urls) code = await curlOne(process, url, options);
  return code;
}

async function curlOne(process: SimProcess, url: string, options: Options): Promise<number> {
  const has = (...names: readonly string[]): boolean => names.some((name) => options.values.has(name));
  const one = (...names: readonly string[]): string | undefined =>
    names.map((name) => options.values.get(name)).find((value) => value !== undefined);
  const quiet = has('s', 'silent') && !has('S', 'show-error');
  const fail = async (code: number, message: string): Promise<number> => {
    const format = one('w', 'write-out');
    if (!quiet) await process.complain(`curl: (${code}) ${message}\n`);
    if (format !== undefined) await process.print(written(format, { code: '000', url, address: '' }));
    return code;
  };
  const target = targetOf(url);
  if (target === undefined) return fail(3, `URL rejected: ${url}`);
  if (target.scheme !== 'http' && target.scheme !== 'https' && target.scheme !== 'telnet')
    return fail(1, `Protocol "${target.scheme}" not supported`);
  const data = options.all
    .filter(([name]) => ['d', 'data', 'data-raw', 'data-binary'].includes(name))
    .map(([, value]) => value);
  const given = options.all
    .filter(([name]) => name === 'H' || name === 'header')
    .map(([, header]) => [header.split(':')[0]?.trim() ?? '', header.slice(header.indexOf(':') + 1).trim()] as const);
  const method = one('X', 'request') ?? (has('I', 'head') ? 'HEAD' : data.length > 0 ? 'POST' : 'GET');
  const limits = [milliseconds(one('m', 'max-time')), milliseconds(one('connect-timeout'))].filter(
    (limit) => limit !== undefined,
  );
  const limitMs = limits.length === 0 ? undefined : Math.min(...limits);
  const agent = one('A', 'user-agent') ?? 'curl/8.0';
  const result = await fetched(
    process,
    target,
    { method, headers: [['User-Agent', agent], ['Accept', '*/*'], ...given], body: data.join('&') },
    limitMs,
  );
  const host = target.host.replace(/^\[(.*)\]$/, '$1');
  if (!result.ok) {
    switch (result.missed) {
      case 'unknown':
        return fail(6, `Could not resolve host: ${host}`);
      case 'timeout':
        return limitMs === undefined
          ? fail(6, `Could not resolve host: ${host}`)
          : fail(28, `Resolving timed out after ${limitMs} milliseconds`);
      case 'refused':
        return fail(7, `Failed to connect to ${host} port ${target.port} after 0 ms: Couldn't connect to server`);
      case 'dropped':
        return limitMs === undefined
          ? fail(28, `Failed to connect to ${host} port ${target.port} after 134000 ms: Connection timed out`)
          : fail(28, `Connection timed out after ${limitMs} milliseconds`);
      case 'unreachable':
        return fail(7, `Failed to connect to ${host} port ${target.port} after 0 ms: Network is unreachable`);
      case 'no-http':
        return target.scheme === 'https'
          ? fail(35, 'the simulation of the lab speaks no TLS; but the connection was allowed, and somebody listens')
          : fail(52, 'Empty reply from server');
    }
  }
  const { response, address } = result;
  if (has('f', 'fail') && response.status >= 400)
    return fail(22, `The requested URL returned error: ${response.status}`);
  const head = `${headerLines(response, process.machine.clock.calendarMs()).join('\r\n')}\r\n\r\n`;
  const body = method === 'HEAD' ? '' : response.body;
  if (has('v', 'verbose'))
    await process.complain(
      `* Connected to ${host} (${address}) port ${target.port}\n> ${method} ${target.path} HTTP/1.1\n< ${head.trim().replaceAll('\r\n', '\n< ')}\n`,
    );
  const text = `${has('i', 'include', 'I', 'head') ? head : ''}${body}`;
  const file = one('o', 'output');
  if (file === undefined) await process.print(text);
  else if (file !== '/dev/null') process.machine.files.write(file, Buffer.from(text), false);
  const format = one('w', 'write-out');
  if (format !== undefined) await process.print(written(format, { code: String(response.status), url, address }));
  return 0;
}

function written(
  format: string,
  known: { readonly code: string; readonly url: string; readonly address: string },
): string {
  return format
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll('%{http_code}', known.code)
    .replaceAll('%{response_code}', known.code)
    .replaceAll('%{url_effective}', known.url)
    .replaceAll('%{remote_ip}', known.address)
    .replaceAll(/%\{time_[a-z]+\}/g, '0.000000')
    .replaceAll('%{exitcode}', known.code === '000' ? '1' : '0')
    .replaceAll('%{errormsg}', '');
}

const WGET_VALUED = new Set('T t O U P timeout tries output-document header post-data user-agent'.split(' '));

/** As that of busybox. */
export async function wget(process: SimProcess): Promise<number> {
  const options = readOptions(joinedLetters(process.argv.slice(1)), WGET_VALUED);
  const [url] = options.operands;
  if (url === undefined) {
    await process.complain('wget: missing URL\n');
    return 1;
  }
  const target = targetOf(url);
  if (target === undefined) {
    await process.complain(`wget: bad address '${url}'\n`);
    return 1;
  }
  const limitMs = milliseconds(options.values.get('T') ?? options.values.get('timeout'));
  const quiet = options.values.has('q') || options.values.has('quiet');
  const spider = options.values.has('spider');
  const body = options.values.get('post-data') ?? '';
  const asking = { method: body === '' ? 'GET' : 'POST', headers: [['User-Agent', 'Wget'] as const], body };
  const result = await fetched(process, target, asking, limitMs);
  if (!result.ok) {
    if (!quiet && result.missed !== 'unknown' && result.missed !== 'timeout')
      await process.complain(`Connecting to ${target.host}:${target.port} (${result.address}:${target.port})\n`);
    await process.complain(`wget: ${wgetFailure(result.missed, target, result.address, limitMs)}\n`);
    return 1;
  }
  const { response, address } = result;
  if (!quiet) await process.complain(`Connecting to ${target.host}:${target.port} (${address}:${target.port})\n`);
  if (response.status >= 400) {
    await process.complain(`wget: server returned error: ${headerLines(response, 0)[0] ?? ''}\n`);
    return 1;
  }
  if (spider) {
    if (!quiet) await process.complain('remote file exists\n');
    return 0;
  }
  const name =
    options.values.get('O') ?? options.values.get('output-document') ?? (target.path.split('/').at(-1) || 'index.html');
  if (name === '-') await process.print(response.body);
  else if (name !== '/dev/null') {
    process.machine.files.write(`/${name}`, Buffer.from(response.body), false);
    if (!quiet) await process.complain(`saving to '${name}'\n'${name}' saved\n`);
  }
  return 0;
}

function wgetFailure(
  missed: Missed | 'no-http',
  { host, port }: Target,
  address: string,
  limitMs: number | undefined,
): string {
  switch (missed) {
    case 'unknown':
    case 'timeout':
      return `bad address '${host}'`;
    case 'refused':
      return `can't connect to remote host (${address}): Connection refused`;
    case 'dropped':
      return limitMs === undefined
        ? `can't connect to remote host (${address}): Operation timed out`
        : 'download timed out';
    case 'unreachable':
      return `can't connect to remote host (${address}): Network is unreachable`;
    case 'no-http':
      return `error getting response from ${host}:${port}`;
  }
}

/** `-qO-` and `-nv`, which people write in one. */
function joinedLetters(args: readonly string[]): readonly string[] {
  return args.map((arg) => (arg === '-nv' ? '-q' : arg));
}
