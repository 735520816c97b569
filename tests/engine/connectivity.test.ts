import { describe, expect, it } from 'vitest';

import { type MapOptions, connectivityMap } from '../../src/engine/connectivity.ts';
import type { ConnectivityMap } from '../../src/engine/results.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { connectionLines, engineOf, namespace, pod, policy, workload, yaml } from './connectivity-cluster.ts';

function lines(inputs: readonly string[], options: MapOptions = {}): string[] {
  return connectionLines(connectivityMap(engineOf(...inputs), options));
}

const SHOP = [
  namespace('shop'),
  workload('shop', 'web', { replicas: 3 }),
  workload('shop', 'db', { ports: [{ name: 'sql', containerPort: 5432 }] }),
];
const DENY = policy('shop', 'deny', { policyTypes: ['Ingress', 'Egress'] });
const WEB_TO_DB = [
  policy('shop', 'web', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Egress'],
    egress: [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ port: 5432 }] }],
  }),
  policy('shop', 'db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 'sql' }] }],
  }),
];

describe('who can talk to whom', () => {
  const everything = [
    'shop/Deployment/db -> shop/Deployment/web: any',
    'shop/Deployment/db -> external:0: any',
    'shop/Deployment/web -> shop/Deployment/db: any',
    'shop/Deployment/web -> external:0: any',
    'external:0 -> shop/Deployment/db: any',
    'external:0 -> shop/Deployment/web: any',
  ];
  it.each<[string, readonly string[], readonly string[]]>([
    ['everybody without policies (S70)', SHOP, everything],
    ['nobody under default deny', [...SHOP, DENY], []],
    [
      'what both gates allow (S76)',
      [...SHOP, DENY, ...WEB_TO_DB],
      ['shop/Deployment/web -> shop/Deployment/db: TCP 5432'],
    ],
    [
      'order of the input never matters',
      [...SHOP, DENY, ...WEB_TO_DB].toReversed(),
      ['shop/Deployment/web -> shop/Deployment/db: TCP 5432'],
    ],
    ['a policy of another namespace', [...SHOP, policy('other', 'deny', { policyTypes: ['Ingress'] })], everything],
    [
      'isolation of one direction only (S72)',
      [...SHOP, policy('shop', 'deny', { podSelector: { matchLabels: { app: 'db' } } })],
      everything.filter((line) => !line.includes('-> shop/Deployment/db')),
    ],
  ])('%s', (_, inputs, expected) => {
    expect(lines(inputs)).toEqual(expected);
  });

  it('describes every peer, isolation included', () => {
    const map = connectivityMap(engineOf(...SHOP, ...WEB_TO_DB));
    expect(map.peers).toEqual([
      {
        id: 'shop/Deployment/db',
        type: 'workload',
        namespace: 'shop',
        kind: 'Deployment',
        name: 'db',
        pods: 1,
        isolated: { ingress: true, egress: false },
      },
      {
        id: 'shop/Deployment/web',
        type: 'workload',
        namespace: 'shop',
        kind: 'Deployment',
        name: 'web',
        pods: 3,
        isolated: { ingress: false, egress: true },
      },
      { id: 'external:0', type: 'external', cidrs: ['0.0.0.0/0', '::/0'] },
    ]);
  });

  it('says the same for pods as for the replicas they are of', () => {
    const owner = { kind: 'Deployment', name: 'web' };
    const pods = ['a', 'b', 'c'].map((name) => pod('shop', `web-${name}`, { labels: { app: 'web' }, owner }));
    const [ns = '', web = '', db = ''] = SHOP;
    const asReplicas = connectivityMap(engineOf(ns, web, db, DENY, ...WEB_TO_DB));
    const asPods = connectivityMap(engineOf(ns, web, db, ...pods, DENY, ...WEB_TO_DB));
    expect(asPods).toEqual(asReplicas);
  });
});

