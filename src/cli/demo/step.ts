import type { Engine } from '../../engine/engine.ts';
import { parseEndpoint } from '../../engine/endpoint.ts';
import type { ConnectivityMap, GateResult, MapPeer, VerdictResult } from '../../engine/results.ts';
import { parseTarget } from '../../engine/service-target.ts';
import { explainTarget } from '../../engine/target-verdict.ts';
import { invariant } from '../../base/assert.ts';
import { renderMapText } from '../../report/map-text.ts';
import { wrapInto } from '../../report/display-width.ts';
import { renderVerdictText } from '../../report/verdict-text.ts';
import { drawableMap } from '../drawable-map.ts';
import type { Look } from '../print-report.ts';

/** A connection to explain, in the notation of `can`. */
export interface Question {
  readonly source: string;
  readonly target: string;
}

/** One picture of the walk: what is the case now, the map, some connections explained. */
export interface Step {
  readonly title: string;
  readonly text: string;
  readonly engine: Engine;
  /** Namespaces that the map leaves undescribed. */
  readonly hidden?: ReadonlySet<string>;
  readonly questions: readonly Question[];
  /** Leaves out how the questions were understood, where an earlier step has said it. */
  readonly terse?: boolean;
}

export function renderStep({ title, text, engine, hidden, questions, terse }: Step, look: Look): string {
  const { palette, width } = look;
  const lines = [palette.bold(`== ${title}`), ...wrapInto(text, Math.min(width, 100), ''), ''];
  const { map, note } = drawableMap(engine);
  const picture = renderMapText(map, {
    ...look,
    ...(note === undefined ? {} : { notes: [note] }),
    ...(hidden === undefined ? {} : { focus: visiblePeers(map, hidden) }),
  });
  const answers = questions.map((question) => `\n${renderQuestion(engine, question, look, terse === true)}`);
  return `${lines.join('\n')}\n${picture}${answers.join('')}\n`;
}

function visiblePeers({ peers }: ConnectivityMap, hidden: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    peers.filter((peer) => peer.type !== 'external' && !hidden.has(namespaceOf(peer))).map(({ id }) => id),
  );
}

function namespaceOf(peer: Exclude<MapPeer, { readonly type: 'external' }>): string {
  return peer.type === 'workload' ? peer.namespace : peer.name;
}

/** A connection and its explanation. @param terse leaves out how the question was understood */
export function renderQuestion(engine: Engine, question: Question, look: Look, terse: boolean): string {
  return `${prompt(question, look)}\n${answer(engine, question, look, terse)}`;
}

function prompt({ source, target }: Question, { palette }: Look): string {
  return palette.dim(`$ sallyport can ${source} ${target}`);
}

function answer(engine: Engine, { source, target }: Question, look: Look, terse: boolean): string {
  const from = parseEndpoint(engine.cluster, source);
  const to = parseTarget(engine.cluster, target);
  invariant(from.ok && to.ok, `the demonstration asks for ${source} and ${target}, which are not there`);
  const { verdict, notes } = explainTarget(engine, from.value, to.value);
  return renderVerdictText(withoutNearMisses(verdict), { ...look, ...(terse ? {} : { notes }) });
}

/** They are what makes the answer long; `can` itself shows them. */
function withoutNearMisses(verdict: VerdictResult): VerdictResult {
  return { ...verdict, egress: plain(verdict.egress), ingress: plain(verdict.ingress) };
}

function plain({ allowed, certain, isolated, tier, by, why }: GateResult): GateResult {
  return { allowed, certain, isolated, tier, by, ...(why === undefined ? {} : { why }) };
}
