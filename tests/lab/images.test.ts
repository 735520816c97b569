import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { execArgv, programOf, type ContainerImage } from '../../src/lab/images.ts';
import { KNOWN_IMAGES } from '../../src/lab/images/known-images.ts';

const BIN = '/opt/sallyport/bin';

function argvOf(container: ContainerImage): readonly string[] {
  const program = programOf(container);
  if ('refused' in program) throw new Error(program.message);
  return program.argv;
}

function listenersOf(container: ContainerImage): string[] {
  const program = programOf(container);
  if ('refused' in program) throw new Error(program.message);
  return program.listeners.map(({ protocol, port }) => `${protocol} ${port}`);
}

describe('what images bring besides their program', () => {
  it.each([
    ['busybox:1.28', true, []],
    ['alpine', true, []],
    ['nicolaka/netshoot', true, []],
    ['curlimages/curl', true, []],
    ['registry.k8s.io/e2e-test-images/agnhost:2.45', true, []],
    ['redis:7-alpine', true, []],
    ['quay.io/cilium/alpine-curl:v1.6.0', true, []],
    ['ubuntu', false, []],
    ['nginx', false, ['/usr/share/nginx/html']],
    ['nginx:alpine', true, ['/usr/share/nginx/html']],
    ['httpd', false, ['/usr/local/apache2/htdocs']],
  ] as const)('%s: wget of busybox %s, folders %j', (image, busybox, folders) => {
    const program = programOf({ image });
    if ('refused' in program) throw new Error(program.message);
    const path = new Map(program.env).get('PATH') ?? '';
    expect([path.startsWith('/opt/sallyport/busybox:/usr/'), program.folders]).toEqual([busybox, folders]);
  });
});

