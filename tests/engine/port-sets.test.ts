import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_PORTS, NO_PORTS, portPoint, PortSets, type PortSetId } from '../../src/engine/port-sets.ts';
import { NO_NAMED_PORTS, PortSpecs } from '../../src/engine/port-specs.ts';
import type { ContainerPort, PolicyPort, Protocol } from '../../src/kube/objects.ts';

describe('PortSets', () => {
  it('writes sets as the JSON contracts do', () => {
    const sets = new PortSets();
    const http = sets.range('TCP', 80, 80);
    const more = sets.union(sets.union(http, sets.range('TCP', 81, 90)), sets.range('UDP', 53, 53));
    expect(sets.value(NO_PORTS)).toEqual([]);
    expect(sets.value(ALL_PORTS)).toBe('any');
    expect(sets.value(more)).toEqual([
      { protocol: 'TCP', ranges: [[80, 90]] },
      { protocol: 'UDP', ranges: [[53, 53]] },
    ]);
    expect(sets.value(sets.complement(sets.union(sets.protocol('TCP'), sets.protocol('UDP'))))).toEqual([
      { protocol: 'SCTP', ranges: [[1, 65535]] },
      { protocol: 'other', ranges: [] },
    ]);
  });

  it('knows its points', () => {
    const sets = new PortSets();
    const all = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => sets.protocol(protocol));
    const ported = all.reduce((a, b) => sets.union(a, b), NO_PORTS);
    expect(sets.has(ported, portPoint('SCTP', 65535))).toBe(true);
    expect(sets.has(ported, portPoint('other', 7))).toBe(false);
    expect(sets.has(ALL_PORTS, portPoint('other', 0))).toBe(true);
    expect(sets.has(sets.protocol('TCP'), portPoint('UDP', 1))).toBe(false);
    expect(sets.union(ported, sets.complement(ported))).toBe(ALL_PORTS);
  });

  it.each([
    [0, 0],
    [65536, 70000],
    [9, 8],
  ])('has no ports %i-%i', (start, end) => {
    expect(new PortSets().range('TCP', start, end)).toBe(NO_PORTS);
  });

  it('agrees with itself however a set is made', () => {
    const sets = new PortSets();
    const one = fc
      .tuple(fc.constantFrom<Protocol>('TCP', 'UDP', 'SCTP'), fc.integer({ min: 1, max: 20 }), fc.nat({ max: 5 }))
      .map(([protocol, start, length]) => sets.range(protocol, start, start + length));
    const some = fc.array(one, { maxLength: 5 }).map((parts) => parts.reduce((a, b) => sets.union(a, b), NO_PORTS));
    fc.assert(
      fc.property(some, some, (a: PortSetId, b: PortSetId) => {
        expect(sets.intersect(a, b)).toBe(sets.complement(sets.union(sets.complement(a), sets.complement(b))));
        expect(sets.subtract(a, b)).toBe(sets.intersect(a, sets.complement(b)));
        expect(sets.union(sets.subtract(a, b), sets.intersect(a, b))).toBe(a);
        for (let port = 1; port <= 26; port++) {
          const point = portPoint('UDP', port);
          expect(sets.has(sets.union(a, b), point)).toBe(sets.has(a, point) || sets.has(b, point));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('PortSpecs', () => {
  const port = (value: Partial<PolicyPort>): PolicyPort => ({
    protocol: 'TCP',
    port: undefined,
    endPort: typeof value.port === 'number' ? value.port : 0,
    span: undefined,
    ...value,
  });
  const declared = (name: string, containerPort: number, protocol: Protocol = 'TCP'): ContainerPort => ({
    name,
    containerPort,
    protocol,
    hostPort: 0,
  });

  it('resolves names per destination (S112-S114), for cluster policies with any protocol (S167)', () => {
    const sets = new PortSets();
    const specs = new PortSpecs(sets);
    const v1 = specs.ofPolicy([port({ port: 'web' }), port({ port: 9 })]);
    const cnp = specs.ofClusterPolicy([{ type: 'named', name: 'web', span: undefined }]);
    const pod = specs.namedPorts([
      declared('web', 80),
      declared('web', 81),
      declared('web', 82, 'UDP'),
      declared('x', 1),
    ]);
    expect(sets.value(specs.resolve(v1, pod))).toEqual([
      {
        protocol: 'TCP',
        ranges: [
          [9, 9],
          [80, 81],
        ],
      },
    ]);
    expect(sets.value(specs.resolve(cnp, pod))).toEqual([
      { protocol: 'TCP', ranges: [[80, 81]] },
      { protocol: 'UDP', ranges: [[82, 82]] },
    ]);
    expect(sets.value(specs.resolve(v1, NO_NAMED_PORTS))).toEqual([{ protocol: 'TCP', ranges: [[9, 9]] }]);
    expect(specs.resolve(specs.withoutNames(cnp), pod)).toBe(NO_PORTS);
    expect(specs.withoutNames(specs.any)).toBe(specs.any);
  });

  it('tells pods apart only by the names that rules use', () => {
    const specs = new PortSpecs(new PortSets());
    specs.ofPolicy([port({ port: 'web' })]);
    const id = specs.namedPorts([declared('web', 80), declared('other', 1)]);
    expect(specs.namedPorts([declared('other', 2), declared('web', 80)])).toBe(id);
    expect(specs.namedPorts([declared('web', 81)])).not.toBe(id);
    expect(specs.namedPorts([declared('other', 1), declared('', 3)])).toBe(NO_NAMED_PORTS);
  });

  it('S13-S15, S75: no ports is everything, an item without port is its protocol', () => {
    const sets = new PortSets();
    const specs = new PortSpecs(sets);
    expect(specs.resolve(specs.ofPolicy([]), NO_NAMED_PORTS)).toBe(ALL_PORTS);
    expect(specs.resolve(specs.ofPolicy([port({})]), NO_NAMED_PORTS)).toBe(sets.protocol('TCP'));
    expect(specs.resolve(specs.ofClusterPolicy(undefined), NO_NAMED_PORTS)).toBe(ALL_PORTS);
  });
});
