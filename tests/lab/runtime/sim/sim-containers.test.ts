import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { keepProbing } from '../../../../src/lab/node/probing.ts';
import { RuntimeError } from '../../../../src/lab/runtime/runtime.ts';
import { SimLab } from './sim-lab.ts';

const NOTE = 'sallyport lab: simulated: no packet is sent, the policy engine answers\n';
const LOG = { follow: false, timestamps: false };

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a stream has said until now. */
function heard(stream: Readable): () => string {
  let all = '';
  stream.on('data', (chunk: Buffer) => (all += chunk.toString()));
  return () => all;
}

describe('a container of the simulation', () => {
  it('says that it is one, in its log and in whatever runs in it', async () => {
    const lab = new SimLab();
    await lab.pod('a', 'busybox', { command: ['sh', '-c', 'echo one; echo two >&2; sleep 5; echo three; exit 3'] });
    await turns();
    expect(await text(lab.runtime.logs('a-main', LOG))).toBe(`${NOTE}one\ntwo\n`);
    const session = lab.runtime.exec({ container: 'a-main', argv: ['true'], stdin: false, tty: false });
    expect(await Promise.all([text(session.stdout), text(session.stderr), session.exit])).toEqual([
      '',
      NOTE,
      { exitCode: 0 },
    ]);
    const followed = text(lab.runtime.logs('a-main', { ...LOG, follow: true, tailLines: 1 }));
    expect(await lab.during(followed)).toBe('two\nthree\n');
    expect(lab.exits.get('a-main')).toEqual({ exitCode: 3, signal: 0 });
    expect(await text(lab.runtime.logs('a-main', { ...LOG, timestamps: true, sinceMs: lab.clock.calendarMs() }))).toBe(
      '2026-01-01T00:00:05.000000000Z three\n',
    );
    expect(await text(lab.runtime.logs('a-main', { ...LOG, limitBytes: 9 }))).toBe('sallyport');
  });

  it('ends when it is told to', async () => {
    const lab = new SimLab();
    await lab.pod('server', 'nginx');
    await lab.pod('sleeper', 'busybox', { command: ['sh', '-c', 'while true; do sleep 1; done'] });
    await lab.pod('killed', 'busybox', { command: ['sleep', 'infinity'] });
    await lab.pod('gone', 'busybox', { command: ['sleep', '1d'] });
    const running = lab.runtime.exec({ container: 'gone-main', argv: ['sleep', '100'], stdin: false, tty: false });
    for (const stream of [running.stdout, running.stderr]) stream.resume();
    await lab.runtime.stopContainer('server-main', 1000);
    await lab.runtime.stopContainer('sleeper-main', 1000);
    await lab.runtime.stopContainer('killed-main', 0);
    await lab.runtime.removeSandbox('gone');
    await turns();
    expect(Object.fromEntries(lab.exits)).toEqual({
      'server-main': { exitCode: 0, signal: 0 },
      'sleeper-main': { exitCode: 143, signal: 15 },
      'killed-main': { exitCode: 137, signal: 9 },
      'gone-main': { exitCode: 137, signal: 9 },
    });
    expect(await running.exit).toEqual({ exitCode: 137 });
    await lab.runtime.removeContainer('server-main');
    expect(() => lab.runtime.logs('server-main', LOG)).toThrow(RuntimeError);
    await lab.runtime.close();
    expect(lab.clock.delays.length).toBe(0);
  });

  it('has only programs that there are', async () => {
    const lab = new SimLab();
    await expect(lab.pod('a', 'busybox', { command: ['/bin/rocket'] })).rejects.toMatchObject({ code: 'no-program' });
    await lab.pod('b', 'busybox', { command: ['sleep', '1'] });
    expect(await lab.exec('b', ['tar', 'cf', '-', '/tmp'])).toEqual({ out: '', err: '', code: 127 });
    expect(lab.runtime.exec({ container: 'b-main', argv: ['tar'], stdin: false, tty: false })).toMatchObject({});
    await lab.runtime.stopContainer('b-main', 0);
    expect(() => lab.runtime.exec({ container: 'b-main', argv: ['ls'], stdin: false, tty: false })).toThrow(
      'does not run',
    );
  });

  it('shows what is mounted', async () => {
    const lab = new SimLab();
    const files = [
      { path: '/usr/share/nginx/html/index.html', content: Buffer.from('<p>mine</p>\n'), mode: 0o644 },
      { path: '/etc/settings/color', content: Buffer.from('blue'), mode: 0o644 },
    ];
    await lab.pod('web', 'nginx', { files });
    expect(await lab.exec('web', ['curl', '-s', 'localhost'])).toEqual({ out: '<p>mine</p>\n', err: '', code: 0 });
    expect((await lab.sh('web', 'ls /etc/settings; cat /etc/settings/color; ls /')).out).toBe(
      'color\nblueetc\ntmp\nusr\n',
    );
  });

  it('cannot listen twice on a port', async () => {
    const lab = new SimLab();
    await lab.pod('one', 'nginx', { hostNetwork: true });
    await lab.pod('two', 'nginx', { hostNetwork: true });
    await turns();
    expect(lab.exits.get('two-main')).toEqual({ exitCode: 1, signal: 0 });
    expect(await text(lab.runtime.logs('two-main', LOG))).toContain(
      'bind() to port 80 failed (98: Address already in use)',
    );
  });
});

