import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectivityMap, Exposure, MapPeer, PortsValue } from '../../src/engine/results.ts';
import { displayWidth } from '../../src/report/display-width.ts';
import { visible } from '../../src/report/escape.ts';
import { mapFormats } from '../../src/report/formats.ts';
import { renderMapCsv } from '../../src/report/map-csv.ts';
import { renderMapDot } from '../../src/report/map-dot.ts';
import { renderMapJson } from '../../src/report/map-json.ts';
import { renderMapMarkdown } from '../../src/report/map-markdown.ts';
import { renderMapMermaid } from '../../src/report/map-mermaid.ts';
import { renderMapText } from '../../src/report/map-text.ts';
import { plainPalette } from '../../src/report/palette.ts';
import { expectGolden } from './golden.ts';
import { anyName, hostileNames, unsafe } from './hostile.ts';
import { internet, name, sampleMap, sampleMaps, shopMap, tcp, threeTierMap } from './sample-maps.ts';

const options = { palette: plainPalette, width: 100 };

/** Formats that fold; the others grow with the number of connections and have goldens for the small maps only. */
const folding = new Set(['text', 'md', 'dot', 'mermaid']);
const small = new Set(['open', 'deny', 'three-tier', 'shop']);

describe('goldens', () => {
  for (const [sample, make] of sampleMaps) {
    const map = make();
    for (const format of mapFormats) {
      if (!folding.has(format.name) && !small.has(sample)) continue;
      it(`${sample} as ${format.name}`, () => {
        expectGolden(`map-${sample}.${format.extension}`, format.render(map, options));
      });
    }
  }

  it('has the same bytes for the same peers in another order', () => {
    const map = shopMap();
    const shuffled = {
      ...map,
      peers: [
        ...map.peers.filter((p) => p.type === 'workload').toReversed(),
        ...map.peers.filter((p) => p.type !== 'workload'),
      ],
    };
    for (const render of [renderMapText, renderMapMarkdown, renderMapDot, renderMapMermaid]) {
      expect(render(shuffled, options)).toBe(render(map, options));
    }
  });
});

/** A map whose every name is hostile. */
function hostileMap(names: readonly string[]): ConnectivityMap {
  const workloads = names.map((text, i) => ({
    ns: `${text}${i % 3}`,
    name: `${text}${i}`,
    kind: text,
    in: i % 2 === 0,
  }));
  const why = [names.join(' '), ...names];
  const rule = (from: MapPeer, to: MapPeer): { ports: PortsValue; certain?: false; why?: string[] } | undefined => {
    const key = name(from).length * 7 + name(to).length * 3;
    if (key % 3 === 0) return undefined;
    return key % 3 === 1 ? { ports: tcp(1 + (key % 7)) } : { ports: 'any', certain: false, why };
  };
  const bare = sampleMap(workloads, [internet], rule);
  const exposed = bare.peers
    .filter((peer) => peer.type === 'workload')
    .map((peer, i): Exposure => ({
      via: names[i] ?? '',
      to: peer.id,
      ports: tcp(80),
      allowed: i % 2 === 0,
      why: [names[i] ?? ''],
    }));
  return { ...bare, exposed };
}

const hostileMaps = fc.array(anyName, { minLength: 1, maxLength: 6 }).map(hostileMap);
const allHostile = hostileMap(hostileNames);
const notes = [...hostileNames];

describe('hostile names', () => {
  it.each(mapFormats.map((format) => [format.name, format] as const))('%s prints nothing that acts', (_, format) => {
    const check = (map: ConnectivityMap): void => {
      const text = format.render(map, { ...options, notes }).replaceAll('\r\n', '\n');
      expect(text).not.toMatch(unsafe);
    };
    check(allHostile);
    fc.assert(fc.property(hostileMaps, check), { numRuns: 40 });
  });
});

