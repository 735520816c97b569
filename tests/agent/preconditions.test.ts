import { describe, expect, test } from 'vitest';
import { parseCidr, parseIp } from '../../src/base/inet-parse.ts';
import { bridgeNetworks } from '../../src/agent/bridge-networks.ts';
import { checkPreconditions } from '../../src/agent/preconditions.ts';
import type { HostFiles } from '../../src/io/host-files.ts';

/** A machine that is all that these files say. */
function host(files: Readonly<Record<string, string>>): HostFiles {
  return {
    readText: (path) => Promise.resolve(files[path]),
    list: (path) => {
      const names = Object.keys(files)
        .filter((file) => file.startsWith(`${path}/`))
        .map((file) => file.slice(path.length + 1).split('/', 1)[0] ?? '');
      return Promise.resolve(names.length === 0 ? undefined : [...new Set(names)].filter((name) => name !== '.'));
    },
  };
}

const good = {
  '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n',
  '/proc/sys/kernel/osrelease': '6.1.0-13-amd64\n',
  '/proc/modules': 'nf_flow_table 57344 0 - Live 0x0\nnf_conntrack 1 2 - Live 0x0\n',
  '/proc/sys/net/netfilter/nf_conntrack_max': '1000\n',
  '/proc/sys/net/netfilter/nf_conntrack_count': '10\n',
  '/sys/class/net/lo/mtu': '',
  '/sys/class/net/eth0/mtu': '',
  '/proc/net/route':
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n' +
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n' +
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n' +
    'cni0\t0001000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n' +
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n',
  '/proc/net/ipv6_route':
    'fd000001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 1 0 1     cni0\n' +
    'fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 1 0 1     cni0\n' +
    '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 1 0 3     eth0\n',
};

const bridge = {
  ...good,
  '/sys/class/net/cni0/brif/veth1': '',
  '/sys/class/net/docker0/brif/.': '',
};
const bridged = {
  '/proc/sys/net/bridge/bridge-nf-call-iptables': '1\n',
  '/proc/sys/net/bridge/bridge-nf-call-ip6tables': '1\n',
};

const address = (text: string) => [parseIp(text)?.ip].filter((ip) => ip !== undefined);
const range = (text: string) => [parseCidr(text)?.cidr].filter((cidr) => cidr !== undefined);

async function check(files: Readonly<Record<string, string>>, pods = '10.0.1.7', ranges = '10.0.1.0/24') {
  const facts = { files: host(files), podAddresses: address(pods), podRanges: range(ranges) };
  const statuses = await checkPreconditions(facts);
  return new Map(statuses.map((status) => [status.name, status]));
}

test('a machine where all is well', async () => {
  const statuses = await check(good);
  expect([...statuses.values()].map(({ name, state, hint }) => [name, state, hint])).toEqual([
    ['capability', 'ok', ''],
    ['kernel-version', 'ok', ''],
    ['bridge-netfilter', 'ok', ''],
    ['kube-proxy-mode', 'ok', ''],
    ['flowtables', 'ok', ''],
    ['conntrack', 'ok', ''],
  ]);
});

test('a machine that tells nothing', async () => {
  const statuses = await check({});
  expect([...statuses.values()].every(({ state }) => state === 'unknown' || state === 'ok')).toBe(true);
});

describe('what keeps policies from holding', () => {
  test.each([
    ['capability', { '/proc/self/status': 'CapEff:\t00000000a80425fb\n' }, 'failed', /CAP_NET_ADMIN/],
    ['kernel-version', { '/proc/sys/kernel/osrelease': '5.4.0-100-generic' }, 'failed', /5\.4\.0/],
    ['kernel-version', { '/proc/sys/kernel/osrelease': '4.18.0-553.el8' }, 'failed', /4\.18/],
    ['kernel-version', { '/proc/sys/kernel/osrelease': '5.6.0' }, 'ok', /5\.6/],
    ['kernel-version', { '/proc/sys/kernel/osrelease': 'unheard of' }, 'unknown', /version/],
    ['kube-proxy-mode', { '/sys/class/net/kube-ipvs0/mtu': '' }, 'failed', /IPVS/],
    ['flowtables', { '/proc/modules': 'nf_flow_table 57344 2 nft_flow_offload, Live' }, 'warning', /flowtables in use/],
    ['conntrack', { '/proc/sys/net/netfilter/nf_conntrack_count': '901' }, 'warning', /901 of at most 1000/],
  ])('%s: %j', async (name, change, state, words) => {
    const status = (await check({ ...good, ...change })).get(name);
    expect(status?.state).toBe(state);
    expect(status?.explanation).toMatch(words);
    expect(status?.hint === '').toBe(state === 'ok' || state === 'unknown');
  });
});

describe('bridges', () => {
  test.each([
    ['with netfilter', { ...bridge, ...bridged }, '10.0.1.7', '', 'ok'],
    ['without, with a pod behind it', bridge, '10.0.1.7', '', 'failed'],
    ['without, with the range of pods behind it', bridge, '', '10.0.1.0/24', 'failed'],
    ['without, with a part of the range behind it', bridge, '', '10.0.0.0/16', 'failed'],
    ['switched off', { ...bridge, '/proc/sys/net/bridge/bridge-nf-call-iptables': '0' }, '10.0.1.7', '', 'failed'],
    [
      'without, with an IPv6 pod behind it',
      { ...bridge, '/proc/sys/net/bridge/bridge-nf-call-iptables': '1' },
      'fd00:1::5',
      '',
      'failed',
    ],
    [
      'with netfilter for IPv6',
      { ...bridge, '/proc/sys/net/bridge/bridge-nf-call-ip6tables': '1' },
      'fd00:1::5',
      '',
      'ok',
    ],
    ['without, of somebody else', bridge, '10.9.9.9', '', 'ok'],
    ['without, and without ports', bridge, '172.17.0.2', '172.17.0.0/16', 'ok'],
  ])('%s', async (_what, files, pods, ranges, state) => {
    const status = (await check(files, pods, ranges)).get('bridge-netfilter');
    expect(status?.state).toBe(state);
    if (state === 'failed') expect(status?.explanation).toMatch(/cni0 \(net\.bridge\.bridge-nf-call-ip6?tables is/);
  });

  test('have the networks of the routing table', async () => {
    const found = await bridgeNetworks(host(bridge));
    expect(found.map(({ bridge: name, ports, networks }) => [name, ports, networks.length])).toEqual([
      ['cni0', 1, 2],
      ['docker0', 0, 1],
    ]);
    expect(found[0]?.networks).toEqual([...range('10.0.1.0/24'), ...range('fd00:1::/64')]);
  });

  test('are none where the routing table is garbage', async () => {
    const garbage = { ...bridge, '/proc/net/route': 'x\ncni0\tZZ\t0\ncni0', '/proc/net/ipv6_route': 'cni0\n\nff ff' };
    expect((await bridgeNetworks(host(garbage))).flatMap(({ networks }) => networks)).toEqual([]);
  });
});
