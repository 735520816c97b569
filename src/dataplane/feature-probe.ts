/** Everything of nftables that the rules use, in words that `nft --check` can be asked about. */

export interface NftFeature {
  readonly name: string;
  /** Without it nothing is enforced; the others only tell about packets. */
  readonly essential: boolean;
  /** Commands, one a line, for a table of its own that is not there yet. */
  readonly text: string;
}

function feature(name: string, essential: boolean, ...lines: string[]): NftFeature {
  const table = `inet sallyport_probe_${name.toLowerCase().replaceAll(' ', '_')}`;
  const body = [
    `add table ${table}`,
    `add chain ${table} c`,
    ...lines.map((line) => line.replace(' T ', ` ${table} `)),
  ];
  return { name, essential, text: `${body.join('\n')}\n` };
}

export const FEATURES: readonly NftFeature[] = [
  feature(
    'hooks',
    true,
    ...['forward', 'input', 'output'].map(
      (hook) => `add chain T ${hook} { type filter hook ${hook} priority filter + 10 ; policy accept ; }`,
    ),
  ),
  feature('conntrack', true, 'add rule T c ct state established,related ct direction reply accept'),
  feature(
    'conntrack marks',
    true,
    'add rule T c ct mark & 0xffff0000 == 0x00010000 accept',
    'add rule T c ct mark set ct mark & 0x0000ffff | 0x00010000 accept',
  ),
  feature(
    'identities',
    true,
    'add map T m { type ipv4_addr : classid ; }',
    'add map T n { type ipv6_addr : classid ; flags interval ; }',
    'add rule T c meta priority set none',
    'add rule T c meta priority set ip saddr map @m',
    'add rule T c meta priority set ip6 saddr map @n',
  ),
  feature(
    'dispatch',
    true,
    'add chain T d',
    'add map T m { type ipv4_addr : verdict ; }',
    'add element T m { 192.0.2.1 : goto d }',
    'add rule T c ip daddr vmap @m',
  ),
  feature(
    'sets of peers and ports',
    true,
    'add set T s { type classid . inet_proto . inet_service ; }',
    'add element T s { 1000:1 . 6 . 80 }',
    'add rule T c meta priority . meta l4proto . th dport @s accept',
    'add rule T c meta priority . meta l4proto . th sport @s accept',
  ),
  feature(
    'ranges of ports',
    true,
    'add set T s { type inet_proto . inet_service ; flags interval ; }',
    'add element T s { 6 . 80-90 }',
    'add rule T c meta l4proto . th dport @s accept',
    'add rule T c meta l4proto 17 th dport 1000-2000 accept',
  ),
  feature('ICMPv6 types', true, 'add rule T c icmpv6 type 133-137 accept'),
  feature(
    'TCP resets',
    true,
    'add rule T c ct state new tcp flags & (fin | syn | rst | ack) != syn meta l4proto tcp reject with tcp reset',
  ),
  feature('comments', true, 'add chain T d { comment "shop/NetworkPolicy/web" ; }'),
  feature(
    'counters',
    false,
    'add counter T n { comment "shop/NetworkPolicy/web" ; }',
    'add map T m { type classid : counter ; }',
    'add element T m { 1000:1 : n }',
    'add rule T c counter name n drop',
    'add rule T c counter name meta priority map @m accept',
  ),
  feature(
    'the packet log',
    false,
    'add rule T c limit rate 100/second burst 200 packets log prefix "sp deny -" group 5 snaplen 128 queue-threshold 1',
  ),
  feature('samples', false, 'add rule T c ct state new numgen random mod 100 0 accept'),
];
