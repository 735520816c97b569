/** What a difference says beside the connections: causes, isolation, exposures, what is one-sided, what is unknown. */
import { describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { connectivityDiff } from '../../src/engine/semantic-diff.ts';
import type { ConnectivityDiff } from '../../src/engine/semantic-diff-results.ts';
import type { PortsValue } from '../../src/engine/results.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { clusterPolicy, pod, policy, threeNamespaces } from './cluster-fixture.ts';

function engineOf(name: string, yaml: string): Engine {
  const { objects, diagnostics } = readManifests([{ name, text: yaml }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return createEngine(buildCluster(objects));
}

function diffOf(before: string, after: string, base = threeNamespaces): ConnectivityDiff {
  return connectivityDiff(engineOf('old.yaml', base + before), engineOf('new.yaml', base + after));
}

function ports(value: PortsValue | 'none'): string {
  if (typeof value === 'string') return value;
  return value
    .map(({ protocol, ranges }) => `${protocol} ${ranges.map((range) => range.join('-')).join(',')}`)
    .join(' ');
}

/** `from > to +opened -closed`, pods by their short names. */
function lines({ changes }: ConnectivityDiff): string[] {
  return changes.map(({ from, to, opened, closed, certain }) => {
    const ends = [from, to].map((id) => id.replace('/Pod/', '/')).join(' > ');
    const what = [opened === 'none' ? '' : ` +${ports(opened)}`, closed === 'none' ? '' : ` -${ports(closed)}`].join(
      '',
    );
    return `${ends}${certain === false ? ' maybe' : ''}${what}`;
  });
}

function causes({ changes }: ConnectivityDiff): string[] {
  const all = changes.flatMap((change) =>
    change.causes.map(({ edit, rule, file }) => [edit, rule, file].filter((part) => part !== undefined).join(' ')),
  );
  return [...new Set(all)].toSorted();
}

const closed = policy('deny', '{podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress]}');
const web = (peer: string, port = '80'): string =>
  policy('web', `{podSelector: {matchLabels: {pod: a}}, ingress: [{from: [${peer}], ports: [{port: ${port}}]}]}`);
const fromB = '{podSelector: {matchLabels: {pod: b}}}';
const fromC = '{podSelector: {matchLabels: {pod: c}}}';

describe('the edit that made the difference', () => {
  const table: readonly (readonly [string, string, string, readonly string[], readonly string[]])[] = [
    [
      'a rule of a policy that was added',
      closed,
      closed + web(fromB),
      ['x/b > x/a +TCP 80-80'],
      ['x/NetworkPolicy/web spec.ingress[0] new.yaml'],
    ],
    [
      'a rule that another port took the place of',
      web(fromB),
      web(fromB, '81'),
      ['x/b > x/a +TCP 81-81 -TCP 80-80'],
      ['x/NetworkPolicy/web spec.ingress[0] new.yaml'],
    ],
    [
      'a removed policy, where another still isolates',
      closed + web(fromC),
      closed,
      ['x/c > x/a -TCP 80-80'],
      ['x/NetworkPolicy/web spec.ingress[0] old.yaml'],
    ],
    [
      'two policies that allowed the same: it took both',
      closed + web(fromB) + policy('more', `{podSelector: {}, ingress: [{from: [${fromB}], ports: [{port: 80}]}]}`),
      closed + policy('more', '{podSelector: {matchLabels: {pod: nobody}}}'),
      expect.arrayContaining(['x/b > x/a -TCP 80-80']),
      expect.arrayContaining([
        'x/NetworkPolicy/web spec.ingress[0] old.yaml',
        'x/NetworkPolicy/more spec.ingress[0] old.yaml',
      ]),
    ],
    [
      'a policy that decides nothing is no cause, although it isolates',
      closed + web(fromB),
      closed + web(`${fromB}, ${fromC}`),
      ['x/c > x/a +TCP 80-80'],
      ['x/NetworkPolicy/web spec.ingress[0] new.yaml'],
    ],
    [
      'a cluster policy that denies',
      '',
      clusterPolicy(
        'no-blue',
        '{tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {pod: a}}}}, ingress: [{action: Deny, from: [{pods: {namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {pod: b}}}}]}]}',
      ),
      ['y/b > x/a -any'],
      ['ClusterNetworkPolicy/no-blue spec.ingress[0] new.yaml'],
    ],
    [
      'a Pass before a Deny that stays',
      clusterPolicy(
        'deny',
        '{tier: Admin, priority: 5, subject: {pods: {podSelector: {matchLabels: {pod: a}}}}, ingress: [{action: Deny, from: [{pods: {podSelector: {matchLabels: {pod: b}}}}]}]}',
      ),
      clusterPolicy(
        'deny',
        '{tier: Admin, priority: 5, subject: {pods: {podSelector: {matchLabels: {pod: a}}}}, ingress: [{action: Deny, from: [{pods: {podSelector: {matchLabels: {pod: b}}}}]}]}',
      ) +
        clusterPolicy(
          'pass',
          '{tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {pod: a}}}}, ingress: [{action: Pass, from: [{pods: {namespaceSelector: {matchLabels: {team: red}}, podSelector: {}}}]}]}',
        ),
      ['x/b > x/a +any'],
      ['ClusterNetworkPolicy/pass spec.ingress[0] new.yaml'],
    ],
  ];
  test.each(table)('%s', (_, before, after, changes, edits) => {
    const diff = diffOf(before, after);
    expect(lines(diff)).toEqual(changes);
    expect(causes(diff)).toEqual(edits);
  });

  test('labels of a namespace', () => {
    const base = (team: string): string => threeNamespaces.replace('name: "z"}', `name: "z", labels: {team: ${team}}}`);
    const rule = web('{namespaceSelector: {matchLabels: {team: green}}, podSelector: {matchLabels: {pod: c}}}');
    const diff = connectivityDiff(
      engineOf('old.yaml', base('grey') + rule),
      engineOf('new.yaml', base('green') + rule),
    );
    expect(lines(diff)).toEqual(['z/c > x/a +TCP 80-80']);
    expect(causes(diff)).toEqual(['Namespace/z']);
    expect(diff.edits).toMatchObject([
      {
        id: 'Namespace/z',
        type: 'namespace',
        change: 'changed',
        labels: { added: ['team=green'], removed: ['team=grey'] },
        connections: 1,
      },
    ]);
  });

  test('labels of a pod, which policies then select or name', () => {
    const relabelled = threeNamespaces.replace(/(name: "c", namespace: "x", labels: \{pod: )"c"/, '$1"b"');
    const diff = connectivityDiff(
      engineOf('old.yaml', threeNamespaces + web(fromB)),
      engineOf('new.yaml', relabelled + web(fromB)),
    );
    expect(lines(diff)).toEqual(['x/c > x/a +TCP 80-80']);
    expect(causes(diff)).toEqual(['x/Pod/c']);
    expect(diff.edits).toMatchObject([{ id: 'x/Pod/c', type: 'workload', change: 'changed', what: ['labels'] }]);
  });

  test('what a port name stands for', () => {
    const renumbered = threeNamespaces.replace('{name: http, containerPort: 80}', '{name: http, containerPort: 8080}');
    const rule = web(fromB, 'http');
    const diff = connectivityDiff(
      engineOf('old.yaml', threeNamespaces + rule),
      engineOf('new.yaml', renumbered + rule),
    );
    expect(lines(diff)).toEqual(['x/b > x/a +TCP 8080-8080 -TCP 80-80']);
    expect(causes(diff)).toEqual(['x/Pod/a']);
  });

  test('an edit without effect is listed as such', () => {
    const diff = diffOf(
      closed,
      closed + policy('same', '{podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress]}'),
    );
    expect(diff).toMatchObject({ relation: 'equivalent', changes: [] });
    expect(diff.edits).toMatchObject([{ id: 'x/NetworkPolicy/same', change: 'added', connections: 0 }]);
  });

  test('moving a policy to another place of the file is no edit', () => {
    const diff = diffOf(`${closed}${web(fromB)}`, `${web(fromB)}\n# here now${closed}`);
    expect(diff).toMatchObject({ relation: 'equivalent', edits: [] });
  });
});

describe('beside connections', () => {
  test('isolation, with who isolates', () => {
    const diff = diffOf('', closed);
    expect(diff.relation).toBe('tighter');
    expect(diff.isolation).toEqual([
      {
        workload: 'x/Pod/a',
        direction: 'ingress',
        before: 'none',
        after: 'all',
        causes: [{ edit: 'x/NetworkPolicy/deny', file: 'new.yaml', line: expect.any(Number) as number }],
      },
    ]);
  });

  test('the internet first, addresses that change alike as one peer', () => {
    const diff = diffOf(web(fromB), web(`${fromB}, {ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}`));
    const [first] = diff.changes;
    expect(first).toMatchObject({ from: 'external:0', to: 'x/Pod/a', change: 'added' });
    expect(diff.peers.find(({ id }) => id === 'external:0')).toMatchObject({ internet: true });
    // Nodes are ends of their own, wherever their addresses lie; the own node was let in before.
    expect(diff.changes.find(({ from }) => from.startsWith('Node/'))).toMatchObject({
      to: 'x/Pod/a',
      opened: [{ protocol: 'TCP', ranges: [[80, 80]] }],
      replicas: 'some',
    });
    expect(diff.peers).toContainEqual(expect.objectContaining({ type: 'nodes', names: ['n1', 'n2'] }));
  });

  test('a workload that is new', () => {
    const base = threeNamespaces + closed;
    const diff = connectivityDiff(
      engineOf('old.yaml', base),
      engineOf('new.yaml', `${base}\n---\n${pod('x', 'new', '10.0.1.9', 'n1')}`),
    );
    expect(diff.relation).toBe('looser');
    expect(diff.peers).toContainEqual(expect.objectContaining({ id: 'x/Pod/new', in: 'after' }));
    expect(causes(diff)).toEqual(['x/Pod/new']);
    expect(diff.changes.every(({ from, to }) => [from, to].includes('x/Pod/new'))).toBe(true);
    expect(lines(diff)).not.toContain('x/new > x/a +any');
  });

  test('what an Ingress or LoadBalancer exposes', () => {
    const service = `
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: x}
spec: {type: LoadBalancer, selector: {pod: a}, ports: [{port: 80}]}`;
    const diff = diffOf(service + closed, service);
    expect(diff.exposed).toMatchObject([
      { via: 'x/Service/front', to: 'x/Pod/a', change: 'opened', before: { allowed: false }, after: { allowed: true } },
    ]);
  });

  test('who does not exist yet', () => {
    const diff = diffOf(web(fromB), web(`${fromB}, {namespaceSelector: {matchLabels: {team: none}}}`));
    expect(diff.relation).toBe('equivalent');
    expect(diff.possible).toEqual([
      {
        workload: 'x/Pod/a',
        direction: 'ingress',
        change: 'added',
        opening: {
          peer: { type: 'pods', namespaces: 'team=none', pods: '' },
          ports: [{ protocol: 'TCP', ranges: [[80, 80]] }],
        },
      },
    ]);
  });
});

describe('what the input does not say', () => {
  const undeclared = [pod('p', 'a', '10.0.1.1', 'n1'), pod('q', 'b', '10.0.2.1', 'n1')].join('\n---\n');
  const rule = (team: string): string =>
    policy('web', `{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ${team}}}}]}]}`, 'p');

  test('the same unknown fact on both sides is no difference', () => {
    expect(diffOf(rule('red'), rule('red'), undeclared)).toMatchObject({ relation: 'equivalent', certain: true });
  });

  test('another unknown fact is one that nobody can tell', () => {
    const diff = diffOf(rule('red'), rule('blue'), undeclared);
    expect(diff).toMatchObject({ relation: 'mixed', certain: false, counts: { unclear: 1 } });
    expect(diff.changes[0]).toMatchObject({ from: 'q/Pod/b', to: 'p/Pod/a', change: 'unclear', certain: false });
    expect(diff.changes[0]?.why?.join()).toContain('labels of namespace q are unknown');
  });

  test('from denied to perhaps', () => {
    const diff = diffOf(policy('web', '{podSelector: {}}', 'p'), rule('red'), undeclared);
    expect(lines(diff)).toEqual(['q/b > p/a maybe +any']);
    expect(diff).toMatchObject({ relation: 'looser', certain: false });
  });
});
