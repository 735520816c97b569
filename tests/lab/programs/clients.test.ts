import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DnsServer } from '../../../src/lab/dns/dns-server.ts';
import { sampleZone, service } from '../dns/sample-zone.ts';
import { freePorts, Programs } from './programs.ts';

const programs = new Programs();
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-clients-'));
const servers: Server[] = [];
const sockets = new Set<Socket>();
const dns = new DnsServer(sampleZone());
afterAll(async () => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
  dns.close();
  await programs.close();
  rmSync(scratch, { recursive: true });
});

async function portOf(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
  });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const web = await portOf(
  createHttpServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/moved') response.writeHead(302, { Location: '/there?x=1' }).end('moved');
    else if (path === '/circle') response.writeHead(302, { Location: 'circle' }).end();
    else if (path === '/missing') response.writeHead(404).end('nothing here');
    else if (path === '/chunks') {
      response.write('one ');
      response.end('two');
    } else {
      const body: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => body.push(chunk))
        .on('end', () => {
          const { method, headers } = request;
          response.end(
            `${method} ${path} ${String(headers['x-one'] ?? '-')} ${headers.authorization ?? '-'} ${Buffer.concat(body).toString()}`,
          );
        });
    }
  }),
);
/** Takes connections and says nothing. */
const silent = await portOf(createServer((socket) => socket.resume()));
const hangingUp = await portOf(createServer((socket) => socket.end()));
const halfway = await portOf(createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')));
const echo = await portOf(createServer((socket) => socket.pipe(socket)));
const [closed = 0] = await freePorts(1);
const names = await dns.listen({ addresses: ['127.0.0.1'], port: 0 });
const url = `http://127.0.0.1:${web}`;

describe('curl', () => {
  it.each<readonly [readonly string[], number, string]>([
    [['-s', `${url}/a?b=c`], 0, 'GET /a?b=c - - '],
    [['-sd', 'x=1', '-d', 'y=2', `${url}/`], 0, 'POST / - - x=1&y=2'],
    [['-sG', '--data-urlencode', 'q=a b', `${url}/`], 0, 'GET /?q=a%20b - - '],
    [['-sX', 'PUT', '-H', 'X-One: 1', '--data-raw', '@x', `${url}/`], 0, 'PUT / 1 - @x'],
    [['-su', 'user:pass', `${url}/`], 0, 'GET / - Basic dXNlcjpwYXNz '],
    [['-s', `${url}/chunks`], 0, 'one two'],
    [['-s', `${url}/moved`], 0, 'moved'],
    [['-sL', `${url}/moved`], 0, 'GET /there?x=1 - - '],
    [
      ['-s', '-o', '/dev/null', '-w', '%{http_code} %{num_redirects} %{size_download}\\n%%', '-L', `${url}/moved`],
      0,
      '200 1 19\n%',
    ],
    [['-s', '-w', '%{http_code}', `http://127.0.0.1:${closed}/`], 7, '000'],
    [['-s', `${url}/missing`], 0, 'nothing here'],
    [['-sf', `${url}/missing`], 22, ''],
    [['-sL', '--max-redirs', '3', `${url}/circle`], 47, ''],
    [['-s', '--resolve', `web.shop:${web}:127.0.0.1`, `http://web.shop:${web}/x`], 0, 'GET /x - - '],
  ])('%j', async (args, code, stdout) => {
    expect(await programs.run('curl', args)).toEqual({ code, stdout, stderr: '' });
  });

  it.each<readonly [readonly string[], number, RegExp]>([
    [
      [`http://127.0.0.1:${closed}/`],
      7,
      /^curl: \(7\) Failed to connect to 127\.0\.0\.1 port \d+ after \d+ ms: Couldn't connect to server\n$/,
    ],
    [['http://nobody.invalid/'], 6, /^curl: \(6\) Could not resolve host: nobody\.invalid\n$/],
    [
      ['-m', '0.2', `http://127.0.0.1:${silent}/`],
      28,
      /^curl: \(28\) Operation timed out after \d+ milliseconds with 0 bytes received\n$/,
    ],
    [[`http://127.0.0.1:${hangingUp}/`], 52, /^curl: \(52\) Empty reply from server\n$/],
    [
      ['-o', '/dev/null', `http://127.0.0.1:${halfway}/`],
      18,
      /^curl: \(18\) transfer closed with 7 bytes remaining to read\n$/,
    ],
    [[`https://127.0.0.1:${web}/`], 35, /^curl: \(35\) .*no TLS/],
    [['ftp://x/'], 1, /^curl: \(1\) Protocol "ftp" not supported/],
    [['http://'], 3, /^curl: \(3\) URL/],
    [['-sSf', `${url}/missing`], 22, /^curl: \(22\) The requested URL returned error: 404\n$/],
    [['--nothing'], 2, /^curl: option --nothing: is unknown\n/],
    [[], 2, /no URL specified/],
    [['-m', 'x', url], 2, /numerical/],
  ])('%j says why not', async (args, code, stderr) => {
    const ended = await programs.run('curl', args);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toMatch(stderr);
  });

  it('shows what happens, and heads', async () => {
    const { stderr } = await programs.run('curl', ['-sv', `${url}/missing`]);
    for (const line of [`*   Trying 127.0.0.1:${web}...`, '> GET /missing HTTP/1.1', '< HTTP/1.1 404 Not Found']) {
      expect(stderr.split('\n')).toContain(line);
    }
    expect((await programs.run('curl', ['-sI', `${url}/`])).stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    expect((await programs.run('curl', ['-si', `${url}/`])).stdout).toMatch(/\r\n\r\nGET \/ - - $/);
  });

  it('writes files, and speaks with anybody', async () => {
    const file = join(scratch, 'page');
    await programs.run('curl', ['-s', '-o', file, `${url}/`]);
    expect(readFileSync(file, 'utf8')).toBe('GET / - - ');
    const telnet = ['-s', '-m', '5', `telnet://127.0.0.1:${echo}`];
    const { child, ended, said } = programs.start('curl', telnet, { input: 'hello\n' });
    while (!said().includes('hello')) await once(child.stdout, 'data');
    child.kill();
    expect((await ended).stdout).toBe('hello\n');
  });
});

describe('wget', () => {
  it.each<readonly [readonly string[], number, string, RegExp]>([
    [['-qO-', `${url}/`], 0, 'GET / - - ', /^$/],
    [
      ['-O-', '--header', 'X-One: 2', `${url}/`],
      0,
      'GET / 2 - ',
      /^Connecting to 127\.0\.0\.1:\d+ \(127\.0\.0\.1:\d+\)\nwritten to stdout\n$/,
    ],
    [['-q', '-O', '-', '--post-data=a', `${url}/`], 0, 'POST / - - a', /^$/],
    [['--spider', '-T', '2', `127.0.0.1:${web}`], 0, '', /remote file exists\n$/],
    [
      ['--spider', '--timeout=1', `127.0.0.1:${closed}`],
      1,
      '',
      /can't connect to remote host \(127\.0\.0\.1\): Connection refused\n$/,
    ],
    [['-qO-', '-T1', `127.0.0.1:${silent}`], 1, '', /^wget: download timed out\n$/],
    [['-qO-', 'nobody.invalid'], 1, '', /^wget: bad address 'nobody\.invalid'\n$/],
    [['-qO-', 'nobody.invalid:81'], 1, '', /^wget: bad address 'nobody\.invalid:81'\n$/],
    [['-qO-', `${url}/missing`], 1, '', /^wget: server returned error: HTTP\/1\.1 404 Not Found\n$/],
    [['-qO-', `${url}/moved`], 0, 'GET /there?x=1 - - ', /^$/],
    [['-qO-', `${url}/circle`], 1, '', /too many redirections/],
    [['--nothing'], 1, '', /unrecognized option/],
    [['-q'], 1, '', /missing URL/],
  ])('%j', async (args, code, stdout, stderr) => {
    const ended = await programs.run('wget', args);
    expect([ended.code, ended.stdout.trimEnd()]).toEqual([code, stdout.trimEnd()]);
    expect(ended.stderr).toMatch(stderr);
  });
});

describe('nc and telnet', () => {
  it.each<readonly [readonly string[], number, RegExp]>([
    [['-zv', '127.0.0.1', String(echo)], 0, /^Connection to 127\.0\.0\.1 \d+ port \[tcp\/\*\] succeeded!\n$/],
    [['-z', '127.0.0.1', String(echo)], 0, /^$/],
    [
      ['-zv', '-w', '1', '127.0.0.1', String(closed)],
      1,
      /^nc: connect to 127\.0\.0\.1 port \d+ \(tcp\) failed: Connection refused\n$/,
    ],
    [['-zvu', '127.0.0.1', String(closed)], 1, /\(udp\) failed: Connection refused\n$/],
    [['-zv', 'nobody.invalid', '80'], 1, /^nc: getaddrinfo for host "nobody\.invalid" port 80: /],
    [['-zv', '127.0.0.1', `${closed},${echo}`], 0, /refused\n.*succeeded!\n$/],
    [['-y'], 1, /invalid option/],
    [['-l'], 1, /missing port/],
  ])('nc %j', async (args, code, stderr) => {
    const ended = await programs.run('nc', args);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toMatch(stderr);
  });

  it('carry what is said', async () => {
    const ended = await programs.run('nc', ['-q', '1', '127.0.0.1', String(echo)], { input: 'a\nb\n' });
    expect(ended).toEqual({ code: 0, stdout: 'a\nb\n', stderr: '' });
    const telnet = await programs.run('telnet', ['127.0.0.1', String(echo)], { input: 'x\n' });
    expect(telnet.stdout).toContain("Connected to 127.0.0.1.\nEscape character is '^]'.\n");
    expect(await programs.run('telnet', ['127.0.0.1', String(closed)])).toMatchObject({
      code: 1,
      stderr: 'telnet: Unable to connect to remote host: Connection refused\n',
    });
  });

  it('nc listens, again and again, for whom it runs a program', async () => {
    const [port = 0, once = 0] = await freePorts(2);
    await programs.serve('nc', ['-lk', '-p', String(port), '-e', 'sh', '-c', 'echo hi'], port);
    const answers = [];
    while (answers.length < 2) answers.push((await programs.run('nc', ['127.0.0.1', String(port)])).stdout);
    expect(answers).toEqual(['hi\n', 'hi\n']);
    const listener = programs.start('nc', ['-vl', String(once)]);
    while (!listener.said().includes('Listening'))
      await new Promise((resolve) => listener.child.stderr.once('data', resolve));
    await programs.run('nc', ['-q', '0', '127.0.0.1', String(once)], { input: 'to the listener' });
    expect(await listener.ended).toMatchObject({ code: 0, stdout: 'to the listener' });
  });
});

describe('nslookup, dig and host', () => {
  const at = ['-p', String(names), '@127.0.0.1'];

  it.each<readonly [readonly string[], string]>([
    [['web.shop.svc.cluster.local', '+short'], '10.96.0.20\n'],
    [['AAAA', 'web.shop.svc.cluster.local', '+short'], 'fd00:10:96::20\n'],
    [['other.shop.svc.cluster.local', '+short', '+tcp'], 'web.shop.svc.cluster.local.\n10.96.0.20\n'],
    [['-t', 'srv', '_http._tcp.web.shop.svc.cluster.local', '+short'], '0 100 80 web.shop.svc.cluster.local.\n'],
    [['-x', '10.96.0.20', '+short'], 'web.shop.svc.cluster.local.\n'],
    [
      ['-x', 'fd00:10:96::20', '+noall', '+answer'],
      '0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.\t5\tIN\tPTR\tweb.shop.svc.cluster.local.\n',
    ],
    [['dns-version.cluster.local', 'TXT', '+short'], '"1.1.0"\n'],
    [['nobody.shop.svc.cluster.local', '+short'], ''],
  ])('dig %j', async (args, stdout) => {
    expect(await programs.run('dig', [...at, ...args])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('dig tells all, and when nobody answers', async () => {
    const { stdout } = await programs.run('dig', [...at, 'web.shop.svc.cluster.local', 'A']);
    expect(stdout).toMatch(
      /status: NOERROR, id: \d+\n;; flags: qr aa rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0\n/,
    );
    expect(stdout).toContain('\nweb.shop.svc.cluster.local.\t5\tIN\tA\t10.96.0.20\n');
    const nobody = await programs.run('dig', ['-p', String(closed), '@127.0.0.1', '+tries=1', 'x']);
    expect([nobody.code, nobody.stdout]).toEqual([9, expect.stringContaining('no servers could be reached')]);
  });

  it('dig asks over TCP when an answer is too long', async () => {
    const zone = sampleZone();
    const endpoints = Array.from({ length: 100 }, (_, index) => ({ addresses: [`10.244.1.${index}`], ready: true }));
    zone.apply([
      service('shop', 'many'),
      { kind: 'endpoints', key: 'x', value: { namespace: 'shop', service: 'many', ports: [], endpoints } },
    ]);
    const server = new DnsServer(zone);
    const port = await server.listen({ addresses: ['127.0.0.1'], port: 0 });
    const { stdout } = await programs.run('dig', [
      '-p',
      String(port),
      '@127.0.0.1',
      '+short',
      'many.shop.svc.cluster.local',
    ]);
    server.close();
    expect(stdout.split('\n')).toHaveLength(101);
  });

  it.each<readonly [readonly string[], number, readonly string[]]>([
    [
      ['web.shop.svc.cluster.local'],
      0,
      ['Name:\tweb.shop.svc.cluster.local\nAddress: 10.96.0.20\n', 'Address: fd00:10:96::20\n'],
    ],
    [['10.96.0.20'], 0, ['20.0.96.10.in-addr.arpa\tname = web.shop.svc.cluster.local.\n']],
    [
      ['-type=cname', 'cloud.shop.svc.cluster.local'],
      0,
      ['cloud.shop.svc.cluster.local\tcanonical name = db.example.com.\n'],
    ],
    [['nobody.shop.svc.cluster.local.'], 1, ["** server can't find nobody.shop.svc.cluster.local.: NXDOMAIN\n"]],
    [['-type=txt', 'web.shop.svc.cluster.local'], 1, ["*** Can't find web.shop.svc.cluster.local: No answer\n"]],
  ])('nslookup %j', async (args, code, parts) => {
    const ended = await programs.run('nslookup', [`-port=${names}`, '-nosearch', ...args, '127.0.0.1']);
    expect(ended.stdout).toContain(`Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#${names}\n\n`);
    for (const part of parts) expect(ended.stdout).toContain(part);
    expect(ended.code).toBe(code);
  });

  it('say when no server answers', async () => {
    const said = ';; connection timed out; no servers could be reached\n';
    const lookup = ['-retry=1', '-timeout=1', '-nosearch', 'x', '127.0.0.1'];
    const ended = await programs.run('nslookup', [`-port=${closed}`, ...lookup]);
    expect([ended.code, ended.stdout]).toEqual([1, expect.stringContaining(said)]);
    expect((await programs.run('host', [])).code).toBe(1);
  });
});

describe('sallyport-probe', () => {
  it('tells of each how it went', async () => {
    const lines = [
      `a tcp 127.0.0.1 ${echo} 1000`,
      `b tcp 127.0.0.1 ${closed} 1000`,
      `c udp 127.0.0.1 ${closed} 1000`,
      `d tcp ::1 ${closed} 1000`,
      `e udp 127.0.0.1 ${names} 100`,
      'f tcp nobody 80 1000',
      'g tcp 127.0.0.1 0 1000',
      'h icmp 127.0.0.1 1 1000',
      'i',
      '',
      '# nothing',
      `j tcp 127.0.0.1 ${echo} 1000`,
    ];
    const { code, stdout } = await programs.run('sallyport-probe', [], { input: lines.join('\n') });
    expect(code).toBe(0);
    const outcomes = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
    expect(Object.fromEntries(outcomes.map(([id, outcome]) => [id, outcome]))).toEqual({
      a: 'connected',
      b: 'refused',
      c: 'refused',
      d: 'refused',
      e: 'timeout',
      f: 'error',
      g: 'error',
      h: 'error',
      i: 'error',
      j: 'connected',
    });
    for (const [, , micros] of outcomes) expect(micros).toMatch(/^\d+$/);
  });

  it('tries thousands, with the descriptors that it has', async () => {
    const input = Array.from({ length: 2000 }, (_, index) => `${index} tcp 127.0.0.1 ${closed} 5000\n`).join('');
    const { stdout } = await programs.run('sallyport-probe', [], { input });
    const ids = stdout
      .trimEnd()
      .split('\n')
      .map((line) => /^(\d+) refused /.exec(line)?.[1]);
    expect(new Set(ids).size).toBe(2000);
  });
});

describe('names of shells', () => {
  it.each<readonly [string, readonly string[], number, string]>([
    ['busybox', ['echo', 'a b'], 0, 'a b\n'],
    ['busybox', ['ash', '-c', 'echo $1', 'x', 'y'], 0, 'y\n'],
    ['ash', ['-c', 'exit 3'], 3, ''],
    ['apk', ['add', '--no-cache', 'curl'], 0, ''],
    ['apk', ['info'], 1, ''],
    ['busybox', ['no-such-applet'], 127, ''],
  ])('%s %j', async (name, args, code, stdout) => {
    expect(await programs.run(name, args)).toMatchObject({ code, stdout });
  });
});
