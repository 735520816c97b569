/** Names that try to break out of a report, and what must never come out of one. */
import fc from 'fast-check';

export const hostileNames: readonly string[] = [
  '\u001B[31mred\u001B[0m',
  '\u001B]8;;http://evil.example\u0007link\u001B]8;;\u0007',
  '\u009B2J',
  'a\nb',
  'a\r\nb',
  'a\tb',
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"] ; n1 --> n2["',
  '"]; evil [label="',
  '\\',
  '\\"',
  '-->',
  'end',
  '%% comment',
  '%%{init: {"theme":"dark"}}%%',
  '`code`',
  '```',
  '#34;',
  '#quot;',
  '|x|',
  '[a](javascript:alert(1))',
  '![x](http://evil.example/x.png)',
  '@everyone',
  'https://evil.example',
  'www.evil.example',
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\u202Egnp.exe',
  '\u2066x\u2069',
  'zero\u200Bwidth',
  '\uFEFFbom',
  '\u2028line',
  '\uD800lone',
  '\u{E0041}tag',
  '{a, b}',
  '* (except x)',
  '&lt;',
  '&#60;',
  "it's",
  'a,b',
  '',
  '日本語',
  '__proto__',
  'constructor',
];

export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...hostileNames),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.tuple(fc.constantFrom(...hostileNames), fc.constantFrom(...hostileNames)).map(([a, b]) => a + b),
);

/** Nothing that moves a cursor, reorders a line or hides itself; line breaks are the report's own. */
export const unsafe =
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]|\p{Cs}/u;
