/** The measured matrix for people: a row for who connects, a column for whom. */
import { formatIp } from '../base/inet-format.ts';
import type { Disagreement, JudgedAttempt, ProbeReport } from '../probe/judge-probes.ts';
import { comparePorts } from '../probe/probe-ports.ts';
import { displayWidth, padEnd } from './display-width.ts';
import { visible } from './escape.ts';
import type { Palette } from './palette.ts';
import { asciiSymbols, type Symbols, unicodeSymbols } from './symbols.ts';
import { renderVerdictText } from './verdict-text.ts';
import { compareText, countOf } from './wording.ts';

export interface ProbeTextOptions {
  readonly palette: Palette;
  readonly width: number;
  readonly ascii: boolean;
}

/** Disagreements explained before the rest is counted. */
const EXPLAINED = 5;
/** Open ports named in a cell. */
const NAMED_PORTS = 3;
const LISTED = 20;

export function renderProbeText(report: ProbeReport, options: ProbeTextOptions): string {
  const symbols = options.ascii ? asciiSymbols : unicodeSymbols;
  const lines = [
    ...(report.simulated
      ? [options.palette.yellow('simulated: the engine answered its own question, no packet was sent'), '']
      : []),
    ...matrix(report, options, symbols),
    '',
    ...summary(report, options),
    ...broken(report, options, symbols),
  ];
  const explained = report.disagreements
    .slice(0, EXPLAINED)
    .map((disagreement) => `\n${explanation(disagreement, report, options)}`);
  const rest = report.disagreements.length - explained.length;
  const more = rest > 0 ? [`\nand ${rest} more; -o json lists them all\n`] : [];
  return `${lines.join('\n')}\n${explained.join('')}${more.join('')}`;
}

function matrix({ plan, judged }: ProbeReport, { palette }: ProbeTextOptions, symbols: Symbols): readonly string[] {
  const cells = new Map<string, JudgedAttempt[]>();
  const rows = new Set<string>();
  const columns = new Set<string>();
  for (const each of judged) {
    const from = plan.sources[each.attempt.source]?.group ?? '';
    const to = plan.targets[each.attempt.target]?.group ?? '';
    rows.add(from);
    columns.add(to);
    const key = cellKey(from, to);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [each]);
    else cell.push(each);
  }
  const isOutside = (name: string): number => (name.includes('/') ? 0 : 1);
  const order = (a: string, b: string): number => isOutside(a) - isOutside(b) || compareText(a, b);
  const names = [...new Set([...rows, ...columns])].toSorted(order);
  const number = new Map(names.map((name, index) => [name, String(index + 1)]));
  const heads = [...columns].toSorted(order);
  const texts = [...rows].toSorted(order).map((row) => ({
    label: `${number.get(row) ?? ''} ${visible(row)}`,
    cells: heads.map((column) => cellText(cells.get(cellKey(row, column)) ?? [], symbols)),
  }));
  const labelWidth = Math.max(...texts.map(({ label }) => displayWidth(label)), 4);
  const widths = heads.map((column, index) =>
    Math.max(displayWidth(number.get(column) ?? ''), ...texts.map((row) => displayWidth(row.cells[index]?.text ?? ''))),
  );
  const outsiders = names.filter((name) => !rows.has(name)).map((name) => `${number.get(name) ?? ''} ${visible(name)}`);
  return [
    palette.dim(
      `${padEnd(`from ${symbols.to} to`, labelWidth)}  ${heads.map((column, index) => padEnd(number.get(column) ?? '', widths[index] ?? 0)).join('  ')}`.trimEnd(),
    ),
    ...texts.map(({ label, cells: row }) =>
      [
        padEnd(label, labelWidth),
        ...row.map(({ text, state }, index) => paint(palette, state)(padEnd(text, widths[index] ?? 0))),
      ]
        .join('  ')
        .trimEnd(),
    ),
    ...outsiders.map((label) => palette.dim(label)),
  ];
}

function cellKey(from: string, to: string): string {
  return JSON.stringify([from, to]);
}

type CellState = 'allowed' | 'denied' | 'mixed' | 'none' | 'wrong';

