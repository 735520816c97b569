/** The Linux bridges of this machine and the networks behind them. */
import { cidr4, cidr6, type Cidr } from '../base/inet.ts';
import type { HostFiles } from '../io/host-files.ts';

export interface BridgeNetworks {
  readonly bridge: string;
  /** How many interfaces are attached to it. */
  readonly ports: number;
  /** That the routing table sends to it without a gateway. */
  readonly networks: readonly Cidr[];
}

export async function bridgeNetworks(files: HostFiles): Promise<readonly BridgeNetworks[]> {
  const links = (await files.list('/sys/class/net')) ?? [];
  const found: { bridge: string; ports: number }[] = [];
  for (const bridge of links) {
    const ports = await files.list(`/sys/class/net/${bridge}/brif`);
    if (ports !== undefined) found.push({ bridge, ports: ports.length });
  }
  if (found.length === 0) return [];
  const routes = [
    ...directRoutes4((await files.readText('/proc/net/route')) ?? ''),
    ...directRoutes6((await files.readText('/proc/net/ipv6_route')) ?? ''),
  ];
  return found.map(({ bridge, ports }) => {
    return { bridge, ports, networks: routes.filter(({ link }) => link === bridge).map(({ network }) => network) };
  });
}

interface Route {
  readonly link: string;
  readonly network: Cidr;
}

/** `/proc/net/route`: addresses are hexadecimal in the byte order of the machine, which is little endian. */
function directRoutes4(table: string): Route[] {
  const routes: Route[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [link = '', destination = '', gateway = '', , , , , mask = ''] = line
      .split('\t')
      .map((field) => field.trim());
    if (!isHex(destination, 8) || !isHex(mask, 8) || gateway !== '00000000') continue;
    const prefix = swapped(mask).toString(2).replaceAll('0', '').length;
    if (prefix > 0) routes.push({ link, network: cidr4(swapped(destination), prefix) });
  }
  return routes;
}

function swapped(hex: string): number {
  return Number.parseInt((hex.match(/../g) ?? []).toReversed().join(''), 16);
}

/** `/proc/net/ipv6_route`: destination, its prefix length, source, its prefix length, next hop, ..., link. */
function directRoutes6(table: string): Route[] {
  const routes: Route[] = [];
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/ +/);
    const [destination = '', length = '', , , hop = ''] = fields;
    const link = fields.at(-1) ?? '';
    if (!isHex(destination, 32) || !isHex(length, 2) || !/^0{32}$/.test(hop)) continue;
    const prefix = Number.parseInt(length, 16);
    // Neither the default nor what every link has.
    if (prefix === 0 || prefix > 128 || /^f[ef]/.test(destination)) continue;
    routes.push({ link, network: cidr6(BigInt(`0x${destination}`), prefix) });
  }
  return routes;
}

function isHex(text: string, length: number): boolean {
  return text.length === length && /^[0-9a-fA-F]+$/.test(text);
}
