import type { ConnectivityDiff } from '../engine/semantic-diff-results.ts';
import type { DiffReportOptions } from './diff-options.ts';
import { diffRows, idleEdits, sectionOrder, type DiffRow, type DiffSection } from './diff-rows.ts';
import {
  causesText,
  countsText,
  editPlace,
  editText,
  exposureText,
  exposureWhy,
  peersText,
  rowPorts,
  sectionTitles,
  verdictText,
} from './diff-words.ts';
import { markdownText } from './escape.ts';
import { possibleChangeText } from './possible-words.ts';
import { unicodeSymbols } from './symbols.ts';
import { countOf } from './wording.ts';

/** GitHub refuses comments that are longer. */
export const commentLimit = 65_536;

/** Sections of few rows that a reviewer must see stand open; the rest folds. */
const OPEN_ROWS = 12;

/**
 * The difference as a comment on a pull request: what it comes to, a table of what was opened to the internet and of the
 * other changes, everything long folded. Never longer than GitHub accepts: what does not fit is counted.
 */
export function renderDiffMarkdown(diff: ConnectivityDiff, options: Pick<DiffReportOptions, 'full'> = {}): string {
  const full = options.full === true;
  const rows = diffRows(diff);
  const page = new Page();
  page.add('## Network policy: what changes');
  page.add(`**${markdownText(verdictText(diff))}** ${markdownText(capital(countsText(diff)))}`.trimEnd());
  page.add(`From ${markdownText(diff.before)} to ${markdownText(diff.after)}.`);
  const summary = sectionOrder.flatMap((section): string[][] => {
    const own = rows.filter((row) => row.section === section);
    const connections = own.reduce((sum, row) => sum + row.connections, 0);
    return own.length === 0 ? [] : [[sectionTitles[section], String(connections)]];
  });
  if (summary.length > 1) page.addTable(['Change', 'Connections'], summary);
  for (const section of sectionOrder) {
    const own = rows.filter((row) => row.section === section);
    addSection(page, diff, section, own, full);
  }
  addRest(page, diff, full);
  return page.text();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function addSection(
  page: Page,
  diff: ConnectivityDiff,
  section: DiffSection,
  rows: readonly DiffRow[],
  full: boolean,
): void {
  if (rows.length === 0) return;
  const cells = rows.map((row) => [
    peersText(row.from, full),
    peersText(row.to, full),
    `${rowPorts(row, full)}${row.why.length === 0 ? '' : ` (unknown: ${row.why.join('; ')})`}`,
    causesText(diff, row.causes, full),
  ]);
  const title = `${section === 'internet' ? '⚠️ ' : ''}${sectionTitles[section]}`;
  const header = ['From', 'To', 'Ports', 'Because of'];
  const important = section === 'internet' || section === 'opened' || section === 'changed';
  if (important && rows.length <= OPEN_ROWS) {
    page.add(`### ${markdownText(title)}`);
    page.addTable(header, cells);
  } else page.addFolded(`${title} (${countOf(rows.length, 'row')})`, header, cells);
}

function addRest(page: Page, diff: ConnectivityDiff, full: boolean): void {
  if (diff.isolation.length > 0) {
    const words = { all: 'isolated', some: 'some pods', none: 'not isolated', unknown: 'unknown' };
    page.addFolded(
      `Isolation (${diff.isolation.length})`,
      ['Workload', 'Direction', 'Before', 'After', 'Because of'],
      diff.isolation.map(({ workload, direction, before, after, causes }) => [
        workload,
        direction,
        words[before],
        words[after],
        causesText(diff, causes, full),
      ]),
    );
  }
  if (diff.exposed.length > 0) {
    const opened = diff.exposed.some(({ change }) => change === 'opened');
    const rows = diff.exposed.map((exposure) => [exposureText(exposure, full), exposure.change, exposureWhy(exposure)]);
    const header = ['Exposed by Services, Ingresses and routes', 'Change', 'Remarks'];
    if (opened && rows.length <= OPEN_ROWS) page.addTable(header, rows);
    else page.addFolded(`Exposed by Services, Ingresses and routes (${rows.length})`, header, rows);
  }
  if (diff.possible.length > 0) {
    page.addFolded(
      `Open to peers that are not in the input (${diff.possible.length})`,
      ['Change', 'What'],
      diff.possible.map((change) => [change.change, possibleChangeText(change, unicodeSymbols, full)]),
    );
  }
  for (const [side, title] of [
    ['after', 'New'],
    ['before', 'Gone'],
  ] as const) {
    const peers = diff.peers.filter((peer) => peer.type !== 'external' && peer.in === side);
    if (peers.length > 0) page.add(`${title}: ${markdownText(peersText(peers, full))}.`);
  }
  const idle = idleEdits(diff);
  if (idle.length > 0) {
    page.addFolded(
      `Edits that change no connection (${idle.length})`,
      ['Edit', 'Place'],
      idle.map((edit) => [editText(edit), editPlace(edit)]),
    );
  }
}

/** Room for the note that something is missing, in UTF-16 units; GitHub counts the same or fewer. */
const RESERVED = 400;

/** Blocks of Markdown up to the limit of a comment. */
class Page {
  private readonly blocks: string[] = [];
  private used = 0;
  private cutRows = 0;

  add(block: string): boolean {
    if (this.used + block.length + 2 > commentLimit - RESERVED) {
      this.cutRows++;
      return false;
    }
    this.blocks.push(block);
    this.used += block.length + 2;
    return true;
  }

  addTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
    this.addRows(header, rows, '', '');
  }

  addFolded(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
    this.addRows(header, rows, `<details><summary>${markdownText(title)}</summary>\n\n`, '\n\n</details>');
  }

  text(): string {
    const blocks = [...this.blocks];
    if (this.cutRows > 0) {
      blocks.push(
        `_Cut: ${countOf(this.cutRows, 'row')} did not fit into a comment; \`sallyport diff\` in a terminal shows everything._`,
      );
    }
    return `${blocks.join('\n\n')}\n`;
  }

  private addRows(header: readonly string[], rows: readonly (readonly string[])[], open: string, close: string): void {
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    let block = `${open}${line(header)}\n${line(header.map(() => '---'))}`;
    const room = commentLimit - RESERVED - this.used - 2 - close.length;
    let shown = 0;
    for (const row of rows) {
      const text = line(row.map(markdownText));
      if (block.length + 1 + text.length > room) break;
      block += `\n${text}`;
      shown++;
    }
    this.cutRows += rows.length - shown;
    if (shown === 0) return;
    this.blocks.push(block + close);
    this.used += block.length + close.length + 2;
  }
}
