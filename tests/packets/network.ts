/**
 * A cluster's network on one machine. Each node is a namespace that routes; its pods live together in a second one,
 * which sends even what goes from one of them to another out to the node first. Everybody else lives in the namespace
 * that connects the nodes. What passes each node, and what does not come out again, is counted by a table of our own
 * around the one under test.
 */
import { Console, Namespaces, type Namespace } from './namespaces.ts';
import { Place } from './place.ts';

/** At both ends of every link, so that nobody has to ask for them. */
const hardware = { near: '02:00:00:00:00:01', far: '02:00:00:00:00:02' };
const next = { 4: { near: '169.254.1.1', far: '169.254.1.2' }, 6: { near: 'fe80::1', far: 'fe80::2' } } as const;
const families = [4, 6] as const;

const nextOf = (ip: string) => next[ip.includes(':') ? 6 : 4];

export interface NodeAddresses {
  readonly own: readonly string[];
  readonly pods: readonly string[];
}

export interface Addresses {
  /** One for each node of the network, or fewer. */
  readonly nodes: readonly NodeAddresses[];
  readonly elsewhere: readonly string[];
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** Takes lines for `ip -batch`. */
const ipConsole = (namespace: Namespace): Console =>
  new Console(namespace, ['ip', '-force', '-o', '-batch', '-'], 'link show dev lo', (line) =>
    line.startsWith('1: lo:'),
  );

/** A node that enforces. */
export class RoutingNode {
  readonly host: Place;
  readonly pods: Place;
  private readonly ip: Console;
  private readonly nft: Console;
  private undo: readonly string[] = [];

  constructor(host: Place, pods: Place) {
    this.host = host;
    this.pods = pods;
    this.ip = ipConsole(host.namespace);
    this.nft = new Console(host.namespace, ['nft', '-i'], `list counters table ${witness}`, (line) => line === '}');
  }

  async arrange({ own, pods }: NodeAddresses): Promise<void> {
    const ownNetworks = own.map((ip) => (ip.includes(':') ? `${ip}/128 dev lo nodad` : `${ip}/32 dev lo`));
    const lines = ownNetworks.map((network) => `addr add ${network}`);
    lines.push(...pods.map((ip) => `route replace ${ip} via ${nextOf(ip).far} dev pods onlink`));
    await this.ip.ask([...this.undo, ...lines]);
    this.undo = [
      ...ownNetworks.map((network) => `addr del ${network.replace(' nodad', '')}`),
      ...pods.map((ip) => `route del ${ip} dev pods`),
    ];
  }

  /** How to run a program on the node. */
  enter(...argv: readonly [string, ...string[]]): [string, ...string[]] {
    return this.host.namespace.enter(...argv);
  }

  /** How many packets have gone into policy by now and did not come out of it. */
  async dropped(): Promise<number> {
    const text = (await this.nft.ask([])).join(' ');
    const packets = (name: string) => Number(new RegExp(`counter ${name} {\\s+packets (\\d+) `).exec(text)?.[1]);
    return packets('before') - packets('after');
  }

  async end(): Promise<void> {
    this.ip.close();
    this.nft.close();
    await Promise.all([this.host.end(), this.pods.end()]);
  }
}

const witness = 'inet witness';

/**
 * Around every hook that policy may use, by far. It also keeps connection tracking on when the table under test is away,
 * as kube-proxy does.
 */
const witnessTable = [
  `table ${witness} {`,
  '  chain tracked { type filter hook prerouting priority 0; ct state new accept; }',
  '  counter before { }',
  '  counter after { }',
  ...['forward', 'input', 'output'].flatMap((hook) => [
    `  chain ${hook}_before { type filter hook ${hook} priority -150; meta iifname "lo" accept; counter name before; }`,
    `  chain ${hook}_after { type filter hook ${hook} priority 300; meta iifname "lo" accept; counter name after; }`,
  ]),
  '}',
].join('\n');

export class Network {
  readonly nodes: readonly RoutingNode[];
  readonly elsewhere: Place;
  private readonly namespaces: Namespaces;
  private readonly ip: Console;
  private readonly endings: (() => Promise<void>)[] = [];
  private undo: readonly string[] = [];

  private constructor(namespaces: Namespaces, nodes: readonly RoutingNode[], elsewhere: Place) {
    this.namespaces = namespaces;
    this.nodes = nodes;
    this.elsewhere = elsewhere;
    this.ip = ipConsole(elsewhere.namespace);
  }

  static async open(nodeCount: number, options: { readonly rootless?: boolean } = {}): Promise<Network> {
    const namespaces = new Namespaces(options);
    try {
      const between = await namespaces.add();
      makeBetween(between);
      const nodes: [Namespace, Namespace][] = [];
      for (let index = 0; index < nodeCount; index++) {
        const [host, pods] = [await namespaces.add(), await namespaces.add()];
        makeHost(host);
        makePods(pods);
        link(host, 'pods', pods, 'eth0');
        link(host, 'out', between, `node${index}`);
        for (const family of families) {
          host.ip(family, [`route add default via ${next[family].far} dev out onlink`]);
          // Only then is every address ours, the next hop included.
          pods.ip(family, [`route add default via ${next[family].near} dev eth0 onlink`]);
          pods.ip(family, [`route add local ${family === 4 ? '0.0.0.0' : '::'}/0 dev lo`]);
        }
        // The kernel takes no next hop that it holds to be an address of its own.
        if (index === 0) between.ip(4, [`route add unicast ${next[4].near} dev node0 table local`]);
        nodes.push([host, pods]);
      }
      return new Network(
        namespaces,
        nodes.map(([host, pods]) => new RoutingNode(new Place(host), new Place(pods))),
        new Place(between),
      );
    } catch (error) {
      await namespaces.close();
      throw error;
    }
  }

