/** The places that explanations name are those of the rules, as another YAML library finds them. */
import { expect, test } from 'vitest';
import { isNode, LineCounter, parseAllDocuments, stringify } from 'yaml';
import type { RuleReference } from '../../src/engine/results.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { endpointOf } from './agreement.ts';
import { askedPorts, pairsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { engineOfTexts } from './under-test.ts';

/** `np0 spec.ingress[0]` to `line:column`, for the rules that are not null. */
function placesOf(text: string): Map<string, string> {
  const lines = new LineCounter();
  const places = new Map<string, string>();
  for (const document of parseAllDocuments(text, { lineCounter: lines, version: '1.1' })) {
    const object = document.toJS() as Manifest;
    for (const direction of ['ingress', 'egress'] as const) {
      const rules = (object.spec as Partial<Record<string, unknown[] | null>> | null | undefined)?.[direction] ?? [];
      rules.forEach((_, index) => {
        const node = document.getIn(['spec', direction, index], true);
        if (!isNode(node) || !node.range) return;
        const { line, col } = lines.linePos(node.range[0]);
        places.set(`${object.metadata.name} spec.${direction}[${index}]`, `${line}:${col}`);
      });
    }
  }
  return places;
}

const policyName = ({ policy }: RuleReference): string => policy.split('/').at(-1) ?? '';

test('file, line and column of every rule that an explanation names', () => {
  const wrong: string[] = [];
  let seen = 0;
  for (let seed = 5000; seed < 5025; seed++) {
    const objects = randomCluster(seed);
    const half = Math.ceil(objects.length / 2);
    const texts = [objects.slice(0, half), objects.slice(half)].map((part) =>
      part.map((object) => stringify(object, { version: '1.1' })).join('---\n'),
    );
    const places = texts.map(placesOf);
    const engine = engineOfTexts(texts);
    for (const { from, to } of pairsOf(objects)) {
      const ends = { from: endpointOf(engine, from), to: endpointOf(engine, to) };
      for (const at of askedPorts.slice(0, 2)) {
        const { egress, ingress } = engine.explain({ ...ends, ...at });
        for (const named of [egress, ingress].flatMap((gate) => [...gate.by, ...(gate.near ?? [])])) {
          const index = Number.parseInt(named.file ?? '', 10);
          const wanted =
            named.rule === undefined ? undefined : places[index]?.get(`${policyName(named)} ${named.rule}`);
          if (wanted === undefined) continue;
          seen++;
          const got = `${named.line ?? ''}:${named.column ?? ''}`;
          if (got !== wanted)
            wrong.push(
              `seed ${seed}: ${named.policy} ${named.rule ?? ''} in ${named.file ?? ''}: ${got} instead of ${wanted}`,
            );
        }
      }
    }
  }
  expect([...new Set(wrong)].slice(0, 5)).toEqual([]);
  expect(seen).toBeGreaterThan(200);
});
