import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection, ConnectivityMap, ExternalPeer, MapPeer, WorkloadPeer } from '../../src/engine/results.ts';
import { alikeClasses } from '../../src/report/alike.ts';
import { mapBlocks } from '../../src/report/map-blocks.ts';
import { indexMap } from '../../src/report/map-index.ts';
import type { MapIndex } from '../../src/report/map-index.ts';
import { sameNamespace } from '../../src/report/peer-terms.ts';
import { sampleMaps, tcp } from './sample-maps.ts';

const outsideCidrs = ['198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'];

/**
 * Maps with structure: every peer has a colour, the colours decide, and a few connections are flipped. Small numbers
 * of colours and flips make many peers alike; equal names in several namespaces make copies.
 */
const structuredMap: fc.Arbitrary<ConnectivityMap> = fc
  .record({
    namespaces: fc.integer({ min: 1, max: 5 }),
    each: fc.integer({ min: 1, max: 5 }),
    outside: fc.integer({ min: 0, max: 3 }),
    colours: fc.integer({ min: 1, max: 4 }),
    byName: fc.boolean(),
    isolation: fc.boolean(),
    picks: fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
    table: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 50, maxLength: 50 }),
    flips: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 3 })), { maxLength: 4 }),
    sameOnly: fc.boolean(),
  })
  .map((shape) => {
    const peers: MapPeer[] = [];
    const colour: number[] = [];
    for (let n = 0; n < shape.namespaces; n++) {
      for (let i = 0; i < shape.each; i++) {
        const pick = shape.picks[(shape.byName ? i : n * shape.each + i) % shape.picks.length] ?? 0;
        const isolated = { ingress: shape.isolation && pick % 3 === 0, egress: false };
        const peer: WorkloadPeer = {
          id: `n${n}/Deployment/w${i}`,
          type: 'workload',
          namespace: `n${n}`,
          kind: 'Deployment',
          name: `w${i}`,
          pods: 1,
          isolated,
        };
        peers.push(peer);
        colour.push(pick % shape.colours);
      }
    }
    for (let i = 0; i < shape.outside; i++) {
      const peer: ExternalPeer = { id: `external:${i}`, type: 'external', cidrs: [outsideCidrs[i] ?? ''] };
      peers.push(peer);
      colour.push(4);
    }
    const connections: Connection[] = [];
    for (const [a, from] of peers.entries()) {
      for (const [b, to] of peers.entries()) {
        if (a === b || (from.type === 'external' && to.type === 'external')) continue;
        const flip = shape.flips.find(([x, y]) => x % peers.length === a && y % peers.length === b);
        const apart =
          shape.sameOnly && from.type === 'workload' && to.type === 'workload' && from.namespace !== to.namespace;
        const label = flip?.[2] ?? (apart ? 0 : (shape.table[(colour[a] ?? 0) * 5 + (colour[b] ?? 0)] ?? 0));
        if (label > 0) connections.push({ from: from.id, to: to.id, ports: tcp(label), replicas: 'all' });
      }
    }
    return { apiVersion: 'sallyport.dev/v1', kind: 'ConnectivityMap', peers, connections, exposed: [] };
  });

function cell(index: MapIndex, from: number, to: number): number | undefined {
  return index.out[from]?.get(to);
}

/** By definition, cell by cell. */
function areAlike(index: MapIndex, a: number, b: number): boolean {
  if (cell(index, a, b) !== cell(index, b, a)) return false;
  return index.nodes.every(
    ({ index: x }) =>
      x === a || x === b || (cell(index, a, x) === cell(index, b, x) && cell(index, x, a) === cell(index, x, b)),
  );
}

