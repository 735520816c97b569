/**
 * Three-valued answers (D14): facts are taken away from a complete cluster. Whatever the engine still calls certain must
 * be true of the original and of every other cluster that the rest may belong to. Whatever it calls unknown should
 * differ between two of them; how often no difference was found is counted, not judged.
 */
import type { Engine } from '../../src/engine/engine.ts';
import type { Verdict } from '../../src/engine/query.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { type End, Oracle, type Query } from '../oracle/oracle.ts';
import { endpointOf } from './agreement.ts';
import { complete, forget } from './missing-facts.ts';
import { askedPorts, endName, pairsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { engineOf } from './under-test.ts';

export interface MissingFindings {
  queries: number;
  unknown: number;
  overCautious: number;
  readonly wrong: string[];
  /** The unknown answers for which no two completions were found that differ. */
  readonly cautious: string[];
}

const completionsTried = 6;
/** Before an unknown counts as over-cautious. */
const completionsForUnknown = 120;
const portsTried = [...askedPorts.slice(0, 2), ...askedPorts.slice(5, 6), ...askedPorts.slice(-1)];

/** Undefined where the two share no family: there is no such connection then, and nothing to be wrong about. */
function allowed(oracle: Oracle, from: End, to: End, at: Pick<Query, 'protocol' | 'port'>): boolean | undefined {
  const shared = ([4, 6] as const).filter((family) =>
    [from, to].every((end) => oracle.addresses(end, family).length > 0),
  );
  if (shared.length === 0) return undefined;
  return shared.some((family) => oracle.evaluate({ from, to, ...at, family }).allowed);
}

export function checkIncomplete(
  incomplete: readonly Manifest[],
  completions: readonly (readonly Manifest[])[],
  another: () => readonly Manifest[],
): MissingFindings {
  const findings: MissingFindings = { queries: 0, unknown: 0, overCautious: 0, wrong: [], cautious: [] };
  const engine: Engine = engineOf(incomplete);
  const extra: Oracle[] = [];
  const oracles = completions.map((objects) => new Oracle(objects));
  for (const { from, to } of pairsOf(incomplete)) {
    const ends = { from: endpointOf(engine, from), to: endpointOf(engine, to) };
    for (const at of portsTried) {
      const verdict = engine.verdict({ ...ends, ...at });
      const truths = oracles.map((oracle) => allowed(oracle, from, to, at));
      findings.queries += truths.length;
      const explained = findings.queries % 5 === 0 ? engine.explain({ ...ends, ...at }) : undefined;
      if (explained !== undefined && !tellsTheSame(explained, verdict)) {
        findings.wrong.push(
          `${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port}: ${verdict}, explained as ${JSON.stringify(explained)}`,
        );
      }
      if (verdict === 'unknown') {
        findings.unknown++;
        if (!differs(truths, (index) => allowed((extra[index] ??= new Oracle(another())), from, to, at))) {
          findings.overCautious++;
          findings.cautious.push(`${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port}`);
        }
        continue;
      }
      const against = truths.findIndex((truth) => truth !== undefined && truth !== (verdict === 'allowed'));
      if (against === -1) continue;
      findings.wrong.push(
        `${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port}: ${verdict}, but not in completion ${against}`,
      );
    }
  }
  return findings;
}

/** The explanation has the same verdict, gates that lead to it, and a reason where it is unknown. */
function tellsTheSame(result: ReturnType<Engine['explain']>, verdict: Verdict): boolean {
  const { egress, ingress } = result;
  if (
    result.verdict !== verdict ||
    result.certain !== (verdict !== 'unknown') ||
    result.allowed !== (verdict === 'allowed')
  )
    return false;
  if (verdict === 'allowed') return egress.allowed && ingress.allowed;
  if (verdict === 'denied') return [egress, ingress].some((gate) => !gate.allowed && gate.certain);
  const open = [egress, ingress].filter((gate) => !gate.certain);
  return [result, ...open].some(({ why }) => (why ?? []).length > 0);
}

function differs(truths: readonly (boolean | undefined)[], more: (index: number) => boolean | undefined): boolean {
  const seen = new Set(truths);
  for (let index = 0; index < completionsForUnknown && !(seen.has(true) && seen.has(false)); index++)
    seen.add(more(index));
  return seen.has(true) && seen.has(false);
}

function clustersOf(seed: number): {
  incomplete: Manifest[];
  completions: (readonly Manifest[])[];
  another: () => Manifest[];
} {
  const random = new Random(seed ^ 0x5eed);
  const original = randomCluster(seed);
  const incomplete = forget(random, original);
  // The original is one of the clusters that the rest may belong to, unless a rule about families forbids it.
  const another = () => complete(random, incomplete);
  return { incomplete, completions: Array.from({ length: completionsTried }, another), another };
}

export function checkMissing(seed: number): MissingFindings {
  const { incomplete, completions, another } = clustersOf(seed);
  return checkIncomplete(incomplete, completions, another);
}

export function describeMissing(seed: number): string {
  const { incomplete, completions, another } = clustersOf(seed);
  const { wrong } = checkIncomplete(incomplete, completions, another);
  const at = Number(/completion (\d+)$/.exec(wrong[0] ?? '')?.[1] ?? 0);
  return [
    `seed ${seed}: certain, and yet not true of every cluster that this may be`,
    ...wrong.slice(0, 5),
    'incomplete:',
    ...incomplete.map((object) => JSON.stringify(object)),
    `completion ${at}:`,
    ...(completions[at] ?? [])
      .filter((object) => ['Pod', 'Namespace'].includes(object.kind))
      .map((object) => JSON.stringify(object)),
  ].join('\n');
}
