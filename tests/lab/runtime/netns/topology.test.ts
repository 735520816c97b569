import { describe, expect, it } from 'vitest';
import { labNetworks } from '../../../../src/lab/networks.ts';
import {
  fabricLines,
  linesToNode,
  linesToWorld,
  nodeLines,
  worldLines,
  worldRules,
} from '../../../../src/lab/runtime/netns/topology.ts';

describe('the network around pods', () => {
  it.each([
    ['ipv4', /:[0-9a-f]*:[^0-9a-f]|fd00/],
    ['ipv6', /(^| )\d+\.\d+\.\d+\.\d+/],
  ] as const)('has %s alone when nothing else is wanted', (family, other) => {
    const networks = labNetworks(2, family);
    const [node] = networks.nodes;
    if (node === undefined) throw new Error('no node');
    const lines = [
      ...fabricLines(networks),
      ...linesToNode(node, '/net/lab-1'),
      ...linesToWorld(networks, '/net/world'),
      ...nodeLines(node),
      ...worldLines(networks),
    ];
    expect(lines.filter((line) => other.test(line.replaceAll(/(address|lladdr) [0-9a-f:]{17}/g, '')))).toEqual([]);
  });

  it('leads from the fabric to the pods of a node through it', () => {
    const [node] = labNetworks(1, 'dual').nodes;
    if (node === undefined) throw new Error('no node');
    expect(linesToNode(node, '/net/lab-1')).toEqual([
      'link add lab-1 address ee:ee:ee:ee:ee:ee type veth peer name eth0 address 02:00:00:00:00:01 netns /net/lab-1',
      'link set lab-1 up',
      'neigh replace 172.30.0.2 lladdr 02:00:00:00:00:01 nud permanent dev lab-1',
      'route add 172.30.0.2/32 dev lab-1',
      'neigh replace fd00:172:30::2 lladdr 02:00:00:00:00:01 nud permanent dev lab-1',
      'route add fd00:172:30::2/128 dev lab-1',
      'route add 10.244.0.0/22 via 172.30.0.2 dev lab-1 onlink',
      'route add fd00:10:244:0::/64 via fd00:172:30::2 dev lab-1 onlink',
    ]);
  });

  it('keeps what no pod and no Service has from the world', () => {
    expect(fabricLines(labNetworks(1, 'dual')).filter((line) => line.includes('unreachable'))).toEqual([
      'route add unreachable 10.96.0.0/16',
      'route add unreachable fd00:10:96::/112',
      'route add unreachable 10.244.0.0/16',
      'route add unreachable fd00:10:244::/48',
    ]);
  });

  it.each([
    [4, '0.0.0.0/0'],
    [6, '::/0'],
  ] as const)('has a world with every address of family %i', (family, all) => {
    expect(worldRules(family)).toContain(`route add local ${all} dev lo`);
  });
});