describe('external peers', () => {
  const from = (...cidrs: (string | { cidr: string; except: string[] })[]): string =>
    policy('shop', 'db', {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [
        {
          from: cidrs.map((cidr) => ({ ipBlock: typeof cidr === 'string' ? { cidr } : cidr })),
          ports: [{ port: 5432 }],
        },
      ],
    });
  const externals = (...policies: readonly string[]): [string, readonly string[]][] =>
    connectivityMap(engineOf(...SHOP, ...policies)).peers.flatMap((peer) =>
      peer.type === 'external' ? [[peer.id, peer.cidrs] as [string, readonly string[]]] : [],
    );

  it('are one when no policy names addresses', () => {
    expect(externals(DENY, ...WEB_TO_DB)).toEqual([['external:0', ['0.0.0.0/0', '::/0']]]);
  });

  it('are told apart by what they may do only', () => {
    expect(externals(from('128.0.0.0/1'))).toEqual([
      ['external:0', ['0.0.0.0/1', '::/0']],
      ['external:1', ['128.0.0.0/1']],
    ]);
    expect(externals(from('128.0.0.0/2', '192.0.0.0/2'))).toEqual(externals(from('128.0.0.0/1')));
    expect(externals(from({ cidr: '0.0.0.0/0', except: ['0.0.0.0/1'] }))).toEqual(externals(from('128.0.0.0/1')));
  });

  it('of both families are one when they behave alike', () => {
    expect(externals(from('10.0.0.0/8', '2001:db8::/32'))[1]).toEqual(['external:1', ['10.0.0.0/8', '2001:db8::/32']]);
  });

  it('are never addresses that only pods and nodes have', () => {
    const peers = pod('shop', 'peer', { ips: ['10.0.0.4'] }) + pod('shop', 'other', { ips: ['10.0.0.5'] });
    const [outside, ...others] = externals(peers, from('10.0.0.4/31'));
    expect(others).toEqual([]);
    expect(outside?.[1]).toEqual(expect.arrayContaining(['10.0.0.0/30', '10.0.0.6/31']));
    expect(externals(peers, from('10.0.0.4/30')).length).toBe(2);
  });

  it('merge when a network matters to nobody in view', () => {
    const other = [namespace('other'), workload('other', 'job')];
    const engine = engineOf(...SHOP, ...other, from('10.0.0.0/8'));
    const map = connectivityMap(engine, { namespaces: ['other'] });
    expect(map.peers.filter((peer) => peer.type === 'external')).toEqual([
      { id: 'external:0', type: 'external', cidrs: ['0.0.0.0/0', '::/0'] },
    ]);
  });

  it('differ as destinations too', () => {
    const egress = policy('shop', 'web', {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 443 }] }],
    });
    expect(lines([...SHOP, egress]).filter((line) => line.startsWith('shop/Deployment/web -> external'))).toEqual([
      'shop/Deployment/web -> external:1: TCP 443',
    ]);
  });
});

describe('workloads whose pods differ', () => {
  const sts = workload('shop', 'db', { kind: 'StatefulSet', replicas: 2 });
  const member = (index: number): string =>
    pod('shop', `db-${index}`, {
      labels: { app: 'db', 'statefulset.kubernetes.io/pod-name': `db-${index}` },
      owner: { kind: 'StatefulSet', name: 'db' },
    });
  const firstOnly = policy('shop', 'first', {
    podSelector: { matchLabels: { 'statefulset.kubernetes.io/pod-name': 'db-0' } },
    ingress: [{ ports: [{ port: 5432 }] }],
  });

  it('say so and list the pairs', () => {
    const map = connectivityMap(
      engineOf(namespace('shop'), workload('shop', 'web'), sts, member(0), member(1), firstOnly),
    );
    const connection = map.connections.find(
      ({ from, to }) => from === 'shop/Deployment/web' && to === 'shop/StatefulSet/db',
    );
    expect(connection).toEqual({
      from: 'shop/Deployment/web',
      to: 'shop/StatefulSet/db',
      ports: 'any',
      replicas: 'some',
      detail: [
        { from: 'shop/Deployment/web', to: 'shop/Pod/db-0', ports: [{ protocol: 'TCP', ranges: [[5432, 5432]] }] },
        { from: 'shop/Deployment/web', to: 'shop/Pod/db-1', ports: 'any' },
      ],
    });
  });

  it('are apart when the map is drawn by pod', () => {
    const engine = engineOf(namespace('shop'), workload('shop', 'web'), sts, member(0), member(1), firstOnly);
    const toDb = connectionLines(connectivityMap(engine, { by: 'pod' })).filter((line) =>
      line.startsWith('shop/Deployment/web -> shop/Pod'),
    );
    expect(toDb).toEqual([
      'shop/Deployment/web -> shop/Pod/db-0: TCP 5432',
      'shop/Deployment/web -> shop/Pod/db-1: any',
    ]);
  });

  it('are bounded in what they list', () => {
    const pods = Array.from({ length: 60 }, (_, index) => member(index));
    const policies = pods.map((_, index) =>
      policy('shop', `p${index}`, {
        podSelector: { matchLabels: { 'statefulset.kubernetes.io/pod-name': `db-${index}` } },
        ingress: [{ ports: [{ port: 1000 + index }] }],
      }),
    );
    const map = connectivityMap(engineOf(namespace('shop'), workload('shop', 'web'), sts, ...pods, ...policies));
    const connection = map.connections.find(({ from }) => from === 'shop/Deployment/web');
    expect(connection?.ports).toEqual([{ protocol: 'TCP', ranges: [[1000, 1059]] }]);
    expect(connection?.detail?.length).toBe(16);
  });
});

