/** Whether policies can hold on this machine at all: what is needed, what was found, and what to do about it. */
import { cidrContains, cidrContainsCidr, type Cidr, type IpAddress } from '../base/inet.ts';
import type { HostFiles } from '../io/host-files.ts';
import { bridgeNetworks } from './bridge-networks.ts';
import type { PreconditionState, PreconditionStatus } from './status.ts';

export interface PreconditionFacts {
  readonly files: HostFiles;
  /** Of pods on this node, as far as known. */
  readonly podAddresses: readonly IpAddress[];
  /** Ranges of pods on this node. */
  readonly podRanges: readonly Cidr[];
}

type Check = (facts: PreconditionFacts) => Promise<PreconditionStatus>;

/** In the order in which they are told. None needs more than reading /proc and /sys. */
export async function checkPreconditions(facts: PreconditionFacts): Promise<readonly PreconditionStatus[]> {
  const checks: readonly Check[] = [capability, kernelVersion, bridgeNetfilter, proxyMode, flowtables, conntrack];
  return Promise.all(checks.map((check) => check(facts)));
}

function status(name: string, state: PreconditionState, explanation: string, hint = ''): PreconditionStatus {
  return { name, state, explanation, hint };
}

const CAP_NET_ADMIN = 12;

async function capability({ files }: PreconditionFacts): Promise<PreconditionStatus> {
  const name = 'capability';
  const text = await files.readText('/proc/self/status');
  const [, hex] = /^CapEff:\s*([0-9a-f]+)$/m.exec(text ?? '') ?? [];
  if (hex === undefined) return status(name, 'unknown', 'the capabilities of this process cannot be read');
  const has = (BigInt(`0x${hex}`) >> BigInt(CAP_NET_ADMIN)) & 1n;
  return has === 1n
    ? status(name, 'ok', 'this process has CAP_NET_ADMIN')
    : status(
        name,
        'failed',
        'this process lacks CAP_NET_ADMIN, so it cannot change the rules of the kernel',
        'add NET_ADMIN to securityContext.capabilities, or run as root',
      );
}

/** The first with intervals in concatenated keys: ranges of ports beside a protocol. */
const OLDEST = [5, 6] as const;

async function kernelVersion({ files }: PreconditionFacts): Promise<PreconditionStatus> {
  const name = 'kernel-version';
  const release = (await files.readText('/proc/sys/kernel/osrelease'))?.trim();
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(release ?? '') ?? [];
  if (release === undefined || major === undefined)
    return status(name, 'unknown', 'the kernel does not tell its version');
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  return isOld
    ? status(
        name,
        'failed',
        `Linux ${release} is older than ${OLDEST.join('.')}: its nftables has no ranges in concatenated sets`,
        'use a newer kernel on this node',
      )
    : status(name, 'ok', `Linux ${release}`);
}

/** Packets between ports of one Linux bridge pass the rules only when bridge netfilter is on. */
async function bridgeNetfilter({ files, podAddresses, podRanges }: PreconditionFacts): Promise<PreconditionStatus> {
  const name = 'bridge-netfilter';
  const bridges = await bridgeNetworks(files);
  const withPorts = bridges.filter(({ ports }) => ports > 0);
  if (withPorts.length === 0) return status(name, 'ok', 'no bridge with ports on this node');
  const off: string[] = [];
  for (const [family, file] of [
    [4, 'bridge-nf-call-iptables'],
    [6, 'bridge-nf-call-ip6tables'],
  ] as const) {
    const value = (await files.readText(`/proc/sys/net/bridge/${file}`))?.trim();
    if (value === '1') continue;
    const carriesPods = withPorts.filter(({ networks }) =>
      networks.some(
        (network) =>
          network.family === family &&
          (podAddresses.some((address) => cidrContains(network, address)) ||
            podRanges.some((range) => overlaps(range, network))),
      ),
    );
    for (const { bridge } of carriesPods) off.push(`${bridge} (net.bridge.${file} is ${value ?? 'not there'})`);
  }
  if (off.length > 0) {
    return status(
      name,
      'failed',
      `packets between pods on one bridge bypass all rules: ${off.join(', ')}`,
      'load the module br_netfilter and set net.bridge.bridge-nf-call-iptables=1 and bridge-nf-call-ip6tables=1',
    );
  }
  return status(name, 'ok', `bridges: ${withPorts.map(({ bridge }) => bridge).join(', ')}`);
}

function overlaps(a: Cidr, b: Cidr): boolean {
  return cidrContainsCidr(a, b) || cidrContainsCidr(b, a);
}

async function proxyMode({ files }: PreconditionFacts): Promise<PreconditionStatus> {
  const name = 'kube-proxy-mode';
  const links = await files.list('/sys/class/net');
  if (links === undefined) return status(name, 'unknown', 'the network interfaces cannot be listed');
  return links.includes('kube-ipvs0')
    ? status(
        name,
        'failed',
        'kube-proxy runs in IPVS mode (there is an interface kube-ipvs0): connections to Services do not pass the forward hook, where policies are judged',
        'run kube-proxy in iptables or nftables mode; after a change of mode, kube-proxy --cleanup removes kube-ipvs0',
      )
    : status(name, 'ok', 'no kube-proxy in IPVS mode');
}

async function flowtables({ files }: PreconditionFacts): Promise<PreconditionStatus> {
  const name = 'flowtables';
  const modules = await files.readText('/proc/modules');
  if (modules === undefined) return status(name, 'unknown', 'the modules of the kernel cannot be listed');
  const [, users] = /^nf_flow_table \d+ (\d+)/m.exec(modules) ?? [];
  return users !== undefined && Number(users) > 0
    ? status(
        name,
        'warning',
        'the kernel has flowtables in use: offloaded connections skip the forward hook and are not cut when a policy changes',
        'leave traffic of pods out of flowtables',
      )
    : status(name, 'ok', 'no flowtables in use');
}

/** Above this share of its table, conntrack begins to drop new connections before any policy is asked. */
const CROWDED = 0.9;

async function conntrack({ files }: PreconditionFacts): Promise<PreconditionStatus> {
  const name = 'conntrack';
  const [max, count] = (
    await Promise.all(['max', 'count'].map((which) => files.readText(`/proc/sys/net/netfilter/nf_conntrack_${which}`)))
  ).map((text) => (text === undefined ? undefined : Number(text)));
  if (max === undefined || count === undefined) {
    return status(name, 'unknown', 'conntrack is not there (yet): the kernel loads it with the first rules');
  }
  return count > max * CROWDED
    ? status(
        name,
        'warning',
        `conntrack has ${count} of at most ${max} connections: new ones are dropped before any policy is asked`,
        'raise net.netfilter.nf_conntrack_max',
      )
    : status(name, 'ok', `${count} of at most ${max} connections`);
}
