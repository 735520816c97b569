import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  csvCell,
  dotString,
  jsonLine,
  markdownCode,
  markdownText,
  mermaidText,
  visible,
} from '../../src/report/escape.ts';
import { anyName, hostileNames, unsafe } from './hostile.ts';

describe('visible', () => {
  it.each([
    ['plain', 'plain'],
    ['a\nb', String.raw`a\nb`],
    ['\u001B[2J', String.raw`\u{1b}[2J`],
    ['\u202Eabc', String.raw`\u{202e}abc`],
    ['\uD800', String.raw`\u{d800}`],
    ['日本語 ✓', '日本語 ✓'],
    ['😀', '😀'],
  ])('%j', (input, expected) => {
    expect(visible(input)).toBe(expected);
  });

  it('leaves nothing that changes the text around it', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(visible(name)).not.toMatch(unsafe);
        expect(visible(name)).not.toContain('\n');
      }),
    );
  });
});

describe('jsonLine', () => {
  it('parses to the same value and is one safe line', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const text = jsonLine({ name, list: [name] });
        expect(JSON.parse(text)).toEqual({ name, list: [name] });
        expect(text).not.toMatch(unsafe);
        expect(text).not.toContain('\n');
        expect(text).not.toContain('</');
      }),
    );
  });
});

describe('csvCell', () => {
  it.each([
    ['a', 'a'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=1+1', `"'=1+1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['-1', `"'-1"`],
    ['a\nb', String.raw`a\nb`],
    ['\t=1', String.raw`\t=1`],
  ])('%j', (input, expected) => {
    expect(csvCell(input)).toBe(expected);
  });
});

describe('markdownText', () => {
  it.each([
    ['a|b', String.raw`a\|b`],
    ['<b>', '&lt;b&gt;'],
    ['&lt;', '&amp;lt;'],
    ['`x`', '\\`x\\`'],
    ['[a](b)', String.raw`\[a\]\(b\)`],
    ['@team', '&#64;team'],
    ['https://x', 'https&#58;//x'],
    ['www.x.org', 'www&#46;x.org'],
    ['- item', String.raw`\- item`],
    ['1. item', String.raw`1\. item`],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['shop/*', String.raw`shop/\*`],
  ])('%j', (input, expected) => {
    expect(markdownText(input)).toBe(expected);
  });

  it('lets no HTML and no cell separator through', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const text = markdownText(name);
        expect(text).not.toMatch(/[<>]|(?<!\\)(?:\\\\)*[|`[\]*_]/);
        expect(text).not.toMatch(unsafe);
      }),
    );
  });
});

describe('markdownCode', () => {
  it.each([
    ['a', '`a`'],
    ['a`b', '`` a`b ``'],
    ['``', '``` `` ```'],
    ['a|b', '`a\\|b`'],
    ['', ''],
  ])('%j', (input, expected) => {
    expect(markdownCode(input)).toBe(expected);
  });

  it('closes only at its own fence', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const text = markdownCode(name);
        if (text === '') return;
        const fence = /^`+/.exec(text)?.[0] ?? '';
        const body = text.slice(fence.length, -fence.length);
        expect(text.endsWith(fence)).toBe(true);
        expect((body.match(/`+/g) ?? []).every((run) => run.length < fence.length)).toBe(true);
        expect(body.startsWith('`')).toBe(false);
        expect(body.endsWith('`')).toBe(false);
      }),
    );
  });
});

describe('dotString', () => {
  it('is one quoted string that reads back as the visible text', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const text = dotString(name);
        expect(text).toMatch(/^"(?:[^"\\\n]|\\["\\])*"$/u);
        expect(
          text
            .slice(1, -1)
            .replaceAll('&amp;', '&')
            .replace(/\\(["\\])/g, '$1'),
        ).toBe(visible(name));
      }),
    );
  });
});

describe('mermaidText', () => {
  it('has nothing that Mermaid, Markdown or HTML acts on, and reads back as the visible text', () => {
    for (const name of hostileNames) expect(mermaidText(name)).not.toMatch(/["'<>`\\[\]{}|%&@*_~$]/);
    fc.assert(
      fc.property(anyName, (name) => {
        const text = mermaidText(name);
        expect(text).not.toMatch(/["'<>`\\[\]{}|%&@*_~$]/);
        expect(text).not.toMatch(unsafe);
        const back = text.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
        expect(back).toBe(visible(name));
      }),
    );
  });
});