describe('what the input does not tell (D14)', () => {
  const fromTeam = policy('shop', 'db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }], ports: [{ port: 5432 }] }],
  });

  it('makes a connection uncertain, with the reason', () => {
    // The namespace `shop` is only implied, so whether it has the label is unknown.
    const map = connectivityMap(engineOf(workload('shop', 'web'), workload('shop', 'db'), fromTeam));
    const connection = map.connections.find(
      ({ from, to }) => from === 'shop/Deployment/web' && to === 'shop/Deployment/db',
    );
    expect(connection).toMatchObject({
      ports: [{ protocol: 'TCP', ranges: [[5432, 5432]] }],
      replicas: 'all',
      certain: false,
    });
    expect(connection?.why?.join(' ')).toMatch(/shop/);
  });

  it('is no question once the namespace is part of the input', () => {
    expect(lines([namespace('shop', { team: 'a' }), ...SHOP.slice(1), fromTeam])).toContain(
      'shop/Deployment/web -> shop/Deployment/db: TCP 5432',
    );
    expect(
      lines([namespace('shop', { team: 'b' }), ...SHOP.slice(1), fromTeam]).filter((line) =>
        line.includes('-> shop/Deployment/db'),
      ),
    ).toEqual([]);
  });
});

describe('host-network pods (D2, S100)', () => {
  const deny = policy('shop', 'deny', { podSelector: { matchLabels: { app: 'db' } } });
  const agent = (nodes: readonly string[]): string[] =>
    nodes.map((node, index) =>
      pod('sys', `agent-${index}`, {
        labels: { app: 'agent' },
        hostNetwork: true,
        node,
        owner: { kind: 'DaemonSet', name: 'agent' },
      }),
    );
  const db = pod('shop', 'db', { labels: { app: 'db' }, node: 'n1', ips: ['10.0.0.1'] });
  const node = (name: string, address: string): string =>
    yaml({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      status: { addresses: [{ type: 'InternalIP', address }] },
    });
  const base = [namespace('shop'), namespace('sys'), db, deny, node('n1', '192.168.0.1'), node('n2', '192.168.0.2')];

  it('are peers and marked', () => {
    const map = connectivityMap(engineOf(...base, ...agent(['n1'])));
    expect(map.peers.find(({ id }) => id === 'sys/DaemonSet/agent')).toMatchObject({ hostNetwork: true });
  });

  it('on the node of the pod come in, those on other nodes do not', () => {
    expect(lines([...base, ...agent(['n1'])])).toContain('sys/DaemonSet/agent -> shop/Pod/db: any');
    expect(lines([...base, ...agent(['n2'])]).filter((line) => line.includes('-> shop/Pod/db'))).toEqual([]);
    const map = connectivityMap(engineOf(...base, ...agent(['n1', 'n2'])));
    const connection = map.connections.find(({ to }) => to === 'shop/Pod/db');
    expect(connection).toMatchObject({ from: 'sys/DaemonSet/agent', ports: 'any', replicas: 'some' });
    expect(connection?.why).toEqual([
      'a pod accepts whatever comes from its own node, host-network pods there included',
    ]);
  });

  it('of a DaemonSet that the input has no pods of run beside every pod', () => {
    const daemonSet = workload('sys', 'agent', { kind: 'DaemonSet', hostNetwork: true });
    expect(lines([...base, daemonSet])).toContain('sys/DaemonSet/agent -> shop/Pod/db: any (some)');
  });

  it('may be reached from their own node when that is exempt (D1)', () => {
    const shut = policy('shop', 'shut', { policyTypes: ['Egress'] });
    const { objects } = readManifests([{ name: 'x', text: [...base, shut, ...agent(['n1', 'n2'])].join('') }]);
    const of = (allowEgressToLocalNode: boolean): string[] =>
      connectionLines(connectivityMap(createEngine(buildCluster(objects, { allowEgressToLocalNode })))).filter((line) =>
        line.startsWith('shop/Pod/db'),
      );
    expect(of(false)).toEqual([]);
    expect(of(true)).toEqual(['shop/Pod/db -> sys/DaemonSet/agent: any (some)']);
  });

  it('of which nobody knows the node may or may not run there', () => {
    const deployment = workload('sys', 'proxy', { hostNetwork: true });
    expect(lines([...base, deployment])).toContain('sys/Deployment/proxy -> shop/Pod/db: any (uncertain)');
  });
});