describe('alikeClasses', () => {
  it('puts two peers into one class exactly when no connection tells them apart', () => {
    fc.assert(
      fc.property(structuredMap, (map) => {
        const index = indexMap(map);
        const kind = (node: number): string => index.nodes[node]?.peer.type ?? '';
        const classes = alikeClasses(index, kind);
        const classOf = new Map(classes.flatMap((cls, i) => cls.members.map((node) => [node, i] as const)));
        expect(classOf.size).toBe(index.nodes.length);
        for (const { index: a } of index.nodes) {
          for (const { index: b } of index.nodes.slice(a + 1)) {
            expect(classOf.get(a) === classOf.get(b), `${a} ${b}`).toBe(kind(a) === kind(b) && areAlike(index, a, b));
          }
        }
        for (const cls of classes) {
          const [first, second] = cls.members;
          if (first === undefined || second === undefined) continue;
          expect(cell(index, first, second) ?? -1).toBe(cls.internal);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Splits at commas outside brackets. */
function splitTerms(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if ('({'.includes(character)) depth++;
    if (')}'.includes(character)) depth--;
    if (character === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  return [...parts, part.trim()].filter((p) => p !== '');
}

/** What a term says, read as a person would: peer ids as seen from namespace `own`. */
function expand(term: string, peers: readonly MapPeer[], own: string): Set<string> {
  const except = / \(except (.*)\)$/.exec(term);
  const base = except === null ? term : term.slice(0, except.index);
  const ids = (keep: (peer: MapPeer) => boolean): string[] => peers.filter(keep).map((peer) => peer.id);
  if (base === 'everything' || base === 'all workloads') {
    const found = new Set(ids((peer) => base === 'everything' || peer.type === 'workload'));
    for (const out of splitTerms(except?.[1] ?? '')) for (const id of expand(out, peers, own)) found.delete(id);
    return found;
  }
  const outside = peers.find((peer) => peer.type === 'external' && peer.cidrs.join() === base);
  if (outside !== undefined) return new Set([outside.id]);
  const slash = base.indexOf('/');
  const named = base.slice(0, slash);
  const namespace = named === sameNamespace ? own : named;
  const rest = base.slice(slash + 1);
  const inNamespace = (peer: MapPeer): boolean => peer.type === 'workload' && peer.namespace === namespace;
  if (rest === '*') {
    const gone = new Set(splitTerms(except?.[1] ?? ''));
    return new Set(ids((peer) => inNamespace(peer) && peer.type === 'workload' && !gone.has(peer.name)));
  }
  const names = new Set(rest.startsWith('{') ? splitTerms(rest.slice(1, -1)) : [rest]);
  const found = ids((peer) => inNamespace(peer) && peer.type === 'workload' && names.has(peer.name));
  if (found.length !== names.size) throw new Error(`${term} names a workload that is not there`);
  return new Set(found);
}

/** Every connection that the blocks state, as `from to ports`. */
function stated(map: ConnectivityMap, options: { full: boolean; filtered?: boolean }): Set<string> {
  const index = indexMap(map);
  const said = new Set<string>();
  for (const block of mapBlocks(index, options)) {
    for (const node of block.members) {
      const peer = index.nodes[node]?.peer;
      if (peer?.type !== 'workload') continue;
      for (const direction of ['in', 'out'] as const) {
        for (const line of block[direction]) {
          const others = line.peers.flatMap(splitTerms).flatMap((t) => [...expand(t, map.peers, peer.namespace)]);
          for (const other of others) {
            if (other === peer.id) continue;
            const ends = direction === 'out' ? [peer.id, other] : [other, peer.id];
            said.add(`${direction} ${ends.join(' ')} ${JSON.stringify(line.label.ports)}`);
          }
        }
      }
    }
  }
  return said;
}

function actual(map: ConnectivityMap): Set<string> {
  const facts = new Set<string>();
  for (const { from, to, ports } of map.connections) {
    if (!from.startsWith('external')) facts.add(`out ${from} ${to} ${JSON.stringify(ports)}`);
    if (!to.startsWith('external')) facts.add(`in ${from} ${to} ${JSON.stringify(ports)}`);
  }
  return facts;
}

describe('mapBlocks', () => {
  it('says every connection and no other, however it is folded', () => {
    fc.assert(
      fc.property(structuredMap, fc.boolean(), (map, filtered) => {
        expect(stated(map, { full: true, filtered })).toEqual(actual(map));
      }),
      { numRuns: 300 },
    );
  });

  it.each(sampleMaps.filter(([name]) => name === 'deny' || name === 'three-tier' || name === 'many-sparse'))(
    'says the sample %s exactly',
    (_, make) => {
      const map = make();
      const named = {
        ...map,
        peers: map.peers.map((p) => (p.type === 'external' ? { ...p, cidrs: ['internet'] } : p)),
      };
      expect(stated(named, { full: true })).toEqual(actual(named));
    },
  );

  it('has every workload in exactly one block', () => {
    fc.assert(
      fc.property(structuredMap, (map) => {
        const index = indexMap(map);
        const members = mapBlocks(index).flatMap((block) => block.members);
        expect(members.toSorted((a, b) => a - b)).toEqual(Array.from({ length: index.inside }, (_, i) => i));
      }),
    );
  });
});
