/** The generated families of tests/case-format/families.ts on the whole grid, asked of the oracle and of the engine. */
import { describe, expect, test } from 'vitest';
import { families, type FamilyCase, type Place } from './case-format/families.ts';
import { grid, gridPods, gridPorts } from './case-format/grid.ts';
import { parsePort } from './case-format/expectation.ts';
import type { Manifest } from './oracle/manifest.ts';
import { Oracle, type Query } from './oracle/oracle.ts';
import { allowedBy } from './property/agreement.ts';
import { engineOf } from './property/under-test.ts';

const pods = grid(gridPods);
const places: readonly Place[] = gridPods.map((name) => ({
  namespace: name.split('/')[0] ?? '',
  pod: name.split('/')[1] ?? '',
}));
const label = (at: Place): string => `${at.namespace}/${at.pod}`;

/** Fragments concern one pod: for them its own connections and a few of others say everything. */
function interesting(family: string, from: Place, to: Place): boolean {
  return !['peers', 'ports'].includes(family) || [from, to].some((at) => label(at) === 'x/a') || label(from) === 'y/b';
}

function disagreements(family: string, each: FamilyCase, ask: (query: Query) => boolean): string[] {
  const wrong: string[] = [];
  for (const from of places) {
    for (const to of places) {
      if (from === to || !interesting(family, from, to)) continue;
      for (const name of gridPorts) {
        const { protocol, port } = parsePort(name);
        for (const ipFamily of [4, 6] as const) {
          const got = ask({ from: { pod: label(from) }, to: { pod: label(to) }, protocol, port, family: ipFamily });
          if (got === each.expected(from, to, protocol, port, ipFamily)) continue;
          wrong.push(`${label(from)} -> ${label(to)} on ${name} over IPv${ipFamily}: ${got ? 'allowed' : 'denied'}`);
        }
      }
    }
  }
  return wrong;
}

function askOracle(objects: readonly Manifest[]): (query: Query) => boolean {
  const oracle = new Oracle(objects);
  return (query) => oracle.evaluate(query).allowed;
}

describe.each(Object.entries(families))('%s', (family, list) => {
  test.each(list)('oracle: $name', (each) => {
    expect(disagreements(family, each, askOracle([...pods, ...each.policies]))).toEqual([]);
  });

  test.each(list)('engine: $name', (each) => {
    const engine = engineOf([...pods, ...each.policies]);
    expect(disagreements(family, each, (query) => allowedBy(engine, query))).toEqual([]);
  });
});
