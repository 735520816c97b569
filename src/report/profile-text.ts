/** Pass or fail of every control, for people. */
import type { ControlResult, ProfileReport } from '../rules/profile-report.ts';
import { visible } from './escape.ts';
import type { FindingTextOptions } from './finding-text.ts';
import { asciiSymbols, unicodeSymbols } from './symbols.ts';
import { countOf } from './wording.ts';

export function renderProfileText({ profile, controls }: ProfileReport, options: FindingTextOptions): string {
  const { palette, ascii } = options;
  const symbols = ascii ? asciiSymbols : unicodeSymbols;
  const widest = Math.max(...controls.map(({ control }) => control.id.length));
  const lines = ['', palette.bold(profile.title)];
  for (const result of controls) {
    const { control, status } = result;
    const mark =
      status === 'pass'
        ? palette.green(`${symbols.allowed} pass     `)
        : status === 'fail'
          ? palette.red(`${symbols.denied} fail     `)
          : palette.yellow(`${symbols.unknown} undecided`);
    lines.push(`  ${mark}  ${control.id.padEnd(widest)}  ${control.title}${palette.dim(remark(result))}`);
  }
  const passed = controls.filter(({ status }) => status === 'pass').length;
  const failed = controls.filter(({ status }) => status === 'fail').length;
  const open = controls.length - passed - failed;
  lines.push(`${passed} passed, ${failed} failed${open > 0 ? `, ${open} cannot be decided from this input` : ''}`);
  return `${lines.join('\n')}\n`;
}

function remark({ status, findings, why }: ControlResult): string {
  if (status === 'fail') return ` (${countOf(findings.length, 'finding')})`;
  return why === undefined ? '' : ` (${visible(why)})`;
}
