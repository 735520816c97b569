import { describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { PossibleExposures } from '../../src/engine/possible-exposures.ts';
import { connectivityMap } from '../../src/engine/connectivity.ts';
import { viewItems } from '../../src/engine/connectivity-views.ts';
import { connectivityDiff } from '../../src/engine/semantic-diff.ts';
import type { ConnectionChange, ConnectivityDiff, DiffPeer } from '../../src/engine/semantic-diff-results.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { diffFormats } from '../../src/report/diff-formats.ts';
import { commentLimit, renderDiffMarkdown } from '../../src/report/diff-markdown.ts';
import { diffRows } from '../../src/report/diff-rows.ts';
import { renderDiffText } from '../../src/report/diff-text.ts';
import { displayWidth } from '../../src/report/display-width.ts';
import { renderMapJson } from '../../src/report/map-json.ts';
import { renderMapMarkdown } from '../../src/report/map-markdown.ts';
import { renderMapText } from '../../src/report/map-text.ts';
import { plainPalette } from '../../src/report/palette.ts';
import { expectGolden } from './golden.ts';
import { hostileNames, unsafe } from './hostile.ts';

const options = { palette: plainPalette, width: 100 };

function engineOf(name: string, documents: readonly string[]): Engine {
  const { objects, diagnostics } = readManifests([{ name, text: documents.join('\n---\n') }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return createEngine(buildCluster(objects));
}

function deployment(namespace: string, name: string, port: number): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: main, image: main, ports: [{containerPort: ${port}}]}]}`;
}

function namespace(name: string, labels: string): string {
  return `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}, labels: {${labels}}}}`;
}

function policy(name: string, spec: string): string {
  return `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: ${name}, namespace: shop}, spec: ${spec}}`;
}

const service = `
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}`;

const apps = [
  deployment('shop', 'web', 8080),
  deployment('shop', 'api', 9000),
  deployment('shop', 'db', 5432),
  ...['a', 'b', 'c', 'd'].map((name) => deployment('tools', `job-${name}`, 80)),
];
const closed = policy('closed', '{podSelector: {}, policyTypes: [Ingress]}');
const db = (peers: string): string =>
  policy('db', `{podSelector: {matchLabels: {app: db}}, ingress: [{from: [${peers}], ports: [{port: 5432}]}]}`);
const fromApi = '{podSelector: {matchLabels: {app: api}}}';

/** A database opened to the internet and to a team, a front opened, a job that lost its label, one that is new. */
function samples(): ConnectivityDiff {
  const before = engineOf('old/all.yaml', [
    namespace('shop', 'team: shop'),
    namespace('tools', 'team: grey'),
    ...apps,
    service,
    closed,
    db(fromApi),
    policy('api', '{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {}}]}]}'),
    policy('idle', '{podSelector: {matchLabels: {app: api}}, ingress: []}'),
  ]);
  const after = engineOf('new/all.yaml', [
    namespace('shop', 'team: shop'),
    namespace('tools', 'team: tools'),
    ...apps,
    deployment('shop', 'cache', 6379),
    service,
    closed,
    db(`${fromApi}, {namespaceSelector: {matchLabels: {team: tools}}}, {ipBlock: {cidr: 0.0.0.0/0}}`),
    policy('web', '{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}'),
    policy(
      'idle',
      '{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]}',
    ),
  ]);
  return connectivityDiff(before, after, { names: { before: 'main', after: 'the work tree' } });
}

describe('goldens', () => {
  const diff = samples();
  for (const format of diffFormats) {
    it(format.name, () => expectGolden(`diff-shop.${format.extension}`, format.render(diff, options)));
  }
  it('text without anything to say', () => {
    const engine = engineOf('same.yaml', [namespace('shop', ''), ...apps, closed]);
    expectGolden('diff-same.txt', renderDiffText(connectivityDiff(engine, engine), options));
  });
  it('possible peers of a map', () => {
    const engine = engineOf('new.yaml', [
      namespace('shop', ''),
      namespace('tools', 'team: tools'),
      ...apps,
      closed,
      db(`${fromApi}, {podSelector: {matchLabels: {app: batch}}}, {namespaceSelector: {matchLabels: {team: tools}}}`),
      policy(
        'web',
        '{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}, {to: [{namespaceSelector: {}}], ports: [{port: http}]}]}',
      ),
    ]);
    const possible = new PossibleExposures(engine).of(viewItems(engine, 'workload'));
    const map = { ...connectivityMap(engine), possible };
    expectGolden('map-possible.txt', renderMapText(map, options));
    expectGolden('map-possible.json', renderMapJson(map));
    expectGolden('map-possible.md', renderMapMarkdown(map, options));
  });
});

describe('rows', () => {
  it('fold alike connections and lose none', () => {
    const diff = samples();
    const rows = diffRows(diff);
    expect(rows.reduce((sum, row) => sum + row.connections, 0)).toBe(diff.changes.length);
    expect(rows.length).toBeLessThan(diff.changes.length);
    expect(rows[0]).toMatchObject({ section: 'internet', to: [{ id: 'shop/Deployment/db' }] });
  });
});

/** Names that no API server would accept, as a program that writes JSON could feed them. */
function hostileDiff(): ConnectivityDiff {
  const peers = hostileNames.map((text, i): DiffPeer => ({
    id: `${text}/${text}/${i}`,
    type: 'workload',
    namespace: text,
    kind: text,
    name: `${text}${i}`,
    in: 'both',
  }));
  const changes = peers.flatMap((peer, i): ConnectionChange[] => {
    const to = peers[(i * 7 + 1) % peers.length];
    if (to === undefined || to === peer) return [];
    const text = hostileNames[i] ?? '';
    const causes = [{ edit: text, rule: text, file: text, line: 1 }];
    const base = { from: peer.id, to: to.id, before: 'none', after: 'any', opened: 'any', closed: 'none' } as const;
    return [{ ...base, change: 'added', replicas: 'all', certain: false, why: [text], causes }];
  });
  return {
    ...samples(),
    before: hostileNames.join(' '),
    after: hostileNames.join(' '),
    peers,
    changes,
    edits: hostileNames.map((text) => ({
      id: text,
      type: 'policy',
      change: 'changed',
      file: text,
      line: 1,
      connections: 0,
    })),
    isolation: hostileNames.map((text) => ({
      workload: text,
      direction: 'ingress',
      before: 'none',
      after: 'all',
      causes: [{ edit: text }],
    })),
    exposed: hostileNames.map((text) => ({ via: text, to: text, change: 'opened' })),
    possible: hostileNames.map((text) => ({
      workload: text,
      direction: 'egress',
      change: 'added',
      opening: { peer: { type: 'pods', namespaces: text, pods: text }, ports: 'any' },
    })),
  };
}

describe('hostile names', () => {
  const diff = hostileDiff();
  for (const format of diffFormats) {
    it(`do no harm in ${format.name}`, () => {
      const output = format.render(diff, { ...options, full: true }).replaceAll(/\r?\n/g, '');
      expect(output).not.toMatch(unsafe);
    });
  }
  it('stay data in JSON', () => {
    const format = diffFormats.find(({ name }) => name === 'json');
    expect(JSON.parse(format?.render(diff, options) ?? '')).toMatchObject({ before: diff.before, peers: diff.peers });
  });
  it('open no tag, link or mention in Markdown', () => {
    const text = renderDiffMarkdown(diff, { full: true });
    expect(text.replaceAll(/<\/?(?:details|summary)>/g, '')).not.toMatch(/<[a-z/!]/i);
    expect(text).not.toMatch(/(?<!\\)@[a-z]/i);
    expect(text).not.toMatch(/(?<!\\)\]\(/);
  });
});

describe('size', () => {
  const many = (count: number): ConnectivityDiff => {
    const peers = Array.from({ length: count }, (_, i): DiffPeer => ({
      id: `shop/Deployment/w${i}`,
      type: 'workload',
      namespace: 'shop',
      kind: 'Deployment',
      name: `w${i}`,
      in: 'both',
    }));
    const changes = peers.slice(1).map((peer, i): ConnectionChange => ({
      from: peer.id,
      to: 'shop/Deployment/w0',
      change: 'added',
      before: 'none',
      after: [{ protocol: 'TCP', ranges: [[i + 1, i + 1]] }],
      opened: [{ protocol: 'TCP', ranges: [[i + 1, i + 1]] }],
      closed: 'none',
      replicas: 'all',
      causes: [{ edit: `shop/NetworkPolicy/p${i}`, rule: 'spec.ingress[0]', file: 'k8s/policies.yaml', line: i }],
    }));
    return { ...samples(), peers, changes, edits: [], isolation: [], exposed: [], possible: [] };
  };

  it('a comment is never longer than GitHub accepts, and says what it leaves out', () => {
    const text = renderDiffMarkdown(many(3_000), { full: true });
    expect(text.length).toBeLessThanOrEqual(commentLimit);
    expect(text.length).toBeGreaterThan(commentLimit / 2);
    const rows = text.split('\n').filter((line) => line.startsWith('| shop/w')).length;
    expect(text).toContain(`Cut: ${2_999 - rows} rows did not fit`);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  it('text stays within its width and counts what it cuts', () => {
    const text = renderDiffText(many(200), { ...options, width: 80 });
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(text).toContain('... and 140 more; --full lists them');
  });
});
