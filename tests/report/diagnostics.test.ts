import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/base/diagnostic.ts';
import type { SourceText, Span } from '../../src/base/source.ts';
import { renderDiagnosticsJson } from '../../src/report/diagnostics-json.ts';
import { renderDiagnostics } from '../../src/report/diagnostics.ts';
import { displayWidth } from '../../src/report/display-width.ts';
import { visible } from '../../src/report/escape.ts';
import { ansiPalette, plainPalette } from '../../src/report/palette.ts';
import { expectGolden } from './golden.ts';
import { anyName, unsafe } from './hostile.ts';

function source(name: string, text: string): SourceText {
  return { name, text };
}

/** The place of `needle`. */
function at(where: SourceText, needle: string): Span {
  const start = where.text.indexOf(needle);
  if (start === -1) throw new Error(`${needle} is not in the text`);
  return { source: where, start, end: start + needle.length };
}

const policy = source(
  'policies/web.yaml',
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n  podSelector: {}\n  podSelector: {}\n  ingress:\n    - form: []\n',
);
const crlf = source('policies/crlf.yaml', 'kind: Pod\r\nspec:\r\n\tname: bad\r\n');
const wide = source('app.yaml', 'name: 日本語のサービス # comment: wrong\n');
const long = source('long.json', `{"a":"${'x'.repeat(500)}","port":"wrong","b":"${'y'.repeat(500)}"}`);

const samples: readonly Diagnostic[] = [
  {
    severity: 'error',
    code: 'unknown-field',
    message: 'spec.ingress[0]: unknown field "form"',
    span: at(policy, 'form'),
    object: 'NetworkPolicy shop/web',
    help: 'did you mean "from"?',
  },
  {
    severity: 'error',
    code: 'duplicate-key',
    message: 'key "podSelector" is already set in map',
    span: {
      ...at(policy, '  podSelector: {}\n  ingress'),
      start: policy.text.lastIndexOf('podSelector'),
      end: policy.text.lastIndexOf('podSelector') + 11,
    },
    object: 'NetworkPolicy shop/web',
    related: [{ message: 'first set here', span: at(policy, 'podSelector') }],
  },
  { severity: 'warning', code: 'tab', message: 'a tab indents this line', span: at(crlf, 'bad') },
  { severity: 'info', code: 'wide', message: 'looks odd', span: at(wide, 'wrong') },
  { severity: 'error', code: 'port', message: 'must be a number', span: at(long, '"wrong"') },
  {
    severity: 'error',
    code: 'block',
    message: 'is not an object',
    span: { source: policy, start: policy.text.indexOf('spec:'), end: policy.text.length },
  },
  { severity: 'error', code: 'live', message: 'is not valid', object: 'NetworkPolicy shop/live' },
  {
    severity: 'error',
    code: 'end',
    message: 'unexpected end',
    span: { source: crlf, start: crlf.text.length, end: crlf.text.length },
  },
];

describe('text', () => {
  it('shows place, line, related places, object and help', () => {
    expectGolden('diagnostics.txt', renderDiagnostics(samples, { palette: plainPalette, excerpts: true, width: 80 }));
    expectGolden(
      'diagnostics-colour.txt',
      renderDiagnostics(samples.slice(0, 2), { palette: ansiPalette, excerpts: true, width: 80 }),
    );
    expectGolden('diagnostics-short.txt', renderDiagnostics(samples, { palette: plainPalette, limit: 3, ascii: true }));
  });

  it('is empty when nothing was found', () => {
    expect(renderDiagnostics([], { palette: plainPalette, excerpts: true })).toBe('');
  });

  it('does not depend on the order of the findings', () => {
    const options = { palette: plainPalette, excerpts: true };
    expect(renderDiagnostics(samples.toReversed(), options)).toBe(renderDiagnostics(samples, options));
  });

  const line = fc
    .array(fc.constantFrom('a', 'bc ', '\t', '日', '😀', 'é', '\u001B', '\u202E', 'name: '), { maxLength: 60 })
    .map((parts) => parts.join(''));

  it('puts the carets under the span, whatever stands before it', () => {
    fc.assert(
      fc.property(
        line,
        line,
        fc.constantFrom('\n', '\r\n', ''),
        fc.integer({ min: 30, max: 120 }),
        (before, after, end, width) => {
          const where = source('f.yaml', `first\n${before}NEEDLE${after}${end}`);
          const text = renderDiagnostics([{ severity: 'error', code: 'c', message: 'm', span: at(where, 'NEEDLE') }], {
            palette: plainPalette,
            excerpts: true,
            width,
          });
          const [, shown = '', carets = ''] = text.split('\n');
          expect(shown).toContain('NEEDLE');
          expect(displayWidth(shown.slice(0, shown.indexOf('NEEDLE')))).toBe(
            displayWidth(carets.slice(0, carets.indexOf('^'))),
          );
          expect(carets.trimStart()).toMatch(/^\| *\^{6}$/);
          expect(displayWidth(shown)).toBeLessThanOrEqual(Math.max(width, 40));
        },
      ),
    );
  });

  it('takes one look at a huge line, not all of it', () => {
    const huge = source('huge.json', `{"a":"${'x'.repeat(5_000_000)}"}`);
    const text = renderDiagnostics(
      [{ severity: 'error', code: 'c', message: 'm', span: { source: huge, start: 4_000_000, end: 5_000_000 } }],
      {
        palette: plainPalette,
        excerpts: true,
        width: 80,
      },
    );
    expect(text.length).toBeLessThan(500);
  });

  it('prints nothing that acts on the terminal', () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        const where = source(a, `${b}\nX${a}\n`);
        const found: Diagnostic = {
          severity: 'error',
          code: a,
          message: b,
          span: at(where, 'X'),
          object: a,
          help: b,
          related: [{ message: a, span: { source: where, start: 0, end: 1 } }],
        };
        const text = renderDiagnostics([found], { palette: plainPalette, excerpts: true });
        expect(text).not.toMatch(unsafe);
        expect(text).toContain(visible(b));
      }),
    );
  });
});

describe('json', () => {
  it('is the contract', () => {
    expectGolden('diagnostics.json', renderDiagnosticsJson(samples));
    const parsed = JSON.parse(renderDiagnosticsJson(samples)) as { diagnostics: Record<string, unknown>[] };
    expect(Object.keys(parsed)).toEqual(['apiVersion', 'kind', 'diagnostics']);
    const known = [
      'severity',
      'code',
      'message',
      'file',
      'line',
      'column',
      'endLine',
      'endColumn',
      'object',
      'help',
      'related',
    ];
    for (const entry of parsed.diagnostics) expect(Object.keys(entry)).toEqual(known.filter((key) => key in entry));
    expect(JSON.parse(renderDiagnosticsJson([]))).toEqual({
      apiVersion: 'sallyport.dev/v1',
      kind: 'Diagnostics',
      diagnostics: [],
    });
  });

  it('survives hostile text', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const text = renderDiagnosticsJson([
          {
            severity: 'error',
            code: 'c',
            message: name,
            span: { source: source(name, name), start: 0, end: name.length },
          },
        ]);
        expect(text).not.toMatch(unsafe);
        const parsed = JSON.parse(text) as { diagnostics: { message: string; file: string }[] };
        expect(parsed.diagnostics[0]?.message).toBe(name);
        expect(parsed.diagnostics[0]?.file).toBe(name);
      }),
    );
  });
});
