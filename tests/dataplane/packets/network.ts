/**
 * A network on one machine: a namespace that is the node under test and routes, one for each pod on it, and one for
 * everybody else. Needs root.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

const proberPath = fileURLToPath(new URL('./prober.mjs', import.meta.url));
const gateway4 = '169.254.1.1';
const gateway6 = 'fe80::1';

/** Why packets cannot be tested here; `undefined` when they can. */
export function whyNoPackets(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (spawnSync('nft', ['--version']).status !== 0) return 'needs nft';
  if (spawnSync('ip', ['netns', 'list']).status !== 0) return 'needs ip netns';
  return undefined;
}

function run(command: string, args: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}\n${input}`);
}

/** One namespace and the process in it that answers and tries. */
export class Place {
  readonly name: string;
  addresses: readonly string[] = [];
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private requests = 0;

  constructor(name: string) {
    this.name = name;
    this.process = spawn('ip', ['netns', 'exec', name, process.execPath, proberPath]);
    this.process.stderr.resume();
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => {
      const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
      const waiter = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiter?.resolve(result);
      else waiter?.reject(new Error(`${name}: ${error}`));
    });
    this.process.on('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${name}: the prober ended`));
      this.waiting.clear();
    });
  }

  ask<T>(command: string, request: unknown): Promise<T> {
    const id = ++this.requests;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.process.stdin.write(`${JSON.stringify({ id, command, request })}\n`);
    });
  }

  probe(probes: readonly Probe[], timeoutMs: number): Promise<string[]> {
    return probes.length === 0 ? Promise.resolve([]) : this.ask('probe', { probes, timeoutMs });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null) resolve();
      else this.process.once('close', () => resolve());
      this.process.kill('SIGKILL');
    });
  }
}

export interface Addresses {
  /** Of the node itself. */
  readonly node: readonly string[];
  /** Of each pod on the node. */
  readonly pods: readonly (readonly string[])[];
  readonly elsewhere: readonly string[];
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

export class Network {
  readonly router: Place;
  readonly elsewhere: Place;
  readonly pods: readonly Place[];
  private readonly names: readonly string[];
  private routes: string[] = [];

  private constructor(names: readonly string[]) {
    this.names = names;
    const [router, elsewhere, ...pods] = names.map((name) => new Place(name));
    if (router === undefined || elsewhere === undefined) throw new Error('no places');
    [this.router, this.elsewhere, this.pods] = [router, elsewhere, pods];
  }

  static open(podCount: number): Network {
    const tag = `sally${process.pid}`;
    const names = [`${tag}r`, `${tag}o`, ...Array.from({ length: podCount }, (_, index) => `${tag}p${index}`)];
    try {
      for (const name of names) makeNamespace(name, name === names[0]);
      run('ip', ['-n', names[0] ?? '', '-batch', '-'], `addr add ${gateway4}/32 dev lo\n`);
      names.slice(1).forEach((name, index) => link(names[0] ?? '', name, `v${index}`));
      return new Network(names);
    } catch (error) {
      removeNamespaces(names);
      throw error;
    }
  }

  /** How to run a program on the node. */
  onNode(program: string): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.router.name, program];
  }

  /** Gives everybody these addresses and no others, and has them answer. */
  async arrange({ node, pods, elsewhere, tcp, udp }: Addresses): Promise<void> {
    const places = [this.elsewhere, ...this.pods];
    const wanted = [elsewhere, ...this.pods.map((_, index) => pods[index] ?? [])];
    await Promise.all([this.router, ...places].map((place) => place.ask('serve', { addresses: [], tcp, udp })));
    const routes: string[] = [];
    places.forEach((place, index) => {
      const addresses = wanted[index] ?? [];
      place.addresses = addresses;
      run('ip', ['-n', place.name, '-force', '-batch', '-'], addressCommands(addresses));
      routes.push(...addresses.map((ip) => `${family(ip)}route add ${ip} dev v${index}`));
    });
    const old = this.routes.map((route) => route.replace(' add ', ' del '));
    const flush = this.router.addresses.map((ip) => `${family(ip)}addr del ${ip} dev lo`);
    const own = node.map((ip) => `${family(ip)}addr add ${ip} dev lo${ip.includes(':') ? ' nodad' : ''}`);
    this.routes = routes;
    this.router.addresses = node;
    ipBatch(this.router.name, [...old, ...flush, ...own, ...routes]);
    await Promise.all(
      [this.router, ...places].map((place) => place.ask('serve', { addresses: place.addresses, tcp, udp })),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.router, this.elsewhere, ...this.pods].map((place) => place.end()));
    removeNamespaces(this.names);
  }

  /** The namespaces that are still there. */
  static leftovers(): string[] {
    const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line.startsWith(`sally${process.pid}`));
  }
}

const family = (ip: string): string => (ip.includes(':') ? '-6 ' : '-4 ');

/** `ip -batch` knows the family only as an option of the whole batch. */
function ipBatch(namespace: string, lines: readonly string[]): void {
  for (const option of ['-4', '-6']) {
    const own = lines.filter((line) => line.startsWith(option)).map((line) => line.slice(3));
    if (own.length > 0) run('ip', [option, '-n', namespace, '-batch', '-'], `${own.join('\n')}\n`);
  }
}

function addressCommands(addresses: readonly string[]): string {
  const lines = ['addr flush dev eth0 scope global'];
  for (const ip of addresses) lines.push(`addr add ${ip} dev eth0${ip.includes(':') ? ' nodad' : ''}`);
  if (addresses.some((ip) => !ip.includes(':'))) {
    lines.push(`route replace ${gateway4} dev eth0 scope link`, `route replace default via ${gateway4} dev eth0`);
  }
  if (addresses.some((ip) => ip.includes(':'))) lines.push(`route replace default via ${gateway6} dev eth0`);
  return `${lines.join('\n')}\n`;
}

function makeNamespace(name: string, router: boolean): void {
  run('ip', ['netns', 'add', name]);
  const settings = [
    'ipv6/conf/all/accept_dad=0',
    'ipv6/conf/default/accept_dad=0',
    'ipv6/conf/all/disable_ipv6=0',
    'ipv6/conf/lo/disable_ipv6=0',
    ...(router
      ? [
          'ipv4/ip_forward=1',
          'ipv6/conf/all/forwarding=1',
          'ipv4/conf/all/rp_filter=0',
          'ipv4/conf/default/rp_filter=0',
        ]
      : []),
  ];
  const script = settings.map((setting) => `echo ${setting.split('=')[1]} > /proc/sys/net/${setting.split('=')[0]}`);
  run('ip', ['netns', 'exec', name, 'sh', '-c', script.join('; ')]);
  run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
}

function link(router: string, name: string, device: string): void {
  run('ip', ['-n', router, 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  run('ip', ['-n', router, 'link', 'set', device, 'up']);
  run('ip', ['-n', router, 'addr', 'add', `${gateway6}/64`, 'dev', device, 'nodad']);
  run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
}

function removeNamespaces(names: readonly string[]): void {
  for (const name of names) spawnSync('ip', ['netns', 'del', name]);
}
