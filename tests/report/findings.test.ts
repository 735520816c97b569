import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderFindingsJson } from '../../src/report/finding-json.ts';
import { renderFindingsMarkdown } from '../../src/report/finding-markdown.ts';
import { fails } from '../../src/report/finding-summary.ts';
import { type FindingTextOptions, renderFindingsText } from '../../src/report/finding-text.ts';
import { renderGithubAnnotations } from '../../src/report/github-annotations.ts';
import { renderJunit, xmlText } from '../../src/report/junit.ts';
import { ansiPalette, plainPalette } from '../../src/report/palette.ts';
import { renderProfileText } from '../../src/report/profile-text.ts';
import { fileUri, renderSarif } from '../../src/report/sarif.ts';
import type { AuditReport } from '../../src/rules/audit.ts';
import { expectGolden } from './golden.ts';
import { anyName, hostileNames, unsafe } from './hostile.ts';
import { cleanReport, hostileReport, sampleProfile, sampleReport } from './sample-findings.ts';

const plain: FindingTextOptions = { palette: plainPalette, width: 80, ascii: false, full: false, brief: false };
const sarifOptions = { version: '1.2.3', page: (rule: string) => (rule === 'open-door' ? '# open-door\n' : undefined) };

/** Every format by the name of its golden. */
const formats: readonly (readonly [name: string, render: (report: AuditReport) => string])[] = [
  ['findings.txt', (report) => renderFindingsText(report, plain) + renderProfileText(sampleProfile, plain)],
  ['findings-full-ascii.txt', (report) => renderFindingsText(report, { ...plain, full: true, ascii: true })],
  ['findings-brief.txt', (report) => renderFindingsText(report, { ...plain, brief: true })],
  ['findings.json', (report) => renderFindingsJson(report, sampleProfile)],
  ['findings.md', (report) => renderFindingsMarkdown(report, sampleProfile)],
  ['findings-sarif.json', (report) => renderSarif(report, sarifOptions)],
  ['findings-junit.xml', (report) => renderJunit(report, { failOn: 'warning' })],
  ['findings-github.txt', renderGithubAnnotations],
];

describe('findings', () => {
  it.each(formats)('%s', (name, render) => {
    expectGolden(name, render(sampleReport));
  });

  it.each(formats)('%s of an audit without findings', (name, render) => {
    expectGolden(name.replace('findings', 'no-findings'), render(cleanReport));
  });

  it.each(formats)('%s is not broken by what names contain', (name, render) => {
    const check = (text: string): void => {
      const rendered = render(hostileReport(text));
      // Line breaks of the format itself are fine.
      expect(rendered.replaceAll('\n', ' ')).not.toMatch(unsafe);
      if (name.endsWith('.json')) expect(() => void JSON.parse(rendered)).not.toThrow();
      if (name.endsWith('.xml')) expectWellFormed(rendered);
      if (name === 'findings-github.txt') {
        expect(rendered.split('\n').filter((line) => line.startsWith('::'))).toHaveLength(1);
        expect(rendered.split('\n')).toHaveLength(3);
      }
    };
    for (const text of hostileNames) check(text);
    fc.assert(fc.property(anyName, check), { numRuns: 50 });
  });

  it('keep their lines when they are coloured', () => {
    const coloured = renderFindingsText(sampleReport, { ...plain, palette: ansiPalette });
    const stripped = coloured.replaceAll(new RegExp(String.raw`${String.fromCodePoint(27)}\[\d+m`, 'g'), '');
    expect(coloured).not.toBe(stripped);
    expect(stripped).toBe(renderFindingsText(sampleReport, plain));
  });

  it.each([
    ['error', true],
    ['never', false],
  ] as const)('fail on %s: %s', (level, expected) => {
    expect(fails(sampleReport.findings, level)).toBe(expected);
  });

  it('below the level do not fail', () => {
    const notes = sampleReport.findings.filter(({ severity }) => severity === 'info');
    expect([fails(notes, 'info'), fails(notes, 'warning'), fails([], 'info')]).toEqual([true, false, false]);
  });
});

describe('SARIF', () => {
  const schema: unknown = JSON.parse(readFileSync(new URL('sarif-schema/sarif-2.1.0.json', import.meta.url), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema as object);
  const errorsOf = (report: AuditReport): unknown => {
    validate(JSON.parse(renderSarif(report, sarifOptions)));
    return validate.errors ?? [];
  };

  it('is what the standard asks for', () => {
    expect(errorsOf(sampleReport)).toEqual([]);
    expect(errorsOf(cleanReport)).toEqual([]);
    for (const text of hostileNames) expect([text, errorsOf(hostileReport(text))]).toEqual([text, []]);
  });

  it('would be refused otherwise', () => {
    expect(validate({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false);
  });

  it('names rules by index', () => {
    const { runs } = JSON.parse(renderSarif(sampleReport, sarifOptions)) as {
      runs: { tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number }[] }[];
    };
    for (const { tool, results } of runs) {
      for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    }
  });

  it.each([
    ['k8s/web.yaml', 'k8s/web.yaml'],
    ['./k8s/my web.yaml', 'k8s/my%20web.yaml'],
    ['/srv/a#b.yaml', 'file:///srv/a%23b.yaml'],
    ['C:\\k8s\\a.yaml', 'file:///C:/k8s/a.yaml'],
    ['<stdin>', '%3Cstdin%3E'],
  ])('the URI of %s is %s', (name, uri) => {
    expect(fileUri(name)).toBe(uri);
  });
});

describe('XML text', () => {
  it.each([
    ['a & b', 'a &amp; b'],
    ['<a href="x">', '&lt;a href=&quot;x&quot;&gt;'],
    ["it's", 'it&apos;s'],
    [']]>', ']]&gt;'],
    ['\u0000\u0008', '\\u{0}\\u{8}'],
    ['\uFFFE', '\uFFFD'],
    ['two\nlines', 'two\nlines'],
  ])('%j', (text, expected) => {
    expect(xmlText(text)).toBe(expected);
  });
});

/** Elements nest, attributes are quoted, and nothing is left that XML would read as markup. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1.0" encoding="UTF-8"\?>\n/, '');
  expect(body).not.toBe(xml);
  const rest = body.replace(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g, (_, close, name: string, __, empty) => {
    if (close === '/') expect(open.pop()).toBe(name);
    else if (empty !== '/') open.push(name);
    return '';
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]/);
  expect(body.replace(/&(?:amp|lt|gt|quot|apos);/g, '')).not.toContain('&');
}
