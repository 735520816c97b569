/** Atoms against brute force over a small address space, in both families. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IpAddress } from '../../src/base/inet.ts';
import type { IpRange } from '../../src/base/inet-ranges.ts';
import { RangeSets } from '../../src/base/range-sets.ts';
import { AddressAtoms, AddressSets } from '../../src/engine/address-atoms.ts';

const SMALL = 24;
const range = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), fc.nat({ max: SMALL }), fc.nat({ max: 8 }))
  .map(([family, first, length]): IpRange =>
    family === 4
      ? { family, first, last: first + length }
      : { family, first: BigInt(first), last: BigInt(first + length) },
  );
const everything: IpRange[] = [
  { family: 4, first: 0, last: 0xffffffff },
  { family: 6, first: 0n, last: (1n << 128n) - 1n },
];
const addresses: IpAddress[] = [
  ...Array.from({ length: SMALL + 12 }, (_, i): IpAddress => ({ family: 4, value: i })),
  ...Array.from({ length: SMALL + 12 }, (_, i): IpAddress => ({ family: 6, value: BigInt(i) })),
  { family: 4, value: 0xffffffff },
  { family: 6, value: (1n << 128n) - 1n },
];
const contains = (ranges: readonly IpRange[], ip: IpAddress): boolean =>
  ranges.some((r) => r.family === ip.family && r.first <= ip.value && ip.value <= r.last);

describe('AddressAtoms', () => {
  it('are the coarsest partition that tells all sets apart', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            { weight: 6, arbitrary: fc.array(range, { maxLength: 4 }) },
            { weight: 1, arbitrary: fc.constant(everything) },
          ),
          { maxLength: 5 },
        ),
        (inputs) => {
          const sets = new AddressSets();
          const ids = inputs.map((ranges) => sets.intern(ranges));
          const atoms = new AddressAtoms(sets.sets);
          const classes = new RangeSets();
          const signatures = addresses.map((ip) => inputs.map((ranges) => contains(ranges, ip)).join());
          const wrong: string[] = [];
          addresses.forEach((ip, i) => {
            const atom = atoms.atomOf(ip);
            addresses.forEach((other, j) => {
              if ((atom === atoms.atomOf(other)) !== (signatures[i] === signatures[j])) wrong.push(`${i} and ${j}`);
            });
            ids.forEach((id, s) => {
              const has = classes.has(atoms.atomsOfSet(id, classes), atom);
              if (has !== contains(inputs[s] ?? [], ip)) wrong.push(`${i} in set ${s}`);
            });
          });
          expect(wrong).toEqual([]);
          expect(atoms.count).toBe(new Set(signatures).size);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('stretches cover every address once, and say its atom', () => {
    fc.assert(
      fc.property(fc.array(fc.array(range, { maxLength: 3 }), { maxLength: 4 }), (inputs) => {
        const sets = new AddressSets();
        inputs.forEach((ranges) => sets.intern(ranges));
        const atoms = new AddressAtoms(sets.sets);
        const stretches = [...atoms.stretches()];
        for (const ip of addresses) {
          const holding = stretches.filter((stretch) => contains([stretch.range], ip));
          expect(holding.map(({ atom }) => atom)).toEqual([atoms.atomOf(ip)]);
        }
        for (const family of [4, 6] as const) {
          const has = atoms.hasFamily(family);
          for (const {
            atom,
            range: { family: own },
          } of stretches)
            if (own === family) expect(has[atom]).toBe(1);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('cuts ranges by atom without losing an address', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(range, { maxLength: 3 }), { maxLength: 4 }),
        fc.array(range, { maxLength: 4 }),
        (inputs, asked) => {
          const sets = new AddressSets();
          inputs.forEach((ranges) => sets.intern(ranges));
          const atoms = new AddressAtoms(sets.sets);
          const parts = atoms.cut(asked);
          for (const ip of addresses) {
            const holding = parts.filter(({ ranges }) => contains(ranges, ip)).map(({ atom }) => atom);
            expect(holding).toEqual(contains(asked, ip) ? [atoms.atomOf(ip)] : []);
          }
          expect(atoms.atomsTouching(asked)).toEqual(parts.map(({ atom }) => atom));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('handles ten thousand networks at once', () => {
    const sets = new AddressSets();
    for (let i = 0; i < 10_000; i++)
      sets.intern([
        { family: 4, first: i * 65_536, last: i * 65_536 + 255 },
        { family: 4, first: 0, last: i * 7 },
      ]);
    const atoms = new AddressAtoms(sets.sets);
    expect(atoms.count).toBeGreaterThan(19_000);
    expect(atoms.atomOf({ family: 4, value: 65_536 })).not.toBe(atoms.atomOf({ family: 4, value: 131_072 }));
  });
});