describe('attaching', () => {
  it('finds what was said, and can be left', async () => {
    const lab = new SimLab();
    await lab.pod('a', 'busybox', { command: ['sh'], stdin: true });
    const first = lab.runtime.attach('a-main', { stdin: true, replay: true });
    const said = heard(first.stdout);
    first.stdin.write('echo hello\nX=1\n');
    await turns();
    expect(said()).toBe(`${NOTE}hello\n`);
    first.close();
    const second = lab.runtime.attach('a-main', { stdin: true, replay: false });
    const rest = heard(second.stdout);
    second.stdin.end('echo still $X\nexit 4\n');
    expect(await lab.during(second.exit)).toEqual({ exitCode: 4 });
    await turns();
    expect(rest()).toBe('still 1\n');
  });
});

describe('a terminal', () => {
  it('shows what is typed', async () => {
    const lab = new SimLab();
    await lab.pod('a', 'busybox', { command: ['sleep', '1d'] });
    const session = lab.runtime.exec({ container: 'a-main', argv: ['sh'], stdin: true, tty: true });
    session.stderr.resume();
    const shown = heard(session.stdout);
    session.stdin.write('echo abX\u007fc\rcd /tmp\r');
    await turns();
    session.stdin.write('\u0004');
    expect(await lab.during(session.exit)).toEqual({ exitCode: 0 });
    expect(shown()).toContain('/ # ');
    expect(shown()).toContain('echo abX\b \bc\r\n');
    expect(shown()).toContain('abc\r\n');
    expect(shown().endsWith('/tmp # ')).toBe(true);
  });

  it('hears Ctrl-C', async () => {
    const lab = new SimLab();
    await lab.pod('a', 'busybox', { command: ['sleep', '1d'] });
    const session = lab.runtime.exec({ container: 'a-main', argv: ['sleep', '1h'], stdin: true, tty: true });
    for (const stream of [session.stdout, session.stderr]) stream.resume();
    session.stdin.write('\u0003');
    await turns();
    expect((await session.exit).exitCode).toBe(130);

    const shell = lab.runtime.exec({ container: 'a-main', argv: ['sh'], stdin: true, tty: true });
    shell.stderr.resume();
    const shown = heard(shell.stdout);
    shell.stdin.write('sleep 1h\r');
    await turns();
    shell.stdin.write('\u0003');
    await turns();
    shell.stdin.write('\u0003echo $?\r');
    await turns();
    shell.stdin.write('exit 7\r');
    expect((await shell.exit).exitCode).toBe(7);
    expect(shown()).toMatch(/sleep 1h\r\n\^C\r\n\/ # \^C\r\n.*echo \$\?\r\n130\r\n/s);
  });
});

describe('connections from outside', () => {
  it('are there for probes and for port-forward', async () => {
    const lab = new SimLab();
    await lab.pod('web', 'hashicorp/http-echo', { args: ['-text=hello', '-listen=:8080'] });
    lab.denied = () => true;
    const stream = await lab.runtime.dial('web', 'pod', 8080);
    stream.write('GET /x?y=1 HTTP/1.1\r\nHost: a\r\n');
    stream.write('\r\n');
    const answer = await text(stream);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Content-Length: 6\r\n.*\r\n\r\nhello\n$/s);
    await expect(lab.runtime.dial('web', 'node', 80)).rejects.toMatchObject({ code: 'refused' });
    await expect(lab.runtime.dial('none', 'node', 80)).rejects.toMatchObject({ code: 'not-found' });

    const over = new AbortController();
    const passed = await new Promise<string>((resolve) => {
      const target = {
        runtime: lab.runtime,
        clock: lab.clock,
        sandbox: 'web',
        container: 'web-main',
        address: '10.244.0.10',
        definition: {},
      };
      const reports = { passed: () => resolve('passed'), failed: resolve, missed: resolve };
      void keepProbing({ httpGet: { port: 8080, path: '/health' } }, target, reports, over.signal);
    });
    over.abort();
    expect(passed).toBe('passed');
  });

  it('speak what the server speaks', async () => {
    const lab = new SimLab();
    const [echo = ''] = await lab.pod('echo', 'istio/tcp-echo-server', { args: ['9000', 'hello'] });
    const [agnhost = ''] = await lab.pod('agnhost', 'registry.k8s.io/e2e-test-images/agnhost', { args: ['netexec'] });
    await lab.pod('client', 'busybox', { command: ['sleep', '1d'] });
    expect(await lab.exec('client', ['nc', echo, '9000'], 'hello\n')).toMatchObject({ out: 'hello\n', code: 0 });
    expect(await lab.exec('client', ['nc', '-u', '-w1', agnhost, '8081'], 'hostname\n')).toMatchObject({
      out: 'agnhost',
      code: 0,
    });
    expect(await lab.exec('client', ['curl', '-s', `${agnhost}:8080/echo?msg=hi`])).toMatchObject({
      out: 'hi',
      code: 0,
    });
    expect(await lab.exec('client', ['curl', '-s', `${agnhost}:8080/clientip`])).toMatchObject({
      out: '10.244.0.12:40000',
      code: 0,
    });
    expect(await lab.exec('client', ['curl', `${echo}:9000`])).toMatchObject({
      err: 'curl: (52) Empty reply from server\n',
      code: 52,
    });
    expect(await lab.exec('client', ['curl', '-k', `https://${agnhost}:8080`])).toMatchObject({ code: 35 });
    expect(await lab.exec('client', ['curl', '-fsS', `${agnhost}:8080/none`])).toMatchObject({
      err: 'curl: (22) The requested URL returned error: 404\n',
      code: 22,
    });
  });
});