describe('text', () => {
  it.each([60, 80, 120])('stays within %i columns', (width) => {
    for (const [sample, make] of sampleMaps) {
      for (const line of renderMapText(make(), { palette: plainPalette, width }).split('\n')) {
        expect(displayWidth(line), `${sample}: ${line}`).toBeLessThanOrEqual(width);
      }
    }
  });

  it('is ASCII when asked', () => {
    for (const [, make] of sampleMaps) {
      // eslint-disable-next-line no-control-regex -- the whole of ASCII
      expect(renderMapText(make(), { ...options, ascii: true })).toMatch(/^[\u0000-\u007F]*$/);
    }
  });

  it('shows only the workloads in focus, named against the whole map', () => {
    const focus = new Set(['shop/Deployment/redis']);
    expectGolden('map-shop-focus.txt', renderMapText(shopMap(), { ...options, focus, notes: ['Only shop/redis.'] }));
    expectGolden('map-shop-focus-in.txt', renderMapText(shopMap(), { ...options, focus, show: 'in' }));
    expectGolden('map-shop-focus.mmd', renderMapMermaid(shopMap(), { ...options, focus }));
  });

  it('describes the outside when that is in focus', () => {
    const focus = new Set(['external:0', 'external:1']);
    expectGolden(
      'map-shop-from-outside.txt',
      renderMapText(shopMap(), { ...options, focus, show: 'out', filtered: true }),
    );
    expectGolden(
      'map-shop-from-outside.md',
      renderMapMarkdown(shopMap(), { ...options, focus, show: 'out', filtered: true }),
    );
    expectGolden(
      'map-shop-from-outside.mmd',
      renderMapMermaid(shopMap(), { ...options, focus, show: 'out', filtered: true }),
    );
  });

  it('never says all or nothing of a map that lacks peers', () => {
    const map = shopMap();
    const shop = (id: string): boolean => id.startsWith('shop/');
    const connections = map.connections.filter(({ from, to }) => shop(from) && shop(to));
    const peers = map.peers.filter((peer) => shop(peer.id));
    const text = renderMapText({ ...map, peers, connections, exposed: [] }, { ...options, filtered: true });
    expect(text).not.toMatch(/all workloads|everything|\/\*|nothing(?! in view)/);
    expectGolden('map-shop-filtered.txt', text);
  });

  it('draws maps by namespace and by class', () => {
    const byNamespace: ConnectivityMap = {
      apiVersion: 'sallyport.dev/v1',
      kind: 'ConnectivityMap',
      peers: [
        { id: 'namespace/shop', type: 'namespace', name: 'shop', pods: 11 },
        { id: 'namespace/db', type: 'namespace', name: 'db', pods: 2 },
        internet,
      ],
      connections: [
        { from: 'namespace/shop', to: 'namespace/db', ports: tcp(5432), replicas: 'some' },
        { from: 'namespace/shop', to: 'namespace/shop', ports: 'any', replicas: 'all' },
        { from: 'external:0', to: 'namespace/shop', ports: tcp(443), replicas: 'some' },
      ],
      exposed: [],
      leftOut: 3,
    };
    expectGolden('map-by-namespace.txt', renderMapText(byNamespace, options));
    expectGolden('map-by-namespace.mmd', renderMapMermaid(byNamespace, options));
    const [web, ...rest] = threeTierMap().peers;
    if (web?.type !== 'workload') throw new Error('the sample begins with a workload');
    const byClass = {
      ...threeTierMap(),
      peers: [
        { ...web, kind: 'Class', name: '0', workloads: ['frontend/Deployment/web', 'frontend/Deployment/admin'] },
        ...rest,
      ],
    };
    expectGolden('map-by-class.txt', renderMapText(byClass, options));
  });

  it('says what differs between families and replicas, and what is denied', () => {
    const map: ConnectivityMap = {
      ...threeTierMap(),
      connections: [
        {
          from: 'frontend/Deployment/web',
          to: 'backend/Deployment/api',
          ports: tcp(80, 443, 8080),
          replicas: 'some',
          families: { IPv4: tcp(80, 443, 8080), IPv6: 'none' },
        },
        { from: 'frontend/Deployment/web', to: 'db/StatefulSet/postgres', ports: tcp(5432), replicas: 'all' },
        {
          from: 'frontend/Deployment/web',
          to: 'db/StatefulSet/postgres',
          ports: tcp(5433),
          replicas: 'all',
          certain: false,
        },
      ],
      exposed: [
        { via: 'shop/Service/gone', to: 'shop/Service/gone', ports: [], allowed: false, why: ['it selects no pod'] },
      ],
    };
    expectGolden('map-differences.txt', renderMapText(map, { ...options, denied: true }));
  });
});

