import { readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeKernel } from '../../../packets/kernel.ts';
import { container, identities, LabUnderTest, sandbox } from './lab-under-test.ts';

const WEB = ['10.244.0.5', 'fd00:10:244::5'];
const SHELL = ['10.244.4.6', 'fd00:10:244:1::6'];
const HTTP = ['/opt/sallyport/bin/http-server', '--kind', 'echo', '--http', '80'] as const;
/** Sends from an address that is not its own. */
const LIAR = `socket(S, 2, 3, 255) or die "$!"; setsockopt(S, 0, 3, 1);
  my $p = pack("C C n n n C C n a4 a4 n n n n a1", 0x45, 0, 29, 0, 0, 64, 17, 0, pack("C4", @ARGV[0..3]),
    pack("C4", 10, 244, 4, 6), 5000, 7777, 9, 0, "x");
  send(S, $p, 0, pack("S n a4 x8", 2, 0, pack("C4", 10, 244, 4, 6))) or die "$!";`;

const sh = (script: string): [string, ...string[]] => ['sh', '-c', script];
const curl = (url: string): [string, ...string[]] => [
  'curl',
  '-sS',
  '-m',
  '3',
  '-o',
  '/dev/null',
  '-w',
  '%{http_code}',
  url,
];

for (const identity of identities) {
  describeKernel(`pods as network namespaces, ${identity}`, () => {
    let lab: LabUnderTest;

    beforeAll(async () => {
      lab = await LabUnderTest.open(identity);
      await Promise.all([
        lab.ask('sandbox', sandbox('web', 'lab-1', WEB)),
        lab.ask('sandbox', sandbox('shell', 'lab-2', SHELL)),
        lab.ask('sandbox', sandbox('agent', 'lab-1', [], { hostNetwork: true })),
      ]);
      await lab.ask('container', container('web-1', 'web', HTTP));
      await lab.ask('container', container('shell-1', 'shell', ['sleep', '1000'], { env: [['COLOUR', 'red']] }));
      await lab.ask('container', container('agent-1', 'agent', ['sleep', '1000']));
    });

    afterAll(async () => lab.close());

    it('has a network of its own, which is not that of the machine', async () => {
      expect(await lab.ask('network')).not.toBe(readlinkSync('/proc/self/ns/net'));
      const { stdout } = await lab.ask('exec', 'shell-1', ['ip', '-o', 'addr', 'show', 'dev', 'eth0']);
      expect(stdout).toContain('inet 10.244.4.6/32');
      expect(stdout).toContain('inet6 fd00:10:244:1::6/128');
      expect(stdout).not.toContain('tentative');
    });

    it.each([
      ['another pod', 'shell-1', 'http://10.244.0.5/'],
      ['another pod by IPv6', 'shell-1', 'http://[fd00:10:244::5]/'],
      ['itself', 'web-1', 'http://10.244.0.5/'],
      ['a pod from its node', 'agent-1', 'http://10.244.0.5/'],
      ['a pod on another node', 'agent-1', 'http://[fd00:10:244::5]/'],
    ])('reaches %s', async (_, from, url) => {
      await expect.poll(() => lab.ask('exec', from, curl(url)), { timeout: 5000 }).toMatchObject({ stdout: '200' });
    });

    it.each([
      ['198.51.100.7', 'http://198.51.100.7:8081/', '::ffff:10.244.4.6'],
      ['2001:db8::7', 'http://[2001:db8::7]/', 'fd00:10:244:1::6'],
    ])('the world answers as %s, and sees who asks', async (_, url, from) => {
      const { stdout } = await lab.ask('exec', 'shell-1', ['curl', '-sS', '--http0.9', '-m', '3', url]);
      expect(stdout).toBe(`world hears ${from}`);
    });

    it.each(['http://10.244.0.77/', 'http://10.96.3.3/', 'http://[fd00:10:244::77]/'])(
      'nobody answers as %s',
      async (url) => {
        expect(await lab.ask('exec', 'shell-1', curl(url))).toMatchObject({ exitCode: 7 });
      },
    );

    it('brings Services into force, and replaces them', async () => {
      const rule = {
        service: 'shop/web:http',
        protocol: 'TCP',
        addresses: ['10.96.0.80'],
        port: 8080,
        backends: [{ address: '10.244.0.5', port: 80 }],
      } as const;
      await lab.ask('services', 'lab-2', [rule]);
      expect(await lab.ask('exec', 'shell-1', curl('http://10.96.0.80:8080/'))).toMatchObject({ stdout: '200' });
      await Promise.all([lab.ask('services', 'lab-2', [rule]), lab.ask('services', 'lab-2', [])]);
      expect(await lab.ask('exec', 'shell-1', curl('http://10.96.0.80:8080/'))).toMatchObject({ exitCode: 7 });
    });

    it('says when a table of Services is refused', async () => {
      const bad = {
        service: 'a/b:',
        protocol: 'TCP',
        addresses: ['nonsense'],
        port: 1,
        backends: [{ address: 'x', port: 1 }],
      };
      await expect(lab.ask('services', 'lab-1', [{ ...bad, protocol: 'TCP' }])).rejects.toThrow(/nft/);
    });

    it('does not carry what a pod sends as somebody else', async () => {
      const counter = async () => {
        const { stdout } = await lab.ask('command', 'lab-1', ['nft', 'list', 'table', 'inet', 'sallyport-isolation']);
        return Number(/packets (\d+)/.exec(stdout)?.[1]);
      };
      const before = await counter();
      const own = await lab.ask('exec', 'web-1', ['perl', '-e', LIAR, '10', '244', '0', '5']);
      expect(own).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await counter()).toBe(before);
      await lab.ask('exec', 'web-1', ['perl', '-e', LIAR, '10', '244', '4', '9']);
      expect(await counter()).toBe(before + 1);
    });

    it('dials a pod from inside and from its node, and says why not', async () => {
      const request = 'GET / HTTP/1.0\r\n\r\n';
      expect(await lab.ask('dial', 'web', 'pod', 80, request)).toMatch(/^HTTP\/1\.[01] 200/);
      expect(await lab.ask('dial', 'web', 'node', 80, request)).toMatch(/^HTTP\/1\.[01] 200/);
      await expect(lab.ask('dial', 'web', 'pod', 81, '')).rejects.toMatchObject({ code: 'refused' });
      await expect(lab.ask('dial', 'web', 'node', 81, '')).rejects.toMatchObject({ code: 'refused' });
      await expect(lab.ask('dial', 'nobody', 'node', 81, '')).rejects.toMatchObject({ code: 'not-found' });
    });

    describe('exec', () => {
      it('gives back outputs and the exit code', async () => {
        expect(await lab.ask('exec', 'shell-1', sh('echo out; echo bad >&2; exit 7'))).toEqual({
          exitCode: 7,
          stdout: 'out\n',
          stderr: 'bad\n',
        });
      });

      it('can open its outputs by name', async () => {
        const { stderr, stdout } = await lab.ask('exec', 'shell-1', sh('echo e > /dev/stderr; echo o > /dev/stdout'));
        expect({ stderr, stdout }).toEqual({ stderr: 'e\n', stdout: 'o\n' });
      });

      it('passes input on, 20 MB of it, and its end', async () => {
        expect(await lab.ask('exec', 'shell-1', ['cat'], { stdin: 'hello' })).toMatchObject({ stdout: 'hello' });
        expect(await lab.ask('pour', 'shell-1', 20_000_000)).toMatchObject({ exitCode: 0, stdout: '20000000\n' });
      });

      it('has the environment of the container and nothing else', async () => {
        const { stdout } = await lab.ask('exec', 'shell-1', ['env']);
        const names = stdout
          .trim()
          .split('\n')
          .map((line) => line.split('=')[0]);
        expect(new Set(names)).toEqual(new Set(['COLOUR', 'HOME', 'HOSTNAME', 'PATH', 'TAR_OPTIONS']));
      });

      it.each([
        [['nonsense'], 127, 'exec: "nonsense": executable file not found in $PATH: unknown'],
        [['/bin/nonsense'], 127, 'exec: "/bin/nonsense": stat /bin/nonsense: no such file or directory: unknown'],
        [['/etc/hosts'], 126, 'exec: "/etc/hosts": permission denied: unknown'],
      ] as const)('says of %j what a container runtime says', async ([program], exitCode, message) => {
        const { error, ...rest } = await lab.ask('exec', 'shell-1', [program]);
        expect(rest).toMatchObject({ exitCode, stdout: '', stderr: '' });
        expect(error).toBe(`OCI runtime exec failed: exec failed: unable to start container process: ${message}`);
      });

      it('says 128 and the signal', async () => {
        expect(await lab.ask('exec', 'shell-1', sh('kill -9 $$'))).toMatchObject({ exitCode: 137 });
      });

      it('has a terminal of the right size from the beginning', async () => {
        const options = { tty: true, size: [101, 33] as const };
        expect(await lab.ask('exec', 'shell-1', sh('tty; stty size; exit 3'), options)).toEqual({
          exitCode: 3,
          stdout: '/dev/pts/0\r\n33 101\r\n',
          stderr: '',
        });
      });

      it('ends what was started when nobody listens any more', async () => {
        await lab.ask('exec', 'shell-1', sh('sleep 4321 & sleep 4322'), { closeAfterMs: 300 });
        await expect
          .poll(async () => (await lab.ask('processes')).filter((line) => line.startsWith('sleep 43')), {
            timeout: 5000,
          })
          .toEqual([]);
      });

      it('is refused where nothing runs', async () => {
        expect(await lab.ask('exec', 'nobody', ['true'])).toMatchObject({
          exitCode: 126,
          error: 'no container nobody',
        });
      });
    });

    describe('containers', () => {
      it('cannot be started without a program', async () => {
        const start = (id: string, ...argv: [string]) => lab.ask('container', container(id, 'shell', argv));
        await expect(start('none-1', 'nonsense')).rejects.toMatchObject({ code: 'no-program' });
        await expect(start('none-2', '/bin/nonsense')).rejects.toMatchObject({ code: 'no-program' });
      });

      it('tell how they ended, and take along what they started', async () => {
        await lab.ask('container', container('end-1', 'shell', sh('sleep 5432 & exit 4')));
        expect(await lab.ask('exit', 'end-1')).toEqual({ exitCode: 4, signal: 0 });
        expect((await lab.ask('processes')).filter((line) => line.startsWith('sleep 5432'))).toEqual([]);
        await lab.ask('removeContainer', 'end-1');
      });

      it('are asked to end, and then made to', async () => {
        await lab.ask('container', container('end-2', 'shell', ['sleep', '1000']));
        await lab.ask('stop', 'end-2', 10_000);
        expect(await lab.ask('exit', 'end-2')).toEqual({ exitCode: 143, signal: 15 });
        await lab.ask(
          'container',
          container('end-3', 'shell', sh("trap '' TERM; echo deaf; while :; do sleep 1; done")),
        );
        await expect
          .poll(() => lab.ask('logs', 'end-3', { follow: false, timestamps: false }), { timeout: 5000 })
          .toBe('deaf\n');
        await lab.ask('stop', 'end-3', 100);
        expect(await lab.ask('exit', 'end-3')).toEqual({ exitCode: 137, signal: 9 });
      });

      it('find their files and folders, also among programs of the host', async () => {
        const files = [
          { path: '/usr/share/nginx/html/index.html', content: Buffer.from('page'), mode: 0o644 },
          { path: '/etc/config/a', content: Buffer.from('value'), mode: 0o600 },
        ];
        // What goes through the channel of a test is no Buffer any more.
        const sent = files.map((file) => ({ ...file, content: [...file.content] as unknown as Uint8Array }));
        await lab.ask(
          'container',
          container('files-1', 'shell', ['sleep', '1000'], {
            files: sent.map((file) => ({ ...file, content: file.content })),
            folders: ['/data', '/usr/lib/cache'],
            workingDir: '/data',
          }),
        );
        const script =
          'pwd; cat /usr/share/nginx/html/index.html /etc/config/a; ls -l /etc/config; touch /data/x /usr/lib/cache/y';
        const { stdout, exitCode } = await lab.ask('exec', 'files-1', sh(script));
        expect(exitCode).toBe(0);
        expect(stdout).toMatch(/^\/data\npagevalue/);
        expect(stdout).toMatch(/-rw------- 1 root root 5 .* a\n$/);
      });

      it('find names in files of their own', async () => {
        const { stdout } = await lab.ask('exec', 'shell-1', sh('hostname; cat /etc/resolv.conf /etc/hosts'));
        expect(stdout).toMatch(/^shell\nsearch shop\.svc\.cluster\.local\nnameserver 10\.96\.0\.10\noptions ndots:5\n/);
        expect(stdout).toContain('10.244.4.6\tshell\n');
      });

      it('may be programs of the host in the network of the pod', async () => {
        await lab.ask('container', container('outside-1', 'shell', ['/opt/sallyport/bin/outside']));
        await expect
          .poll(() => lab.ask('logs', 'outside-1', { follow: false, timestamps: false }), { timeout: 5000 })
          .toBe('ready\n');
        const { stdout } = await lab.ask('exec', 'web-1', ['curl', '-sS', '-m', '3', 'http://10.244.4.6:53/']);
        expect(stdout).toBe('from outside');
        expect(await lab.ask('exec', 'outside-1', ['hostname'])).toMatchObject({ stdout: 'shell\n' });
        await lab.ask('stop', 'outside-1', 5000);
        expect(await lab.ask('exit', 'outside-1')).toEqual({ exitCode: 0, signal: 0 });
        expect(await lab.ask('logs', 'outside-1', { follow: true, timestamps: false })).toBe('ready\nasked\n');
      });
    });

    describe('logs', () => {
      it('keep order, parts of lines and times', async () => {
        const script = 'echo one; echo two >&2; sleep 0.1; printf par; sleep 0.1; printf "t\\n"; printf end';
        await lab.ask('container', container('log-1', 'shell', sh(script)));
        await lab.ask('exit', 'log-1');
        const plain = { follow: false, timestamps: false } as const;
        const whole = await lab.ask('logs', 'log-1', plain);
        expect(whole.split('\n').sort()).toEqual(['end', 'one', 'part', 'two']);
        expect(await lab.ask('logs', 'log-1', { ...plain, tailLines: 2 })).toBe('part\nend');
        expect(await lab.ask('logs', 'log-1', { ...plain, limitBytes: 5 })).toHaveLength(5);
        const timed = await lab.ask('logs', 'log-1', { follow: false, timestamps: true });
        for (const line of timed.split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \w+$/);
        expect(await lab.ask('logs', 'log-1', { ...plain, sinceMs: Date.now() + 60_000 })).toBe('');
      });

      it('can be followed to the end', async () => {
        const script = 'for i in 1 2 3; do echo $i; sleep 0.1; done';
        await lab.ask('container', container('log-2', 'shell', sh(script)));
        expect(await lab.ask('logs', 'log-2', { follow: true, timestamps: false })).toBe('1\n2\n3\n');
        expect(await lab.ask('logs', 'log-2', { follow: true, timestamps: false, tailLines: 1 })).toBe('3\n');
      });

      it('do not grow without end', async () => {
        const script = 'head -c 20000000 /dev/zero | tr "\\0" x | fold -w 99; echo; echo last';
        await lab.ask('container', container('log-3', 'shell', sh(script)));
        await lab.ask('exit', 'log-3');
        const text = await lab.ask('logs', 'log-3', { follow: false, timestamps: false });
        expect(text.length).toBeLessThan(8 << 20);
        expect(text.endsWith('\nlast\n')).toBe(true);
      });
    });

    describe('attach', () => {
      it('replays, speaks, and goes away without ending it', async () => {
        const script = 'echo ready; cat; echo done; exit 5';
        await lab.ask('container', container('cat-1', 'shell', sh(script), { stdin: true }));
        const first = await lab.ask('attach', 'cat-1', { stdin: 'first\n', replay: true, detach: true });
        expect(first.stdout).toBe('ready\nfirst\n');
        const second = await lab.ask('attach', 'cat-1', { stdin: 'second\n', replay: false });
        expect(second).toEqual({ exitCode: 5, stdout: 'second\ndone\n', stderr: '' });
      });

      it('has the terminal of the container', async () => {
        await lab.ask(
          'container',
          container('tty-1', 'shell', sh('read line; stty size; exit 6'), { stdin: true, tty: true }),
        );
        const answer = await lab.ask('attach', 'tty-1', { stdin: 'go\n', replay: true, size: [90, 20] });
        expect(answer).toMatchObject({ exitCode: 6, stderr: '' });
        expect(answer.stdout).toMatch(/20 90\r\n$/);
      });
    });

    it.each([
      ['files of the host', 'ls / /home /etc | tr "\\n" " "', /^(?!.*(boot|lost\+found|shadow)).*$/],
      ['what other processes are', 'ls /proc | grep -c "^[0-9]"', /^[1-9]\d?\n$/],
      ['the root of the one that looks after it', 'ls /proc/1/root/ 2>&1', /denied/],
      ['the environment of that one', 'cat /proc/1/environ 2>&1', /denied/],
      ['a setting of the kernel to change', 'echo 1 2>&1 > /proc/sys/kernel/panic || echo no', /no\n$/],
      ['a setting of its network to change', 'echo 1 > /proc/sys/net/ipv4/ip_forward || echo no', /^no\n$/],
      ['a device of the host to spoil', 'chmod 0 /dev/null || echo no', /^no\n$/],
      ['anything to mount', 'mount -t tmpfs x /mnt || echo no', /^no\n$/],
      ['its address to change', 'ip addr add 10.244.4.7 dev eth0 || echo no', /^no\n$/],
      ['handles of others', 'ls /proc/self/fd | tr "\\n" " "', /^0 1 2 3 \n?$/],
      ['more rights by running programs', 'grep NoNewPrivs /proc/self/status', /1\n$/],
    ])('a container does not get %s', async (_, script, expected) => {
      expect((await lab.ask('exec', 'shell-1', sh(script))).stdout).toMatch(expected);
    });

    it('frees the addresses of a pod that is removed', async () => {
      const again = (id: string) => sandbox(id, 'lab-1', ['10.244.0.50', 'fd00:10:244::50']);
      for (const id of ['gone-1', 'gone-2']) {
        await lab.ask('sandbox', again(id));
        await lab.ask('container', container(`${id}-c`, id, HTTP));
        await expect
          .poll(() => lab.ask('exec', 'shell-1', curl('http://10.244.0.50/')), { timeout: 5000 })
          .toMatchObject({ stdout: '200' });
        await lab.ask('removeSandbox', id);
        expect(await lab.ask('exit', `${id}-c`)).toEqual({ exitCode: 137, signal: 9 });
        expect(await lab.ask('exec', 'shell-1', curl('http://10.244.0.50/'))).toMatchObject({ exitCode: 7 });
        await lab.ask('removeSandbox', id);
      }
    });

    it('ends the sessions of a pod that is removed', async () => {
      await lab.ask('sandbox', sandbox('left', 'lab-1', ['10.244.0.51', 'fd00:10:244::51']));
      await lab.ask('container', container('left-c', 'left', HTTP));
      const session = lab.ask('exec', 'left-c', ['sleep', '100']);
      // It has begun when a later one is done.
      await lab.ask('exec', 'left-c', ['true']);
      await lab.ask('removeSandbox', 'left');
      expect(await session).toMatchObject({ exitCode: 137 });
    });

    it('has not broken', async () => {
      expect(await lab.ask('failures')).toEqual([]);
    });
  });
}
