import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimLab } from './sim-lab.ts';

async function shop(): Promise<SimLab> {
  const lab = new SimLab();
  await lab.dns();
  const web = await lab.pod('web', 'nginx', { namespace: 'shop' });
  await lab.pod('client', 'busybox', { namespace: 'shop', command: ['sleep', 'infinity'] });
  lab.service('shop/web', ['10.96.0.80'], 80, web, 80);
  lab.service('shop/none', ['10.96.0.81'], 80, [], 80);
  return lab;
}

const ok = (out: string) => ({ out, err: '', code: 0 });

describe('connections', () => {
  it('reach whom they are for', async () => {
    const lab = await shop();
    for (const url of [
      'http://web',
      'web.shop',
      'web.shop.svc.cluster.local:80',
      'http://10.96.0.80/',
      '10.244.0.11',
    ]) {
      const { out, code } = await lab.exec('client', ['curl', '-s', url]);
      expect([
        url,
        code,
        out.includes('It runs in pod <b>web</b> of namespace <b>shop</b>; you reached it from <b>10.244.0.12</b>'),
      ]).toEqual([url, 0, true]);
    }
    expect(lab.questions.at(-1)).toEqual({
      source: { address: '10.244.0.12', pod: { namespace: 'shop', name: 'client' }, node: 'lab-1' },
      destination: { address: '10.244.0.11', pod: { namespace: 'shop', name: 'web' }, node: 'lab-1' },
      protocol: 'TCP',
      port: 80,
    });
  });

  it.each([
    [
      'a name that is none',
      ['curl', '-s', '-S', 'nothing'],
      { out: '', err: 'curl: (6) Could not resolve host: nothing\n', code: 6 },
    ],
    [
      'a Service without pods',
      ['curl', 'http://none'],
      { out: '', err: "curl: (7) Failed to connect to none port 80 after 0 ms: Couldn't connect to server\n", code: 7 },
    ],
    [
      'a port that nobody listens on',
      ['nc', '-zv', 'web', '81'],
      { out: '', err: 'nc: connect to web (10.96.0.80) port 81 (tcp) failed: Connection refused\n', code: 1 },
    ],
    [
      'an address of no Service',
      ['curl', '-m', '2', '10.96.9.9'],
      { out: '', err: 'curl: (28) Connection timed out after 2000 milliseconds\n', code: 28 },
    ],
    [
      'itself',
      ['nc', '-zv', '127.0.0.1', '80'],
      { out: '', err: 'nc: connect to 127.0.0.1 port 80 (tcp) failed: Connection refused\n', code: 1 },
    ],
  ] as const)('to %s', async (_, argv, expected) => {
    const lab = await shop();
    expect(await lab.exec('client', argv)).toEqual(expected);
  });

  it.each([
    [
      ['curl', '--connect-timeout', '5', 'http://10.96.0.80'],
      { out: '', err: 'curl: (28) Connection timed out after 5000 milliseconds\n', code: 28 },
    ],
    [
      ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}\n', '-m', '1', '10.96.0.80'],
      { out: '000\n', err: '', code: 28 },
    ],
    [['wget', '-qO-', '-T', '2', 'http://10.96.0.80'], { out: '', err: 'wget: download timed out\n', code: 1 }],
    [
      ['wget', '--timeout=1', '-O-', 'http://10.96.0.80'],
      { out: '', err: 'Connecting to 10.96.0.80:80 (10.96.0.80:80)\nwget: download timed out\n', code: 1 },
    ],
    [
      ['nc', '-z', '-w', '1', '10.96.0.80', '80'],
      { out: '', err: 'nc: connect to 10.96.0.80 port 80 (tcp) timed out: Operation now in progress\n', code: 1 },
    ],
    [['agnhost', 'connect', '10.96.0.80:80', '--timeout=2s'], { out: '', err: 'TIMEOUT\n', code: 1 }],
    [['timeout', '3', 'sh', '-c', 'curl -s 10.96.0.80'], { out: '', err: '', code: 28 }],
  ] as const)('that are denied: %j', async (argv, expected) => {
    const lab = await shop();
    lab.denied = ({ port }) => port === 80;
    const before = lab.clock.nowMs();
    expect(await lab.exec('client', argv)).toEqual(expected);
    expect(lab.clock.nowMs() - before).toBeLessThanOrEqual(1000);
  });

  it('need names, and names need connections', async () => {
    const lab = await shop();
    lab.denied = ({ port }) => port === 53;
    expect(await lab.exec('client', ['curl', '-m', '3', 'web'])).toEqual({
      out: '',
      err: 'curl: (28) Resolving timed out after 3000 milliseconds\n',
      code: 28,
    });
    expect(await lab.exec('client', ['wget', '-qO-', 'web'])).toEqual({
      out: '',
      err: "wget: bad address 'web'\n",
      code: 1,
    });
    expect(await lab.exec('client', ['nslookup', 'web'])).toMatchObject({
      out: ';; connection timed out; no servers could be reached\n\n',
      code: 1,
    });
  });

  it('reach the world', async () => {
    const lab = await shop();
    const { out, code } = await lab.exec('client', ['wget', '-qO-', 'http://example.com']);
    expect(out).toMatch(/^Hello from the world outside the cluster, at 198\.1[89]\./);
    expect(code).toBe(0);
  });

  it('go by both families', async () => {
    const lab = new SimLab('dual');
    const [v4 = '', v6 = ''] = await lab.pod('web', 'httpd');
    await lab.pod('client', 'curlimages/curl', { command: ['sleep', 'infinity'] });
    expect(await lab.exec('client', ['curl', '-s', `http://${v4}`])).toEqual(
      ok('<html><body><h1>It works!</h1></body></html>\n'),
    );
    expect(await lab.exec('client', ['curl', '-s', `http://[${v6}]:80/`])).toEqual(
      ok('<html><body><h1>It works!</h1></body></html>\n'),
    );
    lab.denied = ({ source }) => source.address.includes(':');
    expect((await lab.exec('client', ['curl', '-s', '-m', '1', `http://[${v6}]`])).code).toBe(28);
  });

  it('reach node ports and pods of the network of a node', async () => {
    const lab = await shop();
    await lab.pod('agent', 'registry.k8s.io/e2e-test-images/agnhost:2.47', {
      args: ['netexec', '--http-port=9000'],
      hostNetwork: true,
      node: 'lab-2',
    });
    lab.service('shop/open', ['10.96.0.82'], 80, ['10.244.0.11'], 80, 'TCP', 30_080);
    expect(await lab.exec('client', ['curl', '-s', '172.30.0.3:9000/hostname'])).toEqual(ok('agent'));
    expect((await lab.exec('client', ['curl', '-s', '172.30.0.3:30080'])).out).toContain('Welcome to nginx!');
    expect(lab.questions.at(-1)?.destination).toEqual({
      address: '10.244.0.11',
      pod: { namespace: 'shop', name: 'web' },
      node: 'lab-1',
    });
  });
});

