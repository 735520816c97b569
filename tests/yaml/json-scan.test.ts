import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonScanner } from '../../src/yaml/json-scan.ts';
import { MemberNames } from '../../src/yaml/member-names.ts';
import { isScanSignal, NOT_JSON } from '../../src/yaml/scan-signal.ts';
import { parse } from './tree.ts';

/** Whether the whole text is one JSON value to the scanner, seen through windows of different sizes. */
function isValue(text: string, window: number): boolean {
  const scanner = new JsonScanner(text, 0, text.length, { window });
  try {
    if (!scanner.attempt(() => scanner.skip(0))) return false;
    scanner.ensure();
    return scanner.atEnd();
  } catch (caught) {
    if (caught === NOT_JSON) return false;
    throw caught;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('skipping checks the grammar', () => {
  test.each<[text: string, valid: boolean]>([
    ['{}', true],
    ['[]', true],
    [' { "a" : [ 1 , -2.5e+3 , true , false , null , "x\\n\\u00e9\\"" ] } ', true],
    ['"a"', true],
    ['-0', true],
    ['1e5', true],
    ['[1,]', false],
    ['{"a":1,}', false],
    ['{"a"}', false],
    ['{a:1}', false],
    ['[1 2]', false],
    ['[1}', false],
    ['{"a":1]', false],
    ['01', false],
    ['-', false],
    ['1.', false],
    ['.5', false],
    ['1e', false],
    ['+1', false],
    ['tru', false],
    ['nul', false],
    ['"a', false],
    ['"\\q"', false],
    ['"\\u12g4"', false],
    ['"\n"', false],
    ['"a\u0000b"', false],
    ['', false],
    ['[', false],
    ['{"a":', false],
    ['1 2', false],
    ['"é\u2028😀"', true],
  ])('%j', (text, valid) => {
    expect(isJson(text)).toBe(valid);
    for (const window of [16, 20, 1 << 16]) expect(isValue(text, window)).toBe(valid);
  });

  test('numbers beyond what a number holds are left to the parser', () => {
    expect(isValue('1e400', 16)).toBe(false);
    expect(isValue(`[${'9'.repeat(400)}]`, 16)).toBe(false);
    expect(isValue(`[${'9'.repeat(300)}]`, 16)).toBe(true);
  });

  test('depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(isValue(nested(100), 64)).toBe(true);
    expect(isValue(nested(101), 64)).toBe(false);
    expect(parse(nested(100)).diagnostics).toHaveLength(0);
    expect(parse(nested(101)).diagnostics).toHaveLength(1);
  });

  test('it accepts exactly what JSON.parse accepts, whatever the window', () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.nat(2),
      fc.constantFrom(
        '',
        '"',
        ',',
        '}',
        ']',
        '\\',
        '1',
        '0',
        '-',
        '.',
        'e',
        '{',
        '[',
        ':',
        ' ',
        '\n',
        '\u0001',
        'é',
        'u',
        't',
      ),
    );
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom('', ' ', '\t'),
        fc.option(damage),
        fc.integer({ min: 16, max: 90 }),
        (value, space, change, window) => {
          let text = JSON.stringify(value, undefined, space);
          if (change !== null) {
            const [place, drop, insert] = change;
            const at = place % (text.length + 1);
            text = text.slice(0, at) + insert + text.slice(at + drop);
          }
          // JSON.parse reads 1e999 as infinity.
          fc.pre(!/\d[eE]\+?\d{3}/.test(text));
          expect(isValue(text, window)).toBe(isJson(text));
        },
      ),
      { seed: 7, numRuns: 2000 },
    );
  });
});

describe('walking', () => {
  const names = new MemberNames(['name', 'port', 'on', 'ip', 'items', 'note', 'gone']);

  /** Reads a mapping of known members into plain values; strings of `note` may have escapes. */
  function read(text: string, window: number): unknown {
    const scanner = new JsonScanner(text, 0, text.length, { window });
    const found: Record<string, unknown> = {};
    const string = (): string => {
      scanner.plainString();
      return text.slice(scanner.stringStart, scanner.stringEnd);
    };
    const body = (): void => {
      for (const key of Object.keys(found)) delete found[key];
      if (!scanner.enterObject()) return;
      do {
        switch (scanner.member(names)) {
          case 0:
            found['name'] = string();
            break;
          case 1:
            found['port'] = scanner.smallInteger();
            break;
          case 2:
            found['on'] = scanner.boolean();
            break;
          case 3:
            scanner.plainString();
            found['ip'] = scanner.stringAsIpv4();
            break;
          case 4: {
            const items: string[] = [];
            if (scanner.enterArray()) {
              do items.push(string());
              while (scanner.nextItem());
            }
            found['items'] = items;
            break;
          }
          case 5:
            found['note'] = [scanner.anyString(), text.slice(scanner.stringStart, scanner.stringEnd)];
            break;
          case 6:
            found['gone'] = scanner.isNull();
            break;
          default:
            found[text.slice(scanner.stringStart, scanner.stringEnd)] = 'stranger';
            scanner.skip(1);
        }
      } while (scanner.nextMember());
    };
    try {
      return scanner.attempt(body) ? [found, scanner.offset] : 'not expected';
    } catch (caught) {
      if (isScanSignal(caught)) return 'not JSON';
      throw caught;
    }
  }

  test.each<[text: string, found: unknown]>([
    ['{}', {}],
    ['{"name":"a","port":80,"on":true}', { name: 'a', port: 80, on: true }],
    [
      '{ "name" : "a b" , "other" : { "x" : [ 1 , { } ] } , "on" : false }',
      { name: 'a b', other: 'stranger', on: false },
    ],
    ['{"ip":"10.0.0.255"}', { ip: 0x0a0000ff }],
    ['{"ip":"255.255.255.255"}', { ip: 0xffffffff }],
    ['{"ip":"010.0.0.1"}', { ip: -1 }],
    ['{"ip":"10.0.0"}', { ip: -1 }],
    ['{"ip":"10.0.0.256"}', { ip: -1 }],
    ['{"ip":"10.0.0.1.2"}', { ip: -1 }],
    ['{"ip":"::1"}', { ip: -1 }],
    ['{"ip":""}', { ip: -1 }],
    ['{"items":[]}', { items: [] }],
    ['{"items":["a", "b"]}', { items: ['a', 'b'] }],
    ['{"note":"a\\"b","gone":null}', { note: [true, 'a\\"b'], gone: true }],
    ['{"note":"é"}', { note: [false, 'é'] }],
    ['{"port":"80"}', 'not expected'],
    ['{"port":08}', 'not expected'],
    ['{"port":8.0}', 'not expected'],
    ['{"port":1234567890}', 'not expected'],
    ['{"on":1}', 'not expected'],
    ['{"name":"a\\n"}', 'not expected'],
    ['{"na\\u006de":"a"}', 'not expected'],
    ['{"items":{}}', 'not expected'],
    ['[]', 'not expected'],
    ['{"name":"a"', 'not JSON'],
    ['{"name":"a",}', 'not JSON'],
    ['{"name" "a"}', 'not JSON'],
    ['{"on":tru}', 'not JSON'],
  ])('%j', (text, found) => {
    for (const window of [16, 17, 23, 1 << 16]) {
      expect(read(text, window)).toStrictEqual(typeof found === 'string' ? found : [found, text.length]);
    }
  });

  test('offsets hold behind characters of any width', () => {
    const text = `{"note":"${'é😀'.repeat(50)}","name":"x"}`;
    expect(read(text, 16)).toStrictEqual([{ note: [false, 'é😀'.repeat(50)], name: 'x' }, text.length]);
  });
});
