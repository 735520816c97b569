/** Services in a real node: pods, the node itself and somebody outside reach them, or are told that nobody is there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { labNetworks, type LabNetworks, type NodeNetwork } from '../../../src/lab/networks.ts';
import { programScripts } from '../../../src/lab/runtime/netns/lab-scripts.ts';
import { renderServices } from '../../../src/lab/services/render-services.ts';
import type { ServiceRule } from '../../../src/lab/services/service-rule.ts';
import { describeKernel } from '../../packets/kernel.ts';
import { env, Namespaces, type Namespace } from '../../packets/namespaces.ts';

const networks = labNetworks(1, 'dual');
const node = networks.nodes[0] as NodeNetwork;
const [node4 = '', node6 = ''] = node.addresses;
const A = ['10.244.0.5', 'fd00:10:244::5'] as const;
const B = ['10.244.0.6', 'fd00:10:244::6'] as const;
const OUTSIDE = ['192.0.2.7', '2001:db8::7'] as const;
const WEB = ['10.96.0.20', 'fd00:10:96::20'] as const;
const rawPackets = fileURLToPath(new URL('../../packets/raw-packets.pl', import.meta.url));

const port = (addresses: readonly string[]) => addresses.map((address) => ({ address, port: 8080 }));
const rules: readonly ServiceRule[] = [
  { service: 'n/web:http', protocol: 'TCP', addresses: WEB, port: 80, nodePort: 30080, backends: port([...A, ...B]) },
  { service: 'n/web:words', protocol: 'UDP', addresses: WEB, port: 80, nodePort: 30080, backends: port([...A, ...B]) },
  { service: 'n/web:sctp', protocol: 'SCTP', addresses: WEB, port: 80, backends: port([...B]) },
  { service: 'n/own:http', protocol: 'TCP', addresses: ['10.96.0.21', 'fd00:10:96::21'], port: 80, backends: port(A) },
  {
    service: 'n/sticky:http',
    protocol: 'TCP',
    addresses: ['10.96.0.22', 'fd00:10:96::22'],
    port: 80,
    backends: port([...A, ...B]),
    affinitySeconds: 10,
  },
  {
    service: 'n/empty:http',
    protocol: 'TCP',
    addresses: ['10.96.0.23', 'fd00:10:96::23'],
    port: 80,
    nodePort: 30081,
    backends: [],
  },
  { service: 'n/empty:udp', protocol: 'UDP', addresses: ['10.96.0.23', 'fd00:10:96::23'], port: 80, backends: [] },
];

describeKernel('Services of a node', () => {
  const namespaces = new Namespaces();
  const running: ChildProcess[] = [];
  let here: Namespace;
  let a: Namespace;
  let b: Namespace;
  let outside: Namespace;

  function perl(program: string): readonly [string, string] {
    return ['perl', programScripts().get(program) ?? ''];
  }

  /** `id outcome` of each, sorted. */
  function probe(from: Namespace, ...lines: readonly string[]): string[] {
    const output = from.run([...perl('sallyport-probe')], lines.map((line) => `${line}\n`).join(''));
    return output
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' '))
      .toSorted();
  }

  /** Until all of them answer. */
  async function up(from: Namespace, ...targets: readonly string[]): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      const found = probe(from, ...targets.map((target, index) => `${index} ${target} 1000`));
      if (found.every((each) => each.endsWith(' connected'))) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(
      probe(from, ...targets.map((target) => `${target.replaceAll(' ', '-')} ${target} 1000`)).join('\n'),
    );
  }

  function get(from: Namespace, url: string): string {
    return from.run([...perl('curl'), 'curl', '-sS', '-m', '5', url]);
  }

  async function connectTo(
    other: Namespace,
    name: string,
    [v4, v6]: readonly [string, string],
    router: readonly string[],
  ): Promise<void> {
    here.run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(other.pid)]);
    here.set(['ipv6/conf/default/accept_dad 0']);
    here.run(['ip', 'link', 'set', name, 'address', 'ee:ee:ee:ee:ee:ee', 'up']);
    here.ip(4, [`route add ${v4}/32 dev ${name}`]);
    here.ip(6, [`route add ${v6}/128 dev ${name}`]);
    other.run(['ip', 'link', 'set', 'lo', 'up']);
    other.run(['ip', 'link', 'set', 'eth0', 'up']);
    other.run(['ip', 'addr', 'add', `${v4}/32`, 'dev', 'eth0']);
    other.run(['ip', 'addr', 'add', `${v6}/128`, 'dev', 'eth0', 'nodad']);
    const [router4 = '', router6 = ''] = router;
    other.ip(4, [`route add ${router4} dev eth0 scope link`, `route add default via ${router4} dev eth0`]);
    // The router's address is not on the link, so nobody would say whose it is.
    other.ip(6, [
      `route add ${router6} dev eth0`,
      `route add default via ${router6} dev eth0`,
      `neigh add ${router6} lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent`,
    ]);
  }

  function serve(where: Namespace, program: string, ...args: readonly string[]): void {
    const [command, ...rest] = where.enter(...perl(program), program, ...args);
    running.push(spawn(command, rest, { stdio: 'ignore', env }));
  }

  beforeAll(async () => {
    here = await namespaces.add();
    [a, b, outside] = [await namespaces.add(), await namespaces.add(), await namespaces.add()];
    here.run(['ip', 'link', 'set', 'lo', 'up']);
    here.run(['ip', 'addr', 'add', `${node4}/32`, 'dev', 'lo']);
    here.run(['ip', 'addr', 'add', `${node6}/128`, 'dev', 'lo']);
    // Redirects would use up what the kernel lets a node say to a pod in ICMP.
    const redirects = ['ipv4/conf/all/send_redirects 0', 'ipv4/conf/default/send_redirects 0'];
    here.set(['ipv4/ip_forward 1', 'ipv6/conf/all/forwarding 1', 'ipv6/conf/default/accept_dad 0', ...redirects]);
    await connectTo(a, 'pod-a', A, node.addresses);
    await connectTo(b, 'pod-b', B, node.addresses);
    await connectTo(outside, 'outside', OUTSIDE, node.addresses);
    // Where the node sends what it has no route for.
    here.ip(4, [`route add default via ${OUTSIDE[0]} dev outside onlink src ${node4}`]);
    here.ip(6, [`route add default via ${OUTSIDE[1]} dev outside onlink src ${node6}`]);
    for (const pod of [a, b]) serve(pod, 'http-server', '--kind', 'whoami', '--http', '8080');
    for (const pod of [a, b]) serve(pod, 'echo-server', '--udp', '8080');
    serve(here, 'http-server', '--http', '30090');
    here.run(['nft', '-f', '-'], renderServices(rules, node, networks));
    const lines = [A, B].flat().flatMap((address) => [`tcp ${address}`, `udp ${address}`]);
    await up(here, ...lines.map((line) => `${line} 8080`));
    await up(a, `tcp ${node4} 30090`);
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await namespaces.close();
  });

  /** Who answered, and whom they saw: `10.244.0.5 from 10.244.0.6`. */
  function answered(from: Namespace, address: string, at = 80): string {
    const text = get(from, `http://${address.includes(':') ? `[${address}]` : address}:${at}/`);
    const [, own] = /^IP: (\S+)$/m.exec(text) ?? [];
    const [, client] = /^RemoteAddr: \[?([^\]\n]+?)\]?:\d+$/m.exec(text) ?? [];
    return `${own} from ${client}`;
  }

  const many = (ask: () => string) => [...new Set(Array.from({ length: 16 }, ask))].toSorted();

  it.each([0, 1] as const)('pods reach all backends, and are seen as themselves (family %s)', (family) => {
    expect(many(() => answered(b, WEB[family])).filter((each) => !each.startsWith(B[family]))).toEqual([
      `${A[family]} from ${B[family]}`,
    ]);
    expect(many(() => answered(outside, WEB[family]))).toEqual([
      `${A[family]} from ${node.addresses[family]}`,
      `${B[family]} from ${node.addresses[family]}`,
    ]);
  });

  it.each([0, 1] as const)('a pod reaches itself, as the node (family %s)', (family) => {
    const [own4, own6] = ['10.96.0.21', 'fd00:10:96::21'];
    expect(answered(a, family === 0 ? own4 : own6)).toBe(`${A[family]} from ${node.addresses[family]}`);
  });

  it.each([0, 1] as const)('ports of the node (family %s)', (family) => {
    const address = node.addresses[family] ?? '';
    expect(many(() => answered(outside, address, 30080)).every((each) => each.endsWith(`from ${address}`))).toBe(true);
    expect(many(() => answered(b, address, 30080))).toContain(`${A[family]} from ${B[family]}`);
    expect(many(() => answered(here, address, 30080))).toEqual([
      `${A[family]} from ${address}`,
      `${B[family]} from ${address}`,
    ]);
  });

  it('the node itself reaches them', () => {
    expect(many(() => answered(here, WEB[0]))).toEqual([`${A[0]} from ${node4}`, `${B[0]} from ${node4}`]);
    expect(probe(here, `udp udp ${WEB[0]} 80 1000`, `six udp ${WEB[1]} 80 1000`)).toEqual([
      'six connected',
      'udp connected',
    ]);
  });

  it('clients stick to a backend where they are asked to', () => {
    expect(many(() => answered(outside, '10.96.0.22'))).toHaveLength(1);
    expect(many(() => answered(outside, 'fd00:10:96::22'))).toHaveLength(1);
  });

  it('datagrams', () => {
    expect(probe(b, `4 udp ${WEB[0]} 80 1000`, `6 udp ${WEB[1]} 80 1000`, `n udp ${node4} 30080 1000`)).toEqual([
      '4 connected',
      '6 connected',
      'n connected',
    ]);
  });

  it('SCTP', async () => {
    const [program, ...args] = b.enter('perl', rawPackets);
    const receiver = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env });
    running.push(receiver);
    const heard = (async () => {
      let text = '';
      for await (const chunk of receiver.stdout) {
        text += String(chunk);
        if (text.includes('ready\n') && !text.includes('started')) {
          text += 'started';
          const [sender, ...rest] = a.enter('perl', rawPackets);
          const sending = spawn(sender, rest, { stdio: ['pipe', 'ignore', 'ignore'], env });
          sending.stdin.end(`41 ${A[0]} ${WEB[0]} sctp 80\n42 ${A[1]} ${WEB[1]} sctp 80\n`);
          running.push(sending);
        }
        if (text.includes('41\n') && text.includes('42\n')) return text;
      }
      return text;
    })();
    expect(await heard).toMatch(/4[12]\n4[12]\n/);
    receiver.kill('SIGKILL');
    await once(receiver, 'close');
  });

  it.each(['pod', 'node', 'outside'] as const)('what nobody serves refuses or says nothing, asked by %s', (who) => {
    const from = who === 'pod' ? b : who === 'node' ? here : outside;
    const lines = [
      'closed tcp 10.96.0.23 80 1000',
      'closed6 tcp fd00:10:96::23 80 1000',
      'closed-node tcp 172.30.0.2 30081 1000',
      'closed-udp udp 10.96.0.23 80 1000',
      'other-port tcp 10.96.0.20 81 1000',
      'other-port6 udp fd00:10:96::20 81 1000',
      'nobody tcp 10.96.7.7 80 200',
      'nobody6 tcp fd00:10:96::77 80 200',
      'own-port tcp 172.30.0.2 30090 1000',
    ];
    expect(probe(from, ...lines).filter((each) => !each.startsWith('nobody'))).toEqual([
      'closed refused',
      'closed-node refused',
      'closed-udp refused',
      'closed6 refused',
      'other-port refused',
      'other-port6 refused',
      'own-port connected',
    ]);
    const silent = probe(from, ...lines).filter((each) => each.startsWith('nobody'));
    expect(silent.map((each) => each.split(' ')[1])).not.toContain('connected');
    expect(silent.map((each) => each.split(' ')[1])).not.toContain('refused');
  });

  it('a new table takes the place of the old one, and connections go on', async () => {
    const [program, ...args] = b.enter(...perl('nc'), 'nc', WEB[0], '80');
    const client = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env });
    running.push(client);
    client.stdin.write('GET /bench HTTP/1.1\r\n\r\n');
    await once(client.stdout, 'data');
    here.run(['nft', '-f', '-'], renderServices([], node, networks));
    expect(probe(a, `gone tcp ${WEB[0]} 80 200`)).toEqual(['gone timeout']);
    client.stdin.write('GET /bench HTTP/1.1\r\n\r\n');
    expect(String((await once(client.stdout, 'data'))[0])).toContain('200 OK');
    here.run(['nft', '-f', '-'], renderServices(rules, node, networks));
    expect(probe(a, `back tcp ${WEB[0]} 80 1000`)).toEqual(['back connected']);
  });

  it.each([
    ['IPv4 only', labNetworks(1, 'ipv4')],
    ['IPv6 only', labNetworks(1, 'ipv6')],
  ])('%s: the kernel takes it', (_, other: LabNetworks) => {
    const [first] = other.nodes;
    if (first === undefined) throw new Error('no node');
    for (const given of [rules, []]) outside.run(['nft', '-c', '-f', '-'], renderServices(given, first, other));
  });

  it('a thousand Services at once', () => {
    const thousand = Array.from({ length: 1000 }, (_, index): ServiceRule => ({
      service: `n/s${index}:http`,
      protocol: 'TCP',
      addresses: [`10.96.${4 + Math.floor(index / 250)}.${index % 250}`],
      port: 80,
      backends: port([...A, ...B]),
    }));
    outside.run(['nft', '-f', '-'], renderServices(thousand, node, networks));
  });
});