function cellText(
  attempts: readonly JudgedAttempt[],
  symbols: Symbols,
): { readonly text: string; readonly state: CellState } {
  const tried = attempts.filter(({ allowed }) => allowed !== undefined);
  if (tried.length === 0) return { text: attempts.length === 0 ? symbols.dot : symbols.unknown, state: 'none' };
  const isWrong = tried.some(({ judgement }) => judgement === 'leaks' || judgement === 'lost');
  const open = tried.filter(({ allowed }) => allowed === true);
  const text =
    open.length === tried.length ? symbols.allowed : open.length === 0 ? symbols.denied : openPorts(open, tried);
  if (isWrong) return { text: `${text}!`, state: 'wrong' };
  return { text, state: open.length === tried.length ? 'allowed' : open.length === 0 ? 'denied' : 'mixed' };
}

/** The ports that are open between all pairs of the cell, when they are few; else how many attempts got through. */
function openPorts(open: readonly JudgedAttempt[], tried: readonly JudgedAttempt[]): string {
  const byPort = (list: readonly JudgedAttempt[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const { attempt } of list) {
      const name =
        attempt.protocol === 'TCP' ? String(attempt.port) : `${attempt.port}/${attempt.protocol.toLowerCase()}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  };
  const all = byPort(tried);
  const found = byPort(open.toSorted((a, b) => comparePorts(a.attempt, b.attempt)));
  const isWhole = [...found].every(([name, count]) => all.get(name) === count);
  return isWhole && found.size <= NAMED_PORTS ? [...found.keys()].join(',') : `${open.length}/${tried.length}`;
}

function paint(palette: Palette, state: CellState): (text: string) => string {
  switch (state) {
    case 'allowed':
      return palette.green;
    case 'denied':
      return palette.dim;
    case 'wrong':
      return palette.red;
    case 'mixed':
      return palette.cyan;
    case 'none':
      return palette.dim;
  }
}

function summary(
  { judged, counts, plan, broken: promises }: ProbeReport,
  { palette }: ProbeTextOptions,
): readonly string[] {
  const { agrees, leaks, lost, unpredicted, untried } = counts;
  const parts = [
    ...(leaks === 0 ? [] : [`${leaks} got through although denied`]),
    ...(lost === 0 ? [] : [`${lost} did not get through although allowed`]),
    ...(promises.length === 0 ? [] : [`${promises.length} not as promised`]),
    ...(unpredicted === 0 ? [] : [`${unpredicted} could not be predicted`]),
    ...(untried === 0
      ? []
      : [`${untried} could not be tried (${[...new Set(reasons(judged))].slice(0, 3).join('; ')})`]),
  ];
  const head = `${countOf(judged.length, 'connection')}: ${agrees} as predicted`;
  const line = [head, ...parts].join(', ');
  const colour = leaks + lost + promises.length > 0 ? palette.red : palette.green;
  return [colour(line), ...plan.notes.map((note) => palette.dim(`note: ${visible(note)}`))];
}

function reasons(judged: readonly JudgedAttempt[]): readonly string[] {
  return judged
    .filter(({ judgement }) => judgement === 'untried')
    .map(({ attempt: { protocol }, measured: { outcome, text } }) => {
      const why = visible(text === '' ? outcome : text);
      return outcome === 'unsupported' ? `${protocol}: ${why}` : why;
    });
}

function broken(
  { broken: found, plan }: ProbeReport,
  { palette }: ProbeTextOptions,
  symbols: Symbols,
): readonly string[] {
  const lines = found.slice(0, LISTED).map(({ attempt, measured }) => {
    const [from, to] = [plan.sources[attempt.source]?.label ?? '', plan.targets[attempt.target]?.label ?? ''];
    const what = `${visible(from)} ${symbols.to} ${visible(to)} ${attempt.protocol.toLowerCase()} ${attempt.port}`;
    return `${palette.red(symbols.denied)} ${what}: promised to be ${attempt.expected?.verdict ?? ''}, measured: ${measured.outcome}`;
  });
  const rest = found.length - lines.length;
  return rest > 0 ? [...lines, `and ${rest} more`] : lines;
}

function explanation({ judged, verdict }: Disagreement, { plan }: ProbeReport, options: ProbeTextOptions): string {
  const { attempt, measured } = judged;
  const to = plan.targets[attempt.target];
  const ip = formatIp(attempt.address);
  const at = to?.label === ip ? '' : ` (${ip})`;
  const [from, target] = [visible(plan.sources[attempt.source]?.label ?? ''), visible(to?.label ?? '')];
  const head = `measured ${measured.outcome}: ${from} to ${target}${at}, ${attempt.protocol.toLowerCase()} ${attempt.port}; predicted:`;
  return `${options.palette.red(head)}\n${renderVerdictText(verdict, options)}`;
}