describe('json', () => {
  it('is the contract, key for key', () => {
    for (const map of [
      ...sampleMaps.filter(([n]) => small.has(n)).map(([, make]) => make()),
      { ...allHostile, leftOut: 7 },
    ]) {
      const parsed = JSON.parse(renderMapJson(map)) as Record<string, unknown>;
      expect(parsed).toEqual(map);
      expect(Object.keys(parsed).slice(0, 5)).toEqual(['apiVersion', 'kind', 'peers', 'connections', 'exposed']);
    }
  });

  it('orders the keys of entries as the contract does, whatever the order in memory', () => {
    const map: ConnectivityMap = {
      exposed: [{ why: ['w'], certain: false, allowed: false, ports: 'any', through: ['i'], to: 't', via: 'v' }],
      connections: [
        {
          why: ['w'],
          certain: false,
          families: { IPv6: 'none', IPv4: 'any' },
          detail: [{ ports: 'any', to: 'b', from: 'a' }],
          replicas: 'some',
          ports: 'any',
          to: 'b',
          from: 'a',
        },
      ],
      peers: [
        {
          workloads: ['x'],
          hostNetwork: true,
          isolated: { egress: true, ingress: false },
          pods: 1,
          name: 'n',
          kind: 'k',
          namespace: 'ns',
          type: 'workload',
          id: 'a',
        },
        { cidrs: ['::/0'], type: 'external', id: 'external:0' },
        { pods: 1, name: 'n', type: 'namespace', id: 'namespace/n' },
      ],
      kind: 'ConnectivityMap',
      apiVersion: 'sallyport.dev/v1',
    };
    expectGolden('map-key-order.json', renderMapJson(map));
  });
});

/** RFC 4180, by hand. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      at++;
      while (text[at] !== '"' || text[at + 1] === '"') {
        if (text[at] === '"') at++;
        cell += text[at] ?? '';
        at++;
      }
      at++;
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\r') cell += text[at++] ?? '';
    }
    rows.at(-1)?.push(cell);
    if (text[at] === ',') {
      at++;
      continue;
    }
    expect(text.slice(at, at + 2)).toBe('\r\n');
    at += 2;
    if (at < text.length) rows.push([]);
  }
  return rows;
}

describe('csv', () => {
  it('reads back as the names, guarded against formulas', () => {
    const guarded = (text: string): string => (/^[=+\-@]/.test(visible(text)) ? `'${visible(text)}` : visible(text));
    fc.assert(
      fc.property(hostileMaps, (map) => {
        const [header, ...rows] = parseCsv(renderMapCsv(map));
        expect(header).toEqual(['type', 'from', 'through', 'to', 'ports', 'replicas', 'allowed', 'certain', 'why']);
        const cell = (id: string): string => guarded(id.startsWith('external') ? '0.0.0.0/0 ::/0' : id);
        const connections = rows.filter((row) => row[0] === 'connection');
        expect(connections.map((row) => [row[1], row[3]])).toEqual(
          map.connections.map((c) => [cell(c.from), cell(c.to)]),
        );
        const exposed = rows.filter((row) => row[0] === 'exposed');
        expect(exposed.map((row) => row[1])).toEqual(map.exposed.map((e) => guarded(e.via)));
        expect(new Set(rows.map((row) => row.length))).toEqual(new Set([9]));
      }),
      { numRuns: 50 },
    );
  });
});

/** The tokens of the DOT language; throws on anything that is none. */
function dotTokens(text: string): string[] {
  const tokens: string[] = [];
  const pattern = /\s+|"(?:[^"\\\n]|\\[^\n])*"|->|[A-Za-z_][A-Za-z0-9_]*|#?[0-9]+|[{}[\];=,]/uy;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`no token at ${text.slice(at, at + 40)}`);
    if (match[0].trim() !== '') tokens.push(match[0]);
  }
  return tokens;
}