describe('views and filters', () => {
  const other = [namespace('other'), workload('other', 'job', { labels: { app: 'job', tier: 'batch' } })];
  const inputs = [...SHOP, ...other, DENY, ...WEB_TO_DB];
  const engine = engineOf(...inputs);
  const index = (id: string): number => engine.cluster.workloadById(id)?.index ?? -1;

  it.each<[string, MapOptions, readonly string[]]>([
    [
      'by namespace',
      { by: 'namespace' },
      [
        'namespace/other -> namespace/other: any',
        'namespace/other -> external:0: any',
        'namespace/shop -> namespace/shop: TCP 5432 (some)',
        'external:0 -> namespace/other: any',
      ],
    ],
    [
      'by class',
      { by: 'class' },
      [
        'other/Class/0 -> external:0: any',
        'shop/Class/1 -> shop/Class/0: TCP 5432',
        'external:0 -> other/Class/0: any',
      ],
    ],
    ['of a namespace', { namespaces: ['shop'] }, ['shop/Deployment/web -> shop/Deployment/db: TCP 5432']],
    [
      'of pods with a label',
      {
        selector: {
          requirements: [{ key: 'tier', operator: 'In', values: ['batch'] }],
          invalid: false,
          span: undefined,
        },
      },
      ['other/Deployment/job -> external:0: any', 'external:0 -> other/Deployment/job: any'],
    ],
    [
      'from a workload',
      { from: [{ type: 'workload', workload: index('shop/Deployment/web') }] },
      ['shop/Deployment/web -> shop/Deployment/db: TCP 5432'],
    ],
    [
      'to a workload',
      { to: [{ type: 'workload', workload: index('other/Deployment/job') }] },
      ['external:0 -> other/Deployment/job: any'],
    ],
    [
      'from a namespace',
      { from: [{ type: 'namespace', namespace: engine.cluster.namespaceNamed('other')?.index ?? -1 }] },
      ['other/Deployment/job -> external:0: any'],
    ],
    [
      'from an address',
      { from: [{ type: 'address', ip: { family: 4, value: 0x08080808 } }] },
      ['external:0 -> other/Deployment/job: any'],
    ],
    [
      'on a port',
      { port: { protocol: 'TCP', port: 5432 } },
      [
        'other/Deployment/job -> external:0: TCP 5432',
        'shop/Deployment/web -> shop/Deployment/db: TCP 5432',
        'external:0 -> other/Deployment/job: TCP 5432',
      ],
    ],
    ['on no port', { port: { protocol: 'other', port: 0 }, namespaces: ['shop'] }, []],
    [
      'what is denied',
      { denied: true, namespaces: ['shop'], to: [{ type: 'workload', workload: index('shop/Deployment/db') }] },
      [
        'other/Deployment/job -> shop/Deployment/db: any',
        'shop/Deployment/web -> shop/Deployment/db: TCP 1-5431,5433-65535; UDP 1-65535; SCTP 1-65535; other',
        'external:0 -> shop/Deployment/db: any',
      ],
    ],
    [
      'what is denied on a port',
      {
        denied: true,
        port: { protocol: 'TCP', port: 5432 },
        from: [{ type: 'workload', workload: index('shop/Deployment/web') }],
      },
      ['shop/Deployment/web -> other/Deployment/job: TCP 5432', 'shop/Deployment/web -> external:0: TCP 5432'],
    ],
  ])('%s', (_, options, expected) => {
    expect(connectionLines(connectivityMap(engine, options))).toEqual(expected);
  });

  it('never lists what a workload may open to itself, unless asked', () => {
    const open = engineOf(namespace('shop'), workload('shop', 'web', { replicas: 2 }));
    expect(connectionLines(connectivityMap(open)).some((line) => line.startsWith('shop/Deployment/web -> shop'))).toBe(
      false,
    );
    expect(connectionLines(connectivityMap(open, { self: true }))).toContain(
      'shop/Deployment/web -> shop/Deployment/web: any',
    );
  });

  it('shows a peer that was asked for even when nothing connects to it', () => {
    const map = connectivityMap(engine, { to: [{ type: 'workload', workload: index('shop/Deployment/web') }] });
    expect(map.connections).toEqual([]);
    expect(map.peers.map(({ id }) => id)).toEqual(['shop/Deployment/web']);
  });

  it('names every peer that a connection or a filter names', () => {
    for (const options of [
      {},
      { by: 'namespace' },
      { by: 'pod' },
      { by: 'class' },
      { namespaces: ['shop'] },
    ] satisfies MapOptions[]) {
      const map = connectivityMap(engine, options);
      const ids = new Set(map.peers.map(({ id }) => id));
      for (const { from, to } of map.connections) expect(ids.has(from) && ids.has(to)).toBe(true);
    }
  });

  it('counts what it leaves out', () => {
    const map: ConnectivityMap = connectivityMap(engineOf(...SHOP), { limit: 2 });
    expect(map.connections.length).toBe(2);
    expect(map.leftOut).toBe(4);
  });
});

