/** Every case of tests/cases, asked of the oracle and of the engine. */
import { describe, expect, test } from 'vitest';
import { type Case, type Item, clusters, portsOf, readCases, stages } from './case-format/case-file.ts';
import { covers, parseEnd, parseLine, parsePort } from './case-format/expectation.ts';
import { readManifests } from '../src/kube/read.ts';
import { Oracle, type Query } from './oracle/oracle.ts';
import { allowedBy } from './property/agreement.ts';
import { engineOfTexts } from './property/under-test.ts';

interface Asked {
  readonly label: string;
  readonly query: Query;
  readonly expected: boolean;
}

function endsOf(file: Case, items: readonly Item[]): string[] {
  const ended = (status: Item['raw']['status']) => ['Succeeded', 'Failed'].includes(status?.phase ?? '');
  const pods = items
    .filter(({ raw }) => raw.kind === 'Pod' && !ended(raw.status))
    .map(({ raw }) => `${raw.metadata.namespace ?? 'default'}/${raw.metadata.name}`);
  return [...pods.filter((pod) => file.only?.includes(pod) ?? true), ...(file.ends ?? [])];
}

/** What a step says about each connection of its cluster. Lines that speak about none are a mistake in the case. */
function* asked(
  file: Case,
  items: readonly Item[],
  expectations: readonly string[],
  complete: boolean,
  oracle: Oracle,
): Generator<Asked> {
  const lines = expectations.map(parseLine);
  const ends = endsOf(file, items);
  const ports = complete ? portsOf(file) : [...new Set(lines.flatMap((line) => line.ports))];
  const used = new Set<string>();
  for (const from of ends) {
    for (const to of ends) {
      if (from === to || (to.startsWith('ip/') && from.startsWith('ip/'))) continue;
      for (const family of [4, 6] as const) {
        if ([from, to].some((end) => oracle.addresses(parseEnd(end), family).length === 0)) continue;
        for (const port of ports) {
          const speaking = lines.filter((line) => covers(line, from, to, port, family));
          for (const line of speaking) used.add(line.text);
          const last = speaking.at(-1);
          if (last === undefined && !complete) continue;
          yield {
            label: `${from} -> ${to} on ${port} over IPv${family}`,
            query: { from: parseEnd(from), to: parseEnd(to), family, ...parsePort(port) },
            expected: last?.allowed ?? true,
          };
        }
      }
    }
  }
  const idle = lines.filter((line) => !used.has(line.text)).map((line) => line.text);
  if (idle.length > 0) throw new Error(`${file.id}: says nothing about this cluster: ${idle.join('; ')}`);
}

function disagreements(
  file: Case,
  items: readonly Item[],
  answer: (items: readonly Item[]) => (query: Query) => boolean,
): string[] {
  const wrong: string[] = [];
  for (const [at, stage] of stages(file, items).entries()) {
    const ask = answer(stage.items);
    const oracle = new Oracle(stage.items.map(({ raw }) => raw));
    const checks = [
      ...(stage.step.expect === undefined ? [] : asked(file, stage.items, stage.step.expect, true, oracle)),
      ...(stage.step.probes === undefined ? [] : asked(file, stage.items, stage.step.probes, false, oracle)),
    ];
    for (const { label, query, expected } of checks) {
      const got = ask(query);
      if (got !== expected)
        wrong.push(`step ${at + 1} ${stage.step.name ?? ''}: ${label}: ${got ? 'allowed' : 'denied'}`);
    }
  }
  return wrong;
}

const cases = readCases();

test('there are cases', () => {
  expect(cases.length).toBeGreaterThan(40);
});

describe.each(cases.filter((file) => file.steps !== undefined))('$folder', (file) => {
  test.each(clusters(file))('oracle, $name', ({ items }) => {
    const oracleOf = (now: readonly Item[]) => {
      const oracle = new Oracle(now.map(({ raw }) => raw));
      return (query: Query) => oracle.evaluate(query).allowed;
    };
    expect(disagreements(file, items, oracleOf)).toEqual([]);
  });

  test.each(clusters(file))('engine, $name', ({ items }) => {
    const engineOf = (now: readonly Item[]) => {
      const engine = engineOfTexts(now.map(({ text }) => text));
      return (query: Query) => allowedBy(engine, query);
    };
    expect(disagreements(file, items, engineOf)).toEqual([]);
  });
});

describe.each(cases.filter((file) => file.manifests !== undefined))('$folder', (file) => {
  test.each(file.manifests ?? [])('$name', ({ name, yaml, errors }) => {
    const { diagnostics } = readManifests([{ name, text: yaml }]);
    const found = diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    expect(found).toEqual(errors.map((error) => expect.stringContaining(error) as unknown));
  });
});
