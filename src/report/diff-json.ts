import type { ConnectivityDiff } from '../engine/semantic-diff-results.ts';
import { jsonLine } from './escape.ts';

const lists = ['peers', 'changes', 'isolation', 'exposed', 'possible', 'edits'] as const;

/** The difference for programs: the `ConnectivityDiff` contract, one entry a line so that two outputs diff well. */
export function renderDiffJson(diff: ConnectivityDiff): string {
  const { apiVersion, kind, before, after, relation, certain, counts, leftOut } = diff;
  const head = {
    apiVersion,
    kind,
    before,
    after,
    relation,
    certain,
    counts,
    ...(leftOut === undefined ? {} : { leftOut }),
  };
  const lines = Object.entries(head).map(([key, value]) => `  ${jsonLine(key)}: ${jsonLine(value)}`);
  for (const key of lists) {
    const entries = diff[key].map((entry) => `    ${jsonLine(entry)}`);
    lines.push(`  ${jsonLine(key)}: ${entries.length === 0 ? '[]' : `[\n${entries.join(',\n')}\n  ]`}`);
  }
  return `{\n${lines.join(',\n')}\n}\n`;
}