describe('programs of images', () => {
  const nginx = [`${BIN}/http-server`, '--kind', 'nginx', '--http', '80'];

  it.each([
    'nginx',
    'nginx:1.27-alpine',
    'library/nginx',
    'docker.io/library/nginx:1.27',
    'docker.io/nginx',
    'localhost:5000/nginx',
    'public.ecr.aws/docker/library/nginx:latest',
    'registry.k8s.io/nginx-slim:0.8',
    `nginx@sha256:${'a'.repeat(64)}`,
    `nginx:1@sha256:${'a'.repeat(64)}`,
  ])('%s is nginx', (image) => {
    expect(argvOf({ image })).toEqual(nginx);
  });

  it.each<readonly [string, ContainerImage, readonly string[]]>([
    ['another registry', { image: 'mcr.microsoft.com/oss/nginx/nginx:1.15.5-alpine' }, nginx],
    ['nc with arguments', { image: 'subfuzion/netcat', args: ['-zv', 'web', '80'] }, ['nc', '-zv', 'web', '80']],
    [
      'a page of exercises',
      { image: 'dgkanatsios/simpleapp' },
      [`${BIN}/http-server`, '--kind', 'page', '--http', '8080'],
    ],
    ['own flags are nothing to us', { image: 'nginx', args: ['-g', 'daemon off;'] }, nginx],
    ['its program as the command', { image: 'nginx', command: ['nginx', '-g', 'daemon off;'] }, nginx],
    ['its program by path', { image: 'nginx', command: ['/usr/sbin/nginx'] }, nginx],
    ['its start script', { image: 'nginx', command: ['/docker-entrypoint.sh', 'nginx'] }, nginx],
    ['another program', { image: 'nginx', command: ['sh', '-c', 'sleep 1'] }, ['sh', '-c', 'sleep 1']],
    ['another program as arguments', { image: 'nginx', args: ['sleep', '5'] }, ['sleep', '5']],
    ['command and arguments', { image: 'busybox', command: ['sh', '-c'], args: ['echo hi'] }, ['sh', '-c', 'echo hi']],
    ['a shell by itself', { image: 'busybox:1.36' }, ['sh']],
    ['a shell with arguments', { image: 'alpine', args: ['sleep', 'infinity'] }, ['sleep', 'infinity']],
    ['curl with flags', { image: 'curlimages/curl', args: ['-s', 'http://web'] }, ['curl', '-s', 'http://web']],
    ['curl with an address', { image: 'curlimages/curl:8.5.0', args: ['http://web'] }, ['curl', 'http://web']],
    ['curl with a program', { image: 'curlimages/curl', args: ['sleep', '9'] }, ['sleep', '9']],
    [
      'flags go on to the echo server',
      { image: 'hashicorp/http-echo:0.2.3', args: ['-text=hi', '-listen=:80'] },
      [`${BIN}/http-echo`, '-text=hi', '-listen=:80'],
    ],
    ['agnhost waits', { image: 'registry.k8s.io/e2e-test-images/agnhost:2.45' }, [`${BIN}/agnhost`, 'pause']],
    [
      'commands of agnhost',
      { image: 'k8s.gcr.io/e2e-test-images/agnhost:2.39', args: ['netexec', '--http-port=80'] },
      [`${BIN}/agnhost`, 'netexec', '--http-port=80'],
    ],
    [
      'agnhost by its path',
      { image: 'registry.k8s.io/e2e-test-images/agnhost:2.45', command: ['/agnhost', 'porter'] },
      [`${BIN}/agnhost`, 'porter'],
    ],
    [
      'a port from the environment',
      { image: 'gcr.io/google-samples/hello-app:2.0', env: [['PORT', '9090']] },
      [`${BIN}/http-server`, '--kind', 'hello', '--http', '9090', '--text', '2.0.0'],
    ],
    ['a stand-in', { image: 'redis:7' }, [`${BIN}/stand-in-server`, '--tcp', '6379']],
    [
      'a stand-in on another port',
      { image: 'redis:7', command: ['redis-server', '--port', '6380'] },
      [`${BIN}/stand-in-server`, '--tcp', '6380'],
    ],
    [
      'the DNS server',
      { image: 'registry.k8s.io/coredns/coredns:v1.11.1', args: ['-conf', '/x'] },
      [`${BIN}/coredns`, '-conf', '/x'],
    ],
  ])('%s', (_, container, argv) => {
    expect(argvOf(container)).toEqual(argv);
  });

  it.each<readonly [ContainerImage, readonly string[]]>([
    [{ image: 'nginx' }, ['TCP 80']],
    [{ image: 'nginx', command: ['sleep', '5'] }, []],
    [{ image: 'ahmet/app-on-two-ports' }, ['TCP 8000', 'TCP 5000']],
    [{ image: 'hashicorp/http-echo' }, ['TCP 5678']],
    [{ image: 'hashicorp/http-echo', args: ['-listen', ':8080', '-text', 'x'] }, ['TCP 8080']],
    [
      { image: 'e2e-test-images/agnhost', args: ['netexec', '--udp-port=81,82', '--sctp-port', '83'] },
      ['TCP 8080', 'UDP 81', 'UDP 82', 'SCTP 83'],
    ],
    [{ image: 'e2e-test-images/agnhost', args: ['serve-hostname', '--port=80', '--udp', '--http=false'] }, ['UDP 80']],
    [
      {
        image: 'e2e-test-images/agnhost',
        args: ['porter'],
        env: [
          ['SERVE_PORT_80', 'a'],
          ['SERVE_SCTP_PORT_81', 'b'],
        ],
      },
      ['TCP 80', 'SCTP 81'],
    ],
    [{ image: 'hashicorp/http-echo', args: ['-listen=:http'] }, []],
  ])('%j listens on %j', (container, listeners) => {
    expect(listenersOf(container)).toEqual(listeners);
  });

  it.each([
    ['example.org/shop/frontend:v1', 'example.org/shop/frontend:v1'],
    ['shop/nginx', 'docker.io/shop/nginx:latest'],
  ])('%s is refused with what exists', (image, full) => {
    const program = programOf({ image });
    if (!('refused' in program)) throw new Error('it is not');
    expect(program.refused).toBe('ErrImagePull');
    expect(program.message).toContain(`failed to pull image "${full}": `);
    for (const help of ['nginx', 'busybox', '--any-image']) expect(program.message).toContain(help);
  });

  it.each(['', 'UPPER', 'a b', 'a//b', 'nginx:', 'nginx@sha256:1', '-x', 'a:b:c', `a${'/a'.repeat(600)}`])(
    'is no image: %j',
    (image) => {
      expect(programOf({ image, anyImage: true })).toMatchObject({ refused: 'InvalidImageName' });
    },
  );

  it.each<readonly [string, Omit<ContainerImage, 'image'>, readonly string[]]>([
    [
      'declared ports',
      { ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }] },
      [`${BIN}/stand-in-server`, '--tcp', '80', '--udp', '53'],
    ],
    [
      'a program nobody has',
      { command: ['/app'], ports: [{ containerPort: 80 }] },
      [`${BIN}/stand-in-server`, '--tcp', '80'],
    ],
    ['no ports', {}, [`${BIN}/pause`]],
    ['no ports and a shell', { command: ['sh', '-c', 'sleep 9'] }, ['sh', '-c', 'sleep 9']],
  ])('any image: %s', (_, container, argv) => {
    const program = programOf({ image: 'shop/frontend', anyImage: true, ...container });
    expect(program).toMatchObject({ argv, standIn: argv[0] !== 'sh' });
  });

  it('every known image starts by itself', () => {
    for (const image of KNOWN_IMAGES.keys()) expect(argvOf({ image }).length).toBeGreaterThan(0);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom(...KNOWN_IMAGES.keys())),
        fc.option(fc.array(fc.string()), { nil: undefined }),
        fc.option(fc.array(fc.oneof(fc.string(), fc.constantFrom('--port', '-listen', '__proto__'))), {
          nil: undefined,
        }),
        (image, command, args) => {
          const program = programOf({ image, command, args, anyImage: true });
          if ('argv' in program) expect(program.argv.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('programs of images that are run by path', () => {
    expect(execArgv(['/agnhost', 'connect', 'a:1'])).toEqual([`${BIN}/agnhost`, 'connect', 'a:1']);
    expect(execArgv(['/bin/agnhost'])).toEqual(['/bin/agnhost']);
  });
});