  get places(): readonly Place[] {
    return [this.elsewhere, ...this.nodes.flatMap(({ host, pods }) => [host, pods])];
  }

  /** Gives everybody these addresses and no others, and has them answer. */
  async arrange({ nodes, elsewhere, tcp, udp }: Addresses): Promise<void> {
    const nobody: NodeAddresses = { own: [], pods: [] };
    const routes = this.nodes.flatMap((_, index) => {
      const { own, pods } = nodes[index] ?? nobody;
      return [...own, ...pods].map((ip) => ({ ip, dev: `node${index}` }));
    });
    const lines = routes.map(({ ip, dev }) => `route replace ${ip} via ${nextOf(ip).near} dev ${dev} onlink`);
    const ready: Promise<unknown>[] = [this.ip.ask([...this.undo, ...lines])];
    this.undo = routes.map(({ ip, dev }) => `route del ${ip} dev ${dev}`);
    this.nodes.forEach((node, index) => ready.push(node.arrange(nodes[index] ?? nobody)));
    await Promise.all(ready);
    const serving: Promise<unknown>[] = [this.elsewhere.ask('serve', { addresses: elsewhere, tcp, udp })];
    this.nodes.forEach((node, index) => {
      const { own, pods } = nodes[index] ?? nobody;
      serving.push(node.host.ask('serve', { addresses: own, tcp, udp }));
      serving.push(node.pods.ask('serve', { addresses: pods, tcp, udp }));
    });
    await Promise.all(serving);
  }

  /** Before the namespaces go. */
  beforeClose(end: () => Promise<void>): void {
    this.endings.push(end);
  }

  async close(): Promise<void> {
    await Promise.all(this.endings.splice(0).map((end) => end()));
    this.ip.close();
    await Promise.all([this.elsewhere.end(), ...this.nodes.map((node) => node.end())]);
    await this.namespaces.close();
  }
}

/** Any address may be one of our own here. */
const anyAddress = [
  'ipv4/conf/all/accept_local 1',
  'ipv4/conf/default/accept_local 1',
  'ipv4/conf/all/rp_filter 0',
  'ipv4/conf/default/rp_filter 0',
  'ipv4/conf/all/accept_redirects 0',
  'ipv4/conf/default/accept_redirects 0',
  'ipv4/ip_nonlocal_bind 1',
  'ipv6/ip_nonlocal_bind 1',
  'ipv6/conf/all/disable_ipv6 0',
  'ipv6/conf/default/disable_ipv6 0',
  'ipv6/conf/all/accept_dad 0',
  'ipv6/conf/default/accept_dad 0',
  'ipv6/conf/all/accept_redirects 0',
  'ipv6/conf/default/accept_redirects 0',
];

const routing = [
  'ipv4/ip_forward 1',
  'ipv4/conf/all/send_redirects 0',
  'ipv4/conf/default/send_redirects 0',
  'ipv6/conf/all/forwarding 1',
  'ipv6/conf/default/forwarding 1',
];

function makeHost(namespace: Namespace): void {
  namespace.set([...anyAddress.filter((line) => !line.includes('accept_local') && !line.includes('bind')), ...routing]);
  namespace.ip(4, ['link set lo up']);
  namespace.run(['nft', '-f', '-'], witnessTable);
}

/** What comes in belongs here, whatever its address; what goes out goes to the node, whatever its address. */
function makePods(namespace: Namespace): void {
  namespace.set(anyAddress);
  namespace.ip(4, ['link set lo up']);
  for (const family of families) namespace.ip(family, ['rule add pref 1 iif eth0 lookup local', 'rule del pref 0']);
}

/** Known addresses are with their nodes, every other one is here. */
function makeBetween(namespace: Namespace): void {
  namespace.set([...anyAddress, ...routing]);
  namespace.ip(4, ['link set lo up']);
  for (const family of families) {
    namespace.ip(family, ['rule add pref 40000 lookup local', 'rule del pref 0']);
    namespace.ip(family, [`route add local ${family === 4 ? '0.0.0.0' : '::'}/0 dev lo`]);
  }
}

function link(near: Namespace, nearDevice: string, far: Namespace, farDevice: string): void {
  const names = `link add ${nearDevice} address ${hardware.near} type veth peer name ${farDevice}`;
  near.ip(4, [`${names} address ${hardware.far} netns ${far.pid}`, `link set ${nearDevice} up`]);
  far.ip(4, [`link set ${farDevice} up`]);
  for (const family of families) {
    near.ip(family, [`neigh replace ${next[family].far} lladdr ${hardware.far} nud permanent dev ${nearDevice}`]);
    far.ip(family, [`neigh replace ${next[family].near} lladdr ${hardware.near} nud permanent dev ${farDevice}`]);
  }
}
