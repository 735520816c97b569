import { describe, expect, it } from 'vitest';
import {
  ALL_PORTS,
  coversPorts,
  intersectPorts,
  NO_PORTS,
  openPortsOf,
  opensOtherProtocols,
  portCount,
  portRangesOf,
  subtractPorts,
} from '../../src/dataplane/open-ports.ts';

const tcp = (...ranges: [number, number][]) => openPortsOf([{ protocol: 'TCP', ranges }]);

describe('open ports', () => {
  it('keep protocols apart', () => {
    const ports = openPortsOf([
      { protocol: 'TCP', ranges: [[80, 81]] },
      { protocol: 'UDP', ranges: [[53, 53]] },
      { protocol: 'other', ranges: [] },
    ]);
    expect(portRangesOf(ports)).toEqual([
      { protocol: 6, first: 80, last: 81 },
      { protocol: 17, first: 53, last: 53 },
    ]);
    expect([portCount(ports), opensOtherProtocols(ports), opensOtherProtocols(tcp([1, 2]))]).toEqual([3, true, false]);
  });

  it('everything is every port of every protocol', () => {
    expect(openPortsOf('any')).toEqual(ALL_PORTS);
    expect(portCount(ALL_PORTS)).toBe(3 * 65535);
    expect(subtractPorts(ALL_PORTS, ALL_PORTS)).toEqual(NO_PORTS);
  });

  it.each([
    [tcp([1, 100]), tcp([10, 20], [30, 30]), tcp([1, 9], [21, 29], [31, 100])],
    [tcp([1, 10], [20, 30]), tcp([5, 25]), tcp([1, 4], [26, 30])],
    [tcp([10, 20]), tcp([1, 9], [21, 30]), tcp([10, 20])],
    [tcp([10, 20]), tcp([1, 30]), NO_PORTS],
    [tcp([10, 20]), NO_PORTS, tcp([10, 20])],
    [tcp([1, 65535]), tcp([65535, 65535]), tcp([1, 65534])],
  ])('subtract, row %#', (ports, without, left) => {
    expect(subtractPorts(ports, without)).toEqual(left);
    expect(intersectPorts(ports, without)).toEqual(subtractPorts(ports, left));
    expect(coversPorts(without, ports)).toBe(left.line.length === 0);
  });
});