describe('sallyport-probe', () => {
  it('tries every line', async () => {
    const lab = new SimLab('dual');
    const [v4 = '', v6 = ''] = await lab.pod('web', 'nginx');
    await lab.pod('client', 'busybox', { command: ['sleep', '1d'] });
    lab.denied = ({ destination }) => destination.address === v6;
    const lines = [
      `1 tcp ${v4} 80 1000`,
      `2 tcp ${v4} 81 1000`,
      `3 tcp ${v6} 80 1000`,
      '4 udp 8.8.8.8 53 10',
      '# none',
      '5 tcp nowhere 1 1',
      '6 icmp 1.2.3.4 1 1',
    ];
    expect(await lab.exec('client', ['sallyport-probe'], lines.join('\n'))).toEqual({
      out: [
        '1 connected 0 simulated',
        '2 refused 0 simulated',
        '3 timeout 0 simulated',
        '4 connected 0 simulated',
        '5 error 0 expected: ID tcp|udp|sctp ADDRESS PORT MILLISECONDS',
        '6 error 0 expected: ID tcp|udp|sctp ADDRESS PORT MILLISECONDS',
        '',
      ].join('\n'),
      err: '',
      code: 0,
    });
  });
});

describe('names', () => {
  it('are looked up by all three', async () => {
    const lab = new SimLab();
    await lab.dns();
    await lab.pod('client', 'busybox', { command: ['sleep', '1d'] });
    lab.service('default/web', ['10.96.0.80'], 80, [], 80);
    expect(await lab.exec('client', ['nslookup', 'web'])).toMatchObject({
      out: 'Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.0.80\n\n',
      code: 0,
    });
    expect(await lab.exec('client', ['nslookup', 'none'])).toMatchObject({
      out: expect.stringContaining("server can't find none.default.svc.cluster.local: NXDOMAIN") as string,
      code: 1,
    });
    expect(await lab.exec('client', ['dig', '+short', 'web.default.svc.cluster.local'])).toMatchObject({
      out: '10.96.0.80\n',
      code: 0,
    });
    expect(await lab.exec('client', ['dig', '+short', '-x', '10.96.0.80'])).toMatchObject({
      out: 'web.default.svc.cluster.local.\n',
      code: 0,
    });
    expect(await lab.exec('client', ['dig', 'none.default.svc.cluster.local'])).toMatchObject({
      out: expect.stringContaining('NXDOMAIN') as string,
      code: 0,
    });
    expect(await lab.exec('client', ['host', 'web'])).toMatchObject({
      out: 'web.default.svc.cluster.local has address 10.96.0.80\n',
      code: 0,
    });
    expect(await lab.exec('client', ['host', '10.96.0.80'])).toMatchObject({
      out: '80.0.96.10.in-addr.arpa domain name pointer web.default.svc.cluster.local.\n',
      code: 0,
    });
    await lab.runtime.stopContainer('coredns-main', 1);
    expect(await lab.exec('client', ['host', 'web'])).toMatchObject({
      out: ';; connection timed out; no servers could be reached\n',
      code: 1,
    });
  });
});
