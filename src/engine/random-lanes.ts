/**
 * Three 32-bit numbers that look random and depend only on `n`. Sums of them (modulo 2^32 each) tell sets of `n` apart:
 * two different sets collide with probability 2^-96.
 */
export function randomLanes(n: number): readonly [number, number, number] {
  return [mix(n, 0x9e3779b9), mix(n, 0x85ebca6b), mix(n, 0xc2b2ae35)];
}

/** The finaliser of MurmurHash3 over a seeded counter. */
function mix(n: number, seed: number): number {
  let h = Math.imul(n + 1, 0x27d4eb2f) ^ seed;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h + seed, 0x2c1b3c6d);
  return h ^ (h >>> 15);
}