describe('the shell', () => {
  it.each([
    ['echo "a  b" c\\ d \'$X\'', 'a  b c d $X\n'],
    ['X=1; echo $X ${X} ${Y:-two} "${X:+set}"', '1 1 two set\n'],
    ['false || echo no; true && echo yes', 'no\nyes\n'],
    ['echo one | cat; printf "%s-%d\\n" a 3', 'one\na-3\n'],
    ['for i in 1 2 3; do echo -n $i; done; echo', '123\n'],
    ['i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i', '3\n'],
    ['if test -z ""; then echo empty; else echo full; fi', 'empty\n'],
    ['echo $(echo inner; echo more)', 'inner more\n'],
    ['(cd /tmp; pwd); pwd', '/tmp\n/\n'],
    ['! false; echo $?', '0\n'],
    ['echo lost > /dev/null; echo kept 2>&1', 'kept\n'],
    ['echo hello > /tmp/f; cat /tmp/f; cat < /tmp/f | wc -l', 'hello\n1\n'],
    ['seq 3 | head -n 1; seq 3 | tail -1; seq 9 | grep -c 1', '1\n3\n1\n'],
    ['while true; do echo once; break; done', 'once\n'],
    ['hostname; hostname -i; id', 'client\n10.244.0.12\nuid=0(root) gid=0(root) groups=0(root)\n'],
    [
      'cat /etc/resolv.conf',
      'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    ],
    ['for u in web none; do curl -s -o /dev/null -w "$u %{http_code} " $u; done', 'web 200 none 000 '],
    ['timeout 1 sleep 60; echo $?', '124\n'],
    ['set -- ; A=b env | grep ^A', 'A=b\n'],
    ['{ echo a; echo b; } | while read x; do echo "got $x"; break; done', 'got a\n'],
  ])('%s', async (script, out) => {
    const lab = await shop();
    expect(await lab.sh('client', script)).toMatchObject({ out });
  });

  it.each([
    ['nothing here', 127, 'sh: nothing: not found (the lab is simulated and has few programs)\n'],
    ['case a in a) echo;; esac', 127, 'sh: the simulated shell has no `case`\n'],
    ['f() { echo; }', 127, 'sh: the simulated shell has no functions\n'],
    ['cat <<EOF', 127, 'sh: the simulated shell has no here-documents\n'],
    ['echo "a', 2, 'sh: syntax error: unterminated quoted string\n'],
    ['if true; then', 2, 'sh: syntax error: unexpected end of file\n'],
    ['exit 7', 7, ''],
    ['false', 1, ''],
    [
      'cat /nowhere',
      1,
      "cat: can't open '/nowhere': No such file or directory (the lab is simulated and has few files)\n",
    ],
    ['echo $((1 / 0))', 2, 'sh: divide by zero\n'],
  ])('refuses %s', async (script, code, err) => {
    const lab = await shop();
    expect(await lab.sh('client', script)).toEqual({ out: '', err, code });
  });

  it.each([
    ['X=aaaaaaaaaa; while true; do X=$X$X; done', 'the simulation expands no words as long as this'],
    [
      'X=aaaaaaaaaa; while true; do X="$X $X"; echo $X > /dev/null; done',
      'the simulation expands no words as long as this',
    ],
    ['while true; do sleep 100 & done', 'the simulation runs no more in the background'],
    [`true${' | true'.repeat(60)}`, 'the simulation pipes no further than this'],
    ['('.repeat(50), 'the simulation reads no scripts as deep as this'],
    [`echo ${'x'.repeat(70_000)}`, 'the simulation reads no scripts as long as this'],
    [
      'while true; do echo 0123456789 >> /tmp/f; cat /tmp/f /tmp/f > /tmp/g || exit 9; cat /tmp/g > /tmp/f; done',
      undefined,
    ],
  ])('is bounded: %s', async (script, message) => {
    const lab = await shop();
    const { err, code } = await lab.exec('client', ['timeout', '20', 'sh', '-c', script]);
    if (message === undefined) expect(code).not.toBe(0);
    else expect([code, err]).toEqual([127, `sh: ${message}\n`]);
  });

  it('answers whatever it is told', async () => {
    const lab = await shop();
    const words =
      'echo a b $X "$(" ")" $(echo x) ${X:-y} ; & && || | > < /tmp/f ( ) { } if then else fi while do done for in true false ! 2>&1 \' " \\ $ ` # exit 3 break $((1+1)) $? [ -z ] test cat read X=1 timeout 1 sleep 1 curl -s web nc -z \n'.split(
        ' ',
      );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 12 }), fc.boolean(), async (drawn, apart) => {
        const { code } = await lab.exec('client', ['timeout', '5', 'sh', '-c', drawn.join(apart ? ' ' : '')], 'line\n');
        expect(code).toBeGreaterThanOrEqual(0);
        expect(code).not.toBe(126);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
