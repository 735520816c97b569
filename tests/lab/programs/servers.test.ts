import { readFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freePorts, Programs } from './programs.ts';

const programs = new Programs();
afterAll(() => programs.close());

const [page = 0, raw = 0, sql = 0, echo = 0, first = 0, second = 0, agn = 0, udp = 0, hosts = 0, who = 0] =
  await freePorts(10);
const nginx = await programs.serve('http-server', ['--kind', 'nginx', '--http', String(page)], page);

/** All that a server says until it hangs up, or `enough` of it. */
async function talk(port: number, said: string | Uint8Array, enough = /^$/): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(typeof said === 'string' ? Buffer.from(said, 'latin1') : said);
  let heard = '';
  for await (const text of socket) {
    heard += String(text);
    if (enough.test(heard)) break;
  }
  return heard;
}

const get = async (port: number, path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);

describe('http-server', () => {
  it('welcomes and says where it is', async () => {
    const answer = await get(page, '/');
    expect(answer.headers.get('server')).toBe('nginx/1.27.0');
    const text = await answer.text();
    for (const part of ['Welcome to nginx!', hostname(), 'namespace', '127.0.0.1']) expect(text).toContain(part);
  });

  it.each([
    ['/hostname', 200, hostname()],
    ['/healthz', 200, 'ok\n'],
    ['/echo?msg=a%20b+c&code=503', 503, 'a b c'],
    ['/nothing', 404, expect.stringContaining('404 Not Found')],
    ['/../../etc/passwd', 404, expect.stringContaining('404 Not Found')],
    ['/%2e%2e/%2e%2e/etc/passwd', 404, expect.stringContaining('404 Not Found')],
  ])('GET %s', async (path, status, body: unknown) => {
    const answer = await get(page, path);
    expect([answer.status, await answer.text()]).toEqual([status, body]);
  });

  it('tells clients at once that it has no TLS', async () => {
    const hello = Uint8Array.from([0x16, 3, 1, 0, 2, 1, 0]);
    expect(await talk(page, hello)).toBe('\x15\x03\x01\x00\x02\x02\x28');
  });

  it('tells clients their address, of either family', async () => {
    expect(await (await get(page, '/clientip')).text()).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`http://[::1]:${page}/clientip`)).text()).toMatch(/^\[::1\]:\d+$/);
  });

  it.each<readonly [string, string, readonly string[]]>([
    [
      'several requests at once',
      'GET /hostname HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n',
      ['200', '200', '200'],
    ],
    [
      'a body, and one in chunks',
      'POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPUT /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nA: b\r\n\r\n',
      ['200', '200'],
    ],
    ['no HTTP', 'hello\r\n\r\n', ['400']],
    ['a broken field', 'GET / HTTP/1.1\r\nno field\r\n\r\n', ['400']],
    ['a length that is none', 'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', ['400']],
    ['a body too long', 'POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n', ['413']],
    ['a chunk too long', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n', ['413']],
    ['an encoding nobody knows', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n', ['501']],
    ['a head too long', `GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}`, ['431']],
    [
      'somebody who waits for a sign',
      'PUT /healthz HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na',
      ['100', '200'],
    ],
  ])('%s', async (_, said, statuses) => {
    const heard = await talk(page, said);
    expect([...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual(statuses);
  });

  it('logs who came, and nothing that looks like another line', async () => {
    await talk(page, 'GET /x"y HTTP/1.0\r\nUser-Agent: a\x01"\xff\r\n\r\n');
    const line = nginx
      .said()
      .split('\n')
      .find((each) => each.includes('/x'));
    expect(line).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/x\\x22y HTTP\/1\.0" 404 \d+ "-" "a\\x01\\x22\\xFF" "-"$/);
  });

  it('serves on several ports, and others while one waits', async () => {
    const server = await programs.serve(
      'http-server',
      ['--kind', 'httpbin', '--http', String(first), '--http', String(second)],
      second,
    );
    const slow = get(first, '/delay/1');
    expect(await (await get(second, '/ip')).json()).toEqual({ origin: '127.0.0.1' });
    expect((await get(first, '/status/418')).status).toBe(418);
    const posted = { method: 'POST', body: 'a"b', headers: { 'X-One': '1' } };
    expect(await (await get(second, '/anything/here?q=1', posted)).json()).toMatchObject({
      method: 'POST',
      path: '/anything/here',
      query: { q: '1' },
      headers: { 'X-One': '1' },
      body: 'a"b',
    });
    expect((await slow).status).toBe(200);
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0 });
  });

  it('ends when its port is taken', async () => {
    const { code, stderr } = await programs.run('http-server', ['--http', String(page)]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^bind\(\) to port \d+ failed \(\d+: Address already in use\)\n$/);
  });

  it.each([[['--http']], [['--kind', 'nope', '--http', '1']], [['--http', 'x']], [['x']]])(
    'does not start with %j',
    async (args) => {
      expect((await programs.run('http-server', args)).code).toBe(1);
    },
  );
});