describe('dual stack', () => {
  const dual = (name: string, index: number): string =>
    pod('shop', name, { labels: { app: name }, ips: [`10.0.0.${index}`, `fd00::${index}`] });

  it('shows families that differ', () => {
    const onlyV4 = policy('shop', 'db', {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 5432 }] }],
    });
    const map = connectivityMap(engineOf(namespace('shop'), dual('web', 1), dual('db', 2), onlyV4));
    const connection = map.connections.find(({ from, to }) => from === 'shop/Pod/web' && to === 'shop/Pod/db');
    expect(connection).toMatchObject({
      ports: [{ protocol: 'TCP', ranges: [[5432, 5432]] }],
      families: { IPv4: [{ protocol: 'TCP', ranges: [[5432, 5432]] }], IPv6: 'none' },
    });
  });
});

describe('size', () => {
  it('draws 300 workloads under policies quickly', () => {
    const inputs: string[] = [];
    for (let n = 0; n < 30; n++) {
      inputs.push(namespace(`n${n}`), policy(`n${n}`, 'deny', { policyTypes: ['Ingress', 'Egress'] }));
      for (let w = 0; w < 10; w++) {
        inputs.push(workload(`n${n}`, `w${w}`, { replicas: 5 }));
        const next = { matchLabels: { app: `w${(w + 1) % 10}` } };
        inputs.push(
          policy(`n${n}`, `out${w}`, {
            podSelector: { matchLabels: { app: `w${w}` } },
            policyTypes: ['Egress'],
            egress: [{ to: [{ podSelector: next }], ports: [{ port: 80 }] }],
          }),
          policy(`n${n}`, `in${w}`, {
            podSelector: next,
            ingress: [{ from: [{ podSelector: { matchLabels: { app: `w${w}` } } }], ports: [{ port: 80 }] }],
          }),
        );
      }
    }
    const engine = engineOf(inputs.join(''));
    const map = connectivityMap(engine);
    expect(map.peers.length).toBe(301);
    expect(map.connections.length).toBe(300);
  });

  it('draws 300 workloads without policies: all 90,000 pairs', () => {
    const inputs = [namespace('a')];
    for (let w = 0; w < 300; w++) inputs.push(workload('a', `w${w}`));
    const map = connectivityMap(engineOf(inputs.join('')));
    expect(map.connections.length).toBe(300 * 299 + 2 * 300);
  });
});