/** Reads statements `id [k=v, ...];`, `id -> id [...];`, `subgraph id { ... }`, `k=v;` and gives all ids by role. */
function parseDot(text: string): { nodes: string[]; edges: [string, string][] } {
  const tokens = dotTokens(text);
  let at = 0;
  const take = (expected?: string): string => {
    const token = tokens[at++] ?? '';
    if (expected !== undefined) expect(token).toBe(expected);
    return token;
  };
  const nodes: string[] = [];
  const edges: [string, string][] = [];
  const attributes = (): void => {
    take('[');
    while (tokens[at] !== ']') {
      expect(take()).toMatch(/^[a-z]+$/);
      take('=');
      take();
      if (tokens[at] === ',') take();
    }
    take(']');
  };
  const body = (): void => {
    take('{');
    while (tokens[at] !== '}') {
      const first = take();
      if (first === 'subgraph') {
        expect(take()).toMatch(/^"cluster_g\d+"$/);
        body();
        continue;
      }
      if (tokens[at] === '=') {
        take();
        take();
      } else if (tokens[at] === '->') {
        take();
        edges.push([first, take()]);
        attributes();
      } else {
        if (first.startsWith('"')) nodes.push(first);
        attributes();
      }
      take(';');
    }
    take('}');
  };
  take('digraph');
  take('sallyport');
  body();
  expect(at).toBe(tokens.length);
  return { nodes, edges };
}

describe('dot', () => {
  it('parses, and every edge joins two nodes with ids of our own', () => {
    const check = (map: ConnectivityMap): void => {
      const { nodes, edges } = parseDot(renderMapDot(map, { ...options, notes }));
      for (const id of nodes) expect(id).toMatch(/^"[nxe]\d+"$/);
      expect(new Set(nodes).size).toBe(nodes.length);
      for (const [from, to] of edges) expect([nodes.includes(from), nodes.includes(to)]).toEqual([true, true]);
    };
    for (const [, make] of sampleMaps) check(make());
    check(allHostile);
    fc.assert(fc.property(hostileMaps, check), { numRuns: 50 });
  });
});

describe('mermaid', () => {
  const label = '"(?:[^"<>`\\[\\]{}|]|<br/>)+"';
  const statements = [
    /^---$/,
    /^title: "[A-Za-z:. ]+"$/,
    /^flowchart LR$/,
    /^ {2}%% (?!\{)[^{}"<>`]*$/,
    new RegExp(`^ {2}subgraph g\\d+\\[${label}\\]$`, 'u'),
    /^ {2}end$/,
    new RegExp(`^ {2,4}[nxe]\\d+(?:\\[${label}\\]|\\(\\[${label}\\]\\)|\\{\\{${label}\\}\\})$`, 'u'),
    new RegExp(`^ {2}[nxe]\\d+ (?:-->|<-->|-\\.->|<-\\.->|-\\.-x)\\|${label}\\| [nxe]\\d+$`, 'u'),
    /^ {2}classDef open [a-z0-9#:,-]+$/,
    /^ {2}class [nxe\d,]+ open$/,
  ];

  it('is one statement a line', () => {
    const check = (map: ConnectivityMap): void => {
      const lines = renderMapMermaid(map, { ...options, notes })
        .trimEnd()
        .split('\n');
      expect(lines.filter((line) => !statements.some((pattern) => pattern.test(line)))).toEqual([]);
    };
    for (const [, make] of sampleMaps) check(make());
    check(allHostile);
    fc.assert(fc.property(hostileMaps, check), { numRuns: 50 });
  });

  it('stays within what GitHub draws: 500 edges, 50,000 characters', () => {
    for (const [sample, make] of sampleMaps) {
      const text = renderMapMermaid(make(), options);
      if (text.length >= 50_000) throw new Error(`${sample} has ${text.length} characters`);
      const edges = text.split('\n').filter((line) => line.includes('|"')).length;
      if (edges >= 500) throw new Error(`${sample} has ${edges} edges`);
    }
  });
});

describe('markdown', () => {
  it('keeps every table row to its columns', () => {
    const check = (map: ConnectivityMap): void => {
      let columns = 0;
      for (const line of renderMapMarkdown(map, { ...options, notes }).split('\n')) {
        expect(line).not.toMatch(/[<>]/);
        const bars = (line.replace(/\\\\|\\\|/g, '').match(/\|/g) ?? []).length;
        if (bars === 0) columns = 0;
        else if (columns === 0) columns = bars;
        expect(bars).toBe(columns);
      }
    };
    for (const [, make] of sampleMaps) check(make());
    check(allHostile);
    fc.assert(fc.property(hostileMaps, check), { numRuns: 40 });
  });
});