describe('stand-ins', () => {
  it('answer in the words that clients wait for', async () => {
    await programs.serve('stand-in-server', ['--tcp', String(raw), '--udp', String(raw)], raw);
    expect(await talk(raw, 'PING\r\n', /\n/)).toBe('+PONG\r\n');
    expect(await talk(raw, '*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n', /\r\na\r\n/)).toBe('$3\r\na\r\n\r\n');
    expect(await talk(raw, 'hello', /hello/)).toBe('hello');
    expect(await (await get(raw, '/')).text()).toContain('A stand-in of the lab');
    const startup = Buffer.from('\0\0\0\x13\0\x03\0\0user\0root\0\0', 'latin1');
    const greeting = await talk(raw, startup, /Z/);
    expect(greeting.slice(0, 10)).toBe('R\0\0\0\x08\0\0\0\0S');
    expect(greeting.slice(-6)).toBe('Z\0\0\0\x05I');
    expect(await talk(raw, Buffer.from('\0\0\0\x08\x04\xd2\x16\x2f', 'latin1'), /N/)).toBe('N');
  });

  it('of MySQL speak first', async () => {
    await programs.serve('stand-in-server', ['--tcp', String(sql), '--greet', 'mysql'], sql);
    const greeting = Buffer.from(await talk(sql, '', /password\0$/), 'latin1');
    expect(greeting.readUIntLE(0, 3)).toBe(greeting.length - 4);
    expect(greeting[4]).toBe(10);
    expect(await programs.run('mysqladmin', ['ping', '-h127.0.0.1', `--port=${sql}`])).toMatchObject({ code: 0 });
  });

  it('are found by a file, too', async () => {
    const file = join(programs.folder, 'run/here/socket');
    const [port = 0] = await freePorts(1);
    const server = await programs.serve('stand-in-server', ['--tcp', String(port), '--unix', file], port);
    const socket = connect(file).setEncoding('latin1');
    socket.write('PING\r\n');
    expect(await once(socket, 'data')).toEqual(['+PONG\r\n']);
    socket.destroy();
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('clients of databases reach them', async () => {
    const at = ['-h', '127.0.0.1', '-p', String(raw)];
    expect(await programs.run('redis-cli', [...at, 'ping'])).toMatchObject({ code: 0, stdout: 'PONG\n' });
    expect(await programs.run('redis-cli', at, { input: 'echo hi\nget x\nfoo\n' })).toMatchObject({
      stdout: 'hi\n(nil)\n(error) ERR unknown command, this is only a stand-in\n',
    });
    expect(await programs.run('pg_isready', at)).toMatchObject({
      code: 0,
      stdout: `127.0.0.1:${raw} - accepting connections\n`,
    });
    expect(await programs.run('pg_isready', ['-h', '127.0.0.1', '-p', '1'])).toMatchObject({ code: 2 });
    expect(await programs.run('redis-cli', ['-p', '1', 'ping'])).toMatchObject({
      code: 1,
      stderr: 'Could not connect to Redis at 127.0.0.1:1: Connection refused\n',
    });
  });
});

describe('servers of other images', () => {
  it('http-echo', async () => {
    const port = String(echo);
    await programs.serve('http-echo', [`-listen=:${port}`, '-text=hello', '-status-code', '201'], echo);
    const answer = await get(echo, '/anything');
    expect([answer.status, await answer.text()]).toEqual([201, 'hello\n']);
    expect(await programs.run('http-echo', ['-listen', ':1'])).toMatchObject({
      code: 1,
      stderr: 'Missing -text option!\n',
    });
  });

  it('whoami', async () => {
    await programs.serve('whoami', ['--port', String(who), '--name=me'], who);
    const text = await (await get(who, '/a?b', { headers: { 'X-One': '1' } })).text();
    for (const line of ['Name: me', `Hostname: ${hostname()}`, 'IP: 127.0.0.1', 'GET /a?b HTTP/1.1', 'x-one: 1']) {
      expect(text.toLowerCase()).toContain(`${line.toLowerCase()}\n`);
    }
  });

  it('agnhost netexec', async () => {
    await programs.serve('agnhost', ['netexec', `--http-port=${agn}`, '--udp-port', String(udp)], agn);
    expect(await (await get(agn, '/hostname')).text()).toBe(hostname());
    expect(await (await get(agn, '/')).text()).toMatch(/^NOW: /);
    const socket = createSocket('udp4');
    const said: string[] = [];
    for (const command of ['hostname\n', 'echo a b', 'clientip', 'what']) {
      socket.send(command, udp, '127.0.0.1');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      said.push(answer.toString());
    }
    expect(said).toEqual([hostname(), 'a b', `127.0.0.1:${socket.address().port}`, 'unknown command: what']);
    socket.close();
  });

  it('agnhost serve-hostname and porter', async () => {
    await programs.serve('agnhost', ['serve-hostname', '--tcp', '--http=false', `--port=${hosts}`], hosts);
    expect(await talk(hosts, '')).toBe(`${hostname()}\n`);
    const [port = 0] = await freePorts(1);
    await programs.serve('agnhost', ['porter'], port, { env: { [`SERVE_PORT_${port}`]: 'from porter' } });
    expect(await (await get(port, '/')).text()).toBe('from porter');
  });

  it.each<readonly [readonly string[], number, string]>([
    [[`127.0.0.1:${page}`, '--timeout=1s'], 0, ''],
    [['127.0.0.1:1', '--timeout=1s'], 1, 'REFUSED\n'],
    [[`127.0.0.1:${page}`, '--timeout', '100ms', '--protocol=udp'], 1, 'REFUSED\n'],
    [['nobody.invalid:80', '--timeout=1s'], 1, 'DNS: '],
    [['127.0.0.1:1', '--protocol=icmp'], 1, 'Unsupported protocol'],
    [['nonsense'], 1, 'usage: '],
  ])('agnhost connect %j', async (args, code, stderr) => {
    const ended = await programs.run('agnhost', ['connect', ...args]);
    expect([ended.code, ended.stderr.slice(0, stderr.length || 1)]).toEqual([code, stderr]);
  });

  it.each(['pause', 'agnhost'])('%s waits until it is told to end', async (name) => {
    const { child, ended } = programs.start(name, name === 'agnhost' ? ['pause'] : []);
    const gone = ended.then(() => 'gone');
    expect(await Promise.race([gone, programs.run('agnhost', ['nope']).then(() => 'still there')])).toBe('still there');
    await expect.poll(() => catchesTerm(child.pid ?? 0), { timeout: 10_000 }).toBe(true);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });
});

/** Before a program has come so far, the signal just ends it. */
function catchesTerm(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
  return ((BigInt(`0x${caught}`) >> 14n) & 1n) === 1n;
}
